"""Response models of principals, their API keys, and the caller itself."""

from __future__ import annotations

from slm_agreement.api.responses.parties import PartyResponse, PersonResponse
from slm_agreement.api.responses.shapes import IdentifiedBy, IssuedHow, Role
from slm_chassis.http.response_models import ABSENT, Answer, Instant


class ApiKeyResponse(Answer):
    """An API key of a principal, without the key itself."""

    key_id: str
    """Id of the API key (UUID)"""
    scopes: list[str]
    """Scopes of the key, such as `measurements:write`; an empty list means everything that the roles allow"""
    created_at: Instant
    """When it was issued"""
    issued_how: IssuedHow
    """How the key was issued: by an operator, with an invitation's code, by its holder, or by a manager of the party"""
    issued_by: str
    """Name of the principal that issued the key or, for a key from an invitation, of the inviter"""
    may_sign: bool
    """Whether signatures may be given with the key: only if nobody but its holder or an operator took part in issuing
    it
    """
    identified_by: IdentifiedBy
    """How the user of the key is identified. `key`: by the key itself; with any other value it is a session's key"""
    expires_at: Instant | None
    """From this instant on it is refused; null: it does not expire"""
    revoked_at: Instant | None
    """When it was revoked; null: it was not"""


class PrincipalResponse(Answer):
    """A principal: a person or a program that may call the API, with roles and API keys."""

    principal_id: str
    """Id of the principal (UUID)"""
    party_id: str | None
    """Id of the principal's party; null: an operator of the installation"""
    key: str
    """Key that was chosen for the principal, or a random one. This is not an API key"""
    name: str
    """Name for people"""
    roles: list[Role]
    """Roles of the principal"""
    person_id: str | None
    """Id of the person who signs with its keys; null: it signs nothing"""
    ends_at: Instant | None
    """From this instant on all its keys and sessions are refused; null: without end"""
    keys: list[ApiKeyResponse]
    """All its API keys, revoked ones too"""


class IssuedKeyResponse(Answer):
    """Response to issuing an API key. Only this response shows the key."""

    key_id: str
    """Id of the API key (UUID)"""
    principal_id: str
    """Id of the principal whose key it is"""
    scopes: list[str]
    """Scopes of the key; an empty list means everything that the roles allow"""
    expires_at: Instant = ABSENT
    """From this instant on it is refused; missing: it does not expire"""
    key: str
    """The API key itself: keep it, only its hash is stored"""


class CallerResponse(Answer):
    """Response: your principal, party, person and rights, and the API key that you use."""

    principal_id: str
    """Id of your principal"""
    name: str
    """Name of your principal"""
    roles: list[Role]
    """Roles of your principal"""
    party: PartyResponse | None
    """Your party; null: you are an operator of the installation"""
    is_provider: bool
    """Whether your party provides the service of an agreement that you may see"""
    is_customer: bool
    """Whether your party receives the service of an agreement that you may see"""
    person: PersonResponse | None
    """The person behind your principal, with the mandates to sign; null: a program or an operator"""
    email: str | None
    """Mail address with which you log in; null: you have no password"""
    key_id: str | None
    """Id of the API key that you use; in a session also the session's"""
    scopes: list[str]
    """Scopes of the key; an empty list means everything that the roles allow"""
    identified_by: IdentifiedBy
    """How you are identified. `key`: by the API key itself; all other values mean that you use a session"""
    limited_to: list[str]
    """The only requests that the key may send, as with a guest's key; empty: all that roles and scopes allow"""
    may_sign: bool
    """Whether you may sign with this key, if you have the role and a mandate"""
    expires_at: Instant | None
    """From this instant on the key is refused; null: it does not expire"""
