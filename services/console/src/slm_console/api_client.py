"""Client of the public REST API with the caller's key; a page can send several requests at the same time.

Errors::

    ApiError
    ├── SignedOut        401: the key is unknown, expired or revoked
    ├── RefusedRequest   any other 4xx, with the problem document
    │   └── NotFound     404: the resource does not exist, or it is hidden from the caller
    └── ServiceAway      the service cannot be reached, is too slow, or failed
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from slm_console.last_answers import Json, LastAnswers, Parameters, Query

API = "/api/v1/"
OWNERS: Mapping[str, str] = {
    resource: context
    for context, resources in {
        "agreement": (
            "agreement-dead-letters", "agreement-key-uses", "agreement-summary", "agreements", "audit-entries",
            "chain-previews", "guest-links", "guest-sessions", "installation", "invitations", "me", "openid-sessions",
            "parties", "party-summaries", "people", "principals", "relations", "requirements", "search",
            "service-coverage", "services", "sessions", "sign-in-links", "templates",
        ),
        "monitor": (
            "assignments", "backtests", "breaches", "causes", "clocks", "connectors", "exclusion-delegates",
            "exclusions", "figures", "hook-previews", "hooks", "import-previews", "imports", "indicators",
            "measurements", "monitor-dead-letters", "monitor-key-uses", "previews", "pull-tools", "pulls", "quarantine",
            "risks", "series-rules", "sources", "stream", "summary", "targets", "tickets",
        ),
        "report": ("credit-previews", "report-dead-letters", "report-key-uses", "reports"),
        "notification": (
            "mail-deliveries", "notification-dead-letters", "notification-key-uses", "notification-preferences",
            "ticket-tools", "ticket-writers", "ticket-writes", "webhook-deliveries", "webhook-endpoints",
        ),
        "review": (
            "action-plans", "actions", "lessons", "review-dead-letters", "review-key-uses", "reviews",
            "target-revision-proposals",
        ),
    }.items()
    for resource in resources
}  # fmt: skip
"""First path segment of an API resource → the service that serves it. A test compares it with the services' routes."""

DEMO, DEMO_PATHS = "demo", "/demo/"
"""Name of the demonstration's application, and the prefix of its paths. Only some installations have it."""

CALLER_ADDRESS: contextvars.ContextVar[str] = contextvars.ContextVar("caller_address", default="")
"""IP address of the browser whose request is handled. It is forwarded because services throttle log-ins by address."""


def owner_of(path: str) -> str:
    """Return the service that serves a path of the API: ``/api/v1/breaches/7`` → ``monitor``."""
    return DEMO if path.startswith(DEMO_PATHS) else OWNERS[path.removeprefix(API).split("/", 1)[0]]


@dataclass(frozen=True, slots=True)
class Whole:
    """A GET request for all items of a list: every page of the answer is read."""

    path: str
    parameters: Mapping[str, str]


class ApiError(Exception):
    """Base class: the API did not give the answer that was asked for."""


class SignedOut(ApiError):
    """Status 401: the caller's key is unknown, expired or revoked."""


class RefusedRequest(ApiError):
    """A service answered with a 4xx status; ``problem`` is its problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        super().__init__(str(problem.get("detail") or problem.get("title") or status))

    @property
    def code(self) -> str:
        """The last part of the problem's type: ``/problems/not-found`` → ``not-found``."""
        return _code_of(self.problem)

    @property
    def fields(self) -> dict[str, str]:
        """What to write instead in each wrong field of the request body, by the field's name."""
        errors = self.problem.get("errors") or ()
        return {str(each.get("field", "")): str(each.get("remedy") or self) for each in errors}


class NotFound(RefusedRequest):
    """Status 404: the resource does not exist, or it is hidden from the caller."""


class ServiceAway(ApiError):
    """A service cannot be reached, is too slow, or answered with a 5xx status."""

    def __init__(self, context: str, code: str = "", *, was_sent: bool = True, is_late: bool = False) -> None:
        self.context = context
        self.code = code
        """The last part of the problem's type, such as ``provider-away``; empty without a problem document."""
        self.was_sent = was_sent
        """Whether the request may have reached the service, and so may have had its effect."""
        self.is_late = is_late
        """Whether the service did not answer in time; it may be stuck, and the next request would wait as long."""
        super().__init__(f"{context}-svc does not answer")


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one of several requests of a page: the data, or why there is none.

    ``missing`` means that the service refused the request. If the service is away, ``away`` is its name. Then ``data``
    is the service's last answer to the same request, and ``read_at`` is the instant of that answer (microseconds since
    1970); both are None if no such answer is stored.
    """

    data: Json = None
    away: str = ""
    missing: bool = False
    read_at: int | None = None

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items of a list answer; empty if there is no answer."""
        return list(self.data["items"]) if self.data else []


@dataclass
class Absences:
    """The services that did not answer while one page was made, and how old their earlier answers on the page are."""

    read_at: dict[str, int | None] = field(default_factory=dict)
    """Service → instant of the oldest of its earlier answers that are shown instead, in microseconds since 1970; None
    if there are none.
    """
    late: set[str] = field(default_factory=set)
    """Services that did not answer in time: the page sends them no further request, because it would wait again."""
    is_subject_old: bool = False
    """Whether the page shows an earlier answer about its own object, such as an agreement, because the service is away.
    """

    def note(self, context: str, read_at: int | None) -> None:
        """Record that a service is away. ``read_at`` is the instant of the earlier answer that is shown instead; None
        if there is none.
        """
        known = [each for each in (self.read_at.get(context), read_at) if each is not None]
        self.read_at[context] = min(known, default=None)


class Services:
    """The HTTP clients of the services, and of the demonstration if there is one; opened once."""

    def __init__(self, addresses: Mapping[str, str], seconds: float) -> None:
        self._seconds = seconds
        self._clients = {context: self._client(url, None) for context, url in addresses.items() if url}
        self.last = LastAnswers()

    def lend(self, apps: Mapping[str, ASGIApp]) -> None:
        """Connect services in this process, by name → ASGI application. Services that have an address are left out."""
        for context, app in apps.items():
            if context not in self._clients:
                # An exception in the application must become a 500, as it would over the network.
                transport = httpx.ASGITransport(_WithCaller(app), raise_app_exceptions=False)
                self._clients[context] = self._client("http://in-process", transport)

    def _client(self, url: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=url, transport=transport, timeout=self._seconds, follow_redirects=False)

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request to the service that owns the path and return its answer; raises ServiceAway.

        Raises NotFound for a path of the demonstration if no demonstration is connected.
        """
        context = owner_of(path)
        client = self._clients.get(context)
        if client is None:
            raise NotFound(404, {}) if context == DEMO else ServiceAway(context)
        try:
            async with asyncio.timeout(self._seconds):
                answer = await client.request(method, path, **more)
        except httpx.ConnectError as error:
            raise ServiceAway(context, was_sent=False) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise ServiceAway(context, is_late=isinstance(error, (httpx.TimeoutException, TimeoutError))) from error
        if answer.status_code >= 500:
            raise ServiceAway(context, _code_of(_problem(answer)))
        return answer

    @property
    def has_demo(self) -> bool:
        """Whether a demonstration's application is connected to this console."""
        return DEMO in self._clients

    async def close(self) -> None:
        """Close the connections to all services."""
        for client in self._clients.values():
            await client.aclose()


class _WithCaller:
    """ASGI wrapper for a service in this process: it sets the browser's address as the client, as a trusted proxy
    would.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = CALLER_ADDRESS.get()
        await self._app({**scope, "client": (address, 0)} if address else scope, receive, send)


@dataclass(frozen=True)
class Api:
    """The public API with the key of one caller. ``key`` is empty for a caller who has not signed in."""

    services: Services
    key: str
    now: int
    """The instant as of which the page is rendered, in microseconds since 1970."""
    absent: Absences = field(default_factory=Absences, compare=False)

    async def get(self, path: str, parameters: Parameters | None = None) -> Json:
        """Send a GET request and return the JSON answer; raises ApiError."""
        query = (path, dict(parameters or {}))
        answer = await self._ask("GET", path, params=query[1])
        data = answer.json()
        self.services.last.keep(self.key, query, data, self.now)
        return data

    async def known(self, path: str, parameters: Parameters | None = None) -> Json:
        """Send a GET request for the object that a page is about, and return the JSON answer.

        If the service is away, return its last answer to the same request. If there is no such answer, raise
        ServiceAway. Raises any other ApiError as well.
        """
        try:
            return await self.get(path, parameters)
        except ServiceAway as away:
            kept = self.services.last.find(self.key, (path, dict(parameters or {})))
            if kept is None:
                raise
            self.absent.note(away.context, kept[0])
            self.absent.is_subject_old = True
            return kept[1]

    async def tagged(self, path: str, parameters: Parameters | None = None) -> tuple[Json, str]:
        """Send a GET request and return the JSON answer with its entity tag, for a later ``If-Match``.

        Raises ApiError.
        """
        answer = await self._ask("GET", path, params=dict(parameters or {}))
        return answer.json(), answer.headers.get("etag", "")

    async def read(self, path: str, parameters: Parameters | None = None) -> httpx.Response:
        """Send a GET request and return the HTTP response, for content other than JSON, such as a report's page; raises
        ApiError.
        """
        return await self._ask("GET", path, params=dict(parameters or {}), headers={"Accept": "*/*"})

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Json:
        """Send a POST request and return the JSON answer, None if its body is empty; raises ApiError."""
        answer = await self._ask("POST", path, json=dict(body or {}), headers=dict(headers or {}))
        return answer.json() if answer.content else None

    async def change(self, path: str, changed: Callable[[Json], Mapping[str, Any]]) -> Json:
        """Read a resource, pass it to ``changed`` and PUT the result; return the new resource.

        Raises ApiError, also if somebody else changed the resource meanwhile: their change is not overwritten, because
        the entity tag is sent as ``If-Match``.
        """
        read = await self._ask("GET", path)
        return await self.send("PUT", path, dict(changed(read.json())), read.headers["etag"])

    async def send(self, method: str, path: str, body: Any, tag: str = "") -> Json:
        """Send a request and return the JSON answer. ``tag`` is an entity tag for ``If-Match``; empty: the request has
        no ``If-Match``.

        Raises ApiError, also if the resource has changed since the tag was read.
        """
        return (await self._ask(method, path, json=body, headers={"If-Match": tag} if tag else {})).json()

    async def delete(self, path: str) -> None:
        """Send a DELETE request; raises ApiError."""
        await self._ask("DELETE", path)

    async def gather(self, **queries: str | Query | Whole) -> dict[str, Part]:
        """Send several requests at the same time and return a Part for each, by the argument's name; raises SignedOut.

        A service that is away affects only its own parts.
        """
        parts = await asyncio.gather(
            *(
                self.whole(each.path, each.parameters) if isinstance(each, Whole) else self.part(*_query(each))
                for each in queries.values()
            )
        )
        return dict(zip(queries, parts, strict=True))

    async def included(self, holder: Part, **queries: str | Query | Whole) -> dict[str, Part]:
        """Return a Part for each query, by the argument's name.

        ``holder`` is an answer that may already include the answers to these queries, in fields with the same names. A
        request is sent only if such a field is missing, or has only the first page of a list. Raises SignedOut.
        """
        found: dict[str, Part] = {}
        missing: dict[str, str | Query | Whole] = {}
        for name, query in queries.items():
            data = (holder.data or {}).get(name)
            if data is None or data.get("next") is not None:
                missing[name] = query
                continue
            if not holder.away:
                place = (query.path, query.parameters) if isinstance(query, Whole) else _query(query)
                self.services.last.keep(self.key, place, data, self.now)
            found[name] = replace(holder, data=data)
        return found | await self.gather(**missing)

    async def part(self, path: str, parameters: Parameters | None = None) -> Part:
        """Send a GET request and return the answer as a Part, also if the service is away or refuses.

        Raises SignedOut.
        """
        try:
            return Part(await self.get(path, parameters))
        except ServiceAway as away:
            kept = self.services.last.find(self.key, (path, dict(parameters or {})))
            read_at, data = kept or (None, None)
            self.absent.note(away.context, read_at)
            return Part(data, away=away.context, read_at=read_at)
        except RefusedRequest:
            return Part(missing=True)

    async def whole(self, path: str, parameters: Parameters | None = None) -> Part:
        """Read all pages of a list and return all items as one Part; raises SignedOut.

        If the service becomes unavailable on the way, the Part has the items read so far.
        """
        items: list[Any] = []
        query = dict(parameters or {})
        while True:
            part = await self.part(path, query)
            items += part.items
            following = part.data.get("next") if part.data else None
            if part.data is None or following is None:
                return replace(part, data={"items": items, "next": None}) if items else part
            query["cursor"] = following

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Accept": "application/json", **more.pop("headers", {})}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if address := CALLER_ADDRESS.get():
            headers["X-Forwarded-For"] = address
        if (context := owner_of(path)) in self.absent.late:
            raise ServiceAway(context, was_sent=False)
        try:
            answer = await self.services.send(method, path, headers=headers, **more)
        except ServiceAway as away:
            if away.is_late:
                self.absent.late.add(context)
            raise
        if answer.status_code == 401:
            raise SignedOut
        if answer.status_code >= 400:
            kind = NotFound if answer.status_code == 404 else RefusedRequest
            raise kind(answer.status_code, _problem(answer))
        return answer


def _query(given: str | Query) -> Query:
    return (given, {}) if isinstance(given, str) else given


def _code_of(problem: Mapping[str, Any]) -> str:
    return str(problem.get("type", "")).rpartition("/")[2]


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        return cast(Mapping[str, Any], answer.json())
    except ValueError:
        return {"title": answer.reason_phrase, "status": answer.status_code}
