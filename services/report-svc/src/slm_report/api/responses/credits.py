"""The answer of ``POST /api/v1/credit-previews``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import Answer
from slm_report.api.responses.shapes import Exact


class CreditBand(Answer):
    """A band of the credit schedule. It includes one of its ends; the ends of the scale are always included."""

    start: Exact | None = Field(alias="from")
    """The value at which the band begins; null if the scale has no lower end"""
    end: Exact | None = Field(alias="to")
    """The value at which the band ends; null if the scale has no upper end"""
    closed: Literal["left", "right"]
    """`left`: the band includes `from`; `right`: it includes `to`"""


class CreditPreviewLine(Answer):
    """The credit or reward of one target, with its calculation."""

    target: str
    """The target as the request names it"""
    kind: Literal["credit", "reward", "none", "no_figure", "charge_missing"]
    """Whether something is credited, rewarded, or neither; `no_figure`: there is nothing to judge; `charge_missing`:
    the amount depends on a charge that is not known
    """
    value: Exact | None
    """The value that was looked up in the bands, exact; null: no figure"""
    band: CreditBand | None
    """The band that the value lies in; null: no figure"""
    reckoning: str
    """The calculation of the amount, in words"""
    clause: str
    """The clause of the agreement that the credit or reward is based on"""
    exact: Exact | None
    """The amount before rounding and caps, exact, in the schedule's currency; null if it is not known"""
    amount: str | None
    """The amount after rounding and caps, in the schedule's currency; null if it is not known"""
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
    """The amount that is paid out, with the credits carried from earlier periods; zero if they are below the minimum"""
    below_minimum_payout: bool
    """Whether the credits are too small to be paid out"""
    carried: str
    """The credits that are carried to the next period, in the schedule's currency"""
