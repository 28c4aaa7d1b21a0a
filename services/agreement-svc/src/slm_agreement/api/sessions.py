"""``/api/v1/sessions``: logging in, listing the caller's sessions, and ending one."""

from __future__ import annotations

import ipaddress
from typing import Any

from fastapi import APIRouter, Request

from slm_agreement.api import shapes
from slm_agreement.api.bodies.sessions import LogInBody
from slm_agreement.api.dependencies import TheLedgers, ThePasswords
from slm_agreement.api.responses.sessions import NewSessionResponse, SessionResponse
from slm_agreement.application import sessions, sign_in_links
from slm_agreement.application.sessions import BegunSession, Origin
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.http.access import Caller
from slm_chassis.http.gate import client_address
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheAccess
from slm_chassis.http.policies import OWN_ACCOUNT
from slm_chassis.http.problems import invalid
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/sessions", tags=["sessions"])
CURRENT = "current"
"""The word that a caller may write for the id of the session whose key the request was sent with."""
_NETWORK_BITS = 64
"""Bits of an IPv6 address that the internet provider assigns to one customer, who may choose the rest."""


@router.post(
    "",
    **operation(
        "Log in with a password or a sign-in link",
        NewSessionResponse,
        "wrong-credentials",
        "too-many-attempts",
        "overloaded",
        status=201,
    ),
)
async def log_in(
    body: LogInBody, request: Request, ledgers: TheLedgers, passwords: ThePasswords, access: TheAccess
) -> dict[str, Any]:
    """Log in with a mail address and a password, or with the `code` of a sign-in link, which works once.

    `key` is an API key that is valid in every service for 12 hours. It is shown only in this response. A wrong password
    and an address without an account are answered alike.
    """
    origin = request_origin(request, body.client)
    if body.code is not None and body.email is None and body.password is None:
        return await new_session_json(await sign_in_links.redeem_sign_in_link(ledgers, body.code, origin), access)
    if body.email is None or body.password is None or body.code is not None:
        raise invalid("email", body.email, "send either email and password, or only the code of a sign-in link")
    begun = await sessions.log_in(ledgers, passwords, body.email, body.password, origin)
    return await new_session_json(begun, access)


@router.get("", **operation("List your sessions that have not ended", list_of(SessionResponse)))
async def list_sessions(caller: Caller, ledgers: TheLedgers, page: Paging) -> dict[str, Any]:
    """List your sessions that have not ended, oldest first."""
    live = await sessions.list_own_sessions(ledgers, caller)
    return page.shape(
        page.within(live, lambda each: [each.key_id]),
        lambda each: [each.key_id],
        lambda each: shapes.session_json(each, caller.key_id),
    )


@router.delete(
    "/{session_id}",
    **operation("End one of your sessions, or log out", None, "not-found", status=204, extra=dict(OWN_ACCOUNT)),
)
async def end_session(session_id: str, caller: Caller, ledgers: TheLedgers) -> None:
    """End a session: its key is invalid in this service immediately, and in every other one within two seconds.

    To log out, send `current` instead of an id: this ends the session whose key you send.
    """
    await sessions.end_session(ledgers, caller, str(caller.key_id) if session_id == CURRENT else session_id)


async def new_session_json(begun: BegunSession, access: AccessRegistry) -> dict[str, Any]:
    """Wait until every service can accept the key of a new session; return the session and the key as JSON."""
    await access.wait_until_logged(begun.principal.principal_id)
    shown = shapes.session_json(begun.session, begun.session.key_id)
    return {**shown, "principal_id": begun.principal.principal_id, "key": begun.secret}


def request_origin(request: Request, client: str = "") -> Origin:
    """Return the network address from which a request comes, with ``client``, the name of the browser or program.

    An IPv6 address is cut to the network of one subscriber.
    """
    address = client_address(request)
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return Origin(address, client)
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        address = str(ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False))
    return Origin(address, client)
