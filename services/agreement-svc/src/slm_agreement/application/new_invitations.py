"""New invitations: functions that store an invitation with a code that works once, and mail its link."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.application import mails
from slm_agreement.application.ledger import Ledger
from slm_agreement.domain.errors import Finding, Invalid
from slm_agreement.domain.people import mails as mails_of
from slm_agreement.domain.people.invitations import PARTY, Invitation
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import new_id
from slm_events import instants
from slm_events.instants import UtcMicroseconds

PAGE = "/invitations/"
"""Path of the console's page for an invitation, to which the code is appended."""
DAY = 86_400_000_000
DAYS_OPEN, MOST_DAYS_OPEN = 14, 90


@dataclass(frozen=True, slots=True)
class InvitationRequest:
    """An invitation to create: for the person behind a principal or, without ``principal_id``, for a company."""

    principal_id: str | None
    alias: str
    note: str
    email: str | None
    expires_at: UtcMicroseconds | None
    named_company_id: str | None = None
    """The caller's named company that is invited; None for any other company or person."""


def invitation_path(invitation: Invitation, code: str) -> str:
    """Return the path of the console's page on which an invitation is accepted: one for companies, one for people."""
    return f"{PAGE}{code}{'?for=company' if invitation.kind == PARTY else ''}"


async def open_invitation(
    ledger: Ledger, caller: Principal, wanted: InvitationRequest, *, is_mailed: bool = False
) -> tuple[Invitation, str]:
    """Create an invitation in the present transaction; return the invitation and its code.

    This does not check whether the caller may invite: whoever calls this function has checked it.
    """
    code = new_key()
    invitation = Invitation(
        invitation_id=new_id(),
        party_id=None if caller.is_operator else caller.party_id,
        principal_id=wanted.principal_id,
        alias=wanted.alias,
        note=wanted.note,
        sha256=hash_of(code),
        created_at=ledger.now,
        created_by_principal_id=caller.principal_id,
        created_by_name=caller.name,
        expires_at=_expiry(wanted.expires_at, ledger.now),
        email=wanted.email,
        is_mailed=is_mailed,
        named_company_id=wanted.named_company_id,
    )
    await ledger.invitations.put(invitation)
    ledger.publish(invitation.opened())
    await ledger.note(caller, "invitation.make", invitation.invitation_id, {"kind": invitation.kind})
    return invitation, code


async def mail_invitation(ledger: Ledger, console_url: str, invitation: Invitation, code: str) -> None:
    """Store the mail with an invitation's link, to be sent after the commit. Raises Invalid for a bad address."""
    recipient = mails_of.check_mail_address(str(invitation.email), "email")
    url = f"{console_url}{invitation_path(invitation, code)}"
    expires = instants.to_text(invitation.expires_at)[:10]
    inviter = mails_of.person_of_company(invitation.created_by_name, await inviting_company(ledger, invitation))
    content = mails_of.invitation_mail(inviter, invitation.alias, url, expires)
    await mails.store_mail(ledger, recipient, content)


async def inviting_company(ledger: Ledger, invitation: Invitation) -> str | None:
    """Return the name of the company of the person who made an invitation; None if an operator made it."""
    party_id = invitation.party_id
    if party_id is None:
        # The first signatory of a company is invited in an operator's place, by the company's manager.
        author = await ledger.principals.get(invitation.created_by_principal_id)
        party_id = author.party_id if author is not None else None
    party = await ledger.parties.get(party_id) if party_id is not None else None
    return None if party is None else party.name


def _expiry(expires_at: UtcMicroseconds | None, now: UtcMicroseconds) -> UtcMicroseconds:
    if expires_at is None:
        return now + DAYS_OPEN * DAY
    if now < expires_at <= now + MOST_DAYS_OPEN * DAY:
        return expires_at
    remedy = f"write an instant within {MOST_DAYS_OPEN} days from now, or leave it out for {DAYS_OPEN} days"
    raise Invalid("An invitation must expire.", [Finding("expires_at", instants.to_text(expires_at), remedy)])
