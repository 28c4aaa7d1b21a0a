"""``Idempotency-Key`` on every POST: a repeated request gets the stored answer of the first request and has no second
effect.

The first request with a key claims the key by a lease, and this claim is committed at once. The handler then runs
inside one transaction, which the use case's ``database.begin()`` joins. The answer is written into the same
transaction, which commits before the answer is sent. After a crash, either effect and answer are both stored, or only
the claim is stored, which ends with its lease.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slm_chassis.clock import SECOND, real_now
from slm_chassis.database import Database, Transaction
from slm_chassis.http.access import identify, path_of
from slm_chassis.http.policies import Policies
from slm_chassis.http.problems import Problem
from slm_chassis.tables import idempotency_key as keys
from slm_events.instants import UtcMicroseconds

HEADER = "Idempotency-Key"
KEPT = 72 * 3_600 * SECOND
"""How long a stored answer is repeated, in real microseconds."""
LEASE = 60 * SECOND
"""The time for which a running request blocks others with the same key, in real microseconds."""

_logger = structlog.get_logger(__name__)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_STORED_HEADERS = ("content-type", "location", "etag")


class IdempotencyKeys:
    """ASGI middleware: a POST with the header ``Idempotency-Key`` takes effect once, however often it is repeated.

    On a route that demands no API key, such as a log-in, the header is ignored: the caller is not known, and the answer
    may contain a secret, which is not stored.
    """

    def __init__(self, app: ASGIApp, *, database: Database, policies: Policies) -> None:
        self._app = app
        self._database = database
        self._policies = policies
        self._purged_at = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" and scope["method"] == "POST" else None
        if key is None or self._policies.of(scope["app"], "POST", scope["path"]).is_keyless:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        claim = await _claim_of(request, key)
        stored = await self._take(claim)
        answer = stored or await self._perform(claim, request)
        await answer(scope, receive, send)

    async def _take(self, claim: _Claim) -> Response | None:
        """Claim the idempotency key and return None, or return the answer of an earlier request; raises 409 and 422."""
        await self._purge(claim.leased_until - LEASE)
        async with self._database.begin() as transaction:
            if await claim.insert(transaction):
                return None
            row = (await transaction.execute(select(keys).where(*claim.identity))).one_or_none()
        if row is not None and row.request_digest != claim.digest:
            detail = f"This {HEADER} came with another request before. Use a new key for a new request."
            raise Problem(422, "idempotency-key-reused", f"The {HEADER} belongs to another request", detail)
        if row is None or row.status is None:
            raise _in_flight()
        return Response(bytes(row.body), row.status, {**row.headers, "Idempotency-Replayed": "true"})

    async def _perform(self, claim: _Claim, request: Request) -> Response:
        """Run the handler. Its effect and answer commit together; if they do not commit, the idempotency key is free
        again.
        """
        captured = _CapturedAnswer(request)
        try:
            async with self._database.begin() as transaction:
                with self._database.enclose(transaction):
                    await self._app(request.scope, captured.receive, captured.send)
                if captured.status >= 400:
                    raise _NoEffect
                await claim.store(transaction, captured)
        except _NoEffect:
            await self._release(claim)
        except BaseException:
            await self._release(claim)
            raise
        return captured.response()

    async def _release(self, claim: _Claim) -> None:
        try:
            async with self._database.begin() as transaction:
                await transaction.execute(delete(keys).where(*claim.held))
        except Exception as error:
            # The claim ends with its lease anyway. The caller needs the earlier error, not this one.
            _logger.warning("idempotency key not released", exc_info=error)

    async def _purge(self, now: UtcMicroseconds) -> None:
        if now - self._purged_at > 3_600 * SECOND:
            self._purged_at = now
            async with self._database.begin() as transaction:
                await transaction.execute(delete(keys).where(keys.c.created_at < now - KEPT))


class _NoEffect(Exception):
    """Raised to roll back the effects of a handler that answers with an error."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A principal's claim to an idempotency key for one request.

    The end of its lease distinguishes it from a later claim to the same key.
    """

    principal_id: str
    route: str
    key: str
    digest: bytes
    leased_until: UtcMicroseconds

    @property
    def identity(self) -> tuple[Any, ...]:
        return (keys.c.principal_id == self.principal_id, keys.c.route == self.route, keys.c.key == self.key)

    @property
    def held(self) -> tuple[Any, ...]:
        return (*self.identity, keys.c.status.is_(None), keys.c.leased_until == self.leased_until)

    async def insert(self, transaction: Transaction) -> bool:
        """Claim the idempotency key in the database; return whether that succeeded.

        It succeeds in each of these cases:

        - the key is new,
        - the stored key is older than KEPT,
        - the same request claimed the key before, got no answer, and its lease has ended.
        """
        now = self.leased_until - LEASE
        row = {
            "request_digest": self.digest,
            "leased_until": self.leased_until,
            "created_at": now,
            "status": None,
            "headers": None,
            "body": None,
        }
        lapsed = (keys.c.leased_until < now) & keys.c.status.is_(None) & (keys.c.request_digest == self.digest)
        statement = (
            insert(keys)
            .values(principal_id=self.principal_id, route=self.route, key=self.key, **row)
            .on_conflict_do_update(
                index_elements=[keys.c.principal_id, keys.c.route, keys.c.key],
                set_=row,
                where=or_(keys.c.created_at < now - KEPT, lapsed),
            )
            .returning(keys.c.key)
        )
        return (await transaction.execute(statement)).one_or_none() is not None

    async def store(self, transaction: Transaction, captured: _CapturedAnswer) -> None:
        """Store the answer in the same transaction as the effect of the request.

        Raises 409 if the lease has ended and another request has the key.
        """
        answer = {"status": captured.status, "headers": captured.stored_headers(), "body": bytes(captured.body)}
        if (await transaction.execute(update(keys).where(*self.held).values(answer))).rowcount != 1:
            raise _in_flight()


async def _claim_of(request: Request, key: str) -> _Claim:
    if not _KEY.fullmatch(key):
        detail = f"{HEADER} is 1 to 255 visible ASCII characters, e.g. a UUID."
        raise Problem(400, "wrong-idempotency-key", f"The {HEADER} is not valid", detail)
    caller = await identify(request)
    digest = hashlib.sha256(request.url.query.encode() + b"\n" + await request.body()).digest()
    return _Claim(caller.principal_id, f"POST {path_of(request)}", key, digest, real_now() + LEASE)


def _in_flight() -> Problem:
    detail = "A request with this key is being worked on. Send it again in a moment to get its answer."
    return Problem(409, "request-in-flight", "The same request is in flight", detail, headers={"Retry-After": "1"})


class _CapturedAnswer:
    """The handler's answer, held back until its effect is committed."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._body_given = False
        self.status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    async def receive(self) -> Message:
        if self._body_given:
            return await self._request.receive()
        self._body_given = True
        return {"type": "http.request", "body": await self._request.body(), "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def stored_headers(self) -> Mapping[str, str]:
        headers = Headers(raw=self._headers)
        return {name: headers[name] for name in _STORED_HEADERS if name in headers}

    def response(self) -> Response:
        response = Response(bytes(self.body), self.status)
        response.raw_headers = self._headers
        return response
