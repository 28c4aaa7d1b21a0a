"""The present state of a ticket, derived from its events, as lists of tickets show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.clocks import assignments
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.lifecycle.target_state import TicketState

_SHOWN = 200


def derive_ticket_state(ticket: str, events: Sequence[TicketEvent]) -> TicketState:
    """Return the present state of a ticket. ``events`` are in order; without events all fields are empty."""
    attributes: dict[str, Any] = {}
    state: str | None = None
    ended_at: UtcMicroseconds | None = None
    for event in events:
        attributes.update(event.attributes)
        state = event.state or (event.event if event.event in ticket_events.STATE_CLEARING_EVENTS else state)
        if event.event in ticket_events.ENDS:
            ended_at = event.at if ended_at is None else ended_at
        elif event.event == "reopened":
            ended_at = None
    last_at = events[-1].at if events else None
    return TicketState(
        ticket,
        None,
        _shortened(attributes.get("type")),
        _shortened(attributes.get("priority")),
        _shortened(state),
        assignments.read_holder_from_attributes(attributes),
        ticket_events.find_ticket_opening_instant(events),
        last_at,
        ended_at,
        team=assignments.read_holder_from_attributes(attributes, assignments.TEAMS),
    )


def _shortened(value: Any) -> str | None:
    return None if value is None else str(value)[:_SHOWN]
