"""One request of a browser with what its handler needs: reader, company scope, and the API with the caller's key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Depends, Request

from slm_chassis.clock import Clock
from slm_chassis.http.parts import Part
from slm_console.api_client import CALLER_ADDRESS, Api, Services, SignedOut
from slm_console.settings import ConsoleSettings
from slm_console.views.reader import Reader
from slm_console.web import sessions
from slm_console.web.locales import reader_of

SERVICES = Part[Services]("services")
CONSOLE_CLOCK = Part[Clock]("console_clock")
SETTINGS = Part[ConsoleSettings]("console_settings")
SCOPE = "with"
"""Query parameter with the party's id that narrows a page to one customer or supplier."""


@dataclass
class Visit:
    """One request of a browser, with the API, the reader and the addresses that its page needs."""

    request: Request
    api: Api
    reader: Reader
    scope_name: str = ""
    """Name of the company in the page's scope; the page's handler sets it."""
    only_page: str = ""
    """Path of the one agreement that a guest may see, empty for everybody else; the agreement's pages set it."""

    @property
    def prefix(self) -> str:
        """The path under which the console is served, such as ``/console``; empty for the root."""
        return str(self.request.scope.get("root_path", ""))

    @property
    def path(self) -> str:
        """The page's path without the console's prefix, such as ``/services``."""
        return self.request.scope["path"].removeprefix(self.prefix) or "/"

    @property
    def address(self) -> str:
        """The page's path and query string, without the console's prefix."""
        query = self.request.url.query
        return f"{self.path}?{query}" if query else self.path

    @property
    def scope(self) -> str:
        """The id of the party that the page is narrowed to, empty for all parties."""
        return self.request.query_params.get(SCOPE, "")

    @property
    def is_signed_in(self) -> bool:
        """Whether the browser sent a session cookie; only the API knows whether the session is still valid."""
        return bool(self.api.key)

    @property
    def is_part(self) -> bool:
        """Whether a script (htmx) asks for a part of a page that the browser already shows."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def parameters(self) -> dict[str, str]:
        """Name → value of each query parameter; if a name occurs several times, its last value."""
        return dict(self.request.query_params)

    def with_parameters(self, **changed: str) -> str:
        """Return the address of this page with some query parameters changed; an empty value removes its parameter."""
        given = {name: value for name, value in {**self.parameters, **changed}.items() if value}
        return self.prefix + self.path + (f"?{urlencode(given)}" if given else "")

    def absolute(self, path: str) -> str:
        """Return the full URL of a page, for people to pass on."""
        base = self.request.base_url
        return f"{base.scheme}://{base.netloc}{self.prefix}{path}"

    def scoped(self, path: str, **parameters: str) -> str:
        """Return the address of a page with the company scope of this page; ``path`` may have a fragment."""
        given = {**({SCOPE: self.scope} if self.scope else {}), **{k: v for k, v in parameters.items() if v}}
        path, hash_mark, place = path.partition("#")
        mark = "&" if "?" in path else "?"
        return self.prefix + path + (f"{mark}{urlencode(given)}" if given else "") + hash_mark + place


def open_visit(request: Request) -> Visit:
    """Return the visit of a request, whether or not somebody has signed in."""
    app = request.app
    now = CONSOLE_CLOCK.find(app).now()
    if request.client is not None:
        CALLER_ADDRESS.set(request.client.host)
    api = Api(SERVICES.find(app), sessions.key_of(request), now)
    return Visit(request, api, reader_of(request, now, SETTINGS.find(app).time_zone))


async def visit_of(request: Request) -> Visit:
    """FastAPI dependency that returns the visit of a request, as ``open_visit`` does.

    It is a coroutine, because the caller's address is a context variable that must be set in the task of the handler.
    """
    return open_visit(request)


async def open_session(request: Request) -> Visit:
    """FastAPI dependency that returns the visit if the browser has a session; raises SignedOut."""
    visit = open_visit(request)
    if not visit.is_signed_in:
        raise SignedOut
    return visit


AnyVisit = Annotated[Visit, Depends(visit_of)]
"""Type of a handler's parameter: the visit, also of somebody who has not signed in."""
SignedIn = Annotated[Visit, Depends(open_session)]
"""Type of a handler's parameter: the visit of somebody who has signed in."""


def safe_next(wanted: str) -> str:
    """Return the path to redirect to after an act: ``wanted``, or ``/`` if it could lead out of this console.

    Browsers read ``//host`` and ``/\\host`` as other hosts, and drop tabs and line ends.
    """
    parts = urlsplit(wanted)
    is_path = wanted.startswith("/") and not wanted.startswith("//") and not parts.scheme and not parts.netloc
    return wanted if is_path and "\\" not in wanted and wanted.isprintable() else "/"


def sign_in_address(visit: Visit) -> str:
    """Return the address of the sign-in page, which leads back to the present page.

    After a form was sent, it leads back to the page that the form was on.
    """
    back = visit.address if visit.request.method == "GET" else safe_next(_referring(visit))
    return f"{visit.prefix}/sign-in?next={quote(back, safe='/')}"


def _referring(visit: Visit) -> str:
    parts = urlsplit(visit.request.headers.get("referer", ""))
    path = parts.path.removeprefix(visit.prefix)
    return f"{path}?{parts.query}" if parts.query else path
