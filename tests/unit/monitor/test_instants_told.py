"""Rejections of unusable instants: the value as sent, and how to write it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from slm_monitor.adapters.formats.wire_formats import IntakeFormat
from slm_monitor.domain.facts.rejections import ItemRejected, check_instant_not_in_future


@pytest.mark.parametrize("written", ["2026-13-02T10:20:00Z", "2026-11-02 25:00", "yesterday"])
def test_what_is_no_instant_is_told_how_to_write_one(written: str) -> None:
    body = json.dumps([{"indicator": "web", "at": written, "state": "down"}]).encode()
    _, [refusal] = IntakeFormat().measurements(body, "application/json")
    assert (refusal.field, refusal.value) == ("at", written)
    assert refusal.remedy == "write an instant with its zone, like 2026-11-22T10:00:00Z"


def test_an_instant_ahead_is_shown_as_it_was_sent() -> None:
    ahead = datetime(2026, 11, 29, 10, 20, tzinfo=UTC)
    with pytest.raises(ItemRejected) as refused:
        check_instant_not_in_future(1, "at", ahead, 0)
    assert "2026-11-29T10:20:00Z" in refused.value.parts
