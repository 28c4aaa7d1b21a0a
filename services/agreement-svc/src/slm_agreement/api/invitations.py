"""``/api/v1/invitations``: codes that work once, for a company to join or a person to create their own key."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header

from slm_agreement.adapters import queries
from slm_agreement.api import reading, shapes
from slm_agreement.api.answers import AcceptedInvitationAnswer, InvitationAnswer, NewInvitationAnswer
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.schemas import AcceptanceBody, NewInvitation
from slm_agreement.application import invitations
from slm_agreement.application.invitations import AcceptedInvitation, Newcomer
from slm_agreement.domain.people.invitations import Invitation
from slm_chassis.http import instants
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheAccess, TheClock, TheDatabase
from slm_chassis.http.problems import Problem
from slm_chassis.http.response_models import list_of

IdempotencyKey = Annotated[str | None, Header(include_in_schema=False)]

router = APIRouter(prefix="/api/v1/invitations", tags=["invitations and relations"])


@router.post(
    "",
    **operation(
        "Invite a company or a person",
        NewInvitationAnswer,
        "not-allowed",
        "not-found",
        "invalid",
        "no-idempotency-here",
        status=201,
    ),
)
async def create_invitation(
    body: NewInvitation,
    caller: Caller,
    desk: TheDesk,
    clock: TheClock,
    access: TheAccess,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Invite a company, or with `principal_id` the person behind a principal, who then creates a key of their own.

    `code` is shown only in this answer: pass it on yourself. Only operators invite people who may sign.
    """
    refuse_stored_secret(idempotency_key)
    expires_at = instants.optional(body.expires_at, "expires_at")
    made, code = await invitations.invite(desk, caller, body.principal_id, body.alias, body.note, expires_at)
    await access.wait_until_logged(made.invitation_id)
    return {**shapes.invitation(made, clock.now()), "code": code}


@router.get("", **operation("List the invitations of your party", list_of(InvitationAnswer)))
async def list_invitations(caller: Caller, database: TheDatabase, clock: TheClock, page: Paging) -> dict[str, Any]:
    """List the invitations of your party, without their codes."""
    rows = await queries.page_of(database, queries.INVITATIONS, caller, page)
    now = clock.now()
    return page.shape(rows, lambda row: [row["invitation_id"]], lambda row: shapes.invitation(Invitation(**row), now))


@router.post(
    "/accept",
    **operation(
        "Accept an invitation by its code",
        AcceptedInvitationAnswer,
        "not-allowed",
        "not-found",
        "wrong-state",
        "invalid",
        "no-idempotency-here",
    ),
)
async def accept_invitation(
    body: AcceptanceBody,
    caller: Caller,
    desk: TheDesk,
    clock: TheClock,
    access: TheAccess,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Use a code, which works once.

    A company that is not registered yet, or a person who creates a key, sends the code as `Authorization: Bearer` and
    gets a key, which is shown only in this answer. A registered party sends its own key, and the code in the body.
    """
    refuse_stored_secret(idempotency_key)
    accepted = await invitations.accept_invitation(desk, caller, body.code, _newcomer(body))
    if accepted.principal_id is not None:
        await access.wait_until_logged(accepted.principal_id)
    return _invitation_answer(accepted, clock.now())


@router.get("/{invitation_id}", **operation("Read one invitation without its code", InvitationAnswer))
async def get_invitation(invitation_id: str, caller: Caller, database: TheDatabase, clock: TheClock) -> dict[str, Any]:
    """Read one invitation, without its code."""
    row = await reading.one(database, queries.INVITATIONS, caller, "invitation", invitation_id)
    return shapes.invitation(Invitation(**row), clock.now())


@router.post(
    "/{invitation_id}/withdraw",
    **operation("Withdraw an invitation before it is accepted", InvitationAnswer, "not-allowed", "wrong-state"),
)
async def withdraw_invitation(invitation_id: str, caller: Caller, desk: TheDesk, clock: TheClock) -> dict[str, Any]:
    """Make the code invalid. 409 if it was accepted."""
    return shapes.invitation(await invitations.withdraw_invitation(desk, caller, invitation_id), clock.now())


def refuse_stored_secret(idempotency_key: str | None) -> None:
    """Raise 400 if the answer would be stored for a repeated request, since it contains a secret."""
    if idempotency_key is not None:
        detail = "The answer holds a secret that is not stored. Send it without, and revoke what you lost."
        raise Problem(400, "no-idempotency-here", "Secrets are issued without Idempotency-Key", detail)


def _newcomer(body: AcceptanceBody) -> Newcomer | None:
    if body.party is None or body.person is None:
        return None
    return Newcomer(body.party.key, body.party.name, body.person.key, body.person.name, body.person.email)


def _invitation_answer(accepted: AcceptedInvitation, now: int) -> dict[str, Any]:
    if accepted.api_key is None:
        return shapes.invitation(accepted.invitation, now)
    made = {"principal_id": accepted.principal_id, "key_id": accepted.api_key.key_id, "key": accepted.secret}
    return {**shapes.invitation(accepted.invitation, now), **made}
