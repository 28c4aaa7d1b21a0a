"""One version of an agreement: its revisions, acceptances and signatures, and its state."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from slm_agreement.domain.documents.canonical import canonical_json, sha256_hex
from slm_agreement.domain.documents.document import DocumentSubject
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown
from slm_agreement.domain.versions.records import Record
from slm_events.instants import UtcMicroseconds


class VersionState(StrEnum):
    """The states of an agreement version, from draft to its end."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    COUNTERED = "countered"
    AGREED = "agreed"
    FINALIZED = "finalized"
    RECORDED = "recorded"
    """On record: nobody signed it here, and it is not in force yet."""
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


OPEN = frozenset({VersionState.DRAFT, VersionState.PROPOSED, VersionState.COUNTERED, VersionState.AGREED})
"""States of a version that is still being negotiated."""
ON_THE_TABLE = frozenset({VersionState.PROPOSED, VersionState.COUNTERED})
"""States in which a revision is proposed and waits for the other party's answer."""
SIGNED = frozenset(
    {
        VersionState.FINALIZED,
        VersionState.RECORDED,
        VersionState.IN_FORCE,
        VersionState.EXPIRED,
        VersionState.TERMINATED,
        VersionState.SUPERSEDED,
    }
)
"""States of a version that both parties have signed, and of one that a party has put on record."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a principal of a party, and the person behind the principal if one is known."""

    principal_id: str
    party_id: str | None
    roles: frozenset[str]
    person_id: str | None = None
    name: str = ""
    """The principal's name; empty if it is not needed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What all versions of an agreement have in common: ids, kind, scope, parties and service."""

    agreement_id: str
    key: str
    kind: str
    scope: str
    drafting_party_id: str
    """The party that drafted the first version. ``key`` is unique among the agreements that this party has drafted."""
    provider_party_id: str
    customer_party_id: str
    service_id: str
    external_refs: list[dict[str, Any]] = field(default_factory=list, compare=False)
    recorded_by_party_id: str | None = None
    """The party that put the agreement on record, because the other party does not use the product. None: the parties
    negotiate and sign the agreement here.
    """
    confirms_agreement_id: str | None = None
    """The agreement on record that this agreement is to replace once both parties have signed it; None for any other
    agreement. Only the recorder is told, because the other party does not know of the record.
    """

    @property
    def is_on_record(self) -> bool:
        """Return whether one party recorded the agreement and the other has not confirmed it."""
        return self.recorded_by_party_id is not None

    @property
    def subject(self) -> DocumentSubject:
        """The ids of the agreement, its parties and its service, as needed to resolve a document."""
        parties = (self.provider_party_id, self.customer_party_id)
        return DocumentSubject(self.agreement_id, *parties, self.service_id, self.recorded_by_party_id)

    def side_of(self, party_id: str | None) -> str:
        """Return the side of a party: ``provider`` or ``customer``.

        Raises NotAllowed for an operator, which has no party, and Unknown for a party that has no part in the
        agreement.
        """
        sides = {self.provider_party_id: "provider", self.customer_party_id: "customer"}
        if party_id is None:
            raise NotAllowed(
                "An operator of the installation is not a party: use a key of the provider or the customer."
            )
        if party_id not in sides:
            raise Unknown(f"There is no agreement {self.agreement_id!r} that you may see.")
        return sides[party_id]

    def other_than(self, party_id: str | None) -> str:
        """Return the id of the agreement's other party."""
        return self.customer_party_id if party_id == self.provider_party_id else self.provider_party_id


@dataclass(frozen=True, slots=True)
class Revision:
    """An immutable, numbered text of a version.

    ``canonical`` is its content in canonical JSON, and ``hash`` the SHA-256 of that. Instants are microseconds UTC.
    """

    number: int
    hash: str
    canonical: bytes
    author: Actor
    created_at: UtcMicroseconds
    base_version: int | None
    """The number of the signed version from which the revision was written; None for the first version."""
    tabled_at: UtcMicroseconds | None = None
    """When the revision was proposed to the other party; None while only its author's party can read it."""

    @property
    def content(self) -> dict[str, Any]:
        """The hashed content: the document, and the agreement, version and parties that it belongs to."""
        content: dict[str, Any] = json.loads(self.canonical)
        return content

    @property
    def document(self) -> dict[str, Any]:
        """The document of this revision: its terms with every default."""
        document: dict[str, Any] = self.content["document"]
        return document


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A party's acceptance of one revision. A party that proposes a revision also accepts it."""

    party_id: str
    revision_hash: str
    principal_id: str
    accepted_at: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class TargetAnswer:
    """A party's answer to one target of a revision that the other party proposed."""

    party_id: str
    target_key: str
    answer: str
    """``accepted``, ``refused``, or ``changed``: the party's counter-proposal changes or removes the target."""
    reason: str
    """Why the target was refused or changed. Only a refusal must have a reason."""
    revision_hash: str
    terms_hash: str
    """The hash of the target and of everything that its meaning depends on, made by ``answering.compute_terms_hash``.
    """
    principal_id: str
    name: str
    """The name of the principal when it answered."""
    answered_at: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's signature for one side under a revision's hash, with the findings that the person saw and waived."""

    revision_hash: str
    side: str
    party_id: str
    person_id: str
    identity: str
    """The mail address of the person if it is known, else the person's id. By it a human being who signs for both
    sides is recognized.
    """
    name: str
    mandate: str
    principal_id: str
    key_id: str
    key_issued_how: str
    """``operator``, ``invitation`` or ``holder``."""
    key_issued_by: str
    """The name of the principal that issued the key or, for an invitation, of the inviter."""
    key_issued_at: UtcMicroseconds
    identified_by: str
    """How the person was identified: ``key``, ``password``, ``sign_in_link``, ``mail_code`` or ``oidc``."""
    signed_at: UtcMicroseconds
    findings: list[dict[str, str]] = field(default_factory=list)
    waivers: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Version:
    """One version of an agreement, from its draft to its end.

    ``events`` collects the events that changes of the version cause, until they are published.
    """

    identity: Identity
    number: int
    state: VersionState = VersionState.DRAFT
    drafted_by_party_id: str | None = None
    """The party whose draft the version is. None: the product drafted it in answer to a proposal, and both parties see
    it.
    """
    proposal_id: str | None = None
    revisions: list[Revision] = field(default_factory=list)
    tabled: int | None = None
    """The number of the proposed revision; None if none is proposed."""
    tabled_by_party_id: str | None = None
    awaited_party_id: str | None = None
    """The party whose answer is awaited; None if nothing is proposed."""
    answer_by: UtcMicroseconds | None = None
    """The instant by which the awaited party should answer (microseconds UTC); None if there is no deadline."""
    answer_missed_at: UtcMicroseconds | None = None
    """When the event was published that ``answer_by`` had passed without an answer; None if it was not published."""
    acceptances: list[Acceptance] = field(default_factory=list)
    answers: list[TargetAnswer] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)
    effective_at: UtcMicroseconds | None = None
    ends_at: UtcMicroseconds | None = None
    """When a signed version ends: its expiry, or the earlier instant of its termination; None if it is open-ended."""
    finalized_at: UtcMicroseconds | None = None
    ended_at: UtcMicroseconds | None = None
    end_reason: str = ""
    ending: dict[str, Any] | None = None
    """A party's request to end the agreement earlier than the notice period allows; see ``term.TerminationRequest``."""
    record: Record | None = None
    """What the recorder entered beside the terms; None for an agreement that is negotiated and signed."""
    edits: int = 0
    """The number of changes of this version so far, from which its entity tag is made."""
    events: list[Any] = field(default_factory=list)

    @property
    def head(self) -> Revision:
        """The revision that was written last."""
        return self.revisions[-1]

    @property
    def current(self) -> Revision:
        """The proposed revision or, if none is proposed, the draft written last."""
        return self.head if self.tabled is None else self.revisions[self.tabled - 1]

    def describe_current_revision(self) -> dict[str, Any]:
        """Return the fields by which an event names the agreement, its parties and the current revision."""
        return {
            "agreement_id": self.identity.agreement_id,
            "version": self.number,
            "kind": self.identity.kind,
            "title": self.current.document["title"],
            "provider_party_id": self.identity.provider_party_id,
            "customer_party_id": self.identity.customer_party_id,
            "revision_number": self.current.number,
            "revision_hash": self.current.hash,
        }

    def visible_to(self, party_id: str | None) -> bool:
        """Return whether a party may see the version. A draft is visible only to its author's party until it is
        proposed.
        """
        private = self.state == VersionState.DRAFT or (self.state == VersionState.WITHDRAWN and self.tabled is None)
        return not private or self.drafted_by_party_id in (None, party_id)

    def revisions_for(self, party_id: str | None) -> list[Revision]:
        """Return the revisions that a party may read: its own, and those that were proposed to it.

        With ``*`` in place of a party's id, all revisions are returned.
        """
        return [
            revision
            for revision in self.revisions
            if party_id == "*"
            or self.drafted_by_party_id is None
            or revision.tabled_at is not None
            or revision.author.party_id == party_id
        ]

    def named(self, revision_hash: str) -> Revision:
        """Return the newest revision with this hash; raises Unknown."""
        for revision in reversed(self.revisions):
            if revision.hash == revision_hash:
                return revision
        raise Unknown(f"Version {self.number} has no revision with the hash {revision_hash!r}.")

    def accepted_by(self, party_id: str) -> bool:
        """Return whether the party has accepted the current revision as a whole."""
        return any(a.party_id == party_id and a.revision_hash == self.current.hash for a in self.acceptances)


def add_revision(
    version: Version, document: dict[str, Any], author: Actor, base_version: int | None, now: UtcMicroseconds
) -> Revision:
    """Add a revision with this document to the version, and return it.

    If the version has a revision with the same content and base already, that revision is returned, and none is added.
    """
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
    if identity.is_on_record:
        # Negotiated revisions do not have the field, so that their hashes stay as they are.
        content["recorded_by_party_id"] = identity.recorded_by_party_id
    text = canonical_json(content)
    same = [r for r in version.revisions if r.hash == sha256_hex(text) and r.base_version == base_version]
    if same:
        return same[-1]
    revision = Revision(len(version.revisions) + 1, sha256_hex(text), text, author, now, base_version)
    version.revisions.append(revision)
    return revision


def require_current_hash(revision_hash: Any, version: Version) -> None:
    """Raise Invalid unless the hash is that of the current revision, so that nobody agrees to a text they have not
    read.
    """
    if revision_hash != version.current.hash:
        remedy = f"name the hash of revision {version.current.number}, {version.current.hash}, after reading it"
        raise Invalid("That is not the revision on the table.", [Finding("revision_hash", str(revision_hash), remedy)])
