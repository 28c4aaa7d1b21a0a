"""Request bodies of comments on a revision."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.moves import RevisionReferenceBody


class CommentBody(RevisionReferenceBody):
    """Request body for commenting on a revision, or on one of its targets or clauses."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.COMMENT]})
    target: Annotated[str | None, Field(max_length=100, description="Key of the target that the comment is about")] = (
        None
    )
    clause: Annotated[
        str | None,
        Field(max_length=100, description="Name of the clause, or of a field like `term`, that the comment is about"),
    ] = None
    text: Annotated[str, Field(min_length=1, max_length=4_000)]
    """Text of the comment"""
    internal: Annotated[bool, Field(description="Whether only your own party sees the comment")] = False
