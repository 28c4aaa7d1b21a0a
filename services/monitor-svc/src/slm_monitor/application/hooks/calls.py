"""Use cases for calls of hooks: a call is checked, mapped to facts and handed to the intake. Mappings can be tried
out.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from slm_chassis.access import Principal
from slm_chassis.clock import Clock, real_now
from slm_chassis.faults import Overload
from slm_chassis.identity import NewId
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_mappings.mapped_payloads import MappedPayload, map_payload
from slm_mappings.messages import ImportRefused
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.shown_tickets import ShownTicket
from slm_mappings.ticket_mapping import TicketMapping
from slm_monitor.application.hooks.keeping import errors_of, find_own_hook, parse_hook_mapping
from slm_monitor.application.hooks.ports import HookStore
from slm_monitor.application.intake import ticket_snapshots
from slm_monitor.application.intake.intake import FactIntake
from slm_monitor.application.intake.source_counts import RefusedSample
from slm_monitor.application.intake.ticket_snapshots import InvalidTicketSnapshot, SnapshotEventStore
from slm_monitor.domain.facts.rejections import shorten_value_for_display
from slm_monitor.domain.hooks.hooks import LARGEST_KEPT, CallNotAccepted, Hook, HookCall, NoSuchHook
from slm_monitor.domain.hooks.signatures import is_from_tool
from slm_monitor.domain.tickets.ticket_snapshot import TicketSnapshot

MOST_WAITING = 20
"""The most calls of one party that wait for their turn. The calls of a party are mapped and taken in one at a time."""
_MOST_REMEMBERED = 256
Document = dict[str, Any]


@dataclass
class _Turn:
    """The queue of one party's calls: one of them is processed at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class FactDoors:
    """The receivers of mapped facts: the intake, and the store of tickets' snapshots."""

    intake: FactIntake
    snapshots: SnapshotEventStore


class HookCalls:
    """Takes in the calls of tools."""

    def __init__(self, store: HookStore, doors: FactDoors, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._doors = doors
        self._clock = clock
        self._new_id = new_id
        # Threads of their own, so that costly mappings never keep those of other requests busy.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="hooks")
        self._turns: dict[str, _Turn] = {}
        self._parsed: OrderedDict[tuple[str, int], TicketMapping | OutageMapping] = OrderedDict()

    async def receive(self, hook_id: str, headers: Mapping[str, str], body: bytes, secret: str | None) -> Document:
        """Take in a call of a tool; return the answer to the tool. The facts are durable when this returns.

        ``secret``: value of the parameter ``secret`` in the URL, for tools that can send no header of their own. The
        hook's log keeps the call and the answer. Raises NoSuchHook, CallNotAccepted and Overload.
        """
        found = await self._store.find(hook_id, real_now())
        if found is None:
            raise NoSuchHook("hook", hook_id)
        hook, secrets = found
        way, refused = hook.authentication, None
        if not is_from_tool(way, secrets, secret if way.kind == "query" else headers.get(way.header), body):
            refused = CallNotAccepted(401, "wrong-signature", _WRONG[way.kind].format(header=way.header))
        elif hook.is_paused:
            refused = CallNotAccepted(409, "hook-paused", "The hook is paused by its party.")
        return await self._answered(hook, body, refused)

    async def repeat(self, hook_id: str, call_id: str, caller: Principal) -> Document:
        """Take in the stored payload of an earlier call once more, by the present mapping. The caller needs no secret
        of the hook. Raises NoSuchHook, CallNotAccepted and Overload.
        """
        hook = await find_own_hook(self._store, hook_id, caller)
        call = await self._store.call(hook_id, call_id)
        if call is None or call.payload is None or call.outcome == "test":
            raise NoSuchHook("kept payload of a call", call_id)
        return await self._answered(hook, call.payload.encode(), None)

    async def _answered(self, hook: Hook, body: bytes, refused: CallNotAccepted | None) -> Document:
        """Take in the body of a call, store the call with its answer, and return the answer.

        ``refused``: the error by which the call is refused, or None if the call may be taken in. The error is stored as
        the answer and raised.
        """
        call_id = self._new_id()
        try:
            if refused is not None:
                raise refused
            async with self._turn(hook.party_id):
                answer = await self._take(hook, body)
        except CallNotAccepted as error:
            detail = {"detail": error.detail, "errors": error.errors}
            await self._keep(hook, call_id, (error.status, _OUTCOMES.get(error.code, "refused"), detail), body)
            raise
        outcome = "accepted" if answer["tickets"] or answer["accepted"] or answer["quarantined"] else "ignored"
        await self._keep(hook, call_id, (202, outcome, answer), body)
        return {"call_id": call_id, "outcome": outcome, **answer}

    async def try_out(self, hook: Hook, example: str) -> Document:
        """Map an example payload by the hook's mapping, and add a test to the hook's log; no fact is stored."""
        answer = await self.preview(hook.mapping, example.encode(), hook.party_id)
        call_id = self._new_id()
        status = 422 if answer["errors"] else 202
        await self._keep(hook, call_id, (status, "test", answer), example.encode())
        return {"call_id": call_id, **answer}

    async def preview(self, text: str, payload: bytes, party_id: str) -> Document:
        """Return what a mapping reads in a payload, and its errors. Nothing is stored. Raises InvalidHook, Overload."""
        async with self._turn(party_id):
            mapping = await self._in_thread(parse_hook_mapping, text)
            try:
                mapped: MappedPayload = await self._in_thread(map_payload, payload, mapping)
            except ImportRefused as refused:
                return {"tickets": [], "measurements": [], "notes": [], "errors": errors_of(refused, "payload")}
            return {**mapped.document(), "errors": _errors_of_records(mapped)}

    async def in_turn(self, party_id: str, work: Callable[..., Document], *arguments: object) -> Document:
        """Do costly work for a party in a thread, when its earlier calls and previews are done. Raises Overload."""
        async with self._turn(party_id):
            answer: Document = await self._in_thread(work, *arguments)
            return answer

    @asynccontextmanager
    async def _turn(self, party_id: str) -> AsyncIterator[None]:
        """Let the calls of a party enter one after the other, so that no party uses up the service. Raises Overload."""
        turn = self._turns.setdefault(party_id, _Turn())
        if turn.waiting > MOST_WAITING:
            raise Overload("too many calls of your hooks wait", 1)
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(party_id, None)

    async def _in_thread(self, work: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def _mapping(self, hook: Hook) -> TicketMapping | OutageMapping:
        key = (hook.hook_id, hook.version)
        known = self._parsed.get(key)
        if known is None:
            parsed = await self._in_thread(parse_hook_mapping, hook.mapping)
            known = self._parsed[key] = parsed.model_copy(update={"source": hook.source})
            while len(self._parsed) > _MOST_REMEMBERED:
                self._parsed.popitem(last=False)
        self._parsed.move_to_end(key)
        return known

    async def _take(self, hook: Hook, body: bytes) -> Document:
        mapping = await self._mapping(hook)
        topic = TICKETS.name if isinstance(mapping, TicketMapping) else MEASUREMENTS.name
        self._doors.intake.check(topic)
        sender = Principal(hook.hook_id, hook.party_id, hook.title, frozenset({"integrator"}))
        try:
            mapped: MappedPayload = await self._in_thread(map_payload, body, mapping)
        except ImportRefused as refused:
            self._doors.intake.note_unreadable(topic, sender, str(refused))
            raise CallNotAccepted(422, "not-mapped", refused.title, errors_of(refused, "payload")) from refused
        if mapped.refused is not None:
            self._doors.intake.note_unreadable(topic, sender, str(mapped.refused))
        if mapped.tickets:
            return await self._take_tickets(mapped, sender, hook)
        if mapped.measurements:
            return await self._take_measurements(mapped, sender)
        return _answer(notes=mapped.notes)

    async def _take_tickets(self, mapped: MappedPayload, sender: Principal, hook: Hook) -> Document:
        counts, now = self._doors.intake.sources, self._clock.now()
        receipts: list[Document] = []
        errors = _errors_of_records(mapped)
        for ticket in mapped.tickets:
            try:
                receipt = await ticket_snapshots.accept_ticket_snapshot(
                    self._doors.snapshots,
                    self._doors.intake,
                    hook.party_id,
                    hook.source,
                    ticket.number,
                    snapshot_of(ticket),
                    now,
                )
            except InvalidTicketSnapshot as error:
                first = error.refusals[0]
                counts.count_refused(sender, TICKETS.name, hook.source, RefusedSample(now, ticket.number, first))
                value = shorten_value_for_display(first.value)
                errors.append({"field": f"{ticket.number}.{first.field}", "value": value, "remedy": first.remedy})
                continue
            counts.count_accepted(sender, TICKETS.name, hook.source, max(1, len(receipt["events"])), now)
            receipts.append({"number": ticket.number, "events": receipt["events"], "position": receipt["position"]})
        if errors and not receipts:
            raise CallNotAccepted(422, "not-mapped", "No ticket of the payload can be taken", errors)
        return _answer(tickets=receipts, notes=mapped.notes, errors=errors)

    async def _take_measurements(self, mapped: MappedPayload, sender: Principal) -> Document:
        body = json.dumps(mapped.measurements).encode()
        taken = await self._doors.intake.take_measurements(body, "application/json", sender)
        document = taken.document()
        errors = _errors_of_records(mapped) + [
            {**error, "field": f"{mapped.measurements[item['index']]['indicator']}.{error['field']}".rstrip(".")}
            for item in document["items"][:20]
            for error in item["errors"]
        ]
        if not document["accepted"] and not document["quarantined"]:
            raise CallNotAccepted(422, "not-mapped", "No outage of the payload can be taken", errors)
        figures = {name: document[name] for name in ("accepted", "quarantined", "position")}
        return _answer(notes=mapped.notes, errors=errors, **figures)

    async def _keep(self, hook: Hook, call_id: str, answer: tuple[int, str, Document], body: bytes) -> None:
        status, outcome, detail = answer
        is_kept = outcome != "unsigned" and len(body) <= LARGEST_KEPT
        payload = body.decode("utf-8", "replace").replace("\0", "�") if is_kept else None
        await self._store.keep_call(
            HookCall(call_id, hook.hook_id, self._clock.now(), status, outcome, detail, payload)
        )


def _errors_of_records(mapped: MappedPayload) -> list[Document]:
    """Return the errors of those records of a payload that the mapping could not read."""
    return [] if mapped.refused is None else errors_of(mapped.refused, "payload")


_OUTCOMES = {"wrong-signature": "unsigned", "hook-paused": "paused"}
_WRONG = {
    "hmac-sha256": "Sign the body with the hook's secret (HMAC-SHA256, hexadecimal) in the header {header}.",
    "hmac-sha1": "Sign the body with the hook's secret (HMAC-SHA1, hexadecimal) in the header {header}.",
    "bearer": "Send the hook's secret in the header {header}, after Bearer.",
    "basic": "Send the hook's user and secret in the header {header} (Basic).",
    "query": "Call the address of the hook with its secret: …?secret=…",
}


def _answer(
    tickets: Sequence[Document] = (),
    notes: Sequence[str] = (),
    errors: Sequence[Document] = (),
    accepted: int = 0,
    quarantined: int = 0,
    position: str = "",
) -> Document:
    return {
        "tickets": list(tickets),
        "accepted": accepted,
        "quarantined": quarantined,
        "position": position,
        "notes": list(notes),
        "errors": list(errors),
    }


def snapshot_of(ticket: ShownTicket) -> TicketSnapshot:
    """Convert a ticket, as a mapping has read it, to the form that the intake accepts."""
    return TicketSnapshot(
        updated_at=ticket.updated_at,
        state=ticket.state,
        opened_at=ticket.opened_at,
        instants=dict(ticket.instants),
        attributes=dict(ticket.attributes),
        state_event=ticket.state_event,
    )
