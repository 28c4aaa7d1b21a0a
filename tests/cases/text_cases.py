"""Lengths and instants as other tools write them."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.local_time import SECOND
from slm_events.instants import from_text, to_text
from tests.cases import hours, previews
from tests.cases.clock_cases import LONG_ENOUGH
from tests.cases.reading import Case


def answers(case: Case) -> dict[str, Any]:
    """Our answer to each expected field that we can ask for."""
    asked = case.asked
    if "value" in asked:
        return {"seconds": Fraction(durations.from_shorthand(asked["value"]), SECOND)}
    if "duration" in asked:
        # ServiceNow writes a length as the date-time so long after 1970.
        ends = datetime.fromisoformat(asked["duration"]).replace(tzinfo=UTC)
        return {"seconds": _elapsed("1970-01-01T00:00:00Z", ends.isoformat())}
    if "created" in asked:
        resolved = _offset(asked["resolutiondate"])
        lag = asked.get("timestamp_ms", 0) - Fraction(from_text(resolved), 1000)
        return {"resolution_seconds": _elapsed(_offset(asked["created"]), resolved), "webhook_lag_ms": lag}
    return {}


def _offset(text: str) -> str:
    """Jira's ``-0800``."""
    return to_text(from_text(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").isoformat()))


def _elapsed(start: str, end: str) -> Fraction:
    events = [{"event": "opened", "at": start}, {"event": "resolved", "at": end}]
    answer = previews.ask("clock", targets=[{"objective": {"within": LONG_ENOUGH}}], events=events)
    return hours.seconds(answer["clocks"][0]["elapsed"]["calendar"])
