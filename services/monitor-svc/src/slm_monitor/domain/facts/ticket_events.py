"""The order in which a ticket's events are evaluated, and the ticket's attributes and state after each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slm_events.instants import UtcMicroseconds, to_text

_RANKS = {"opened": 0, "cancelled": 1, "resolved": 2, "fulfilled": 2, "closed": 2, "state_changed": 3, "reopened": 4}
_OTHER_RANK = 3
DELETED_EVENTS_KEY = "\x1fforgotten"
"""The key of the fact that replaces a ticket's events once they are deleted. The last results of the ticket's clocks
stay.
"""

ENDED_STATES = {
    "resolved": "resolved",
    "fulfilled": "fulfilled",
    "closed": "closed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
"""Ticket state → the event that it implies."""
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
    """One event of a ticket. ``attributes`` are the attributes that the event sets (type, priority, service …). They
    keep their values after the event.
    """

    fact_key: str
    at: UtcMicroseconds
    event: str
    sequence: int | None = None
    state: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, int, int, str]:
        """The sort key: instant, the source's sequence number, the rank of the kind of event, the fact's key.

        ``opened`` has the first rank. Otherwise the clock of a ticket that is resolved at the instant of its opening
        would run for ever.
        """
        return (
            self.at,
            -1 if self.sequence is None else self.sequence,
            _RANKS.get(self.event, _OTHER_RANK),
            self.fact_key,
        )


def find_ticket_opening_instant(events: Sequence[TicketEvent]) -> UtcMicroseconds | None:
    """Return when a ticket was opened; without an ``opened`` event, the instant of its first event; None if there are
    no events.
    """
    return next((event.at for event in events if event.event == "opened"), events[0].at if events else None)


def merge_ticket_attributes(events: Sequence[TicketEvent]) -> dict[str, Any]:
    """Return the attributes of a ticket after these events."""
    known: dict[str, Any] = {}
    for event in events:
        known.update(event.attributes)
    return known


def sort_ticket_events(events: Sequence[TicketEvent]) -> list[TicketEvent]:
    """Return the events in the order in which they are evaluated, independent of their order of arrival.

    For a ticket that is opened in an ended state, such as ``closed``, the event that ends it is added.
    """
    ordered: list[TicketEvent] = []
    for event in sorted(events, key=lambda event: event.order):
        ordered.append(event)
        end = ENDED_STATES.get((event.state or "").lower()) if event.event == "opened" else None
        if end is not None:
            ordered.append(replace(event, event=end, attributes={}))
    return ordered


_NOT_BEFORE = frozenset({"first_response", "assigned", "resolved", "fulfilled", "closed"})


def explain_ticket_contradiction(events: Sequence[TicketEvent]) -> str | None:
    """Return why a ticket's events contradict each other (an event before the opening); None if they do not."""
    opening = next((event.at for event in events if event.event == "opened"), None)
    if opening is None:
        return None
    early = next((event for event in events if event.event in _NOT_BEFORE and event.at < opening), None)
    if early is None:
        return None
    return f"{early.event} at {to_text(early.at)} lies before its opening at {to_text(opening)}"


def has_wanted_attributes(wanted: Mapping[str, frozenset[str]], attributes: Mapping[str, Any]) -> bool:
    """Whether a ticket with these attributes matches the wanted values. Attributes that ``wanted`` does not name can
    have any value.
    """
    for name, values in wanted.items():  # noqa: SIM110 - asked of every ticket for every rule
        if not attribute_has_value(attributes.get(name), values):
            return False
    return True


def attribute_has_value(value: Any, values: frozenset[str]) -> bool:
    """Whether an attribute's value is one of ``values``, or is a list that contains one of them."""
    return value in values if isinstance(value, str) else not values.isdisjoint(list_attribute_values_as_text(value))


def list_attribute_values_as_text(value: Any) -> frozenset[str]:
    """Return an attribute's value, or each element of a list (tags, affected services), as comparable texts."""
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(map(_word, value))
    return frozenset((_word(value),))


def _word(value: Any) -> str:
    # YAML and JSON write true and false; str() of a Python boolean is True or False.
    return str(value).lower() if isinstance(value, bool) else str(value)


def derive_ticket_state_after_event(event: TicketEvent, before: str | None) -> str | None:
    """Return the ticket's state after an event.

    * An event that names a state: this state.
    * An event that ends or reopens the ticket and names no state: unknown (None).
    * Any other event: the state ``before``.
    """
    return event.state or (None if event.event in STATE_CLEARING_EVENTS else before)


ENDS = frozenset({"resolved", "fulfilled", "closed", "cancelled"})
STATE_CLEARING_EVENTS = ENDS | {"reopened"}


def read_source_event_id(fact_key: str) -> str:
    """Return the id under which the source sent an event; if it sent none, the hash of the event's content."""
    return fact_key.rpartition("\x1f")[2]
