"""Response models of the audit trail."""

from __future__ import annotations

from typing import Literal

from slm_agreement.api.responses.agreements import HistoryDetail
from slm_agreement.api.responses.shapes import IdentifiedBy, IssuedHow, Role
from slm_chassis.http.response_models import ABSENT, Answer, Instant


class AuditDetail(HistoryDetail):
    """Details of an audit entry. Each kind of action has fields of its own."""

    name: str = ABSENT
    """Name of the object after the act"""
    key: str = ABSENT
    """Key that was chosen for the object"""
    roles: list[Role] = ABSENT
    """Roles of the principal after the act"""
    ends_at: Instant = ABSENT
    """End of the principal after the act"""
    mandates: list[str] = ABSENT
    """Roles of the person's mandates after the act"""
    kind: str = ABSENT
    """Whom an invitation invites: a company (`party`) or a person (`principal`)"""
    key_id: str = ABSENT
    """Id of the API key that was issued or revoked"""
    scopes: list[str] = ABSENT
    """Scopes of the key"""
    expires_at: Instant = ABSENT
    """From this instant on the key is refused"""
    how: IssuedHow = ABSENT
    """Who took part in issuing a key or setting a password: an operator, an invitation's code, the holder, or a manager
    """
    session_id: str = ABSENT
    """Id of the session"""
    identified_by: IdentifiedBy = ABSENT
    """The means with which the person logged in, such as a password"""
    parties: list[str] = ABSENT
    """Ids of the parties that were related"""
    issuer: str = ABSENT
    """Issuer of the OpenID account with which the person logs in"""
    party: str = ABSENT
    """Id of the party that was registered"""
    status: Literal["pipeline", "live", "retired"] = ABSENT
    """Status of the service after the act"""


class AuditEntry(Answer):
    """An audit entry: who did what to which object and when, from which address, and how the user was identified."""

    seq: int
    """Place in the audit trail of the installation; rising, with gaps"""
    at: Instant
    """When it was done"""
    action: str
    """The action, as kind of object and verb, such as `key.issue`"""
    by_principal_id: str | None
    """Id of the principal that did it; null: the product did it when it was due, or an operator did"""
    by_party_id: str | None
    """Id of that principal's party; null: there is none"""
    by_name: str | None
    """Name of that principal at that time; null: no principal acted, it is of the other party, or the entry is from an
    older version of the product
    """
    key_id: str | None
    """Id of the API key or session that was used; null: not known, or not of your party"""
    identified_by: IdentifiedBy | None
    """How the user of the key was identified; null: not known, or not of your party"""
    address: str | None
    """Network address that the request came from; null: not known, or not of your party"""
    subject_kind: Literal[
        "agreement",
        "installation",
        "invitation",
        "named-company",
        "party",
        "person",
        "principal",
        "relation",
        "requirement",
        "service",
    ]
    """Kind of the object that was acted on"""
    subject_id: str
    """Id of the object"""
    subject_name: str | None
    """Present name of the object; null: it has no name"""
    detail: AuditDetail
    """Details of the act"""
