"""Comments on a revision, or on one clause or target of it: who may write, read and resolve them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from slm_agreement.domain.contracting import answering
from slm_agreement.domain.documents import clauses
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, WrongState
from slm_agreement.domain.versions.agreement import OPEN, Actor, Identity, Revision, Version
from slm_agreement.domain.versions.term import LIVE
from slm_events import instants
from slm_events.agreement import AgreementCommented, AgreementCommentResolved
from slm_events.instants import UtcMicroseconds

_MAY_COMMENT = frozenset({"service_level_manager", "business_signatory", "provider_signatory"})
_OTHER_PARTS = frozenset(
    {
        "term",
        "planned_maintenance",
        "critical_periods",
        "period_charge",
        "credit_schedules",
        "customer_sees",
        "signatories",
        "requirements",
        "supports",
    }
)


@dataclass(frozen=True, slots=True)
class CommentPlace:
    """The subject of a comment: one target, one clause, or the whole revision if both are None."""

    target: str | None = None
    clause: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A text that somebody wrote about a revision. Instants are microseconds UTC."""

    comment_id: str
    agreement_id: str
    version: int
    revision_number: int
    revision_hash: str
    target: str | None
    clause: str | None
    text: str
    internal: bool
    """Whether only the author's own party sees the comment."""
    party_id: str
    principal_id: str
    name: str
    """The author's name when the comment was written."""
    written_at: UtcMicroseconds
    resolved_at: UtcMicroseconds | None = None
    resolved_by_party_id: str | None = None
    resolved_by_principal_id: str | None = None
    resolved_by_name: str | None = None

    def visible_to(self, party_id: str | None) -> bool:
        """Return whether a party of the agreement may read the comment; None is an operator."""
        return not self.internal or self.party_id == party_id


def check_commenter(identity: Identity, actor: Actor) -> None:
    """Raise NotAllowed unless the principal has a role that may comment on the agreement.

    Raises Unknown for a party that has no part in the agreement.
    """
    identity.side_of(actor.party_id)
    if actor.roles.isdisjoint(_MAY_COMMENT):
        raise NotAllowed(f"Commenting needs one of the roles {', '.join(sorted(_MAY_COMMENT))}.")


def check_comment_place(version: Version, revision: Revision, place: CommentPlace, internal: bool) -> None:
    """Raise WrongState if the version has ended, and Invalid if no comment may be written at this place:

    - the place names both a target and a clause,
    - the revision has no such target, or there is no clause of that name,
    - the other party cannot read the revision, and the comment is not internal.
    """
    if version.state not in OPEN | LIVE:
        raise WrongState(f"Version {version.number} is {version.state}: comment on one that has not ended.")
    if place.target is not None and place.clause is not None:
        raise Invalid(
            "A comment is about one place.",
            [Finding("clause", place.clause, "leave it out, or leave out target: write two comments")],
        )
    keys = [target["key"] for target in revision.document["targets"]]
    if place.target is not None and place.target not in keys:
        remedy = f"write the key of a target of the revision: {', '.join(keys) or 'it has none'}"
        raise Invalid("The revision has no such target.", [Finding("target", place.target, remedy)])
    known = (*clauses.NAMES, *sorted(_OTHER_PARTS))
    if place.clause is not None and place.clause not in known:
        finding = Finding("clause", place.clause, f"write one of: {', '.join(known)}")
        raise Invalid("There is no such clause.", [finding])
    if not internal and revision.tabled_at is None and version.drafted_by_party_id is not None:
        finding = Finding("internal", "false", "write true, or propose the revision first")
        raise Invalid("The other party does not see this revision yet.", [finding])


def has_place_changed(comment: Comment, version: Version) -> bool:
    """Return whether the target, clause or document that was commented on is different, or gone, in the current
    revision.
    """
    current = version.current
    if comment.revision_hash == current.hash:
        return False
    before = version.named(comment.revision_hash).document
    after = current.document
    if comment.target is not None:
        return _target_terms(before, comment.target) != _target_terms(after, comment.target)
    if comment.clause is not None:
        return bool(_clause(before, comment.clause) != _clause(after, comment.clause))
    return True


def _target_terms(document: dict[str, Any], key: str) -> str | None:
    found = next((target for target in document["targets"] if target["key"] == key), None)
    return None if found is None else answering.compute_terms_hash(found, document)


def _clause(document: dict[str, Any], name: str) -> Any:
    return (document["clauses"].get(name), document.get(name))


def mark_resolved(comment: Comment, actor: Actor, now: UtcMicroseconds) -> Comment:
    """Return the comment as resolved by this principal. A comment that is already resolved is returned unchanged."""
    if comment.resolved_at is not None:
        return comment
    return replace(
        comment,
        resolved_at=now,
        resolved_by_party_id=actor.party_id,
        resolved_by_principal_id=actor.principal_id,
        resolved_by_name=actor.name,
    )


def mark_reopened(comment: Comment) -> Comment:
    """Return the comment as not resolved."""
    return replace(
        comment,
        resolved_at=None,
        resolved_by_party_id=None,
        resolved_by_principal_id=None,
        resolved_by_name=None,
    )


def comment_event(comment: Comment, identity: Identity) -> AgreementCommented:
    """Return the event for a new comment. The event names the other party only if that party may read the comment."""
    return AgreementCommented(
        comment_id=comment.comment_id,
        agreement_id=comment.agreement_id,
        version=comment.version,
        revision_number=comment.revision_number,
        revision_hash=comment.revision_hash,
        target=comment.target,
        clause=comment.clause,
        text=comment.text,
        by_party_id=comment.party_id,
        other_party_id=_other(comment, identity),
        by_principal_id=comment.principal_id,
        by=comment.name,
        written_at=instants.to_text(comment.written_at),
    )


def comment_resolution_event(
    comment: Comment, identity: Identity, actor: Actor, now: UtcMicroseconds
) -> AgreementCommentResolved:
    """Return the event for a comment that was resolved or reopened."""
    return AgreementCommentResolved(
        comment_id=comment.comment_id,
        agreement_id=comment.agreement_id,
        version=comment.version,
        resolved=comment.resolved_at is not None,
        by_party_id=comment.party_id,
        other_party_id=_other(comment, identity),
        resolved_by_party_id=str(actor.party_id),
        resolved_by=actor.name,
        changed_at=instants.to_text(now),
    )


def _other(comment: Comment, identity: Identity) -> str | None:
    return None if comment.internal else identity.other_than(comment.party_id)
