"""Tickets in the answers of tools: mapped, and taken in like tickets that a hook receives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from slm_chassis.access import Principal
from slm_chassis.clock import Clock
from slm_events.catalogue import TICKETS
from slm_events.instants import UtcMicroseconds
from slm_mappings.mapped_payloads import MappedPayload, map_payload
from slm_mappings.messages import ImportRefused
from slm_mappings.pull_recipes import parse_pull_mapping
from slm_mappings.shown_tickets import ShownTicket
from slm_mappings.ticket_mapping import TicketMapping
from slm_monitor.application.hooks.calls import FactDoors, snapshot_of
from slm_monitor.application.intake import ticket_snapshots
from slm_monitor.application.intake.source_counts import RefusedSample
from slm_monitor.application.intake.ticket_snapshots import InvalidTicketSnapshot
from slm_monitor.application.pulls.keeping import errors_of
from slm_monitor.domain.facts.rejections import shorten_value_for_display
from slm_monitor.domain.pulls.dialects import Dialect, Row
from slm_monitor.domain.pulls.pulls import MOST_ERRORS, Pull
from slm_monitor.domain.tickets.ticket_snapshot import TicketSnapshot

_TOGETHER = 100
"""Number of tickets that are given to the mapping at once."""


@dataclass
class ReadTickets:
    """The tickets of one answer, and what is wrong with tickets that cannot be read.

    ``refused``: number → when the ticket changed, or None if that is not known.
    """

    tickets: list[ShownTicket] = field(default_factory=list)
    refused: dict[str, UtcMicroseconds | None] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    changed: int = 0

    def refuse(self, number: str, changed_at: UtcMicroseconds | None, errors: Sequence[dict[str, Any]]) -> None:
        """Record a ticket that cannot be read."""
        self.refused[number] = changed_at
        self.errors += [{**each, "field": f"{number}.{each['field']}"} for each in errors]
        del self.errors[MOST_ERRORS:]


class TicketReader:
    """Maps the answers of tools, and takes in their tickets."""

    def __init__(self, doors: FactDoors, clock: Clock) -> None:
        self._doors = doors
        self._clock = clock
        # A thread of its own, so that a large answer never keeps those of requests busy.
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="pulls")

    def check(self) -> None:
        """Raise Overload if so many facts wait to be judged that none can be taken in."""
        self._doors.intake.check(TICKETS.name)

    async def read(self, pull: Pull, dialect: Dialect, rows: Sequence[Row]) -> ReadTickets:
        """Return the tickets that the pull's mapping reads in rows of an answer.

        A row that the mapping cannot read is left out and recorded in the result.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, _read_rows, pull, dialect, rows)

    async def take(self, pull: Pull, found: ReadTickets) -> None:
        """Take in tickets, and count the tickets with new events. Record tickets that are not valid in ``found``."""
        sender = Principal(pull.pull_id, pull.party_id, pull.title, frozenset({"integrator"}))
        counts, now = self._doors.intake.sources, self._clock.now()
        for ticket in found.tickets:
            try:
                events = await self._accept(pull, ticket.number, snapshot_of(ticket))
            except InvalidTicketSnapshot as error:
                first = error.refusals[0]
                counts.count_refused(sender, TICKETS.name, pull.source, RefusedSample(now, ticket.number, first))
                value = shorten_value_for_display(first.value)
                problem = {"field": first.field, "value": value, "remedy": first.remedy}
                found.refuse(ticket.number, ticket.updated_at, [problem])
                continue
            counts.count_accepted(sender, TICKETS.name, pull.source, max(1, events), now)
            found.changed += bool(events)

    async def cancel(self, pull: Pull, number: str) -> bool:
        """Cancel a ticket that the tool does not show any more; return whether this adds an event to the ticket."""
        snapshot = TicketSnapshot(self._clock.now(), state="deleted", state_event="cancelled")
        return bool(await self._accept(pull, number, snapshot))

    async def _accept(self, pull: Pull, number: str, snapshot: TicketSnapshot) -> int:
        snapshots, intake = self._doors.snapshots, self._doors.intake
        receipt = await ticket_snapshots.accept_ticket_snapshot(
            snapshots, intake, pull.party_id, pull.source, number, snapshot, self._clock.now()
        )
        return len(receipt["events"])


def _read_rows(pull: Pull, dialect: Dialect, rows: Sequence[Row]) -> ReadTickets:
    found = ReadTickets()
    mapping = parse_pull_mapping(pull.mapping).model_copy(update={"source": pull.source})
    for first in range(0, len(rows), _TOGETHER):
        _read_some(found, mapping, dialect, rows[first : first + _TOGETHER])
    return found


def _read_some(found: ReadTickets, mapping: TicketMapping, dialect: Dialect, rows: Sequence[Row]) -> None:
    try:
        mapped = _mapped(mapping, dialect, rows)
        if mapped.refused is None:
            found.tickets += mapped.tickets
            return
    except ImportRefused:
        pass
    # One ticket or several: each is read by itself, so that a refusal names its ticket.
    for row in rows:
        try:
            found.tickets += _mapped(mapping, dialect, [row]).tickets
        except ImportRefused as refused:
            found.refuse(row.number, row.updated_at, errors_of(refused, ""))


def _mapped(mapping: TicketMapping, dialect: Dialect, rows: Sequence[Row]) -> MappedPayload:
    return map_payload(json.dumps(dialect.page([row.record for row in rows])).encode(), mapping)
