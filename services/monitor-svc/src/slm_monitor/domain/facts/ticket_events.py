"""Ticket events in their one true order, and what a ticket was like at each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slm_events.instants import to_text

_RANKS = {"opened": 0, "cancelled": 1, "resolved": 2, "fulfilled": 2, "closed": 2, "state_changed": 3, "reopened": 4}
_OTHER_RANK = 3
FORGOTTEN = "\x1fforgotten"
"""The key of what stands in the place of a ticket's events once they are deleted: its clocks stay as they are."""

ENDED_STATES = {
    "resolved": "resolved",
    "fulfilled": "fulfilled",
    "closed": "closed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
"""State → the event that it tells of."""
EVENTS = frozenset(
    [
        "opened",
        "assigned",
        "state_changed",
        "priority_changed",
        "first_response",
        "customer_replied",
        "agent_replied",
        "resolved",
        "fulfilled",
        "reopened",
        "closed",
        "cancelled",
    ]
)


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """One thing that happened to a ticket; ``attributes`` are those known from then on (type, priority, service …)."""

    fact_key: str
    at: int
    event: str
    sequence: int | None = None
    state: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, int, int, str]:
        """By instant, then the source's sequence, then cancel > stop > pause > start, then id; a ticket is opened first
        of all, or one resolved in the minute of its opening would run for ever."""
        return (
            self.at,
            -1 if self.sequence is None else self.sequence,
            _RANKS.get(self.event, _OTHER_RANK),
            self.fact_key,
        )


def opened_at(events: Sequence[TicketEvent]) -> int | None:
    """When a ticket was opened; one of which no opening is known, by the first that was heard of it."""
    return next((event.at for event in events if event.event == "opened"), events[0].at if events else None)


def attributes_after(events: Sequence[TicketEvent]) -> dict[str, Any]:
    """What a ticket is like after its events."""
    known: dict[str, Any] = {}
    for event in events:
        known.update(event.attributes)
    return known


def in_order(events: Sequence[TicketEvent]) -> list[TicketEvent]:
    """The events as they are judged, whatever the order in which they arrived. A ticket that is opened in an ended
    state is ended at once: an event that nobody sent says so."""
    ordered: list[TicketEvent] = []
    for event in sorted(events, key=lambda event: event.order):
        ordered.append(event)
        end = ENDED_STATES.get((event.state or "").lower()) if event.event == "opened" else None
        if end is not None:
            ordered.append(replace(event, event=end, attributes={}))
    return ordered


_NOT_BEFORE = frozenset({"first_response", "assigned", "resolved", "fulfilled", "closed"})


def inconsistency(events: Sequence[TicketEvent]) -> str | None:
    """Why a ticket cannot be judged as its events contradict each other: something of it lies before its opening."""
    opening = next((event.at for event in events if event.event == "opened"), None)
    if opening is None:
        return None
    early = next((event for event in events if event.event in _NOT_BEFORE and event.at < opening), None)
    if early is None:
        return None
    return f"{early.event} at {to_text(early.at)} lies before its opening at {to_text(opening)}"


def is_wanted(wanted: Mapping[str, frozenset[str]], attributes: Mapping[str, Any]) -> bool:
    """Whether a ticket with these attributes is one the target speaks of; an attribute it does not name is free."""
    for name, values in wanted.items():  # noqa: SIM110 - asked of every ticket for every rule
        if not has_value(attributes.get(name), values):
            return False
    return True


def has_value(value: Any, values: frozenset[str]) -> bool:
    """Whether an attribute is one of these values, or a list in which one of them is."""
    return value in values if isinstance(value, str) else not values.isdisjoint(values_of(value))


def values_of(value: Any) -> frozenset[str]:
    """A value or a list of them (tags, affected services) as words that can be compared."""
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(map(_word, value))
    return frozenset((_word(value),))


def _word(value: Any) -> str:
    # YAML and JSON write the same truth in different words than Python does.
    return str(value).lower() if isinstance(value, bool) else str(value)


def state_after(event: TicketEvent, before: str | None) -> str | None:
    """The ticket's state from an event on; an end or a reopening that names no state leaves the one before."""
    return event.state or (None if event.event in LEAVING else before)


ENDS = frozenset({"resolved", "fulfilled", "closed", "cancelled"})
LEAVING = ENDS | {"reopened"}


def own_id(fact_key: str) -> str:
    """The id under which the source sent an event; the hash of its content where it sent none."""
    return fact_key.rpartition("\x1f")[2]
