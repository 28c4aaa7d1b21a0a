"""One version of an agreement: its revisions, who moved what, and the state it is in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from slm_agreement.domain.canonical import canonical, hash_of
from slm_agreement.domain.document import Subject
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown


class State(StrEnum):
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
"""Still being negotiated."""
ON_THE_TABLE = frozenset({State.PROPOSED, State.COUNTERED})
SIGNED = frozenset({State.FINALIZED, State.IN_FORCE, State.EXPIRED, State.TERMINATED, State.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class Mover:
    """Who acts: a principal of a party, and the person behind it where one is known."""

    principal_id: str
    party_id: str | None
    roles: frozenset[str]
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What all versions of an agreement share."""

    agreement_id: str
    key: str
    kind: str
    scope: str
    drafting_party_id: str
    """Whose key it is: the party that drafted it first."""
    provider_party_id: str
    customer_party_id: str
    service_id: str
    external_refs: list[dict[str, Any]] = field(default_factory=list, compare=False)

    @property
    def subject(self) -> Subject:
        return Subject(self.agreement_id, self.provider_party_id, self.customer_party_id, self.service_id)

    def side_of(self, party_id: str | None) -> str:
        """``provider`` or ``customer``. Raises Unknown for a party that has no part in the agreement."""
        sides = {self.provider_party_id: "provider", self.customer_party_id: "customer"}
        if party_id is None:
            raise NotAllowed("An operator of the installation is no party: use a key of the provider or the customer.")
        if party_id not in sides:
            raise Unknown(f"There is no agreement {self.agreement_id!r} that you may see.")
        return sides[party_id]


@dataclass(frozen=True, slots=True)
class Revision:
    """An immutable, numbered text; ``hash`` is the SHA-256 of ``canonical``. Instants in microseconds UTC."""

    number: int
    hash: str
    canonical: bytes
    author: Mover
    created_at: int
    base_version: int | None
    """The signed version it was written against; None for the first."""
    tabled_at: int | None = None
    """When the other party first saw it; None: it is its author's alone."""

    @property
    def content(self) -> dict[str, Any]:
        """What the hash is of: the document with whose agreement and which version it is."""
        content: dict[str, Any] = json.loads(self.canonical)
        return content

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = self.content["document"]
        return document


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A party's yes to one revision; proposing or countering one is its proposer's."""

    party_id: str
    revision_hash: str
    principal_id: str
    accepted_at: int


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's signature for a side on a revision's hash, with the findings shown to it and the waivers it gave."""

    revision_hash: str
    side: str
    party_id: str
    person_id: str
    identity: str
    """What tells one human being from another: the mail address where known, else the person's id."""
    name: str
    mandate: str
    principal_id: str
    key_id: str
    key_issued_how: str
    """``operator``, ``invitation`` or ``holder``."""
    key_issued_by: str
    """Who issued the key, by name; of an invitation, who invited."""
    key_issued_at: int
    signed_at: int
    findings: list[dict[str, str]] = field(default_factory=list)
    waivers: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Version:
    """One version of an agreement through its life; ``events`` collects what a move leads to."""

    identity: Identity
    number: int
    state: State = State.DRAFT
    drafted_by_party_id: str | None = None
    """None: drafted by the product in answer to a proposal; both parties see it."""
    proposal_id: str | None = None
    revisions: list[Revision] = field(default_factory=list)
    tabled: int | None = None
    """Number of the revision on the table."""
    tabled_by_party_id: str | None = None
    acceptances: list[Acceptance] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)
    effective_at: int | None = None
    ends_at: int | None = None
    """Its expiry, or an earlier instant for which it was terminated; None: open-ended."""
    finalized_at: int | None = None
    ended_at: int | None = None
    end_reason: str = ""
    ending: dict[str, Any] | None = None
    """What a side asked: to end earlier than the notice period allows; see ``term.TerminationRequest``."""
    edits: int = 0
    """Counts every change; the entity tag."""
    events: list[Any] = field(default_factory=list)

    @property
    def head(self) -> Revision:
        return self.revisions[-1]

    @property
    def current(self) -> Revision:
        """What is on the table, else what is being drafted."""
        return self.head if self.tabled is None else self.revisions[self.tabled - 1]

    def visible_to(self, party_id: str | None) -> bool:
        """A draft is its author's alone until it is proposed."""
        private = self.state == State.DRAFT or (self.state == State.WITHDRAWN and self.tabled is None)
        return not private or self.drafted_by_party_id in (None, party_id)

    def revisions_for(self, party_id: str | None) -> list[Revision]:
        """Revisions a party may read: its own, and those that were put to it. ``*`` reads all."""
        return [
            revision
            for revision in self.revisions
            if party_id == "*"
            or self.drafted_by_party_id is None
            or revision.tabled_at is not None
            or revision.author.party_id == party_id
        ]

    def named(self, revision_hash: str) -> Revision:
        """Raises Unknown."""
        for revision in reversed(self.revisions):
            if revision.hash == revision_hash:
                return revision
        raise Unknown(f"Version {self.number} has no revision with the hash {revision_hash!r}.")

    def accepted_by(self, party_id: str) -> bool:
        return any(a.party_id == party_id and a.revision_hash == self.current.hash for a in self.acceptances)


def write(version: Version, document: dict[str, Any], author: Mover, base_version: int | None, now: int) -> Revision:
    """The revision with this content: the one there is, or a new one with the next number."""
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
    """Raises Invalid unless the current revision's hash is named: nobody agrees to what they have not read."""
    if revision_hash != version.current.hash:
        remedy = f"name the hash of revision {version.current.number}, {version.current.hash}, after reading it"
        raise Invalid("That is not the revision on the table.", [Finding("revision_hash", str(revision_hash), remedy)])
