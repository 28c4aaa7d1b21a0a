"""Response models of the differences between two revisions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from slm_agreement.api.responses.agreements import RevisionSummary
from slm_agreement.api.responses.negotiation import TargetAnswersResponse
from slm_chassis.http.response_models import Answer, absent_field


class FieldChange(Answer):
    """A field that differs between two revisions."""

    field: str
    """Path of the field"""
    before: Any = absent_field("from")
    """Its value in the first revision; missing if that revision has no such field"""
    after: Any = absent_field("to")
    """Its value in the second revision; missing if that revision has no such field"""


Change = Literal["added", "removed", "changed"]


class ClauseChange(Answer):
    """A clause that differs between two revisions."""

    clause: str
    """Name of the clause"""
    title: str
    """Title of the clause for people"""
    change: Change
    """Whether the second revision adds, removes or changes the clause"""
    fields: list[FieldChange]
    """Its fields that differ"""


class TargetChange(Answer):
    """A target that differs between two revisions."""

    target: str
    """Key of the target"""
    title: str
    """Title of the target, as in the second revision; if that has no such target, as in the first"""
    change: Change
    """Whether the second revision adds, removes or changes the target"""
    fields: list[FieldChange]
    """Its fields that differ"""


class UnchangedTarget(Answer):
    """A target that is the same in two revisions."""

    target: str
    """Key of the target"""
    title: str
    """Title of the target for people"""


class RevisionDifferencesResponse(Answer):
    """Response: the differences between two revisions."""

    before: RevisionSummary = Field(alias="from")
    """The first revision"""
    after: RevisionSummary = Field(alias="to")
    """The second revision"""
    clauses: list[ClauseChange]
    """Clauses that differ"""
    targets: list[TargetChange]
    """Targets that differ"""
    unchanged_targets: list[UnchangedTarget]
    """Targets of the second revision that are the same in the first"""
    target_answers: list[TargetAnswersResponse]
    """If the second revision is the proposed one: the latest answers to its targets; otherwise empty"""
    document: list[FieldChange]
    """Fields outside clauses and targets that differ"""
