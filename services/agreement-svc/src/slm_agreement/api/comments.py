"""``/api/v1/agreements/{id}/comments``: comments on revisions, their clauses and their targets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import ColumnElement

from slm_agreement.adapters import agreement_tables, queries
from slm_agreement.api.bodies.comments import CommentBody
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.responses.negotiation import CommentResponse
from slm_agreement.api.shapes import instant_text
from slm_agreement.application import agreements, comments
from slm_agreement.application.comments import NewComment
from slm_agreement.domain.contracting.comments import Comment, CommentPlace, has_place_changed
from slm_agreement.domain.versions.agreement import Version
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/agreements", tags=["comments"])


@router.post(
    "/{agreement_id}/comments",
    **operation("Comment on a revision", CommentResponse, "not-allowed", "wrong-state", "invalid", status=201),
)
async def write_comment(agreement_id: str, body: CommentBody, caller: Caller, ledgers: TheLedgers) -> dict[str, Any]:
    """Comment on a revision, or on one of its targets or clauses. Only managers and signatories may do this. Both
    parties see the comment, unless it is internal.
    """
    order = NewComment(body.revision_hash, CommentPlace(body.target, body.clause), body.text, body.internal)
    return _shape(*await comments.write_comment(ledgers, caller, agreement_id, order))


@router.get("/{agreement_id}/comments", **operation("List the comments on an agreement", list_of(CommentResponse)))
async def list_comments(
    agreement_id: str,
    caller: Caller,
    ledgers: TheLedgers,
    database: TheDatabase,
    page: Paging,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Number of a version; by default all")] = None,
    resolved: Annotated[bool | None, Query(description="Only resolved or only open ones")] = None,
    target: Annotated[str | None, Query(max_length=100, description="Key of a target")] = None,
    clause: Annotated[str | None, Query(max_length=100, description="Name of a clause")] = None,
) -> dict[str, Any]:
    """List the comments on every revision, oldest first. A comment stays on the list when the text that it is about
    changes.
    """
    versions = await agreements.read_visible_versions(ledgers, caller, agreement_id)
    columns = agreement_tables.comment.c
    conditions: list[ColumnElement[bool]] = [columns.version.in_([each.number for each in versions])]
    for column, wanted in ((columns.version, version), (columns.target, target), (columns.clause, clause)):
        conditions += [column == wanted] if wanted is not None else []
    if resolved is not None:
        conditions.append(columns.resolved_at.isnot(None) if resolved else columns.resolved_at.is_(None))
    rows = await queries.fetch_comments(database, caller, agreement_id, page, *conditions)
    return page.shape(
        rows, lambda row: [row["written_at"], row["comment_id"]], lambda row: _shape(Comment(**row), versions)
    )


@router.post(
    "/{agreement_id}/comments/{comment_id}/resolve", **operation("Resolve a comment", CommentResponse, "not-allowed")
)
async def resolve_comment(agreement_id: str, comment_id: str, caller: Caller, ledgers: TheLedgers) -> dict[str, Any]:
    """Mark a comment as resolved. If both parties see a comment, either of them may resolve it."""
    return _shape(*await comments.settle_comment(ledgers, caller, agreement_id, comment_id, is_resolved=True))


@router.post(
    "/{agreement_id}/comments/{comment_id}/reopen", **operation("Open a comment again", CommentResponse, "not-allowed")
)
async def reopen_comment(agreement_id: str, comment_id: str, caller: Caller, ledgers: TheLedgers) -> dict[str, Any]:
    """Mark a resolved comment as open again."""
    return _shape(*await comments.settle_comment(ledgers, caller, agreement_id, comment_id, is_resolved=False))


def _shape(comment: Comment, versions: list[Version]) -> dict[str, Any]:
    version = next(each for each in versions if each.number == comment.version)
    return {
        "comment_id": comment.comment_id,
        "agreement_id": comment.agreement_id,
        "version": comment.version,
        "revision_number": comment.revision_number,
        "revision_hash": comment.revision_hash,
        "target": comment.target,
        "clause": comment.clause,
        "text": comment.text,
        "internal": comment.internal,
        "party_id": comment.party_id,
        "by_principal_id": comment.principal_id,
        "by": comment.name,
        "written_at": instant_text(comment.written_at),
        "changed_since": has_place_changed(comment, version),
        "resolved": comment.resolved_at is not None,
        "resolved_at": instant_text(comment.resolved_at),
        "resolved_by_party_id": comment.resolved_by_party_id,
        "resolved_by": comment.resolved_by_name,
    }
