"""``/api/v1/invitations``: codes that work once, for a company to join or a person to create their own key."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header

from slm_agreement.adapters import queries
from slm_agreement.api import reading, shapes
from slm_agreement.api.bodies.invitations import AcceptanceBody, NewInvitation
from slm_agreement.api.dependencies import TheLedgers, ThePasswords
from slm_agreement.api.responses.invitations import (
    AcceptedInvitationResponse,
    InvitationPreviewResponse,
    InvitationResponse,
    NewInvitationResponse,
)
from slm_agreement.application import invitations, new_invitations
from slm_agreement.application.first_people import FirstPersonDetails
from slm_agreement.application.invitations import AcceptedInvitation, InvitationReply, Newcomer
from slm_agreement.application.new_invitations import InvitationRequest
from slm_agreement.domain.errors import Finding, Invalid
from slm_agreement.domain.people.invitations import Invitation
from slm_chassis.http import instants
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheAccess, TheClock, TheDatabase
from slm_chassis.http.problems import Problem
from slm_chassis.http.response_models import list_of

IdempotencyKey = Annotated[str | None, Header(include_in_schema=False)]

_SIGNATORY = "signatory"
"""Key of the signatory for whom the request names no key."""

router = APIRouter(prefix="/api/v1/invitations", tags=["invitations and relations"])


@router.post(
    "",
    **operation(
        "Invite a company or a person",
        NewInvitationResponse,
        "not-allowed",
        "not-found",
        "wrong-state",
        "invalid",
        "no-idempotency-here",
        status=201,
    ),
)
async def create_invitation(
    body: NewInvitation,
    caller: Caller,
    ledgers: TheLedgers,
    clock: TheClock,
    access: TheAccess,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Invite a company, or with `principal_id` the person behind a principal, who then creates an API key.

    `code` is shown only in this response: pass it on yourself. With `email`, the link is mailed if the installation
    sends mails, and the response then has no code. Only operators invite people who may sign. With `named_company_id`
    you invite a company of your contracts on record; nothing of them is shown to it until you offer it a contract.
    """
    refuse_stored_secret(idempotency_key)
    expires_at = instants.read_optional_instant(body.expires_at, "expires_at")
    wanted = InvitationRequest(body.principal_id, body.alias, body.note, body.email, expires_at, body.named_company_id)
    made, code = await invitations.create_invitation(ledgers, caller, wanted)
    await access.wait_until_logged(made.invitation_id)
    link = None if code is None else new_invitations.invitation_path(made, code)
    return {**shapes.invitation_json(made, clock.now()), "code": code, "link": link}


@router.get("", **operation("List the invitations of your party", list_of(InvitationResponse)))
async def list_invitations(caller: Caller, database: TheDatabase, clock: TheClock, page: Paging) -> dict[str, Any]:
    """List the invitations that your party made, and those that an operator made for its people.

    None of them has its code.
    """
    rows = await queries.fetch_page(database, queries.INVITATIONS, caller, page)
    now = clock.now()
    return page.shape(
        rows, lambda row: [row["invitation_id"]], lambda row: shapes.invitation_json(Invitation(**row), now)
    )


@router.post(
    "/accept",
    **operation(
        "Accept an invitation by its code",
        AcceptedInvitationResponse,
        "not-allowed",
        "not-found",
        "wrong-state",
        "address-taken",
        "invalid",
        "no-idempotency-here",
    ),
)
async def accept_invitation(
    body: AcceptanceBody,
    caller: Caller,
    ledgers: TheLedgers,
    passwords: ThePasswords,
    clock: TheClock,
    access: TheAccess,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Accept an invitation with its code, which works once.

    A company that is not registered yet, or a person who creates a key, sends the code as `Authorization: Bearer` and
    gets a key, which is shown only in this response. With a `password` the person gets an account and the key of a
    session instead, and earlier sessions end. A new company may name its first `signatory`, who gets an invitation:
    mailed if the installation sends mails, else its link is in the response. A registered party sends its own key, and
    the code in the body.
    """
    refuse_stored_secret(idempotency_key)
    acceptance = InvitationReply(body.code, _newcomer(body), body.password, body.client, body.take_address)
    accepted = await invitations.accept_invitation(ledgers, passwords, caller, acceptance)
    if accepted.principal_id is not None:
        await access.wait_until_logged(accepted.principal_id)
    return _invitation_answer(accepted, clock.now())


@router.post("/preview", **operation("Read the invitation whose code you send", InvitationPreviewResponse, "not-found"))
async def preview_invitation(caller: Caller, ledgers: TheLedgers) -> dict[str, Any]:
    """Read who invites whom, with the code as `Authorization: Bearer`, before you accept. The code stays valid."""
    invitation, company = await invitations.preview_invitation(ledgers, caller)
    return {
        "kind": invitation.kind,
        "alias": invitation.alias,
        "email": invitation.email,
        "inviter_name": None if company is None else invitation.created_by_name,
        "inviter_company": company,
        "expires_at": shapes.instant_text(invitation.expires_at),
    }


@router.get("/{invitation_id}", **operation("Read one invitation without its code", InvitationResponse))
async def get_invitation(invitation_id: str, caller: Caller, database: TheDatabase, clock: TheClock) -> dict[str, Any]:
    """Read one invitation, without its code."""
    row = await reading.fetch_row_or_404(database, queries.INVITATIONS, caller, "invitation", invitation_id)
    return shapes.invitation_json(Invitation(**row), clock.now())


@router.post(
    "/{invitation_id}/withdraw",
    **operation("Withdraw an invitation before it is accepted", InvitationResponse, "not-allowed", "wrong-state"),
)
async def withdraw_invitation(
    invitation_id: str, caller: Caller, ledgers: TheLedgers, clock: TheClock
) -> dict[str, Any]:
    """Make an invitation's code invalid. 409 if the invitation was accepted."""
    return shapes.invitation_json(await invitations.withdraw_invitation(ledgers, caller, invitation_id), clock.now())


def refuse_stored_secret(idempotency_key: str | None) -> None:
    """Raise 400 if the request has an idempotency key: its response has a secret, which must not be stored."""
    if idempotency_key is not None:
        detail = "The answer holds a secret that is not stored. Send it without, and revoke what you lost."
        raise Problem(400, "no-idempotency-here", "Secrets are issued without Idempotency-Key", detail)


def _newcomer(body: AcceptanceBody) -> Newcomer | None:
    named = body.signatory
    if body.party is None or body.person is None:
        if named is not None:
            remedy = "leave it out, or say who you are: party {key, name} and person {key, name, email}"
            raise Invalid("Only a company that comes in names who signs.", [Finding("signatory", named.name, remedy)])
        return None
    signatory = None if named is None else FirstPersonDetails(named.key or _SIGNATORY, named.name, named.email)
    return Newcomer(body.party.key, body.party.name, body.person.key, body.person.name, body.person.email, signatory)


def _for_acceptor(invitation: Invitation, now: int) -> dict[str, Any]:
    """Return the invitation as JSON for whoever accepted it, without the id that the company has in records."""
    return shapes.invitation_json(replace(invitation, named_company_id=None), now)


def _invitation_answer(accepted: AcceptedInvitation, now: int) -> dict[str, Any]:
    if accepted.api_key is None:
        return _for_acceptor(accepted.invitation, now)
    key, code = accepted.api_key, accepted.signatory_code
    made = {
        "principal_id": accepted.principal_id,
        "key_id": key.key_id,
        "key": accepted.secret,
        "key_expires_at": shapes.instant_text(key.expires_at),
        "signatory_link": None if code is None else f"{new_invitations.PAGE}{code}",
    }
    return {**_for_acceptor(accepted.invitation, now), **made}
