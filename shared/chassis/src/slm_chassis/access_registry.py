"""The registry of valid API keys, which every service reads from the topic ``slm.access``.

``AccessUnavailable`` is raised if the topic has not been read to its end lately: keys may have been issued or revoked
since then.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from slm_chassis.access import OPERATOR, Principal, hash_of
from slm_chassis.access_records import access_event_of, expiry_of, is_past
from slm_chassis.access_tokens import PREFIX, ReadingToken, TokenKeys
from slm_chassis.clock import Clock, SystemClock
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.identity import NAMESPACE, named_id
from slm_chassis.log.port import Batch, EventLog, LogError, StoredRecord, TopicPartition
from slm_chassis.openid.access_tokens import AccessTokenChecker, ProviderKeysUnavailable, looks_like_token
from slm_chassis.reading_tokens import TokenReaders
from slm_events import envelope
from slm_events.access_tokens import TokenKeyAnnounced
from slm_events.catalogue import ACCESS

FRESH_SECONDS = 2.0
"""The longest time until a revoked key is refused everywhere.

A process that has not read the topic to its end for this long accepts no key.
"""
BEAT_SECONDS = 1.0
"""Seconds between two checks that the topic has been read to its end."""

BOOTSTRAP_ID = named_id(NAMESPACE, "principal", "bootstrap")
"""Id of the principal, and of its key, that a setting names and no record describes."""
_logger = structlog.get_logger(__name__)


class AccessUnavailable(Exception):
    """This process cannot know at the moment which keys are valid. The same request may succeed later."""


class AccessRegistry:
    """A worker that keeps all valid keys in memory, up to date with the topic ``slm.access``.

    In doubt it refuses. A record that cannot be read invalidates all keys of its principal until a readable record
    follows. If the topic has not been read to its end for ``FRESH_SECONDS``, no key is accepted. An expired key is
    refused as soon as the clock shows its end; no record announces this.
    """

    name = "access"

    def __init__(
        self,
        log: EventLog,
        *,
        bootstrap_key: str | None = None,
        pause_seconds: float = 0.1,
        clock: Clock | None = None,
        tokens: AccessTokenChecker | None = None,
    ) -> None:
        self._log = log
        self._clock = clock or SystemClock()
        self._pause_seconds = pause_seconds
        self._tokens = tokens
        """Checks access tokens of the OpenID provider; None if the API does not accept them as keys."""
        self._principals: dict[str, Principal] = {}
        self._hashes: dict[str, set[str]] = {}
        self._hash_of_key: dict[str, str] = {}
        """Key id → hash of the key, for access tokens, which name the key that they stand for."""
        self._readers = TokenReaders()
        self._token_keys = TokenKeys()
        self._revoked: set[str] = set()
        self._dead: set[str] = set()
        self._on_death: list[Callable[[str], None]] = []
        self._ahead: dict[str, set[str]] = {}
        """Principal id → hashes of its keys that ``learn`` was given before the log delivered them."""
        self._delivered: dict[str, set[str]] = {}
        """Principal id → the hashes of all its keys that the log has delivered."""
        self._positions: dict[int, int] = {}
        self._ends: Mapping[int, int] = {}
        self._moved = asyncio.Condition()
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = 0.0
        self._confirmed_at: float | None = None
        """Monotonic time of the latest check at which the topic had been read to its end; None before the first one."""
        self._trouble: str | None = None
        """Why the latest check failed; None if it succeeded."""
        self._is_beating = False
        self.logged_wait_seconds = 2.0
        """The most seconds that ``wait_until_logged`` waits."""
        self._parties_of_people: dict[str, str] = {}
        self.caught_up = False
        """Whether everything that was in the topic when reading began has been read."""
        if bootstrap_key:
            self._principals[hash_of(bootstrap_key)] = Principal(
                BOOTSTRAP_ID, None, "bootstrap operator", frozenset({OPERATOR}), key_id=BOOTSTRAP_ID
            )

    def learn(self, event: Any) -> None:
        """Apply a PrincipalEnrolled or KeyRevoked before the log delivers it.

        The service that owns the principals calls this method right after its commit.
        """
        hashes = {key["sha256"] for key in event.keys}
        # The log may have been faster than the return from the commit.
        if hashes - self._delivered.get(event.principal_id, set()):
            self._ahead[event.principal_id] = hashes
        self._take(event)

    async def wait_until_logged(self, principal_id: str) -> None:
        """Wait until the log has delivered the principal's events that ``learn`` applied, but at most
        ``logged_wait_seconds``.

        Once the log has delivered them, every service accepts the principal's new key, because a service reads the log
        to its end before it refuses a key.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.logged_wait_seconds), self._moved:
                await self._moved.wait_for(lambda: principal_id not in self._ahead)

    async def wait_for_token_key(self, token_key_id: str) -> None:
        """Wait until the log has delivered the announcement of the key with which tokens are signed.

        Once the log has delivered the announcement, every service accepts these tokens. Raises AccessUnavailable after
        ``logged_wait_seconds``.
        """
        try:
            async with asyncio.timeout(self.logged_wait_seconds), self._moved:
                await self._moved.wait_for(lambda: token_key_id in self._token_keys)
        except TimeoutError as late:
            raise AccessUnavailable("the log has not delivered the key that signs access tokens") from late

    async def party_of_person(self, person_id: str) -> str | None:
        """Return the party of a person who has, or once had, a principal; None for anybody else.

        Raises AccessUnavailable if the person is not known yet and the log cannot be read to its end.
        """
        if person_id not in self._parties_of_people:
            await self.catch_up()
        return self._parties_of_people.get(person_id)

    def on_death(self, callback: Callable[[str], None]) -> None:
        """Register a callback that gets the id of each key that stops being valid, to close what the key has opened."""
        self._on_death.append(callback)

    def is_dead(self, key_id: str) -> bool:
        """Whether a key that this process accepted before is no longer valid: revoked, expired, or its record
        unreadable.
        """
        return key_id in self._dead

    def _take(self, event: Any) -> None:
        principal = Principal(
            event.principal_id, event.party_id, event.name, frozenset(event.roles), person_id=event.person_id
        )
        self._readers.learn(principal, event)
        if event.person_id is not None and event.party_id is not None:
            self._parties_of_people[event.person_id] = event.party_id
        # A key once revoked stays so: the log may still deliver an older state of the principal after a `learn`.
        self._revoked.update(key["sha256"] for key in event.keys if key.get("revoked_at"))
        now = self._clock.now()
        live = {
            key["sha256"]: key
            for key in event.keys
            if key["sha256"] not in self._revoked and not is_past(expiry_of(key), now)
        }
        for gone in self._hashes.get(event.principal_id, set()) - live.keys():
            self._bury(self._principals.pop(gone, None))
        self._hashes[event.principal_id] = set(live)
        self._dead.difference_update(key["key_id"] for key in live.values())
        for sha256, key in live.items():
            scopes = frozenset(key.get("scopes") or ())
            expires_at = expiry_of(key)
            self._hash_of_key[key["key_id"]] = sha256
            self._principals[sha256] = replace(
                principal,
                scopes=scopes,
                key_id=key["key_id"],
                expires_at=expires_at,
                limited_to=tuple(key.get("limited_to") or ()),
                identified_by=str(key.get("identified_by") or "key"),
            )

    def _expire(self) -> None:
        """Remove the keys that have expired, and call the callbacks that close what these keys have opened."""
        now = self._clock.now()
        self._token_keys.expire(now)
        over = [sha256 for sha256, each in self._principals.items() if is_past(each.expires_at, now)]
        for sha256 in over:
            principal = self._principals.pop(sha256)
            self._hashes.get(principal.principal_id, set()).discard(sha256)
            self._bury(principal)

    def _void(self, principal_id: str) -> None:
        """Invalidate all keys of a principal until a readable record says which of them are valid."""
        self._readers.forget(principal_id)
        for sha256 in self._hashes.pop(principal_id, set()):
            self._bury(self._principals.pop(sha256, None))

    def _bury(self, principal: Principal | None) -> None:
        if principal is None or principal.key_id is None:
            return
        self._dead.add(principal.key_id)
        for callback in self._on_death:
            callback(principal.key_id)

    def known(self, key: str) -> Principal | None:
        """Return the principal of a key or access token, according to the records read so far.

        None if the key or token is unknown or has expired.
        """
        if key.startswith(PREFIX):
            return self._bearer_of(key)
        # No header can carry a NUL, and the hashes of subjects are made with one.
        return None if "\0" in key else self._live(hash_of(key))

    def _bearer_of(self, text: str) -> Principal | None:
        """Return the principal for which an access token stands: of its API key, or of the person in whose place it
        reads. None if the token, its key or the person is not valid.
        """
        token = self._token_keys.read(text, self._clock.now())
        if isinstance(token, ReadingToken):
            return self._readers.reader_of(token, self._clock.now())
        found = None if token is None else self._live(self._hash_of_key.get(token.key_id, ""))
        if token is None or found is None:
            return None
        expires_at = min(token.expires_at, found.expires_at or token.expires_at)
        return replace(found, scopes=token.scopes or found.scopes, expires_at=expires_at, by_token=True)

    def _live(self, sha256: str) -> Principal | None:
        found = self._principals.get(sha256)
        return None if found is None or is_past(found.expires_at, self._clock.now()) else found

    async def identify(self, key: str) -> Principal | None:
        """Return the principal of a key; None if the key is unknown, revoked or expired.

        A key that is unknown here may be newer than what was read, so the log is read to its end before the key is
        refused. Raises AccessUnavailable, for valid keys too, if the log cannot be read to its end.
        """
        await self.confirm()
        if self._tokens is not None and looks_like_token(key):
            return await self._holder_of(self._tokens, key)
        principal = self.known(key)
        if principal is None:
            await self._ask()
            principal = self.known(key)
        return principal

    async def _holder_of(self, tokens: AccessTokenChecker, token: str) -> Principal | None:
        """Return the principal to whom a provider's access token belongs. None if the token is invalid or no principal
        has its subject.
        """
        try:
            holder = await tokens.holder_of(token)
        except ProviderKeysUnavailable as unknown:
            raise AccessUnavailable(str(unknown)) from unknown
        if holder is None:
            return None
        found = self._live(holder.sha256)
        if found is None:
            await self._ask()
            found = self._live(holder.sha256)
        if found is None:
            return None
        expires_at = min(holder.expires_at, found.expires_at or holder.expires_at)
        return replace(found, expires_at=expires_at, by_token=True)

    async def confirm(self) -> None:
        """Make sure that everything that was in the log ``FRESH_SECONDS`` ago has been read.

        Raises AccessUnavailable if it has not.
        """
        if self._is_fresh():
            return
        if self._is_beating and self._trouble is not None:
            raise AccessUnavailable(self._trouble)
        await self._ask()

    def _is_fresh(self) -> bool:
        return self._confirmed_at is not None and time.monotonic() - self._confirmed_at <= FRESH_SECONDS

    async def catch_up(self, timeout_seconds: float = FRESH_SECONDS) -> None:
        """Wait until every record that is in the log now has been read; raises AccessUnavailable if the log cannot be
        read.
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
        """Read the topic until cancelled.

        The first call reads the topic from its beginning; a later call continues where the last call stopped. Raises
        LogUnavailable.
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
        """Check every ``BEAT_SECONDS`` that the topic has been read to its end, and remove expired keys.

        Without this check, a topic without new records would look the same as a log that cannot be reached.
        """
        self._is_beating = True
        was_refusing = False
        while True:
            self._expire()
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
            event = access_event_of(record)
            if isinstance(event, TokenKeyAnnounced):
                self._token_keys.learn(event)
                return
        except (envelope.NotAnEvent, ValueError) as flaw:
            self._void(record.key)
            self._token_keys.forget(record.key)
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
        """Read the log to its end. All unknown keys that wait share one reading, so that wrong keys cannot overload the
        log.
        """
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
