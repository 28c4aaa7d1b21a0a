"""Principals and their API keys: who may do what, read by every service from the topic ``slm.access``.

AccessUnavailable       the topic was not read up to its end lately, so a key may have been issued or revoked since
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.identity import NAMESPACE, named_id
from slm_chassis.log.port import Batch, EventLog, LogError, StoredRecord, TopicPartition
from slm_events import envelope
from slm_events.catalogue import ACCESS, PUBLISHED

OPERATOR = "operator"
"""The role of the people who run the installation. It implies every other role and sees every party."""

FRESH_SECONDS = 2.0
"""The longest time until a revoked key is refused everywhere. A process that has not read the topic to its end for so
long accepts no key.
"""
BEAT_SECONDS = 0.4
"""The time between two checks that the topic has been read to its end."""

_BOOTSTRAP_ID = named_id(NAMESPACE, "principal", "bootstrap")
_logger = structlog.get_logger(__name__)


class AccessUnavailable(Exception):
    """It is unknown at the moment which keys are valid. The same request may succeed later."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller and the key it used. ``party_id`` is None for an operator of the installation."""

    principal_id: str
    party_id: str | None
    name: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()
    """``<resource>:read`` and ``<resource>:write``, with ``*`` for every resource. If empty, the roles alone decide."""
    person_id: str | None = None
    key_id: str | None = None

    @property
    def is_operator(self) -> bool:
        """Whether it is one of the people who run the installation."""
        return self.party_id is None and OPERATOR in self.roles

    def may_see(self, *party_ids: str | None) -> bool:
        """Whether it may see data of these parties: it belongs to one of them or is an operator."""
        return self.is_operator or (self.party_id is not None and self.party_id in party_ids)

    def has_role(self, *roles: str) -> bool:
        """Whether it has one of the roles. An operator has them all, though a use case may still require a party."""
        return self.is_operator or not self.roles.isdisjoint(roles)

    def in_scope(self, resource: str, action: str) -> bool:
        """Whether the key's scopes allow ``read`` or ``write`` on a resource, which is the first path segment after
        /api/v1.
        """
        return not self.scopes or not self.scopes.isdisjoint({f"{resource}:{action}", f"*:{action}"})


def new_key() -> str:
    """Return a new API key: ``slm_`` and 256 random bits. It is shown once; only its hash is stored."""
    return "slm_" + secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal. It needs no salt: 256 random bits cannot be found by guessing."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class AccessRegistry:
    """All valid keys in memory, kept up to date from the log. It is a worker that runs until it is cancelled.

    It fails closed. A record that cannot be read invalidates all keys of its principal until a readable record follows.
    If the topic has not been read to its end for ``FRESH_SECONDS``, no key is accepted.
    """

    name = "access"

    def __init__(self, log: EventLog, *, bootstrap_key: str | None = None, pause_seconds: float = 0.1) -> None:
        self._log = log
        self._pause_seconds = pause_seconds
        self._principals: dict[str, Principal] = {}
        self._hashes: dict[str, set[str]] = {}
        self._revoked: set[str] = set()
        self._dead: set[str] = set()
        self._on_death: list[Callable[[str], None]] = []
        self._ahead: dict[str, set[str]] = {}
        """Principal id → the hashes of its keys that ``learn`` was given and the log has not delivered."""
        self._delivered: dict[str, set[str]] = {}
        """Principal id → the hashes of all its keys that the log has delivered."""
        self._positions: dict[int, int] = {}
        self._ends: Mapping[int, int] = {}
        self._moved = asyncio.Condition()
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = 0.0
        self._confirmed_at: float | None = None
        """Monotonic time of the latest check whose end of the log has been reached."""
        self._trouble: str | None = None
        """Why the latest check failed."""
        self._is_beating = False
        self.logged_wait_seconds = 2.0
        """How long ``wait_until_logged`` waits at most."""
        self.caught_up = False
        """Whether everything that was in the topic at the start has been read."""
        if bootstrap_key:
            self._principals[hash_of(bootstrap_key)] = Principal(
                _BOOTSTRAP_ID, None, "bootstrap operator", frozenset({OPERATOR}), key_id=_BOOTSTRAP_ID
            )

    def learn(self, event: Any) -> None:
        """Apply a PrincipalEnrolled or KeyRevoked before the log delivers it.

        The service that owns the principals calls it right after its commit.
        """
        hashes = {key["sha256"] for key in event.keys}
        # The log may have been faster than the return from the commit.
        if hashes - self._delivered.get(event.principal_id, set()):
            self._ahead[event.principal_id] = hashes
        self._take(event)

    async def wait_until_logged(self, principal_id: str) -> None:
        """Wait at most ``logged_wait_seconds`` until the log has delivered the events of ``learn`` for a principal.

        From then on every service accepts the key, because each reads the log to its end before it refuses one.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.logged_wait_seconds), self._moved:
                await self._moved.wait_for(lambda: principal_id not in self._ahead)

    def on_death(self, callback: Callable[[str], None]) -> None:
        """Register a callback that gets the id of each revoked key, to close what the key has opened."""
        self._on_death.append(callback)

    def is_dead(self, key_id: str) -> bool:
        """Whether this process has accepted the key before and knows that it is revoked now."""
        return key_id in self._dead

    def _take(self, event: Any) -> None:
        principal = Principal(
            event.principal_id, event.party_id, event.name, frozenset(event.roles), person_id=event.person_id
        )
        # A key once revoked stays so: the log may still deliver an older state of the principal after a `learn`.
        self._revoked.update(key["sha256"] for key in event.keys if key.get("revoked_at"))
        live = {key["sha256"]: key for key in event.keys if key["sha256"] not in self._revoked}
        for gone in self._hashes.get(event.principal_id, set()) - live.keys():
            self._bury(self._principals.pop(gone, None))
        self._hashes[event.principal_id] = set(live)
        self._dead.difference_update(key["key_id"] for key in live.values())
        for sha256, key in live.items():
            scopes = frozenset(key.get("scopes") or ())
            self._principals[sha256] = replace(principal, scopes=scopes, key_id=key["key_id"])

    def _void(self, principal_id: str) -> None:
        """Invalidate all keys of a principal until a readable record says which are valid."""
        for sha256 in self._hashes.pop(principal_id, set()):
            self._bury(self._principals.pop(sha256, None))

    def _bury(self, principal: Principal | None) -> None:
        if principal is None or principal.key_id is None:
            return
        self._dead.add(principal.key_id)
        for callback in self._on_death:
            callback(principal.key_id)

    def known(self, key: str) -> Principal | None:
        """Return the principal of a key as far as this process has read; None if it knows of none."""
        return self._principals.get(hash_of(key))

    async def identify(self, key: str) -> Principal | None:
        """Return the principal of a key; None if the key is unknown or revoked.

        An unknown key may be newer than what was read, so the log is read to its end before it is refused. Raises
        AccessUnavailable, for valid keys too, if that is not possible.
        """
        await self.confirm()
        principal = self.known(key)
        if principal is None:
            await self._ask()
            principal = self.known(key)
        return principal

    async def confirm(self) -> None:
        """Make sure that everything in the log two seconds ago has been read; raises AccessUnavailable if that
        fails.
        """
        if self._is_fresh():
            return
        if self._is_beating and self._trouble is not None:
            raise AccessUnavailable(self._trouble)
        await self._ask()

    def _is_fresh(self) -> bool:
        return self._confirmed_at is not None and time.monotonic() - self._confirmed_at <= FRESH_SECONDS

    async def catch_up(self, timeout_seconds: float = FRESH_SECONDS) -> None:
        """Wait until everything that was in the log at the call has been read; raises AccessUnavailable if that
        fails.
        """
        asked_at, read = time.monotonic(), dict(self._positions)
        try:
            async with asyncio.timeout(timeout_seconds):
                ends = await self._log.end_offsets(ACCESS.name)
                if any(at > ends.get(number, 0) for number, at in read.items()):
                    raise LogError("it ends before what was read of it, so it is another log")
                async with self._moved:
                    await self._moved.wait_for(lambda: self._reached(ends))
        except Exception as error:
            if not isinstance(error, (LogError, TimeoutError)) and not is_infrastructure_fault(error):
                raise
            self._trouble = f"the log of keys cannot be read to its end: {str(error) or 'it does not answer'}"
            raise AccessUnavailable(self._trouble) from error
        self._confirmed_at, self._trouble = max(asked_at, self._confirmed_at or 0.0), None

    async def run(self) -> None:
        """Read the topic from its beginning until cancelled.

        Raises LogUnavailable. If it is run again, it continues where it stopped.
        """
        beating = asyncio.create_task(self._beat(), name="access beat")
        try:
            positions = await self._start()
            async for batch in self._log.tail([ACCESS.name], positions):
                for record in batch.records:
                    self._learn_record(record)
                await self._move(batch)
        finally:
            self._is_beating = False
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self) -> None:
        """Check regularly that the topic has been read to its end.

        Without it, a topic without new records would look the same as a log that cannot be reached.
        """
        self._is_beating = True
        was_refusing = False
        while True:
            try:
                await self.catch_up()
            except AccessUnavailable as away:
                if not was_refusing and not self._is_fresh():
                    was_refusing = True
                    _logger.error("every key is refused", reason=str(away))
            else:
                was_refusing = False
            await asyncio.sleep(BEAT_SECONDS)

    async def _start(self) -> Mapping[TopicPartition, int]:
        begins = await self._log.begin_offsets(ACCESS.name)
        self._positions = {n: max(begin, self._positions.get(n, 0)) for n, begin in begins.items()}
        self._ends = await self._log.end_offsets(ACCESS.name)
        await self._move(None)
        return {TopicPartition(ACCESS.name, n): offset for n, offset in self._positions.items()}

    async def _move(self, batch: Batch | None) -> None:
        async with self._moved:
            if batch is not None:
                self._positions[batch.source.partition] = batch.next_offset
            self.caught_up = self.caught_up or self._reached(self._ends)
            self._moved.notify_all()

    def _reached(self, ends: Mapping[int, int]) -> bool:
        return all(self._positions.get(partition, 0) >= end for partition, end in ends.items())

    def _learn_record(self, record: StoredRecord) -> None:
        try:
            event = _enrolment_of(record)
        except envelope.NotAnEvent as flaw:
            self._void(record.key)
            _logger.error(
                "access record unreadable, the keys of its principal are refused",
                principal_id=record.key,
                partition=record.partition,
                offset=record.offset,
                reason=str(flaw),
            )
            return
        hashes = {key["sha256"] for key in event.keys}
        self._delivered.setdefault(event.principal_id, set()).update(hashes)
        if self._ahead.get(event.principal_id, set()) - hashes:
            # Older than the state that `learn` was given: it must not invalidate the newer key.
            return
        self._ahead.pop(event.principal_id, None)
        self._take(event)

    async def _ask(self) -> None:
        """Read the log to its end, once for all unknown keys of a moment, so that wrong keys cannot overload it."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_paced(), name="access-miss")
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._asking)

    async def _ask_paced(self) -> None:
        await asyncio.sleep(max(0.0, self._asked_at + self._pause_seconds - time.monotonic()))
        self._asked_at = time.monotonic()
        # A request that arrives from here on needs a later end of the log than this check will see.
        self._asking = None
        await self.catch_up()


def _enrolment_of(record: StoredRecord) -> Any:
    """Return the PrincipalEnrolled or KeyRevoked of a record; raises NotAnEvent for every other record."""
    event = envelope.from_record(record.value, record.headers).data
    if PUBLISHED[type(event)].topic is not ACCESS:
        raise envelope.NotAnEvent(f"{type(event).__name__} does not describe a principal")
    if event.principal_id != record.key:
        raise envelope.NotAnEvent(f"the record describes {event.principal_id!r} under the key of another principal")
    for key in event.keys:
        texts = (key.get("key_id"), key.get("sha256"), key.get("revoked_at") or "", *_scopes_of(key))
        if not all(isinstance(text, str) for text in texts):
            raise envelope.NotAnEvent("a key has no key_id or sha256, or its scopes or revoked_at are not text")
    return event


def _scopes_of(key: Mapping[str, Any]) -> list[Any]:
    scopes = key.get("scopes") or []
    return scopes if isinstance(scopes, list) else [None]
