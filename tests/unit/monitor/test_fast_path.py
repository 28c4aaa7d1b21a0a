"""Batches of single values, as columns: the same facts as item by item, or nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_monitor.adapters.formats.wire_formats import IntakeFormat
from slm_monitor.domain.facts.facts import MeasuredValues
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.intake import fast_path
from slm_monitor.domain.intake.validation import validate_measurements
from tests.support.monitor import PROVIDER, SECOND, at

FORM = IntakeFormat()
NOW = at("2026-11-22T10:00")
KNOWN = {
    f"{PROVIDER}/{key}": Indicator(f"{PROVIDER}/{key}", PROVIDER, key, kind, unit)
    for key, kind, unit in (("fast", "value", "ms"), ("slow", "value", None), ("up", "availability", None))
}


def as_columns(*items: dict[str, Any], content_type: str = "application/json") -> MeasuredValues | None:
    text = json.dumps(items) if content_type == "application/json" else "\n".join(map(json.dumps, items))
    batch = FORM.plain_values(text.encode(), content_type)
    return None if batch is None else fast_path.validate_plain_values(batch, PROVIDER, KNOWN.get, NOW)


def item_by_item(*items: dict[str, Any]) -> MeasuredValues:
    decoded, _ = FORM.measurements(json.dumps(items).encode(), "application/json")
    return validate_measurements(decoded, PROVIDER, KNOWN.get, NOW, may_name_owner=False).values


def rows(values: MeasuredValues) -> list[tuple[str, int, float]]:
    return [
        (values.subjects[slot], instant, value)
        for slot, instant, value in zip(values.slot.tolist(), values.at.tolist(), values.value.tolist(), strict=True)
    ]


def row(**more: Any) -> dict[str, Any]:
    return {"indicator": "fast", "at": "2026-11-22T09:59:59.123456Z", "value": 231.5, **more}


instants = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001
    max_value=datetime(2026, 11, 22, 9, 59),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)
items = st.builds(
    lambda key, instant, value: {"indicator": key, "at": instant.isoformat(), "value": value},
    st.sampled_from(["fast", "slow"]),
    instants,
    st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000),
)


@given(st.lists(items, min_size=1, max_size=20))
def test_columns_hold_the_same_facts_as_item_by_item(batch: list[dict[str, Any]]) -> None:
    columns = as_columns(*batch)
    assert columns is not None
    assert rows(columns) == rows(item_by_item(*batch))
    assert as_columns(*batch, content_type="application/x-ndjson") is not None


@pytest.mark.parametrize(
    "unusual",
    [
        row(id="7"),
        row(labels={"site": "b"}),
        row(indicator="nobody-knows-it"),
        row(indicator="up"),
        row(unit="s"),
        row(at="2026-11-22T09:59:59"),
        row(at="2026-11-22T10:05:01Z"),
        row(at="1700-01-01T00:00:00Z"),
        row(value="231"),
        {"indicator": "fast", "at": "2026-11-22T09:59:59Z", "values": [1, 2]},
        {"indicator": "up", "at": "2026-11-22T09:59:59Z", "state": "down"},
    ],
)
def test_one_unusual_item_makes_the_batch_be_checked_item_by_item(unusual: dict[str, Any]) -> None:
    assert as_columns(row(), unusual, row()) is None


def test_a_unit_may_be_named_and_a_clock_slightly_ahead() -> None:
    columns = as_columns(row(unit="ms"), row(at="2026-11-22T10:05:00Z"))
    assert columns is not None
    assert columns.at.tolist() == [at("2026-11-22T09:59:59.123456"), NOW + 300 * SECOND]
