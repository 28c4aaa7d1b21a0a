"""Every event of a stream has a name in words."""

from __future__ import annotations

from slm.event_names import event_names


def test_every_event_of_a_stream_has_a_name_in_words() -> None:
    assert event_names()["TargetBreached"] == "Target breached"
