"""The response model of a finding of the checks."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer


class FindingResponse(Answer):
    """One thing that the SMART check found wrong or doubtful in a document."""

    field: str
    """Path of the field, such as `targets[0].objective.at_least`"""
    value: str
    """The field's value, shortened"""
    remedy: str
    """How to correct the value, such as `write 1 to 100`"""
    code: str
    """Name of the rule, as a waiver names it"""
    severity: Literal["error", "slip", "warning", "information"]
    """An error must be corrected, a slip or warning corrected or waived by a signatory; an information asks nothing"""
