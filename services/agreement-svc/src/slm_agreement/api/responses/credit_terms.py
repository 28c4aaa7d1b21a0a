"""Response models of money in an agreement's document: the charge of a period, and the credit schedules."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer


class PeriodChargeResponse(Answer):
    """What the service costs in a period."""

    amount: str
    """The charge (exact decimal as text)"""
    currency: str
    """ISO 4217 code of the currency"""
    per: Literal["day", "week", "month", "quarter", "year"]
    """The calendar period that is charged"""


class UnitRateResponse(Answer):
    """The price of a unit that is missed during certain hours of the week."""

    weekly: dict[str, list[list[str]]]
    """Weekday → open intervals, such as `{"mon": [["08:00", "18:00"]]}`, in the agreement's time zone"""
    rate: str
    """The price of a unit in these hours, in the same kind as the band's formula (exact decimal as text)"""


class CreditBandResponse(Answer):
    """A band of a credit schedule. It has exactly one formula, which says what is due for a value in the band."""

    start: str | None = Field(alias="from")
    """The value at which the band begins; null if the scale has no lower end"""
    end: str | None = Field(alias="to")
    """The value at which the band ends; null if the scale has no upper end"""
    closed: Literal["left", "right"]
    """`left`: the band includes `from`; `right`: it includes `to`. The ends of the scale are always included"""
    nothing: Literal[True] = ABSENT
    """Nothing is due"""
    flat: str = ABSENT
    """An amount of money"""
    percent_of_charge: str = ABSENT
    """Percent of the charge of the period"""
    per_missed_percent: str = ABSENT
    """An amount for each percentage point by which the objective is missed"""
    per_missed_unit: str = ABSENT
    """An amount for each missed unit"""
    percent_per_unit: str = ABSENT
    """Percent of the charge of the period for each missed unit"""
    rates: list[UnitRateResponse] = ABSENT
    """Prices of units for some hours of the week; the first that fits counts, else the formula's own"""
    reward: bool
    """Whether the band pays the provider for a good figure"""
    clause: str
    """The clause behind the band; empty: that of the schedule"""


class CreditCapResponse(Answer):
    """The most that is credited: an amount, or a percentage of the charge."""

    amount: str = ABSENT
    """An amount of money (exact decimal as text)"""
    percent_of_charge: str = ABSENT
    """Percent of the charge of the period"""


class EarnBackResponse(Answer):
    """When a credit is reversed because the target was met again."""

    met_windows: int
    """How many windows that follow must all be met"""


class ChronicFailureResponse(Answer):
    """When repeated breaches give the right to end the agreement."""

    breached: int
    """How many windows must be breached"""
    of: int
    """Of how many of the latest windows"""
    lasts: str
    """How long the right lasts (ISO 8601 duration)"""


class CreditScheduleResponse(Answer):
    """A credit schedule. It says how much the customer is credited for a closed window of a target.

    The amount depends on a value of the window, such as its figure: the band in which the value lies has the formula.
    """

    currency: str
    """ISO 4217 code of the currency"""
    minor_unit: int
    """Decimals of the currency's smallest unit: each amount is rounded to it once, half up"""
    measure: Literal["attained", "value", "missed_percent", "missed_units"]
    """What the bands measure: the figure in percent, the figure in the unit of its target, by how many percentage
    points it misses the objective, or how many units are missed
    """
    bands: list[CreditBandResponse]
    """The bands in ascending order; every value of the scale lies in exactly one"""
    cap_per_period: CreditCapResponse | None
    """The most that is credited in a period; null: no limit"""
    cap_per_year: CreditCapResponse | None
    """The most that is credited in a year; null: no limit"""
    minimum_payout: str
    """Smaller amounts are carried to the next period (exact decimal as text)"""
    earn_back: EarnBackResponse | None
    """When a credit is reversed; null: never"""
    chronic_failure: ChronicFailureResponse | None
    """When the agreement may be ended; null: never because of this"""
    clause: str
    """The clause behind the schedule, in words"""
