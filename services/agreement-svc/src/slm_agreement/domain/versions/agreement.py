"""One version of an agreement: its revisions, acceptances and signatures, and its state."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from slm_agreement.domain.documents.canonical import canonical, hash_of
from slm_agreement.domain.documents.document import Subject
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown


class State(StrEnum):
    """The states of an agreement version, from draft to its end."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    COUNTERED = "countered"
    AGREED = "agreed"
    FINALIZED = "finalized"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


OPEN = frozenset({State.DRAFT, State.PROPOSED, State.COUNTERED, State.AGREED})
"""States of a version that is still being negotiated."""
ON_THE_TABLE = frozenset({State.PROPOSED, State.COUNTERED})
"""States in which a revision is proposed and waits for the other party's answer."""
SIGNED = frozenset({State.FINALIZED, State.IN_FORCE, State.EXPIRED, State.TERMINATED, State.SUPERSEDED})
"""States of a version that both parties have signed."""


@dataclass(frozen=True, slots=True)
class Mover:
    """The actor: a principal of a party, and the person behind it if one is known."""

    principal_id: str
    party_id: str | None
    roles: frozenset[str]
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The part that all versions of an agreement have in common."""

    agreement_id: str
    key: str
    kind: str
    scope: str
    drafting_party_id: str
    """The party that drafted the agreement first. ``key`` is unique among its agreements."""
    provider_party_id: str
    customer_party_id: str
    service_id: str
    external_refs: list[dict[str, Any]] = field(default_factory=list, compare=False)

    @property
    def subject(self) -> Subject:
        """The agreement, its parties and its service, as needed to resolve a document."""
        return Subject(self.agreement_id, self.provider_party_id, self.customer_party_id, self.service_id)

    def side_of(self, party_id: str | None) -> str:
        """Return ``provider`` or ``customer`` for a party.

        Raises NotAllowed for an operator and Unknown for a party that has no part in the agreement.
        """
        sides = {self.provider_party_id: "provider", self.customer_party_id: "customer"}
        if party_id is None:
            raise NotAllowed(
                "An operator of the installation is not a party: use a key of the provider or the customer."
            )
        if party_id not in sides:
            raise Unknown(f"There is no agreement {self.agreement_id!r} that you may see.")
        return sides[party_id]


@dataclass(frozen=True, slots=True)
class Revision:
    """An immutable, numbered text. ``hash`` is the SHA-256 of ``canonical``. Instants are microseconds UTC."""

    number: int
    hash: str
    canonical: bytes
    author: Mover
    created_at: int
    base_version: int | None
    """The signed version from which it was written; None for the first version."""
    tabled_at: int | None = None
    """When it was proposed to the other party; None while only its author can see it."""

    @property
    def content(self) -> dict[str, Any]:
        """The hashed content: the document, with the agreement, the version and the parties that it belongs to."""
        content: dict[str, Any] = json.loads(self.canonical)
        return content

    @property
    def document(self) -> dict[str, Any]:
        """The resolved document."""
        document: dict[str, Any] = self.content["document"]
        return document


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A party's acceptance of one revision. Proposing or countering with a revision accepts it."""

    party_id: str
    revision_hash: str
    principal_id: str
    accepted_at: int


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's signature for a side on a revision's hash, with the findings the person saw and waived."""

    revision_hash: str
    side: str
    party_id: str
    person_id: str
    identity: str
    """What identifies the human being: the mail address if it is known, else the person's id."""
    name: str
    mandate: str
    principal_id: str
    key_id: str
    key_issued_how: str
    """``operator``, ``invitation`` or ``holder``."""
    key_issued_by: str
    """The name of the principal that issued the key or, for an invitation, of the inviter."""
    key_issued_at: int
    signed_at: int
    findings: list[dict[str, str]] = field(default_factory=list)
    waivers: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Version:
    """One version of an agreement during its life. ``events`` collects the events that its changes cause."""

    identity: Identity
    number: int
    state: State = State.DRAFT
    drafted_by_party_id: str | None = None
    """None if the product drafted it in answer to a proposal. Then both parties see it."""
    proposal_id: str | None = None
    revisions: list[Revision] = field(default_factory=list)
    tabled: int | None = None
    """The number of the proposed revision."""
    tabled_by_party_id: str | None = None
    acceptances: list[Acceptance] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)
    effective_at: int | None = None
    ends_at: int | None = None
    """Its expiry, or the earlier instant of its termination; None if it is open-ended."""
    finalized_at: int | None = None
    ended_at: int | None = None
    end_reason: str = ""
    ending: dict[str, Any] | None = None
    """A party's request to end the agreement earlier than the notice period allows; see ``term.TerminationRequest``."""
    edits: int = 0
    """Counts every change; it is the entity tag."""
    events: list[Any] = field(default_factory=list)

    @property
    def head(self) -> Revision:
        """The revision that was written last."""
        return self.revisions[-1]

    @property
    def current(self) -> Revision:
        """The proposed revision or, if there is none, the draft."""
        return self.head if self.tabled is None else self.revisions[self.tabled - 1]

    def visible_to(self, party_id: str | None) -> bool:
        """Whether a party may see the version. A draft is visible only to its author until it is proposed."""
        private = self.state == State.DRAFT or (self.state == State.WITHDRAWN and self.tabled is None)
        return not private or self.drafted_by_party_id in (None, party_id)

    def revisions_for(self, party_id: str | None) -> list[Revision]:
        """Return the revisions that a party may read: its own and those proposed to it. ``*`` returns all."""
        return [
            revision
            for revision in self.revisions
            if party_id == "*"
            or self.drafted_by_party_id is None
            or revision.tabled_at is not None
            or revision.author.party_id == party_id
        ]

    def named(self, revision_hash: str) -> Revision:
        """Return the revision with this hash; raises Unknown."""
        for revision in reversed(self.revisions):
            if revision.hash == revision_hash:
                return revision
        raise Unknown(f"Version {self.number} has no revision with the hash {revision_hash!r}.")

    def accepted_by(self, party_id: str) -> bool:
        """Whether the party has accepted the current revision."""
        return any(a.party_id == party_id and a.revision_hash == self.current.hash for a in self.acceptances)


def write(version: Version, document: dict[str, Any], author: Mover, base_version: int | None, now: int) -> Revision:
    """Return the revision with this content: the existing one, or a new one with the next number."""
    identity = version.identity
    content = {
        "agreement_id": identity.agreement_id,
        "version": version.number,
        "kind": identity.kind,
        "scope": identity.scope,
        "provider_party_id": identity.provider_party_id,
        "customer_party_id": identity.customer_party_id,
        "service_id": identity.service_id,
        "document": document,
    }
    text = canonical(content)
    same = [r for r in version.revisions if r.hash == hash_of(text) and r.base_version == base_version]
    if same:
        return same[-1]
    revision = Revision(len(version.revisions) + 1, hash_of(text), text, author, now, base_version)
    version.revisions.append(revision)
    return revision


def required_hash(revision_hash: Any, version: Version) -> None:
    """Raise Invalid unless the hash is that of the current revision, so that nobody agrees to a text they have not
    read.
    """
    if revision_hash != version.current.hash:
        remedy = f"name the hash of revision {version.current.number}, {version.current.hash}, after reading it"
        raise Invalid("That is not the revision on the table.", [Finding("revision_hash", str(revision_hash), remedy)])
