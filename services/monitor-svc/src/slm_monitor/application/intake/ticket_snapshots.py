"""Snapshots of tickets, from which events are derived, and lists of open tickets, which are compared with the known
ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from slm_events.instants import to_text
from slm_monitor.application.intake.intake import Intake
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.intake_items import TicketMessage
from slm_monitor.domain.facts.rejections import Rejection
from slm_monitor.domain.intake import validation
from slm_monitor.domain.tickets import ticket_snapshot, ticket_target
from slm_monitor.domain.tickets.ticket_snapshot import ImpliedEvent, Snapshot

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class RememberedTicket:
    """The known facts of one ticket, locked until the context ends: its evaluated events, and events of snapshots that
    the worker may not have taken in yet. ``keep`` becomes durable as the context ends."""

    facts: dict[str, Fact]
    position: str = ""
    keep: dict[str, Fact] = field(default_factory=dict)


class Snapshots(Protocol):
    """The store of events derived from snapshots."""

    def of_ticket(self, subject: str, now: int) -> AbstractAsyncContextManager[RememberedTicket]: ...


class InvalidSnapshot(ValueError):
    """A snapshot contradicts a rule for ticket events; ``refusals`` name the fields."""

    def __init__(self, refusals: Sequence[Rejection]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.remedy}" for each in refusals))
        self.refusals = list(refusals)


async def take_snapshot(
    snapshots: Snapshots, door: Intake, owner: str, source: str, number: str, snapshot: Snapshot, now: int
) -> dict[str, Any]:
    """Take in a snapshot: the events derived from it are durable when this returns. Raises InvalidSnapshot."""
    subject = f"{owner}/{source}/{number}"
    _admitted(
        owner,
        source,
        number,
        [ImpliedEvent("check", "state_changed", snapshot.updated_at, None, snapshot.state, snapshot.attributes)],
        now,
    )
    async with snapshots.of_ticket(subject, now) as known:
        events = ticket_target.ordered_events(known.facts.values())
        implied = ticket_snapshot.implied_events(snapshot, known.facts, events)
        facts = _admitted(owner, source, number, implied, now)
        if facts:
            known.position = await door.append_ticket_facts(facts)
            known.keep = {fact.key: fact for fact in facts}
        shown = [{"event": each.event, "at": to_text(each.at), "id": each.id} for each in implied]
        return {"source": source, "number": number, "events": shown, "position": known.position}


def _admitted(owner: str, source: str, number: str, implied: Sequence[ImpliedEvent], now: int) -> list[Fact]:
    """Check derived events by the rules for events that are sent. Raises InvalidSnapshot."""
    messages = [
        TicketMessage(
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
    facts, refused = validation.admit_ticket_events(enumerate(messages), owner, now, False)
    if refused:
        raise InvalidSnapshot(refused)
    return facts


@dataclass(frozen=True)
class OpenTicket:
    """An open ticket as its tool lists it."""

    number: str
    updated_at: int | None = None
    state: str | None = None


def compare_open_tickets(
    listed: Sequence[OpenTicket], known: Mapping[str, Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Compare a list of open tickets with the known tickets. ``known``: those listed that are known; ``ours``: all that
    are known as open.

    ``missing``: listed and not known. ``stale``: changed after the last known event, or listed although known as
    ended. ``wrongly_open``: known as open and not listed.
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


def _stale(listed: OpenTicket, row: Mapping[str, Any]) -> dict[str, Any]:
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


def _text_or_none(instant: int | None) -> str | None:
    return None if instant is None else to_text(instant)
