"""Types of fields that many answers share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from slm_chassis.http.response_models import Answer

Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""RFC 3339 in UTC with microseconds."""
Exact = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?(/\d+)?$")]
"""An exact number: a fraction such as ``1999/20``, or a decimal such as ``99.95``."""
Document = dict[str, Any]
"""An object with free members, such as signed terms."""
ReportState = Literal["interim", "published"]
ReportVerdict = Literal["met", "at_risk", "breached", "no_data"]


class TimeInterval(Answer):
    """A time interval; the second instant is excluded."""

    start: Instant = Field(alias="from")
    """Its first instant"""
    end: Instant = Field(alias="to")
    """The first instant after it"""


class ReportLinks(Answer):
    """Where one revision of a report can be read."""

    url: str
    """Path of this revision as JSON"""
    page_url: str
    """Path of this revision as a page to read and print"""
