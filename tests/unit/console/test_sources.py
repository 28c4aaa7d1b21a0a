"""What the page of a source says of it."""

from __future__ import annotations

from typing import Any

from slm_console.views.connections.sources import source_line
from tests.unit.console.negotiated import READER

SOURCE: dict[str, Any] = {
    "source_id": "s", "source": "prometheus", "principal_name": "Prometheus", "topic": "slm.measurements",
    "state": "sending", "last_fact_at": None, "facts_last_hour": 1, "facts_last_day": 1, "refused_last_day": [],
}  # fmt: skip


def test_series_without_a_rule_are_counted_and_some_are_named() -> None:
    told = source_line(READER, {**SOURCE, "ignored_last_day": 1_200, "ignored": ["up", "go_threads"]})
    assert told.left_out == "1,200 samples, such as of up, go_threads"
    assert source_line(READER, {**SOURCE, "ignored_last_day": 0, "ignored": []}).left_out == ""
    assert source_line(READER, SOURCE).left_out == "", "an answer from before an update has no such count"
