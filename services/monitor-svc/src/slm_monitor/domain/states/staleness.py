"""Staleness of indicators: when an indicator becomes stale, and the events IndicatorStale and IndicatorResumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slm_chassis.identity import named_id
from slm_events import monitor
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.facts.intake_items import Indicator


@dataclass(slots=True)
class WatchedIndicator:
    """An indicator that is watched for staleness.

    ``age`` is its ``stale_after`` and ``last`` the instant of its last measurement, in microseconds. ``since`` is the
    instant at which it became stale; None while it is not stale.
    """

    age: int
    last: UtcMicroseconds | None
    since: UtcMicroseconds | None = None

    @property
    def due(self) -> UtcMicroseconds | None:
        """The instant at which the indicator becomes stale unless a measurement arrives."""
        return None if self.last is None else self.last + self.age

    def turn(self, as_of: UtcMicroseconds) -> str | None:
        """Set whether the indicator is stale at an instant; return ``"stale"`` or ``"resumed"`` if this changed,
        otherwise None.
        """
        due = self.due
        if due is None:
            return None
        if due <= as_of:
            was_stale, self.since = self.since is not None, due
            return None if was_stale else "stale"
        if self.since is not None:
            self.since = None
            return "resumed"
        return None


def build_indicator_stale_event(
    indicator: Indicator, last: UtcMicroseconds, since: UtcMicroseconds, *, now: UtcMicroseconds
) -> monitor.IndicatorStale:
    return monitor.IndicatorStale(**_event_fields(indicator, last, since, now))


def build_indicator_resumed_event(
    indicator: Indicator, last: UtcMicroseconds, since: UtcMicroseconds, *, now: UtcMicroseconds
) -> monitor.IndicatorResumed:
    return monitor.IndicatorResumed(**_event_fields(indicator, last, since, now))


def _event_fields(
    indicator: Indicator, last: UtcMicroseconds, since: UtcMicroseconds, now: UtcMicroseconds
) -> dict[str, Any]:
    return {
        "indicator": indicator.subject,
        "owner_party_id": indicator.owner_party_id,
        "key": indicator.key,
        "kind": indicator.kind,
        "service_id": indicator.service_id,
        "last_measured_at": to_text(last),
        "stale_since_at": to_text(since),
        "published_at": to_text(now),
    }


def derive_staleness_event_id(indicator: Indicator, turn: str, since: UtcMicroseconds) -> str:
    """Return the id of an IndicatorStale or IndicatorResumed event; a replay gives the same id."""
    return named_id(indicator.owner_party_id, "indicator", indicator.key, turn, since)
