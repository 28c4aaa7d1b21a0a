"""Response models of logging in: sessions, sign-in links, and the links, codes and sessions of guests."""

from __future__ import annotations

from typing import Literal

from slm_agreement.api.responses.shapes import IdentifiedBy
from slm_chassis.http.response_models import Answer, Instant


class SessionResponse(Answer):
    """A session: an API key that a person got by logging in."""

    session_id: str
    """Id of the session and of its API key (UUID)"""
    client: str
    """Where the session was begun, in the words of the client; empty: the client did not say"""
    identified_by: IdentifiedBy
    """The means with which the person logged in, such as a password"""
    may_sign: bool
    """Whether signatures may be given in the session: only if nobody but the person or an operator made the means of
    logging in
    """
    created_at: Instant
    """When it was begun"""
    expires_at: Instant
    """From this instant on its API key is refused"""
    is_current: bool
    """Whether this request was sent with its API key"""


class NewSessionResponse(SessionResponse):
    """Response to logging in: the new session with its API key. Only this response shows the key."""

    principal_id: str
    """Id of the principal that logged in"""
    key: str
    """The API key of the session: send it as `Authorization: Bearer`; only its hash is stored"""


class SignInLinkResponse(Answer):
    """Response to making a sign-in link: the link with its code. Only this response shows the code."""

    link_id: str
    """Id of the link (UUID)"""
    principal_id: str
    """Id of the principal as which the link logs in"""
    expires_at: Instant
    """From this instant on its code is void"""
    code: str
    """The code: send it to `POST /api/v1/sessions`; it works once"""
    link: str
    """Path of the console's page that uses the code"""


class GuestLinkResponse(Answer):
    """A link to an agreement that was mailed to a guest, without the link itself and without the address."""

    link_id: str
    """Id of the link (UUID)"""
    agreement_id: str
    """Id of the agreement to which it leads"""
    person_id: str
    """Id of the person to whom it was mailed"""
    state: Literal["open", "withdrawn", "expired", "blocked"]
    """Whether the link can still be used (`open`), or how it ended; `blocked`: after twenty wrong codes"""
    created_by: str
    """Name of the principal that sent it"""
    created_at: Instant
    """When it was made"""
    expires_at: Instant
    """From this instant on it is void"""
    withdrawn_at: Instant | None
    """When it was withdrawn; null: it was not"""
    reads_only: bool
    """Whether it allows only reading: such a link was in a mail of the product to somebody without an account"""


class ReadingLinkResponse(GuestLinkResponse):
    """Response to making a link with which a person can only read an agreement. Only this response shows the link."""

    url: str
    """Address of the console's page that asks for the mailed code"""


class GuestCodeResponse(Answer):
    """Response to asking for a guest's code: the code was mailed."""

    expires_at: Instant
    """From this instant on the code is void"""


class NewGuestSessionResponse(NewSessionResponse):
    """Response to a guest's log-in: a session whose API key is limited to one agreement. Only this response shows the
    key.
    """

    agreement_id: str
    """Id of the agreement to which the key is limited"""
