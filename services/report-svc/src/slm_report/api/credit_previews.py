"""``/api/v1/credit-previews``: compute service credits under a schedule without storing anything."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from slm_chassis.http.access import authenticate
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import invalid
from slm_report.api.responses.credits import CreditPreview
from slm_report.domain import credit_bands, credits, figures
from slm_report.domain.credit_bands import InvalidSchedule
from slm_report.domain.credits import Attainment, CreditLine, Settlement

router = APIRouter(prefix="/api/v1/credit-previews", tags=["credit-previews"], dependencies=[Depends(authenticate)])

Exact = Annotated[str, Field(pattern=f"^{credit_bands.NUMBER}$", examples=["97.5", "1999/20"])]


class AchievedFigure(BaseModel):
    """The result of a target, in the request.

    The schedule decides which values are needed: figure and objective in percent, or the number of missed units.
    """

    model_config = ConfigDict(extra="forbid")

    target: Annotated[str, Field(min_length=1, max_length=200)]
    attained: Exact | None = None
    objective: Exact | None = None
    missed_units: Exact | None = None


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
    charge: Exact = "0"
    """The charge of the period, to which the schedule's percents apply."""
    figures: Annotated[list[AchievedFigure], Field(min_length=1, max_length=1000)]
    credited_this_year: Exact = "0"
    """The credits of earlier periods of the year, for a yearly cap."""


@router.post("", **operation("Preview service credits under a schedule", CreditPreview))
def credit_preview(asked: CreditPreviewRequest) -> dict[str, Any]:
    """Compute the credits and rewards of a period, each with its band, clause and calculation. Nothing is stored.

    422 if a value lies in no band or in several; the problem names the value.
    """
    attained = [
        Attainment(each.target, _exact(each.attained), _exact(each.objective), _exact(each.missed_units))
        for each in asked.figures
    ]
    try:
        schedule = credit_bands.parse_schedule(asked.schedule)
        settled = credits.compute_credits(
            schedule, attained, Fraction(asked.charge), Fraction(asked.credited_this_year)
        )
    except InvalidSchedule as error:
        raise invalid(error.field, error.value, error.remedy) from error
    return _shown(settled)


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _shown(settled: Settlement) -> dict[str, Any]:
    schedule = settled.schedule
    return {
        "currency": schedule.currency,
        "lines": [_line_document(line, settled) for line in settled.lines],
        "credits": credits.money_to_text(settled.credits, schedule),
        "rewards": credits.money_to_text(settled.rewards, schedule),
        "payout": credits.money_to_text(settled.payout, schedule),
        "below_minimum_payout": settled.is_below_minimum,
    }


def _line_document(line: CreditLine, settled: Settlement) -> dict[str, Any]:
    end = line.band.end
    return {
        "target": line.target,
        "kind": line.kind,
        "value": figures.figure_to_text(line.value),
        "band": {
            "from": figures.display_bound(line.band.start),
            "to": None if end is None else figures.display_bound(end),
        },
        "reckoning": line.reckoning,
        "clause": line.clause,
        "exact": figures.figure_to_text(line.exact),
        "amount": credits.money_to_text(line.amount, settled.schedule),
        "capped_by": line.capped_by,
    }
