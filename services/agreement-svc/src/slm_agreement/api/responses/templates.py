"""Response models of templates, from which drafts begin."""

from __future__ import annotations

from typing import Any, Literal

from slm_agreement.api.responses.terms import CustomerSeesResponse
from slm_chassis.http.response_models import Answer


class TemplatePointResponse(Answer):
    """One of the ten points that an agreement should cover, such as support or security, as a template shows it."""

    point: str
    """Name of the clause that fills the point"""
    title: str
    """Title for people"""
    says: str
    """Guidance on what the clause should contain"""
    may_be_empty: bool
    """Whether an agreement of this kind may leave it empty"""


class FurtherClauseResponse(Answer):
    """An optional clause, such as a warranty. It is not one of the ten points that an agreement should cover."""

    clause: str
    """Name of the clause"""
    title: str
    """Title for people"""
    says: str
    """Guidance on what the clause should contain"""


class TemplateDocumentResponse(Answer):
    """Title, clauses and `customer_sees` that a draft gets if it has none of its own."""

    title: str
    """Title of the agreement"""
    clauses: dict[str, dict[str, Any]]
    """Name of a clause → its `text`, and data beside it"""
    customer_sees: CustomerSeesResponse
    """Which warnings, running figures and plans the customer is shown, and when"""


class TemplateResponse(Answer):
    """A template for drafts of one kind of agreement."""

    key: str
    """Key of the template, as `template` of a draft names it"""
    kind: Literal["sla", "ola", "uc"]
    """Kind of agreement that it is for"""
    title: str
    """Title for people"""
    points: list[TemplatePointResponse]
    """The ten points that an agreement should cover, and which of them may stay empty"""
    further_clauses: list[FurtherClauseResponse]
    """Further clauses that an agreement may have"""
    document: TemplateDocumentResponse
    """Title and clauses to keep or rewrite"""
