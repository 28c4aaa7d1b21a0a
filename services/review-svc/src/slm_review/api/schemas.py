"""The models of request bodies. Instants are RFC 3339 text, exact numbers are text."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from slm_chassis.http.web_addresses import WebAddress
from slm_events import instants


def _read(value: Any) -> int:
    try:
        return instants.from_text(value)
    except (TypeError, ValueError):
        raise ValueError("write an RFC 3339 instant with its offset, like 2026-11-22T10:00:00Z") from None


GivenInstant = Annotated[
    int, BeforeValidator(_read), WithJsonSchema({"type": "string", "format": "date-time"}, mode="validation")
]
"""An instant in a request body: RFC 3339 text, which is read as microseconds UTC."""
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=300)]


class ReviewRequestBody(BaseModel):
    """The base of all request bodies: unknown fields are refused, because they are probably mistakes."""

    model_config = ConfigDict(extra="forbid")


class ExternalRef(BaseModel):
    """A reference to the same action in another system."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"system": "jira", "id": "OPS-42"}]})

    system: Name
    id: Name
    url: WebAddress | None = None


class ConclusionBody(ReviewRequestBody):
    """The request to conclude a review: what was discussed, and who took part."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"summary": "Checkout was down for 51 min after a failed deployment.", "attendees": ["A. Roy"]}
            ]
        }
    )
    summary: Text
    attendees: Annotated[list[Name], Field(min_length=1, max_length=200)]


class CompletionBody(ReviewRequestBody):
    """The request to complete a step of an action plan, or an improvement action, with a note."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Rolled back by itself twice last week."}]})
    note: Annotated[str, Field(max_length=10_000)] = ""


class DeclineBody(ReviewRequestBody):
    """The request to decline a target revision proposal, with the reason."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The second site is not built yet."}]})
    reason: Text


class NewLesson(ReviewRequestBody):
    """The request to record a lesson of a review."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Roll back first, look for the cause after."}]})
    text: Text


class NewAction(ReviewRequestBody):
    """The request to open an improvement action of a review."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "Automate the rollback of the checkout deployment.",
                    "owner": "Checkout team",
                    "due_at": "2026-12-15T00:00:00Z",
                    "target": "checkout-availability",
                    "expected_change": "Outages end within 10 minutes.",
                }
            ]
        }
    )
    text: Text
    owner: Name
    due_at: GivenInstant
    target: Name | None = Field(None, description="Id or key of the target that the action should improve")
    expected_change: Text
    external_refs: Annotated[list[ExternalRef], Field(max_length=50)] = []


class NewProposal(ReviewRequestBody):
    """The request to propose a new objective for a target."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "target": "checkout-availability",
                    "objective": {"at_least": "99.95"},
                    "reason": "Attained 99.98 % or better for half a year.",
                }
            ]
        }
    )
    target: Name = Field(description="Id or key of the target")
    objective: dict[str, Any] = Field(description="The new objective, as in the target's terms, with numbers as text")
    reason: Text
