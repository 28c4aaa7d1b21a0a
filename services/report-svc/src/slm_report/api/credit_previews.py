"""``/api/v1/credit-previews``: compute service credits under a schedule without storing anything."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from slm_chassis.http.access import authenticate
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem
from slm_credits import settlements
from slm_credits.credit_lines import ClosedWindow, CreditLine, MissedUnits
from slm_credits.errors import CreditError, refusal
from slm_credits.exact_numbers import NUMBER, money_to_text, number_to_text, whole_units
from slm_credits.objectives import Objective, find_paid_success
from slm_credits.schedule import Schedule
from slm_credits.schedule_document import CLOSED, parse_schedule
from slm_credits.settlements import Account, Settlement
from slm_events import instants
from slm_report.api.responses.credits import CreditPreview
from slm_report.domain import figures

router = APIRouter(prefix="/api/v1/credit-previews", tags=["credit-previews"], dependencies=[Depends(authenticate)])

Exact = Annotated[str, Field(pattern=f"^{NUMBER}$", examples=["97.5", "1999/20"])]


class MissedUnit(BaseModel):
    """Units that a target missed at one instant, in the request: a number of them, or the minutes until `until`."""

    model_config = ConfigDict(extra="forbid")

    at: Annotated[str, Field(examples=["2026-11-23T10:00:00Z"])]
    """The instant at which they were missed (RFC 3339)"""
    until: str | None = None
    """The end of the time that was missed, if the units are minutes (RFC 3339)"""
    count: Exact = "1"
    """How many units were missed at that instant"""


class AchievedFigure(BaseModel):
    """The result of a target, in the request.

    The schedule decides which values are needed: figure and objective in percent, or the number of missed units.
    """

    model_config = ConfigDict(extra="forbid")

    target: Annotated[str, Field(min_length=1, max_length=200)]
    attained: Exact | None = None
    objective: Exact | None = None
    missed_units: Exact | None = None
    missed: Annotated[list[MissedUnit], Field(max_length=10_000)] = []
    """The missed units one by one, for a schedule whose rates depend on the hour"""


class CreditPreviewRequest(BaseModel):
    """The request to compute credits: a credit schedule, the charge of a period, and the results of its targets."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "schedule": {
                        "currency": "EUR",
                        "bands": [
                            {"from": "0", "percent_of_charge": "25"},
                            {"from": "99", "percent_of_charge": "10", "clause": "Charges, 4.2"},
                            {"from": "99.9", "nothing": True},
                        ],
                        "cap_per_period": {"percent_of_charge": "30"},
                        "minimum_payout": "10",
                        "clause": "Charges, 4",
                    },
                    "charge": "4200.00",
                    "figures": [{"target": "availability", "attained": "99.85", "objective": "99.9"}],
                }
            ]
        },
    )

    schedule: dict[str, Any]
    charge: Exact | None = None
    """The charge of the period, to which the schedule's percents apply. What depends on a charge that is missing is
    answered as `charge_missing`, without an amount.
    """
    figures: Annotated[list[AchievedFigure], Field(min_length=1, max_length=1000)]
    credited_this_year: Exact = "0"
    """The credits of earlier periods of the year, for a yearly cap."""
    carried: Exact = "0"
    """Credits of earlier periods that were below the minimum payout"""
    timezone: Annotated[str, Field(max_length=100)] = "UTC"
    """The IANA zone of rates for some hours of the week"""


@router.post("", **operation("Preview service credits under a schedule", CreditPreview))
def credit_preview(asked: CreditPreviewRequest) -> dict[str, Any]:
    """Compute the credits and rewards of a period, each with its band, clause and calculation. Nothing is stored.

    422 if a value lies in no band or in several, or if a band pays the customer for a figure that meets its objective;
    the problem names the value.
    """
    try:
        schedule = parse_schedule(asked.schedule, asked.timezone)
        windows = [_window(each, f"figures[{place}]") for place, each in enumerate(asked.figures)]
        paid = [find_paid_success(schedule, each.objective) for each in windows if each.objective is not None]
        if any(paid):
            raise CreditError(next([each] for each in paid if each is not None))
        before = Account(_units(asked.credited_this_year, schedule), _units(asked.carried, schedule))
        charge = None if asked.charge is None else Fraction(asked.charge)
        settled = settlements.settle_period(schedule, windows, charge, before)
    except CreditError as error:
        first = error.errors[0]
        raise Problem(
            422, "invalid-request", "The request is not valid", f"{first['field']}: {first['remedy']}", error.errors
        ) from error
    return _shown(settled)


def _window(achieved: AchievedFigure, field: str) -> ClosedWindow:
    objective = _exact(achieved.objective)
    return ClosedWindow(
        achieved.target,
        figure=_exact(achieved.attained),
        objective=None if objective is None else Objective(objective),
        missed_units=_exact(achieved.missed_units),
        missed=tuple(_missed(each, f"{field}.missed[{place}]") for place, each in enumerate(achieved.missed)),
    )


def _missed(written: MissedUnit, field: str) -> MissedUnits:
    try:
        at = instants.from_text(written.at)
        until = None if written.until is None else instants.from_text(written.until)
    except (ValueError, OverflowError) as error:
        remedy = "write RFC 3339 instants with their offset, such as 2026-11-23T10:00:00Z"
        raise refusal(field, written.at, remedy) from error
    if until is not None and until <= at:
        raise refusal(f"{field}.until", written.until, "write an instant after `at`")
    return MissedUnits(at, until, Fraction(written.count))


def _units(amount: str, schedule: Schedule) -> int:
    """Return an amount in minor units, rounded up, so that no credit exceeds the year's cap."""
    return -whole_units(-Fraction(amount), schedule.places)


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _shown(settled: Settlement) -> dict[str, Any]:
    places = settled.schedule.places
    return {
        "currency": settled.schedule.currency,
        "lines": [_line_document(line, settled.schedule) for line in settled.lines],
        "credits": money_to_text(settled.credits, places),
        "rewards": money_to_text(settled.rewards, places),
        "payout": money_to_text(settled.payout, places),
        "below_minimum_payout": settled.is_below_minimum,
        "carried": money_to_text(settled.after.carried, places),
    }


def _line_document(line: CreditLine, schedule: Schedule) -> dict[str, Any]:
    band = line.band
    return {
        "target": line.window.target,
        "kind": line.kind,
        "value": figures.figure_to_text(line.value),
        "band": None
        if band is None
        else {
            "from": None if band.start is None else number_to_text(band.start),
            "to": None if band.end is None else number_to_text(band.end),
            "closed": CLOSED[band.is_right_closed],
        },
        "reckoning": line.reckoning,
        "clause": line.clause,
        "exact": figures.figure_to_text(line.exact),
        "amount": None if line.amount is None else money_to_text(line.amount, schedule.places),
        "capped_by": line.capped_by,
    }
