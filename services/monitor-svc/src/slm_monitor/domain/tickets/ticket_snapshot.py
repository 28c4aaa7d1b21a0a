"""Ticket events derived from a snapshot, which is the state of a ticket as its tool shows it now.

The derived events are those that must have happened after the known events to lead to that state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.ticket_events import ENDED_STATES, ENDS, TicketEvent, read_source_event_id

_OWN_EVENT = {"priority": "priority_changed", "team": "assigned", "assignee": "assigned"}
_STAYS_ENDED = ENDED_STATES.keys() | {"solved", "done", "completed", "archived", "rejected"}
"""Names of states in which a ticket has ended: a snapshot with one of them does not reopen a ticket."""
_MARK = "snapshot/"


@dataclass(frozen=True)
class TicketSnapshot:
    """A ticket as its tool shows it, valid from ``updated_at`` on; instants in microseconds.

    ``instants`` can name ``resolved``, ``fulfilled``, ``closed``, ``cancelled`` and ``first_response``. The value None
    says that the event has not happened; a name that is missing says nothing. An attribute with value None is removed
    from the ticket.
    """

    updated_at: UtcMicroseconds
    state: str | None = None
    opened_at: UtcMicroseconds | None = None
    instants: Mapping[str, int | None] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    state_event: str = ""
    """The event that happens when a ticket enters the state: an end or ``first_response``. Empty: the state's name
    decides.
    """


@dataclass(frozen=True)
class ImpliedTicketEvent:
    """An event that a snapshot implies. A ``revision`` above 0 corrects an event of an earlier snapshot."""

    id: str
    event: str
    at: UtcMicroseconds
    sequence: int | None = None
    state: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 0


@dataclass
class _KnownTicket:
    """The state of a ticket up to an instant, as the known events show it."""

    attributes: dict[str, Any]
    state: str | None = None
    opened: TicketEvent | None = None
    responded: TicketEvent | None = None
    ended: TicketEvent | None = None
    state_since_end: str | None = None
    """The last state of the ticket at or after its end; None while it has not ended."""


def derive_events_from_snapshot(
    snapshot: TicketSnapshot, facts: Mapping[str, Fact], events: Sequence[TicketEvent]
) -> list[ImpliedTicketEvent]:
    """Return the events that must have happened after the known events to lead to the state in a snapshot.

    A snapshot that shows nothing new implies no event, so sending it again adds nothing. ``events`` are the known
    events in order. ``facts``: fact key → known fact.
    """
    then = _known(event for event in events if event.at <= snapshot.updated_at)
    ever = _known(events)
    implied: list[ImpliedTicketEvent] = []
    if ever.opened is None:
        implied.append(_opening(snapshot, then))
    implied += _ends(snapshot, ever, facts)
    implied += _changes(snapshot, then, len([event for event in events if event.at == snapshot.updated_at]))
    return implied


def _known(events: Iterable[TicketEvent]) -> _KnownTicket:
    known = _KnownTicket({})
    for event in events:
        known.attributes.update(event.attributes)
        known.state = event.state or known.state
        if event.event == "opened":
            known.opened = known.opened or event
        elif event.event == "first_response":
            known.responded = known.responded or event
        elif event.event == "reopened":
            known.ended = None
        elif event.event in ENDS:
            known.ended = known.ended or event
        known.state_since_end = (event.state or known.state_since_end) if known.ended is not None else None
    return known


def _opening(snapshot: TicketSnapshot, known: _KnownTicket) -> ImpliedTicketEvent:
    """Return the opening event. The ticket's attributes at that time are unknown, so its present attributes are
    assumed.
    """
    at = snapshot.updated_at if snapshot.opened_at is None else snapshot.opened_at
    # A state whose meaning is not in its name is entered by an event of its own, also at the opening.
    is_entered_later = at < snapshot.updated_at or snapshot.state_event in (*ENDS, "first_response")
    state = None if is_entered_later else snapshot.state
    attributes = {name: value for name, value in snapshot.attributes.items() if value is not None}
    known.attributes |= attributes
    known.state = state or known.state
    return ImpliedTicketEvent(f"{_MARK}opened", "opened", at, None, state, attributes)


def _ends(snapshot: TicketSnapshot, known: _KnownTicket, facts: Mapping[str, Fact]) -> list[ImpliedTicketEvent]:
    """Return an event for the first response and one for each end (resolved, closed, cancelled) in the snapshot.

    An event that is already known at its instant is left out.
    """
    implied: list[ImpliedTicketEvent] = []
    answered = snapshot.instants.get("first_response")
    if answered is not None and (known.responded is None or known.responded.at != answered):
        implied += _happened("first_response", answered, known.responded, facts, f"{_MARK}first_response")
    for name in ("resolved", "fulfilled", "closed", "cancelled"):
        at = snapshot.instants.get(name)
        if at is None:
            continue
        identity = f"{_MARK}{name}/{to_text(at)}"
        if known.ended is not None and known.ended.event == name:
            if known.ended.at != at:
                implied += _happened(name, at, known.ended, facts, identity)
        elif identity not in map(read_source_event_id, facts):
            implied.append(ImpliedTicketEvent(identity, name, at))
    return implied


def _happened(
    name: str, at: UtcMicroseconds, before: TicketEvent | None, facts: Mapping[str, Fact], identity: str
) -> Iterable[ImpliedTicketEvent]:
    """Yield the event ``name`` at the instant ``at``, or its correction, or nothing.

    * The event is not known yet (``before`` is None or another event): yield it, unless a fact with this identity
      exists.
    * An earlier snapshot implied the event at another instant: yield a correction of this instant.
    * The tool itself sent the event: yield nothing.
    """
    if before is None or facts[before.fact_key].body["event"] != name:
        # A ticket that was opened in an ended state has no end event of its own that could be corrected.
        if identity not in map(read_source_event_id, facts):
            yield ImpliedTicketEvent(identity, name, at)
    elif read_source_event_id(before.fact_key).startswith(_MARK):
        yield ImpliedTicketEvent(
            read_source_event_id(before.fact_key), name, at, revision=facts[before.fact_key].revision + 1
        )


def _changes(snapshot: TicketSnapshot, known: _KnownTicket, sequence: int) -> list[ImpliedTicketEvent]:
    """Return the events for the changes of state and attributes at the snapshot's instant."""
    wanted = dict(snapshot.attributes)
    opened_at = None if known.opened is None else known.opened.at
    if snapshot.opened_at is not None and opened_at not in (None, snapshot.opened_at):
        wanted["opened_at"] = to_text(snapshot.opened_at)
    changed = {name: value for name, value in wanted.items() if known.attributes.get(name) != value}
    by_event: dict[str, dict[str, Any]] = {}
    for name, value in changed.items():
        by_event.setdefault(_OWN_EVENT.get(name, "state_changed"), {})[name] = value
    state = snapshot.state if snapshot.state != known.state else None
    ends = None if state is None else _end_of(snapshot)
    tells_an_end = any(snapshot.instants.get(each) for each in ENDED_STATES)
    if ends is not None and known.ended is None and not tells_an_end:
        by_event[ends] = by_event.pop("state_changed", {})
    elif known.ended is not None and _is_taken_back(known.ended, snapshot):
        by_event["reopened"] = by_event.pop("state_changed", {})
    elif known.ended is not None and not tells_an_end and _is_open_again(known, snapshot):
        by_event["reopened"], state = by_event.pop("state_changed", {}), snapshot.state
    elif state is not None and snapshot.state_event == "first_response" and known.responded is None:
        by_event["first_response"] = by_event.pop("state_changed", {})
    elif state is not None:
        by_event.setdefault("state_changed", {})
    bearers = ("reopened", ends, "first_response", "state_changed")
    bearer = next((name for name in bearers if name in by_event), None)
    at = snapshot.updated_at
    return [
        ImpliedTicketEvent(
            f"{_MARK}{event}/{to_text(at)}/{sequence + place}",
            event,
            at,
            sequence + place,
            state if event == bearer else None,
            attributes,
        )
        for place, (event, attributes) in enumerate(by_event.items())
    ]


def _end_of(snapshot: TicketSnapshot) -> str | None:
    """Return the event that ends a ticket when it enters the snapshot's state; None if that state is not an end."""
    if snapshot.state_event in ENDS:
        return snapshot.state_event
    return ENDED_STATES.get((snapshot.state or "").lower())


def _is_taken_back(ended: TicketEvent, snapshot: TicketSnapshot) -> bool:
    """Whether the snapshot says that the known end of the ticket has not happened."""
    return ended.event in snapshot.instants and snapshot.instants[ended.event] is None


def _is_open_again(known: _KnownTicket, snapshot: TicketSnapshot) -> bool:
    """Whether the snapshot shows an open state that is not the last state known since the ticket ended."""
    state = snapshot.state
    stays = state is None or state.lower() in _STAYS_ENDED or snapshot.state_event in ENDS
    return not stays and state != known.state_since_end
