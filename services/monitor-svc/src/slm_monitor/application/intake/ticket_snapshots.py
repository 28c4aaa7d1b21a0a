"""Snapshots of tickets, from which events are derived, and comparison of a tool's open tickets
with the known tickets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.intake.intake import FactIntake
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.intake_items import SentTicketEvent
from slm_monitor.domain.facts.rejections import IntakeRejection
from slm_monitor.domain.intake import validation
from slm_monitor.domain.tickets import ticket_snapshot, ticket_target
from slm_monitor.domain.tickets.ticket_snapshot import ImpliedTicketEvent, TicketSnapshot

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class LockedTicketFacts:
    """The known facts of one ticket, locked until the context ends.

    ``facts``: the ticket's evaluated events, and events of snapshots that the worker may not have taken in yet. Facts
    that are put into ``keep`` become durable when the context ends.
    """

    facts: dict[str, Fact]
    position: str = ""
    keep: dict[str, Fact] = field(default_factory=dict)


class SnapshotEventStore(Protocol):
    """The store of events derived from snapshots."""

    def of_ticket(self, subject: str, now: UtcMicroseconds) -> AbstractAsyncContextManager[LockedTicketFacts]: ...


class InvalidTicketSnapshot(ValueError):
    """A snapshot breaks a rule for ticket events; ``refusals`` name the fields."""

    def __init__(self, refusals: Sequence[IntakeRejection]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.remedy}" for each in refusals))
        self.refusals = list(refusals)


async def accept_ticket_snapshot(
    snapshots: SnapshotEventStore,
    door: FactIntake,
    owner: str,
    source: str,
    number: str,
    snapshot: TicketSnapshot,
    now: UtcMicroseconds,
) -> dict[str, Any]:
    """Take in a ticket's snapshot; return the derived events and the position after them, as JSON.

    The events are durable when this returns. Raises InvalidTicketSnapshot.
    """
    subject = f"{owner}/{source}/{number}"
    check_ticket_snapshot(owner, source, number, snapshot, now)
    async with snapshots.of_ticket(subject, now) as known:
        events = ticket_target.convert_facts_to_ticket_events(known.facts.values())
        implied = ticket_snapshot.derive_events_from_snapshot(snapshot, known.facts, events)
        facts = _admitted(owner, source, number, implied, now)
        if facts:
            known.position = await door.append_ticket_facts(facts)
            known.keep = {fact.key: fact for fact in facts}
        shown = [{"event": each.event, "at": to_text(each.at), "id": each.id} for each in implied]
        return {"source": source, "number": number, "events": shown, "position": known.position}


def check_ticket_snapshot(owner: str, source: str, number: str, snapshot: TicketSnapshot, now: UtcMicroseconds) -> None:
    """Check a snapshot, as far as this is possible without the ticket's known facts. Raises InvalidTicketSnapshot."""
    implied = ImpliedTicketEvent(
        "check", "state_changed", snapshot.updated_at, None, snapshot.state, snapshot.attributes
    )
    _admitted(owner, source, number, [implied], now)


def add_ticket_snapshot(
    owner: str, source: str, number: str, snapshot: TicketSnapshot, known: Mapping[str, Fact], now: UtcMicroseconds
) -> list[Fact]:
    """Return the facts that a ticket would have if this snapshot of it were accepted. Nothing is stored.

    ``known``: fact key → known fact of the ticket. Raises InvalidTicketSnapshot.
    """
    events = ticket_target.convert_facts_to_ticket_events(known.values())
    implied = ticket_snapshot.derive_events_from_snapshot(snapshot, known, events)
    added = _admitted(owner, source, number, implied, now)
    return list({**known, **{fact.key: fact for fact in added}}.values())


def _admitted(
    owner: str, source: str, number: str, implied: Sequence[ImpliedTicketEvent], now: UtcMicroseconds
) -> list[Fact]:
    """Check derived events by the rules for events that are sent; return them as facts. Raises
    InvalidTicketSnapshot.
    """
    messages = [
        SentTicketEvent(
            source=source,
            ticket=number,
            event=each.event,
            at=_EPOCH + timedelta(microseconds=each.at),
            id=each.id,
            sequence=each.sequence,
            state=each.state,
            attributes=dict(each.attributes),
            revision=each.revision,
        )
        for each in implied
    ]
    facts, refused = validation.validate_ticket_events(enumerate(messages), owner, now, False)
    if refused:
        raise InvalidTicketSnapshot(refused)
    return facts


@dataclass(frozen=True)
class ListedOpenTicket:
    """An open ticket as its tool lists it."""

    number: str
    updated_at: UtcMicroseconds | None = None
    state: str | None = None


def compare_open_tickets(
    listed: Sequence[ListedOpenTicket], known: Mapping[str, Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Compare a tool's list of open tickets with the known tickets.

    ``known``: number → row of each listed ticket that is known; ``ours``: rows of all tickets that are known as open.
    The result has three lists:

    * ``missing``: listed tickets that are not known
    * ``stale``: listed tickets that changed after the last known event, or that are known as ended
    * ``wrongly_open``: tickets that are known as open but not listed
    """
    names = {each.number for each in listed}
    stale = [_stale(each, known[each.number]) for each in listed if each.number in known]
    return {
        "listed": len(names),
        "missing": sorted(names - known.keys()),
        "stale": [each for each in stale if each["causes"]],
        "wrongly_open": [
            {"number": row["number"], "state": row["state"], "last_event_at": _text_or_none(row["last_at"])}
            for row in ours
            if row["number"] not in names
        ],
    }


def _stale(listed: ListedOpenTicket, row: Mapping[str, Any]) -> dict[str, Any]:
    causes = []
    if row["ended_at"] is not None:
        causes.append("we saw it end")
    if listed.updated_at is not None and (row["last_at"] is None or row["last_at"] < listed.updated_at):
        causes.append("it was updated after our last event")
    if listed.state is not None and row["state"] != listed.state:
        causes.append(f"its state is {row['state']} to us")
    return {
        "number": listed.number,
        "state": row["state"],
        "last_event_at": _text_or_none(row["last_at"]),
        "causes": causes,
    }


def _text_or_none(instant: UtcMicroseconds | None) -> str | None:
    return None if instant is None else to_text(instant)
