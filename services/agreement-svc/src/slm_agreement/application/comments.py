"""Comments on revisions: write, resolve, reopen."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.application import agreements, callers
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.contracting import comments
from slm_agreement.domain.contracting.comments import Comment, CommentPlace
from slm_agreement.domain.errors import Finding, Invalid, Unknown
from slm_agreement.domain.versions.agreement import Actor, Identity, Revision, Version
from slm_chassis.access import Principal
from slm_chassis.identity import new_id

Commented = tuple[Comment, list[Version]]


@dataclass(frozen=True, slots=True)
class NewComment:
    """A comment to write: its text, the revision and place that it is about, and whether only the author's party may
    read it.
    """

    revision_hash: str
    place: CommentPlace
    text: str
    internal: bool


async def write_comment(ledgers: LedgerFactory, caller: Principal, agreement_id: str, order: NewComment) -> Commented:
    """Write a comment on a revision; return the comment and the versions that the caller may see.

    Raises Unknown, NotAllowed, WrongState if the version has ended, and Invalid for a wrong revision or place.
    """
    actor = callers.actor_of(caller)
    async with ledgers.begin() as ledger:
        versions = await agreements.lock_visible_versions(ledger, caller, agreement_id)
        identity = versions[0].identity
        comments.check_commenter(identity, actor)
        version, revision = _commented(versions, order.revision_hash, actor)
        comments.check_comment_place(version, revision, order.place, order.internal)
        comment = Comment(
            new_id(),
            agreement_id,
            version.number,
            revision.number,
            revision.hash,
            order.place.target,
            order.place.clause,
            order.text,
            order.internal,
            callers.require_party(caller),
            actor.principal_id,
            actor.name,
            ledger.now,
        )
        await ledger.comments.put(comment)
        ledger.publish(comments.comment_event(comment, identity))
        await _note(ledger, caller, "agreement.comment", comment)
    return comment, versions


async def settle_comment(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, comment_id: str, is_resolved: bool
) -> Commented:
    """Resolve a comment or reopen it; return the comment and the versions that the caller may see. Raises Unknown."""
    actor = callers.actor_of(caller)
    async with ledgers.begin() as ledger:
        versions = await agreements.lock_visible_versions(ledger, caller, agreement_id)
        comments.check_commenter(versions[0].identity, actor)
        comment = await _seen(ledger, caller, versions, comment_id)
        settled = comments.mark_resolved(comment, actor, ledger.now) if is_resolved else comments.mark_reopened(comment)
        if settled != comment:
            await _keep(ledger, caller, settled, versions[0].identity, actor)
    return settled, versions


async def _keep(ledger: Ledger, caller: Principal, settled: Comment, identity: Identity, actor: Actor) -> None:
    await ledger.comments.put(settled)
    ledger.publish(comments.comment_resolution_event(settled, identity, actor, ledger.now))
    action = "agreement.resolve-comment" if settled.resolved_at is not None else "agreement.reopen-comment"
    await _note(ledger, caller, action, settled)


async def _seen(ledger: Ledger, caller: Principal, versions: list[Version], comment_id: str) -> Comment:
    comment = await ledger.comments.get(comment_id)
    numbers = {version.number for version in versions}
    agreement_id = versions[0].identity.agreement_id
    if (
        comment is None
        or comment.agreement_id != agreement_id
        or comment.version not in numbers
        or not comment.visible_to(caller.party_id)
    ):
        raise Unknown(f"There is no comment {comment_id!r} that you may see.")
    return comment


def _commented(versions: list[Version], revision_hash: str, actor: Actor) -> tuple[Version, Revision]:
    """Return the version and revision with this hash; raises Invalid unless the actor's party may read the revision."""
    for version in reversed(versions):
        for revision in reversed(version.revisions_for(actor.party_id)):
            if revision.hash == revision_hash:
                return version, revision
    remedy = "write the hash of a revision of this agreement that you may read"
    raise Invalid("There is no such revision.", [Finding("revision_hash", revision_hash, remedy)])


async def _note(ledger: Ledger, caller: Principal, action: str, comment: Comment) -> None:
    detail = {
        "version": comment.version,
        "revision_number": comment.revision_number,
        "comment_id": comment.comment_id,
        "private": comment.internal,
    }
    await ledger.note(caller, action, comment.agreement_id, detail)
