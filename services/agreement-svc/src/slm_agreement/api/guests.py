"""Guests: links to one agreement, and ``/api/v1/guest-sessions`` with the codes that confirm them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from slm_agreement.adapters import queries, sign_in_tables
from slm_agreement.api import sessions, shapes
from slm_agreement.api.bodies.sessions import NewGuestCode, NewGuestLink, NewGuestSession
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.responses.sessions import (
    GuestCodeResponse,
    GuestLinkResponse,
    NewGuestSessionResponse,
    ReadingLinkResponse,
)
from slm_agreement.application import guests, reading_links
from slm_agreement.domain.people.guests import GuestLink
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheAccess, TheClock, TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1", tags=["guests"])


@router.post(
    "/agreements/{agreement_id}/guest-links",
    **operation(
        "Mail a link to the agreement to somebody without an account",
        GuestLinkResponse,
        "not-allowed",
        "mail-needed",
        "invalid",
        "too-many-attempts",
        status=201,
    ),
)
async def send_guest_link(agreement_id: str, body: NewGuestLink, caller: Caller, ledgers: TheLedgers) -> dict[str, Any]:
    """Mail a link to the agreement to a person of one of the two parties. The link is valid for 30 days.

    Only the mail address that is recorded for the person gets the link: you choose the person, not the address.
    """
    link = await guests.send_guest_link(ledgers, caller, agreement_id, body.person_id)
    return _line(link, link.created_at)


@router.post(
    "/agreements/{agreement_id}/reading-links",
    **operation(
        "Make a link with which you read the agreement without an account",
        ReadingLinkResponse,
        "not-allowed",
        "mail-needed",
        "has-account",
        "invalid",
        "too-many-attempts",
        status=201,
    ),
)
async def make_reading_link(agreement_id: str, caller: Caller, ledgers: TheLedgers) -> dict[str, Any]:
    """Make a link with which you, a person without an account, can only read the agreement. It is valid for 30 days.

    The link is shown once. It shows the agreement only after you have entered a code, which is mailed to the address
    that is recorded for you. The mails of the product have such links for people who cannot log in.
    """
    link, url = await reading_links.make_reading_link(ledgers, caller, agreement_id)
    return {**_line(link, link.created_at), "url": url}


@router.get("/guest-links", **operation("List the links that your party mailed to guests", list_of(GuestLinkResponse)))
async def list_guest_links(
    caller: Caller, database: TheDatabase, clock: TheClock, page: Paging, agreement_id: str | None = None
) -> dict[str, Any]:
    """List the guest links that your party sent, and the guest links in mails to its own people, oldest first.

    The list shows neither the web addresses of the links nor the mail addresses of the guests.
    """
    table = sign_in_tables.guest_link
    conditions = [] if agreement_id is None else [table.c.agreement_id == agreement_id]
    rows = await queries.fetch_page(database, queries.GUEST_LINKS, caller, page, *conditions)
    now = clock.now()
    return page.shape(rows, lambda row: [row["link_id"]], lambda row: _line(GuestLink(**row), now))


@router.post(
    "/guest-links/{link_id}/withdraw",
    **operation("Withdraw a link and end its sessions", GuestLinkResponse, "not-allowed"),
)
async def withdraw_guest_link(link_id: str, caller: Caller, ledgers: TheLedgers, clock: TheClock) -> dict[str, Any]:
    """Make a guest's link invalid. Sessions that were begun with the link end in this service immediately, in all other
    services within two seconds.

    Comments, answers and signatures of these sessions are kept.
    """
    return _line(await guests.withdraw_guest_link(ledgers, caller, link_id), clock.now())


@router.post(
    "/guest-sessions/codes",
    **operation("Mail a code that confirms a link", GuestCodeResponse, "not-found", "too-many-attempts", status=202),
)
async def send_guest_code(body: NewGuestCode, request: Request, ledgers: TheLedgers) -> dict[str, Any]:
    """Mail a code of six digits to the address that the link was sent to. An earlier code becomes void."""
    expires_at = await guests.send_guest_code(ledgers, body.link, sessions.request_origin(request))
    return {"expires_at": shapes.instant_text(expires_at)}


@router.post(
    "/guest-sessions",
    **operation(
        "Begin a session that is limited to one agreement",
        NewGuestSessionResponse,
        "not-found",
        "wrong-credentials",
        "too-many-attempts",
        status=201,
    ),
)
async def begin_guest_session(
    body: NewGuestSession, request: Request, ledgers: TheLedgers, access: TheAccess
) -> dict[str, Any]:
    """Begin a guest's session with a link and the code that was mailed for the link. The session's API key is limited
    to the agreement, and expires when the link expires.
    """
    link, begun = await guests.begin_guest_session(
        ledgers, body.link, body.code, sessions.request_origin(request, body.client)
    )
    return {**await sessions.new_session_json(begun, access), "agreement_id": link.agreement_id}


def _line(link: GuestLink, now: int) -> dict[str, Any]:
    return {
        "link_id": link.link_id,
        "agreement_id": link.agreement_id,
        "person_id": link.person_id,
        "state": link.state_at(now),
        "created_by": link.created_by_name,
        "created_at": shapes.instant_text(link.created_at),
        "expires_at": shapes.instant_text(link.expires_at),
        "withdrawn_at": shapes.instant_text(link.withdrawn_at),
        "reads_only": link.reads_only,
    }
