"""Types of fields that many answers share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from slm_chassis.http.response_models import Answer

Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant in an answer: RFC 3339 text in UTC with microseconds."""
Exact = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?(/\d+)?$")]
"""An exact number: a fraction such as ``1999/20``, or a decimal such as ``99.95``."""
Document = dict[str, Any]
"""A JSON object whose fields depend on what it describes, such as the terms of a target."""
ReportState = Literal["interim", "published"]
ReportVerdict = Literal["met", "at_risk", "breached", "no_data"]


class TimeInterval(Answer):
    """A time interval; the instant `to` is excluded."""

    start: Instant = Field(alias="from")
    """The first instant of the interval"""
    end: Instant = Field(alias="to")
    """The first instant after the interval"""


class ReportLinks(Answer):
    """The addresses at which one revision of a report can be read."""

    url: str
    """Path of this revision as JSON"""
    page_url: str
    """Path of this revision as a page to read and print"""
