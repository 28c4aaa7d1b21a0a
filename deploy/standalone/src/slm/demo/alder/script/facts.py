"""All facts of the history in the order in which they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slm.demo.alder.script import history, tickets
from slm.demo.alder.script.timeline import Timeline


@dataclass(frozen=True)
class HistoryFacts:
    """All facts of the history. Measurements and tickets are in reverse order, so that the present arrives before the
    past.
    """

    measurements: tuple[dict[str, Any], ...]
    ticket_events: tuple[dict[str, Any], ...]

    @property
    def count(self) -> int:
        """The number of facts."""
        return len(self.measurements) + len(self.ticket_events)


def history_of(timeline: Timeline, seed: int = history.SEED) -> HistoryFacts:
    """Return all facts of a timeline. The same timeline and seed give the same facts."""
    measured = sorted(history.measurements(timeline, seed), key=_instant, reverse=True)
    by_ticket = [list(each.events(number)) for number, each in reversed(tickets.tickets(timeline, seed))]
    return HistoryFacts(tuple(measured), tuple(event for events in by_ticket for event in events))


def _instant(fact: dict[str, Any]) -> str:
    return str(fact["at"] if "at" in fact else fact["outage"]["from"])
