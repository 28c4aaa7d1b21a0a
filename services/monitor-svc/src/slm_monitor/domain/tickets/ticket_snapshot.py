"""What must have happened to a ticket, told by how its tool now shows it and by what is known of it already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_events.instants import to_text
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.ticket_events import ENDED_STATES, ENDS, TicketEvent, own_id

_OWN_EVENT = {"priority": "priority_changed", "team": "assigned", "assignee": "assigned"}
_STAYS_ENDED = ENDED_STATES.keys() | {"solved", "done", "completed", "archived", "rejected"}
"""What tools call a ticket that has ended: none of these words says that it is open again."""
_MARK = "snapshot/"


@dataclass(frozen=True)
class Snapshot:
    """A ticket as its tool shows it, ``updated_at`` the instant from which that holds.

    ``instants``: what is said of ``resolved``, ``closed``, ``cancelled`` and ``first_response``: None that it has not
    happened; nothing is known of one that is missing. ``attributes``: None takes one away.
    """

    updated_at: int
    state: str | None = None
    opened_at: int | None = None
    instants: Mapping[str, int | None] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImpliedEvent:
    """An event that a snapshot tells of; ``revision`` above 0 corrects one that an earlier snapshot told of."""

    id: str
    event: str
    at: int
    sequence: int | None = None
    state: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 0


@dataclass
class _KnownTicket:
    """What was known of a ticket up to an instant."""

    attributes: dict[str, Any]
    state: str | None = None
    opened: TicketEvent | None = None
    responded: TicketEvent | None = None
    ended: TicketEvent | None = None
    state_since_end: str | None = None
    """What its state was called last, since it ended."""


def implied_events(snapshot: Snapshot, facts: Mapping[str, Fact], events: Sequence[TicketEvent]) -> list[ImpliedEvent]:
    """The events between what is known (``events`` in order, ``facts`` by their keys) and the snapshot; none where it
    shows nothing new, so that the same snapshot again is nothing."""
    then = _known(event for event in events if event.at <= snapshot.updated_at)
    ever = _known(events)
    told: list[ImpliedEvent] = []
    if ever.opened is None:
        told.append(_opening(snapshot, then))
    told += _ends(snapshot, ever, facts)
    told += _changes(snapshot, then, len([event for event in events if event.at == snapshot.updated_at]))
    return told


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


def _opening(snapshot: Snapshot, known: _KnownTicket) -> ImpliedEvent:
    """What the ticket was like as it was opened is not known: it is taken to be as it is now."""
    at = snapshot.updated_at if snapshot.opened_at is None else snapshot.opened_at
    state = snapshot.state if at >= snapshot.updated_at else None
    attributes = {name: value for name, value in snapshot.attributes.items() if value is not None}
    known.attributes |= attributes
    known.state = state or known.state
    return ImpliedEvent(f"{_MARK}opened", "opened", at, None, state, attributes)


def _ends(snapshot: Snapshot, known: _KnownTicket, facts: Mapping[str, Fact]) -> list[ImpliedEvent]:
    told: list[ImpliedEvent] = []
    answered = snapshot.instants.get("first_response")
    if answered is not None and (known.responded is None or known.responded.at != answered):
        told += _happened("first_response", answered, known.responded, facts, f"{_MARK}first_response")
    for name in ("resolved", "closed", "cancelled"):
        at = snapshot.instants.get(name)
        if at is None:
            continue
        if known.ended is None:
            told.append(ImpliedEvent(f"{_MARK}{name}/{to_text(at)}", name, at))
        elif known.ended.event == name and known.ended.at != at:
            told += _happened(name, at, known.ended, facts, f"{_MARK}{name}/{to_text(at)}")
        elif known.ended.event != name and f"{_MARK}{name}/{to_text(at)}" not in map(own_id, facts):
            told.append(ImpliedEvent(f"{_MARK}{name}/{to_text(at)}", name, at))
    return told


def _happened(
    name: str, at: int, before: TicketEvent | None, facts: Mapping[str, Fact], identity: str
) -> Iterable[ImpliedEvent]:
    """Another instant for what a snapshot told of is a correction; what the tool sent as an event stays as it is."""
    if before is None or facts[before.fact_key].body["event"] != name:
        # A ticket that was opened in its ended state has no event of its end that could be corrected.
        if identity not in map(own_id, facts):
            yield ImpliedEvent(identity, name, at)
    elif own_id(before.fact_key).startswith(_MARK):
        yield ImpliedEvent(own_id(before.fact_key), name, at, revision=facts[before.fact_key].revision + 1)


def _changes(snapshot: Snapshot, known: _KnownTicket, sequence: int) -> list[ImpliedEvent]:
    """What is another way from the snapshot's instant on."""
    wanted = dict(snapshot.attributes)
    opened_at = None if known.opened is None else known.opened.at
    if snapshot.opened_at is not None and opened_at not in (None, snapshot.opened_at):
        wanted["opened_at"] = to_text(snapshot.opened_at)
    changed = {name: value for name, value in wanted.items() if known.attributes.get(name) != value}
    by_event: dict[str, dict[str, Any]] = {}
    for name, value in changed.items():
        by_event.setdefault(_OWN_EVENT.get(name, "state_changed"), {})[name] = value
    state = snapshot.state if snapshot.state != known.state else None
    ends = ENDED_STATES.get((state or "").lower())
    tells_an_end = any(snapshot.instants.get(each) for each in ENDED_STATES)
    if ends is not None and known.ended is None and not tells_an_end:
        by_event[ends] = by_event.pop("state_changed", {})
    elif known.ended is not None and _is_taken_back(known.ended, snapshot):
        by_event["reopened"] = by_event.pop("state_changed", {})
    elif known.ended is not None and not tells_an_end and _is_open_again(known, snapshot):
        by_event["reopened"], state = by_event.pop("state_changed", {}), snapshot.state
    elif state is not None:
        by_event.setdefault("state_changed", {})
    bearer = next((name for name in ("reopened", ends, "state_changed") if name in by_event), None)
    at = snapshot.updated_at
    return [
        ImpliedEvent(
            f"{_MARK}{event}/{to_text(at)}/{sequence + place}",
            event,
            at,
            sequence + place,
            state if event == bearer else None,
            attributes,
        )
        for place, (event, attributes) in enumerate(by_event.items())
    ]


def _is_taken_back(ended: TicketEvent, snapshot: Snapshot) -> bool:
    """The end that was told has not happened, says the tool."""
    return ended.event in snapshot.instants and snapshot.instants[ended.event] is None


def _is_open_again(known: _KnownTicket, snapshot: Snapshot) -> bool:
    """The tool shows a state of an open ticket, which is another one than it showed at or after the end."""
    state = snapshot.state
    return state is not None and state.lower() not in _STAYS_ENDED and state != known.state_since_end
