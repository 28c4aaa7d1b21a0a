"""Route that tells how the agreements in force would evaluate a given ticket: ``POST /api/v1/previews/ticket``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from slm_chassis.http import instants
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem, invalid
from slm_monitor.api.responses.tickets import TicketPreview
from slm_monitor.api.results.tickets import TheTicketReaders, own_agreements, rules_of
from slm_monitor.application.explain import ticket_view
from slm_monitor.application.explain.ticket_view import TicketViewer
from slm_monitor.application.intake import ticket_snapshots
from slm_monitor.application.intake.ticket_snapshots import InvalidTicketSnapshot
from slm_monitor.domain.clocks.ticket_scope import WHOLE
from slm_monitor.domain.facts.rejections import shorten_value_for_display
from slm_monitor.domain.facts.ticket_events import DELETED_EVENTS_KEY
from slm_monitor.domain.tickets.ticket_snapshot import TicketSnapshot

router = APIRouter(prefix="/api/v1/previews", tags=["previews"])
Name = Annotated[str, Field(max_length=200)]
_SHOWN = ("as_of", "clocks", "unmatched_cause", "unjudgeable", "inconsistent")


class TicketToPreview(BaseModel):
    """Request body: a ticket as its tool shows it. `POST /api/v1/hook-previews` answers tickets in the same form."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [
                {
                    "source": "zammad",
                    "number": "21007",
                    "updated_at": "2026-11-02T10:25:00Z",
                    "opened_at": "2026-11-02T10:22:00Z",
                    "state": "open",
                    "instants": {"first_response": None},
                    "attributes": {"type": "incident", "priority": "P1", "service": "checkout"},
                }
            ]
        },
    }

    source: Annotated[str, Field(min_length=1, max_length=200, pattern="^[^/]+$")]
    """Name of the tool in tickets."""
    number: Annotated[str, Field(min_length=1, max_length=200)]
    updated_at: str
    """From when on the ticket is as it is shown."""
    opened_at: str | None = None
    state: Name | None = None
    state_event: Name | None = None
    """What entering the state means, such as ``resolved``. If left out, the name of the state says it."""
    instants: dict[Literal["first_response", "resolved", "fulfilled", "closed", "cancelled"], str | None] = {}
    """When each event happened; null: it has not happened."""
    attributes: dict[str, Any] = {}
    """Type, priority and further attributes by which targets are chosen; null removes one."""


@router.post("/ticket", **operation("Preview the clocks of a ticket that a tool shows", TicketPreview, "no-party"))
async def preview_ticket(given: TicketToPreview, caller: Caller, readers: TheTicketReaders) -> dict[str, Any]:
    """Tell which clocks a ticket of your party would have under the agreements in force, and when they are due.

    Facts that were received earlier about this ticket count, too.
    """
    owner = caller.party_id
    if owner is None:
        raise Problem(
            403, "no-party", "Only a party may do this", "An operator belongs to no party: use a party's key."
        )
    now, snapshot, queries = readers.sight.clock.now(), _shown_ticket(given), readers.queries
    subject = f"{owner}/{given.source}/{given.number}"
    try:
        ticket_snapshots.check_ticket_snapshot(owner, given.source, given.number, snapshot, now)
        facts = [fact for fact, _ in await queries.facts(subject)]
        known = {fact.key: fact for fact in facts if fact.key != DELETED_EVENTS_KEY}
        facts = ticket_snapshots.add_ticket_snapshot(owner, given.source, given.number, snapshot, known, now)
    except InvalidTicketSnapshot as error:
        first = error.refusals[0]
        field = {"ticket": "number", "at": "updated_at"}.get(first.field, first.field)
        raise invalid(field, shorten_value_for_display(first.value), first.remedy) from error
    agreements = await queries.agreements(owner)
    seen = ticket_view.compute_ticket_with_clocks(subject, facts, rules_of(agreements, readers.parsed_terms), now)
    reader = TicketViewer(True, WHOLE, own_agreements(agreements, caller), owner)
    document = ticket_view.build_ticket_document(seen, reader)
    return {name: document[name] for name in _SHOWN}


def _shown_ticket(given: TicketToPreview) -> TicketSnapshot:
    """Convert a request body to a ticket snapshot. Raises a problem that names an invalid instant."""
    return TicketSnapshot(
        updated_at=instants.read_instant(given.updated_at, "updated_at"),
        state=given.state,
        opened_at=instants.read_optional_instant(given.opened_at, "opened_at"),
        instants={
            event: instants.read_optional_instant(at, f"instants.{event}") for event, at in given.instants.items()
        },
        attributes=given.attributes,
        state_event=given.state_event or "",
    )
