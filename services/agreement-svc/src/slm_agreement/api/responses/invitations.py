"""Response models of invitations."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import ABSENT, Answer, Instant


class InvitationResponse(Answer):
    """An invitation for a company, or for the person behind a principal, without its code."""

    invitation_id: str
    """Id of the invitation (UUID)"""
    kind: Literal["party", "principal"]
    """Who is invited: a company (`party`), or the person behind a principal (`principal`), who creates an API key"""
    state: Literal["open", "accepted", "withdrawn", "expired"]
    """Whether the invitation's code can still be used (`open`), or how the invitation ended"""
    party_id: str | None
    """Id of the party that invites; null: an operator of the installation"""
    principal_id: str | None
    """Id of the principal for whom the code creates a key; null: it invites a company"""
    alias: str
    """The inviter's name for the invited company or person"""
    note: str
    """Note of the inviter"""
    created_at: Instant
    """When it was made"""
    created_by: str
    """Name of the principal that made it"""
    expires_at: Instant
    """From this instant on its code is void"""
    ended_at: Instant | None
    """When it was accepted or withdrawn; null: neither"""
    accepted_party_id: str | None
    """Id of the party that accepted it; null: no party has"""
    email: str | None
    """Mail address of the invited person; null: the inviter passes the code on"""
    named_company_id: str = ABSENT
    """Only for the inviter: id of the company of its contracts on record that is invited; missing for any other"""


class InvitationPreviewResponse(Answer):
    """Response: who invites whom, for somebody who has the code of an invitation and has not accepted it yet."""

    kind: Literal["party", "principal"]
    """Whom it invites: a company (`party`), or the person behind a principal (`principal`)"""
    alias: str
    """The inviter's name for the invited company or person; empty: none was given"""
    email: str | None
    """Mail address of the invited company or person; null: the inviter passed the code on"""
    inviter_name: str | None
    """Name of the person who invites; null: an operator of the installation"""
    inviter_company: str | None
    """Company of the person who invites; null: an operator of the installation"""
    expires_at: Instant
    """From this instant on its code is void"""


class NewInvitationResponse(InvitationResponse):
    """Response to inviting: the invitation with its code. Only this response shows the code."""

    code: str | None
    """The code: pass it on yourself; only its hash is stored; null: it was mailed"""
    link: str | None
    """Path of the console's page that accepts the code; null: it was mailed"""


class AcceptedInvitationResponse(InvitationResponse):
    """Response to accepting an invitation, with the API key if one was created. Only this response shows the key."""

    key_id: str = ABSENT
    """Id of the API key that was created; with a password also the id of the session"""
    principal_id: str | None
    """Id of the principal for whom the code created a key; null: no key was created"""
    key: str = ABSENT
    """The API key itself: keep it, only its hash is stored"""
    key_expires_at: Instant | None = ABSENT
    """When the key expires, if it is a session's key: from this instant on it is refused; null: it does not expire"""
    signatory_link: str | None = ABSENT
    """Path of the console's page where the signatory chooses a password; pass it on yourself; null: it was mailed, or
    no signatory was named
    """
