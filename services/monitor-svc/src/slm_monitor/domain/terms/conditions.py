"""Conditions on a ticket: what has to happen to it, or how it has to be, for a clock to start, stop or pause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent

SAME_END = frozenset({"resolved", "fulfilled"})
"""An incident is resolved, a request fulfilled: a condition that names one means the other too."""


@dataclass(frozen=True)
class Condition:
    """All that it names must hold. ``events``: one of these happens; without any it holds for as long as the ticket is
    in one of the ``states`` and has these ``attributes``."""

    events: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def lasts(self) -> bool:
        """Whether it is about how the ticket is, and not about something that happens."""
        return not self.events

    def holds(self, event: TicketEvent | None, state: str | None, attributes: Mapping[str, Any]) -> bool:
        """Whether it holds at an event, after which the ticket is in this state; None: between events."""
        if self.events and (event is None or event.event not in self.events):
            return False
        if self.states and state not in self.states:
            return False
        return ticket_events.is_wanted(self.attributes, attributes)

    def implies(self, other: Condition) -> bool:
        """Whether the other holds whenever this one does."""
        return (
            (not other.events or (bool(self.events) and self.events <= other.events))
            and (not other.states or (bool(self.states) and self.states <= other.states))
            and all(self.attributes.get(name, _ANYTHING) <= values for name, values in other.attributes.items())
        )


_ANYTHING = frozenset({"\x1fanything"})
"""Stands for the values of an attribute that a condition does not name."""
Conditions = tuple[Condition, ...]


def any_holds(
    conditions: Conditions, event: TicketEvent | None, state: str | None, attributes: Mapping[str, Any]
) -> bool:
    """Whether one of them does."""
    return any(condition.holds(event, state, attributes) for condition in conditions)


def parse_conditions(written: Any, plain: str) -> Conditions:
    """A word, a list of them, or objects such as ``{"event": "assigned", "team": ["network"]}`` and ``{"on_hold":
    "true"}``. ``plain``: what a word by itself is, ``event`` or ``state``."""
    items = [] if written is None else [written] if isinstance(written, str | Mapping) else list(written)
    words = frozenset(item for item in items if isinstance(item, str))
    found = [_condition(item) for item in items if isinstance(item, Mapping)]
    if words:
        found.append(_condition({plain: sorted(words)}))
    return tuple(found)


def _condition(document: Mapping[str, Any]) -> Condition:
    wanted = {name: ticket_events.values_of(value) for name, value in document.items()}
    events = wanted.pop("event", frozenset())
    return Condition(events | SAME_END if events & SAME_END else events, wanted.pop("state", frozenset()), wanted)
