"""Conditions on a ticket: the events, states and attributes that start, stop or pause a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent

EQUIVALENT_END_EVENTS = frozenset({"resolved", "fulfilled"})
"""Incidents are resolved, requests are fulfilled: a condition that names one of the two events also means the other."""


@dataclass(frozen=True)
class TicketCondition:
    """A condition on a ticket that holds if everything that it names holds.

    With ``events`` it holds only at the instant of one of these events. Without events it holds for as long as the
    ticket is in one of ``states`` and has ``attributes``.
    """

    events: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def lasts(self) -> bool:
        """Whether the condition depends only on the ticket's state or attributes, so that it can
        hold between events.
        """
        return not self.events

    def holds(self, event: TicketEvent | None, state: str | None, attributes: Mapping[str, Any]) -> bool:
        """Whether the condition holds at an event (None: between events). ``state`` is the ticket's state after the
        event.
        """
        if self.events and (event is None or event.event not in self.events):
            return False
        if self.states and state not in self.states:
            return False
        return ticket_events.has_wanted_attributes(self.attributes, attributes)

    def implies(self, other: TicketCondition) -> bool:
        """Whether ``other`` holds whenever this condition holds."""
        return (
            (not other.events or (bool(self.events) and self.events <= other.events))
            and (not other.states or (bool(self.states) and self.states <= other.states))
            and all(self.attributes.get(name, _ANYTHING) <= values for name, values in other.attributes.items())
        )


_ANYTHING = frozenset({"\x1fanything"})
"""A value that no ticket has. It represents an attribute that a condition does not name and so does not restrict."""
Conditions = tuple[TicketCondition, ...]


def does_any_condition_hold(
    conditions: Conditions, event: TicketEvent | None, state: str | None, attributes: Mapping[str, Any]
) -> bool:
    """Whether at least one of the conditions holds at an event (None: between events).

    ``state`` and ``attributes`` are those that the ticket has after the event.
    """
    return any(condition.holds(event, state, attributes) for condition in conditions)


def parse_ticket_conditions(written: Any, plain: str) -> Conditions:
    """Parse conditions: a word, a list of words, or objects such as ``{"event": "assigned", "team": ["network"]}`` and
    ``{"on_hold": "true"}``.

    ``plain`` says what a bare word names: ``event`` or ``state``.
    """
    items = [] if written is None else [written] if isinstance(written, str | Mapping) else list(written)
    words = frozenset(item for item in items if isinstance(item, str))
    found = [_condition(item) for item in items if isinstance(item, Mapping)]
    if words:
        found.append(_condition({plain: sorted(words)}))
    return tuple(found)


def _condition(document: Mapping[str, Any]) -> TicketCondition:
    wanted = {name: ticket_events.list_attribute_values_as_text(value) for name, value in document.items()}
    events = wanted.pop("event", frozenset())
    return TicketCondition(
        events | EQUIVALENT_END_EVENTS if events & EQUIVALENT_END_EVENTS else events,
        wanted.pop("state", frozenset()),
        wanted,
    )
