"""``/api/v1/ticket-writers`` and ``/api/v1/ticket-writes``: what is written into the tickets of other tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from slm_chassis.clock import Clock
from slm_chassis.http import etag
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheDatabase
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_events.instants import to_text
from slm_notification.adapters import writer_queries
from slm_notification.api.dependencies import Editor, TheWriters
from slm_notification.api.shapes import instant_of_real
from slm_notification.api.writer_bodies import TicketWriterBody, WriteTestBody
from slm_notification.api.writer_responses import (
    RewriteResponse,
    TicketWriteResponse,
    TicketWriterResponse,
    TicketWriterStatusResponse,
    WriteTestResponse,
)
from slm_notification.application import ticket_writing
from slm_notification.application.ticket_writing import WriterDetails, WriterOffice
from slm_notification.domain.ticket_writers import FIGURES, HOUR, MOST_IN_AN_HOUR, TicketWriter

router = APIRouter(prefix="/api/v1/ticket-writers", tags=["ticket-writers"])
writes_router = APIRouter(prefix="/api/v1/ticket-writes", tags=["ticket-writes"])
_Filter = Query(max_length=200)
_TOO_OFTEN = f"Written {MOST_IN_AN_HOUR} times within an hour, so it waits: does a mapping read a written field?"


@dataclass(frozen=True, slots=True)
class _WriterView:
    """The parts that show a writer with its counts."""

    database: TheDatabase
    clock: TheClock
    response: Response

    async def shown(self, writer: TicketWriter) -> dict[str, Any]:
        """Return a writer as JSON, and set the header ``ETag``."""
        counts = await writer_queries.fetch_write_counts(self.database, [writer.writer_id])
        self.response.headers["ETag"] = etag.etag_of(writer.version)
        return writer_json(writer, counts[writer.writer_id], self.clock)


TheView = Annotated[_WriterView, Depends()]


@router.get("", **operation("List the ticket writers of your party", list_of(TicketWriterResponse)))
async def list_ticket_writers(caller: Caller, page: Paging, database: TheDatabase, clock: TheClock) -> dict[str, Any]:
    """List the writers of your party, the oldest first, each with its state and the counts of its tickets."""
    found = await writer_queries.fetch_writer_page(database, caller, page)
    counts = await writer_queries.fetch_write_counts(database, [each.writer_id for each in found])
    return page.shape(
        found,
        lambda each: [each.created_at, each.writer_id],
        lambda each: writer_json(each, counts[each.writer_id], clock),
    )


@router.post(
    "",
    **operation(
        "Make a ticket writer",
        TicketWriterResponse,
        "without-party",
        "too-many-ticket-writers",
        status=201,
        headers=(ETAG,),
    ),
)
async def make_ticket_writer(
    body: TicketWriterBody,
    caller: Editor,
    writers: TheWriters,
    view: TheView,
) -> dict[str, Any]:
    """Make a writer. It writes the due date, the state of the clocks and whether there is a breach into the tickets of
    a source of your party.

    It writes every ticket that has a clock that has not ended: now, and again when one of these figures changes. One
    request writes the figures and changes no other field. Clocks count only if they are of agreements that your party
    must keep. No answer shows the secret again.
    """
    writer = await ticket_writing.make_writer(writers, caller, _details(writers, body), body.secret, body.paused)
    return await view.shown(writer)


@router.get("/{writer_id}", **operation("Read one ticket writer", TicketWriterResponse, headers=(ETAG,)))
async def get_ticket_writer(writer_id: str, caller: Caller, view: TheView) -> dict[str, Any]:
    """Read a writer: its tool, its fields and its state."""
    writer = await _writer_or_404(writer_id, caller, view.database)
    return await view.shown(writer)


@router.put(
    "/{writer_id}",
    **operation("Change a ticket writer", TicketWriterResponse, headers=(ETAG,)),
)
async def change_ticket_writer(
    writer_id: str,
    body: TicketWriterBody,
    caller: Editor,
    writers: TheWriters,
    view: TheView,
    if_match: IfMatch,
) -> dict[str, Any]:
    """Change a writer, pause it, or make it active again.

    `paused: false` makes a paused or suspended writer active. Then all tickets that wait are written at once. If you
    change the address, the user or the kind of authentication, give the secret again. If you change the tool, its
    address, the source, the fields, the clocks or the time zone, all open tickets are written again.
    """
    change = (_details(writers, body), body.secret, body.paused)
    writer = await ticket_writing.change_writer(
        writers, caller, writer_id, change, lambda known: etag.check_if_match(if_match, known.version)
    )
    return await view.shown(writer)


@router.delete("/{writer_id}", **operation("Remove a ticket writer", None, status=204))
async def remove_ticket_writer(writer_id: str, caller: Editor, writers: TheWriters) -> None:
    """Remove a writer with its secret. Tickets that wait are not written any more. The fields in the tool stay as they
    are.
    """
    await ticket_writing.remove_writer(writers, caller, writer_id)


@router.get("/{writer_id}/status", **operation("Read how a ticket writer is doing", TicketWriterStatusResponse))
async def get_ticket_writer_status(
    writer_id: str, caller: Caller, database: TheDatabase, clock: TheClock
) -> dict[str, Any]:
    """Read how many tickets wait, are written or were given up, and since when the tool refuses or does not answer."""
    writer = await _writer_or_404(writer_id, caller, database)
    counts = await writer_queries.fetch_write_counts(database, [writer_id])
    return status_json(writer, counts[writer_id], clock)


@router.post("/{writer_id}/tests", **operation("Write a test into one ticket", WriteTestResponse))
async def write_ticket_test(writer_id: str, body: WriteTestBody, caller: Editor, writers: TheWriters) -> dict[str, Any]:
    """Write into one ticket now, and read what the tool answered.

    The ticket gets its own figures. If the product knows no clock of this ticket, the ticket gets samples: due in an
    hour, the state `test`, not breached. The samples stay in the ticket.
    """
    done = await ticket_writing.write_test(writers, caller, writer_id, body.ticket)
    answer = done.answer
    return {
        "writer_id": writer_id,
        "ticket": done.ticket,
        "values": dict(done.values),
        "sample": done.is_sample,
        "succeeded": answer.is_success and not answer.problem,
        "status": answer.status,
        "problem": answer.problem,
        "excerpt": answer.excerpt,
    }


@router.post("/{writer_id}/rewrites", **operation("Write every ticket again", RewriteResponse, status=202))
async def write_tickets_again(writer_id: str, caller: Editor, writers: TheWriters) -> dict[str, Any]:
    """Write all tickets of the writer again, also the tickets that were given up.

    Use this after somebody changed the fields in the tool, or restored the tool from a backup.
    """
    return {"writer_id": writer_id, "tickets": await ticket_writing.write_again(writers, caller, writer_id)}


async def _write_filters(
    writer_id: Annotated[str | None, _Filter] = None,
    ticket: Annotated[str | None, _Filter] = None,
    state: Annotated[Literal["waiting", "written", "failed"] | None, Query()] = None,
) -> dict[str, Any]:
    return {"writer_id": writer_id, "ticket": ticket, "state": state}


@writes_router.get("", **operation("List what is written into tickets", list_of(TicketWriteResponse)))
async def list_ticket_writes(
    caller: Caller,
    filters: Annotated[dict[str, Any], Depends(_write_filters)],
    page: Paging,
    database: TheDatabase,
    clock: TheClock,
) -> dict[str, Any]:
    """List the tickets that the writers of your party keep up to date. The ticket whose figures changed last comes
    first.

    Each ticket has the result of its latest attempt.
    """
    rows = await writer_queries.fetch_write_page(database, caller, page, filters)
    return page.shape(
        rows, lambda row: [row["changed_at"], row["writer_id"], row["ticket"]], lambda row: write_json(row, clock)
    )


def writer_json(writer: TicketWriter, counts: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Return a writer as JSON. ``counts``: how many of its tickets wait, are written or failed."""
    names = ("writer_id", "party_id", "title", "connector", "address", "source")
    return {
        **{name: getattr(writer, name) for name in names},
        "authentication": {"kind": writer.credential_kind, "user": writer.user},
        "fields": {name: writer.fields.get(name) for name in FIGURES},
        "clocks": list(writer.clocks),
        "time_zone": writer.time_zone,
        "state": writer.state,
        "state_reason": writer.state_reason,
        "state_at": to_text(writer.state_at),
        **_progress_json(writer, counts, clock),
        "created_at": to_text(writer.created_at),
        "created_by_principal_id": writer.created_by_principal_id,
    }


def status_json(writer: TicketWriter, counts: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Return as JSON how a writer is doing."""
    return {
        "writer_id": writer.writer_id,
        "state": writer.state,
        **_progress_json(writer, counts, clock),
    }


def _progress_json(writer: TicketWriter, counts: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    return {
        **{name: counts[name] for name in ("waiting", "written", "failed")},
        "failing_since": instant_of_real(writer.failing_since, clock),
        "problem": writer.problem,
        "next_attempt_at": instant_of_real(writer.retry_at, clock) if writer.state == "active" else None,
        "last_written_at": instant_of_real(counts["last_written_at"], clock),
    }


def write_json(row: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Return the row of a ticket as JSON."""
    is_waiting = row["state"] == "waiting"
    is_too_often = is_waiting and row["hour_writes"] >= MOST_IN_AN_HOUR and row["due_at"] >= row["hour_from"] + HOUR
    return {
        **{name: row[name] for name in ("writer_id", "source", "ticket", "state", "attempts", "status", "excerpt")},
        "figures": {name: row["wanted"].get(name) for name in FIGURES},
        "changed_at": to_text(row["changed_at"]),
        "last_attempt_at": instant_of_real(row["last_attempt_at"], clock),
        "next_attempt_at": instant_of_real(row["due_at"], clock) if is_waiting else None,
        "written_at": instant_of_real(row["written_at"], clock),
        "problem": _TOO_OFTEN if is_too_often else row["problem"],
    }


async def _writer_or_404(writer_id: str, caller: Caller, database: TheDatabase) -> TicketWriter:
    writer = await writer_queries.fetch_writer(database, caller, writer_id)
    if writer is None:
        raise not_found("ticket writer", writer_id)
    return writer


def _details(writers: WriterOffice, body: TicketWriterBody) -> WriterDetails:
    writing = writers.writing_of(body.connector)
    given = body.fields if body.fields is not None or writing is None else writing.fields
    return WriterDetails(
        title=body.title,
        connector=body.connector,
        address=body.address,
        source=body.source,
        fields={} if given is None else given.model_dump(exclude_none=True),
        clocks=list(dict.fromkeys(body.clocks)),
        time_zone=body.time_zone,
        user=body.authentication.user,
        credential_kind=body.authentication.kind,
    )
