"""The generated pages of docs/reference say what the code says, and hang together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from slm_events import catalogue
from tools import reference


@pytest.mark.parametrize("name", ["asyncapi.yaml", "events.md"])
def test_a_generated_page_is_not_stale(name: str) -> None:
    written = (reference.ROOT / "docs/reference" / name).read_text(encoding="utf-8")
    assert written == reference.pages()[name], "run `make docs` and commit what it writes"


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = reference.asyncapi()
    for pointer in _references(document):
        place = document
        for step in pointer.removeprefix("#/").split("/"):
            place = place[step]


def test_every_event_is_sent_on_its_topic_and_described() -> None:
    document = reference.asyncapi()
    sent = {operation["channel"]["$ref"] for operation in document["operations"].values()}
    for row in catalogue.PUBLISHED.values():
        channel = document["channels"][row.topic.name]
        assert row.event.__name__ in channel["messages"]
        assert f"#/channels/{row.topic.name}" in sent
        assert document["components"]["messages"][row.event.__name__]["summary"]


def test_a_compacted_topic_and_one_kept_for_ever_are_configured_so() -> None:
    channels = reference.asyncapi()["channels"]
    assert channels["slm.access"]["bindings"]["kafka"]["topicConfiguration"] == {"cleanup.policy": ["compact"]}
    assert channels["slm.breaches"]["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == -1


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
