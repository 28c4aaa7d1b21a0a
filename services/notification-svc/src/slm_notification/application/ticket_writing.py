"""The use cases of ticket writers: make, change and remove them, write a test, write everything again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from slm_chassis.access import Principal
from slm_chassis.clock import real_now
from slm_chassis.identity import NewId
from slm_events.instants import to_text
from slm_mappings.connectors import Connector
from slm_mappings.ticket_writing import TicketWriting
from slm_notification.application import tool_requests
from slm_notification.application.clock_hearing import want_figures, wanted_of
from slm_notification.application.writing_ports import ToolCourier, WriterDesk, WriterLedger
from slm_notification.domain.attempts import AttemptAnswer
from slm_notification.domain.errors import NotAcceptable, NotFound, TooManyWriters, WithoutParty
from slm_notification.domain.ticket_figures import TicketFigures, figures_of
from slm_notification.domain.ticket_writers import (
    HOUR,
    MOST_OF_A_PARTY,
    DueWrite,
    TicketWriter,
    WriterClaim,
    WriterCredential,
    changed_writer,
)

_KIND = "ticket writer"
TEST_STATE = "test"


@dataclass(frozen=True, slots=True)
class WriterOffice:
    """The parts that the use cases need: storage, requests, new ids, and the connectors that can write."""

    desk: WriterDesk
    courier: ToolCourier
    new_id: NewId
    connectors: Mapping[str, Connector]

    def writing_of(self, connector: str) -> TicketWriting | None:
        """Return how the tickets of a connector's tool are changed; None if the connector cannot change tickets."""
        found = self.connectors.get(connector)
        return None if found is None else found.writing


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterDetails:
    """The fields of a writer that a user chooses."""

    title: str
    connector: str
    address: str
    source: str
    fields: Mapping[str, str]
    clocks: Sequence[str]
    time_zone: str
    user: str
    credential_kind: str


@dataclass(frozen=True, slots=True)
class WrittenTest:
    """A test: the values that were sent, and how the attempt ended."""

    ticket: str
    values: Mapping[str, Any]
    answer: AttemptAnswer
    is_sample: bool
    """Whether the values are samples, because no clock of the ticket is known."""


async def make_writer(
    office: WriterOffice, caller: Principal, details: WriterDetails, secret: str | None, is_paused: bool
) -> TicketWriter:
    """Make a writer of the caller's party. All open tickets of the writer's source are due to be written at once.

    Raises WithoutParty, NotAcceptable and TooManyWriters.
    """
    if caller.party_id is None:
        raise WithoutParty("An operator has no party whose tickets could be written.")
    if not secret:
        raise NotAcceptable("secret", None, "give the password or token of the account")
    await _check(office, details)
    async with office.desk.begin() as ledger:
        await ledger.begin_changing()
        if await ledger.count_writers(caller.party_id) >= MOST_OF_A_PARTY:
            raise TooManyWriters(f"A party has at most {MOST_OF_A_PARTY} ticket writers.")
        writer = TicketWriter(
            writer_id=office.new_id(),
            party_id=caller.party_id,
            **asdict(details),
            state="paused" if is_paused else "active",
            state_reason="",
            state_at=ledger.now,
            failures=0,
            failing_since=None,
            retry_at=None,
            problem="",
            version=1,
            created_at=ledger.now,
            created_by_principal_id=caller.principal_id,
        )
        await ledger.put_writer(writer)
        await ledger.put_credential(WriterCredential(writer.writer_id, secret))
        await _write_open_tickets(ledger, writer)
        await ledger.note(caller, "ticket-writer.make", writer.writer_id)
        return writer


async def change_writer(
    office: WriterOffice,
    caller: Principal,
    writer_id: str,
    change: tuple[WriterDetails, str | None, bool],
    unless_changed: Callable[[TicketWriter], None],
) -> TicketWriter:
    """Change a writer, pause it, or make it active. Raises NotFound and NotAcceptable.

    ``change``: the details, a new secret (None keeps the old one), and whether the writer is to be paused. All waiting
    tickets are due at once. If the tool, its address, the source, the fields, the clocks or the time zone change, all
    open tickets are written again. ``unless_changed`` raises if the writer has changed since the caller read it.
    """
    details, secret, is_paused = change
    async with office.desk.begin() as ledger:
        known = await _own_writer(ledger, caller, writer_id)
    await _check(office, details, known)
    async with office.desk.begin() as ledger:
        await ledger.begin_changing()
        writer = await _own_writer(ledger, caller, writer_id)
        unless_changed(writer)
        if not secret and _goes_elsewhere(writer, details):
            remedy = "give the password or token again: it is not sent to another address than it was given for"
            raise NotAcceptable("secret", None, remedy)
        changed = changed_writer(writer, asdict(details), is_paused, ledger.now)
        await ledger.put_writer(changed)
        if secret:
            await ledger.put_credential(WriterCredential(writer_id, secret))
        if changed.writes_like(writer):
            await ledger.repeat_writes(writer_id, real_now(), is_all=False)
        else:
            await ledger.forget_writes(writer_id)
            await _write_open_tickets(ledger, changed)
        await ledger.note(caller, "ticket-writer.change", writer_id, {"state": changed.state})
        return changed


async def remove_writer(office: WriterOffice, caller: Principal, writer_id: str) -> None:
    """Remove a writer. Waiting tickets are not written any more; the fields in the tool stay as they are. Raises
    NotFound.
    """
    async with office.desk.begin() as ledger:
        await ledger.begin_changing()
        await _own_writer(ledger, caller, writer_id)
        await ledger.remove_writer(writer_id)
        await ledger.note(caller, "ticket-writer.remove", writer_id)


async def write_again(office: WriterOffice, caller: Principal, writer_id: str) -> int:
    """Let all tickets of a writer be written again, also the tickets that were given up. Return the number of tickets.

    Raises NotFound.
    """
    async with office.desk.begin() as ledger:
        await ledger.begin_changing()
        await _own_writer(ledger, caller, writer_id)
        count = await ledger.repeat_writes(writer_id, real_now(), is_all=True)
        await ledger.note(caller, "ticket-writer.write-again", writer_id)
        return count


async def write_test(office: WriterOffice, caller: Principal, writer_id: str, ticket: str) -> WrittenTest:
    """Write the figures of one ticket into it now, or samples if no clock of the ticket is known. Return the values and
    how the attempt ended. Raises NotFound and NotAcceptable.
    """
    async with office.desk.begin() as ledger:
        writer = await _own_writer(ledger, caller, writer_id)
        writing = office.writing_of(writer.connector)
        if writing is None:
            raise NotAcceptable("connector", writer.connector, "this connector is not installed any more")
        if not writing.is_number(ticket):
            raise NotAcceptable("ticket", ticket, "no ticket of the tool can have this number")
        secret = (await ledger.credential(writer_id)).secret
        clocks = (await ledger.clocks_of(writer.party_id, writer.source, [ticket])).get(ticket, ())
        figures = figures_of(clocks, writer.clocks)
        shown = wanted_of(writer, figures or TicketFigures(ledger.now + HOUR, TEST_STATE, False))
        await ledger.note(caller, "ticket-writer.test", writer_id, {"ticket": ticket, "at": to_text(ledger.now)})
    claim = WriterClaim(writer, secret)
    write = DueWrite(ticket, shown, None, 1, real_now())
    answer = AttemptAnswer(200)
    if writing.find is not None:
        answer, found = await office.courier.find(claim, writing, [ticket])
        write = replace(write, reference=found.get(ticket))
        if answer.is_success and ticket not in found:
            answer = AttemptAnswer(404, NO_TICKET)
    if answer.is_success:
        answer = await office.courier.change(claim, writing, write)
    return WrittenTest(ticket, tool_requests.values_of(writing, writer, shown), answer, figures is None)


NO_TICKET = "The tool shows the account no ticket with this number."


async def _write_open_tickets(ledger: WriterLedger, writer: TicketWriter) -> None:
    await want_figures(ledger, writer, await ledger.open_tickets(writer.party_id, writer.source), real_now())


async def _own_writer(ledger: WriterLedger, caller: Principal, writer_id: str) -> TicketWriter:
    writer = await ledger.writer(writer_id)
    if writer is None or not caller.may_see(writer.party_id):
        raise NotFound(_KIND, writer_id)
    return writer


async def _check(office: WriterOffice, details: WriterDetails, known: TicketWriter | None = None) -> None:
    """Raise NotAcceptable that names the first field that is not valid. A known address is not checked here, but before
    each request, so that a writer can be paused while the name of its tool cannot be resolved.
    """
    writing = office.writing_of(details.connector)
    if writing is None:
        those = ", ".join(sorted(name for name, each in office.connectors.items() if each.writing is not None))
        raise NotAcceptable("connector", details.connector, f"write one of {those}")
    if details.credential_kind not in writing.authentication:
        remedy = f"write one of {', '.join(writing.authentication)}"
        raise NotAcceptable("authentication.kind", details.credential_kind, remedy)
    if bool(details.user) != (details.credential_kind == "basic"):
        remedy = "give the user whose password it is" if not details.user else "leave it out: only `basic` has a user"
        raise NotAcceptable("authentication.user", details.user, remedy)
    if not details.fields:
        raise NotAcceptable("fields", {}, "name at least one field of the tool")
    if len(set(details.fields.values())) < len(details.fields):
        raise NotAcceptable("fields", dict(details.fields), "name another field for each of them")
    try:
        ZoneInfo(details.time_zone)
    except (ValueError, OSError, KeyError):
        raise NotAcceptable("time_zone", details.time_zone, "write a name such as Europe/Berlin") from None
    if details.address.endswith("/") or "?" in details.address or "#" in details.address:
        raise NotAcceptable("address", details.address, "leave out what follows the path, and a slash at the end")
    if known is None or known.address != details.address:
        reason = await office.courier.check(details.address)
        if reason is not None:
            raise NotAcceptable("address", details.address, f"give another URL: {reason}")


def _goes_elsewhere(writer: TicketWriter, details: WriterDetails) -> bool:
    """Whether the secret would be sent to another address, or as the secret of another user."""
    return (writer.address, writer.user, writer.credential_kind) != (
        details.address,
        details.user,
        details.credential_kind,
    )
