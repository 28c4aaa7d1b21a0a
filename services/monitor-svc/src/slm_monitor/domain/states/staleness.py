"""An indicator of which nothing is heard any more, and the events that tell of its silence and its return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slm_chassis.identity import named_id
from slm_events import monitor
from slm_events.instants import to_text
from slm_monitor.domain.facts.intake_items import Indicator


@dataclass(slots=True)
class WatchedIndicator:
    """An indicator that may fall silent: ``age`` after its last word, microseconds. ``since``: it has been told silent
    from that instant on."""

    age: int
    last: int | None
    since: int | None = None

    @property
    def due(self) -> int | None:
        """When it falls silent unless something is heard."""
        return None if self.last is None else self.last + self.age

    def turn(self, as_of: int) -> str | None:
        """``silent_event`` or ``resumed_event`` where it has become so by an instant; the record is brought up to
        that.
        """
        due = self.due
        if due is None:
            return None
        if due <= as_of:
            was_silent, self.since = self.since is not None, due
            return None if was_silent else "silent"
        if self.since is not None:
            self.since = None
            return "resumed"
        return None


def silent_event(indicator: Indicator, last: int, since: int, *, now: int) -> monitor.IndicatorSilent:
    return monitor.IndicatorSilent(**_event_fields(indicator, last, since, now))


def resumed_event(indicator: Indicator, last: int, since: int, *, now: int) -> monitor.IndicatorResumed:
    return monitor.IndicatorResumed(**_event_fields(indicator, last, since, now))


def _event_fields(indicator: Indicator, last: int, since: int, now: int) -> dict[str, Any]:
    return {
        "indicator": indicator.subject,
        "owner_party_id": indicator.owner_party_id,
        "key": indicator.key,
        "kind": indicator.kind,
        "service_id": indicator.service_id,
        "last_measured_at": to_text(last),
        "silent_since_at": to_text(since),
        "published_at": to_text(now),
    }


def silence_event_id(indicator: Indicator, turn: str, since: int) -> str:
    """The same silence told again is the same event."""
    return named_id(indicator.owner_party_id, "indicator", indicator.key, turn, since)
