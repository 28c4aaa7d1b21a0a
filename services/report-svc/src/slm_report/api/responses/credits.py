"""The answer of ``POST /api/v1/credit-previews``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import Answer
from slm_report.api.responses.shapes import Exact


class CreditBand(Answer):
    """A band of the credit schedule. It includes the value `from`, but `to` only if the scale ends there."""

    start: Exact = Field(alias="from")
    """The lowest value of the band"""
    end: Exact | None = Field(alias="to")
    """The first value above the band, or the end of the scale; null if the scale has no end"""


class CreditPreviewLine(Answer):
    """The credit or reward of one target, with its calculation."""

    target: str
    """The target as the request names it"""
    kind: Literal["credit", "reward", "none"]
    """Whether something is credited, rewarded, or neither"""
    value: Exact
    """The value that was looked up in the bands, exact"""
    band: CreditBand
    """The band that the value lies in"""
    reckoning: str
    """The calculation of the amount, in words"""
    clause: str
    """The clause of the agreement that the credit or reward is based on"""
    exact: Exact
    """The amount before rounding and caps, exact, in the schedule's currency"""
    amount: str
    """The amount after rounding and caps, in the schedule's currency"""
    capped_by: str | None
    """The cap that lowered the amount, `cap_per_period` or `cap_per_year`; null if none did"""


class CreditPreview(Answer):
    """The computed credits and rewards of a period, from ``POST /api/v1/credit-previews``."""

    currency: str
    """ISO 4217 code of the schedule's currency"""
    lines: list[CreditPreviewLine]
    """One line for each figure of the request, in the same order"""
    credits: str
    """Sum of the credits, in the schedule's currency"""
    rewards: str
    """Sum of the rewards, in the schedule's currency"""
    payout: str
    """The amount that is paid out; zero if the credits are below the minimum"""
    below_minimum_payout: bool
    """Whether the credits are too small to be paid out"""
