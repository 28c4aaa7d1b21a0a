"""Routes that take in snapshots of tickets and lists of open tickets: ``PUT /api/v1/tickets/{source}/{number}`` and
``/api/v1/ticket-reconciliations``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.clock import Clock
from slm_chassis.http import instants
from slm_chassis.http.access import require_role
from slm_chassis.http.operation import operation
from slm_chassis.http.parts import TheClock
from slm_chassis.http.policies import BULK
from slm_chassis.http.problems import Problem, invalid
from slm_events.catalogue import TICKETS
from slm_monitor.adapters.commands.sql_snapshots import SqlSnapshots
from slm_monitor.api.dependencies import TheIntake, TheSnapshots, TheTickets
from slm_monitor.api.responses.tickets import SnapshotReceipt, TicketComparison
from slm_monitor.application.intake import ticket_snapshots
from slm_monitor.application.intake.intake import FactIntake
from slm_monitor.application.intake.source_counts import RefusedSample
from slm_monitor.application.intake.ticket_snapshots import InvalidTicketSnapshot, ListedOpenTicket
from slm_monitor.domain.facts.intake_items import TICKET_FIELD_ATTRIBUTES
from slm_monitor.domain.facts.rejections import shorten_value_for_display
from slm_monitor.domain.tickets.ticket_snapshot import TicketSnapshot

router = APIRouter(prefix="/api/v1", tags=["tickets"])
Sender = Annotated[Principal, Depends(require_role("integrator", "service_level_manager"))]
Name = Annotated[str, Field(max_length=200)]
_INSTANTS = {
    "resolved_at": "resolved",
    "closed_at": "closed",
    "cancelled_at": "cancelled",
    "first_response_at": "first_response",
}


class TicketSnapshotToPut(BaseModel):
    """Request body of a ticket's snapshot: the ticket as its tool shows it now.

    A field that is left out keeps its value, and null removes the value. A null ``resolved_at`` means that the ticket
    was reopened.
    """

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [
                {
                    "updated_at": "2026-11-22T10:05:00Z",
                    "opened_at": "2026-11-22T10:00:00Z",
                    "state": "in_progress",
                    "type": "incident",
                    "priority": "P1",
                    "team": "network",
                    "first_response_at": "2026-11-22T10:04:00Z",
                    "resolved_at": None,
                    "fields": {"site": "Berlin", "vip": True},
                }
            ]
        },
    }

    updated_at: str | None = None
    """The instant at which the ticket changed to this content; now if left out."""
    state: Name | None = None
    opened_at: str | None = None
    type: Name | None = None
    priority: Name | None = None
    team: Name | None = None
    assignee: Name | None = None
    service: Name | None = None
    customer: Name | None = None
    category: Name | None = None
    first_response_at: str | None = None
    resolved_at: str | None = None
    closed_at: str | None = None
    cancelled_at: str | None = None
    fields: dict[str, Any] = {}
    """Further fields of the ticket, named as in its tool."""
    owner_party_id: UUID | None = None
    """The party that owns the ticket. Operators must name it; for other callers it is always the own party."""


class OpenTicketToReconcile(BaseModel):
    """An open ticket as its tool lists it, in a request to reconcile tickets."""

    model_config = {"extra": "forbid"}

    number: Name
    updated_at: str | None = None
    state: Name | None = None


class TicketsToReconcile(BaseModel):
    """Request body that reconciles tickets: all open tickets of a source, as its tool lists them."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [{"source": "servicenow", "tickets": [{"number": "INC0001", "state": "in_progress"}]}]
        },
    }

    source: Name
    tickets: Annotated[list[OpenTicketToReconcile], Field(max_length=100_000)]
    owner_party_id: UUID | None = None


@dataclass(frozen=True)
class SnapshotIntake:
    """The store, intake and clock that are needed to accept a snapshot of a ticket."""

    snapshots: SqlSnapshots
    intake: FactIntake
    clock: Clock


async def _snapshot_intake(snapshots: TheSnapshots, intake: TheIntake, clock: TheClock) -> SnapshotIntake:
    return SnapshotIntake(snapshots, intake, clock)


TheParts = Annotated[SnapshotIntake, Depends(_snapshot_intake)]


@router.put(
    "/tickets/{source}/{number:path}",
    **operation("Accept a snapshot of a ticket", SnapshotReceipt, "foreign-party", status=202),
)
async def put_ticket_snapshot(
    source: str, number: str, given: TicketSnapshotToPut, caller: Sender, parts: TheParts
) -> dict[str, Any]:
    """Accept a snapshot of a ticket; answer with the events derived from it, which are durable when the answer is sent.

    If the same snapshot is sent again, no new events are derived. Read the ticket with ``min_position=<position>`` to
    see its clocks.
    """
    parts.intake.check(TICKETS.name)
    now = parts.clock.now()
    snapshot = _snapshot(given, now)
    counts = parts.intake.sources
    try:
        receipt = await ticket_snapshots.accept_ticket_snapshot(
            parts.snapshots, parts.intake, _owner(given.owner_party_id, caller), source, number, snapshot, now
        )
    except InvalidTicketSnapshot as error:
        first = error.refusals[0]
        counts.count_refused(caller, TICKETS.name, source, RefusedSample(now, number, first))
        field = "path.number" if first.field == "ticket" else first.field
        raise invalid(field, shorten_value_for_display(first.value), first.remedy) from error
    # A repeated snapshot implies no event, and still says that its source is there.
    counts.count_accepted(caller, TICKETS.name, source, max(1, len(receipt["events"])), now)
    return receipt


@router.post(
    "/ticket-reconciliations",
    **operation(
        "Compare the known open tickets with those of their tool", TicketComparison, "foreign-party", extra=dict(BULK)
    ),
)
async def reconcile_tickets(given: TicketsToReconcile, caller: Sender, queries: TheTickets) -> dict[str, Any]:
    """Compare a source's list of open tickets with the tickets known here.

    The answer names the listed tickets that are not known here (``missing``), the listed tickets whose present state is
    not known here (``stale``), and the tickets that are known as open but not listed (``wrongly_open``).
    """
    owner = _owner(given.owner_party_id, caller)
    listed = [
        ListedOpenTicket(
            each.number, instants.read_optional_instant(each.updated_at, f"tickets[{place}].updated_at"), each.state
        )
        for place, each in enumerate(given.tickets)
    ]
    known = await queries.known(owner, given.source, [each.number for each in listed])
    ours = await queries.open_tickets(owner, given.source)
    compared = ticket_snapshots.compare_open_tickets(listed, {row["number"]: row for row in known}, ours)
    return {"source": given.source, **compared}


def _snapshot(given: TicketSnapshotToPut, now: int) -> TicketSnapshot:
    """Convert a request body to a ticket snapshot. Raises a problem that names an invalid instant."""
    sent = given.model_fields_set
    updated_at = instants.read_optional_instant(given.updated_at, "updated_at")
    named = {name: getattr(given, name) for name in TICKET_FIELD_ATTRIBUTES if name in sent}
    return TicketSnapshot(
        updated_at=now if updated_at is None else updated_at,
        state=given.state,
        opened_at=instants.read_optional_instant(given.opened_at, "opened_at"),
        instants={
            event: instants.read_optional_instant(getattr(given, name), name)
            for name, event in _INSTANTS.items()
            if name in sent
        },
        attributes={**given.fields, **named},
    )


def _owner(named: UUID | None, caller: Principal) -> str:
    """Return the id of the party that owns the ticket.

    Raises a problem: 422 if an operator names no party, 403 if another party's ticket is sent.
    """
    owner = caller.party_id if named is None else str(named)
    if owner is None:
        raise invalid("owner_party_id", None, "name the party that owns the ticket")
    if owner != caller.party_id and not caller.is_operator:
        raise Problem(403, "foreign-party", "Another party's ticket", "Send tickets of your own party only.")
    return owner
