"""Burn rate warnings under a draft objective: pairs of windows, factors, thresholds, and times to detection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_monitor.application.preview.preview_terms import PreviewRejected, refusal
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.burn_rate import BurnRatePair


@dataclass(frozen=True)
class BurnRateQuestion:
    """The question which warnings an objective (a share of one) gets over a period in µs.

    ``pairs``: documents, or None for the default pairs. ``rate``: a burn rate to be explained. ``bad``: the bad share
    of the outage whose detection is timed. ``drops`` and ``exhaustions`` are written as in a target's ``warn_at``. With
    a rate, each warning says whether that rate would raise it if it lasted for the whole lookback, with the budget
    unspent before.
    """

    objective: Fraction
    period: int
    pairs: Sequence[Mapping[str, Any]] | None = None
    rate: Fraction | None = None
    bad: Fraction = Fraction(1)
    drops: Sequence[Mapping[str, Any]] = ()
    exhaustions: Sequence[str] = ()


def preview_burn_rates(asked: BurnRateQuestion) -> dict[str, Any]:
    """The pairs, those dropped and why, and the limits. Raises PreviewRejected that names the field."""
    if not 0 <= asked.objective <= 1:
        raise refusal("objective", asked.objective, "an objective lies between 0 and 100 percent")
    if asked.period <= 0:
        raise refusal("period", asked.period, "a period has a length, such as P30D")
    if not 0 < asked.bad <= 1:
        raise refusal("bad_share", asked.bad, "a bad share is above 0 and at most 1")
    kept, dropped = _default(asked) if asked.pairs is None else (_written(asked.pairs, asked), [])
    return {
        "objective": figures.exact(asked.objective),
        "period": durations.to_iso(asked.period),
        "budget_share": figures.exact(1 - asked.objective) if asked.objective < 1 else None,
        "highest_burn_rate": figures.exact(burn_rate.highest_rate(asked.objective)),
        "pairs": [_pair_document(pair, asked) for pair in kept],
        "dropped": [{**_pair_document(pair, asked), "cause": why} for pair, why in dropped],
        "rate": None if asked.rate is None else _rate(asked.rate, asked),
        "budget_drop": [_drop(document, number, asked) for number, document in enumerate(asked.drops)],
        "time_to_exhaustion": [_exhaustion(text, asked) for text in asked.exhaustions],
    }


def _drop(document: Mapping[str, Any], number: int, asked: BurnRateQuestion) -> dict[str, Any]:
    """The burn rate that spends this share of the budget within this time, and whether the rate in question would raise
    this warning."""
    field = f"budget_drop[{number}]"
    try:
        by, within = Fraction(str(document["by"])) / 100, durations.from_iso(document["within"], f"{field}.within")
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise refusal(
            field, dict(document), 'write {"by": "10", "within": "PT1H"}, by in percent of the budget'
        ) from error
    if by <= 0 or within <= 0:
        raise refusal(field, dict(document), "percent and time are above zero")
    spent = None if asked.rate is None or asked.objective == 1 else asked.rate * within / asked.period
    return {
        "by": figures.exact(by * 100),
        "within": durations.to_iso(within),
        "burn_rate": figures.exact(by * asked.period / within),
        "warns": None if spent is None else burn_rate.warns_of_drop(spent, by),
    }


def _exhaustion(text: str, asked: BurnRateQuestion) -> dict[str, Any]:
    try:
        under = durations.from_iso(text, "time_to_exhaustion")
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error
    if under <= 0:
        raise refusal("time_to_exhaustion", text, "a time above zero, such as PT72H")
    left = burn_rate.exhaustion_time(asked.rate, asked.period) if asked.rate else None
    return {
        "under": durations.to_iso(under),
        "burn_rate": figures.exact(Fraction(asked.period, under)),
        "warns": None if asked.rate is None or asked.objective == 1 else burn_rate.warns_of_exhaustion(left, under),
    }


def _default(asked: BurnRateQuestion) -> tuple[list[BurnRatePair], list[tuple[BurnRatePair, str]]]:
    if not burn_rate.is_nominal(asked.period):
        remedy = "only periods of 1, 7, 28, 30, 90 and 365 days have default pairs: write the pairs for this one"
        raise refusal("period", durations.to_iso(asked.period), remedy)
    looked_at = burn_rate.considered_pairs(asked.objective, asked.period)
    kept = [pair for pair, why in looked_at if why is None]
    return kept, [(pair, why) for pair, why in looked_at if why is not None]


def _written(documents: Sequence[Mapping[str, Any]], asked: BurnRateQuestion) -> list[BurnRatePair]:
    pairs = []
    for number, document in enumerate(documents):
        try:
            pair = burn_rate.parse_pair(document, asked.period)
        except CalendarError as error:
            raise PreviewRejected(error.errors) from error
        except (KeyError, ValueError, ZeroDivisionError) as error:
            remedy = (
                'write {"long": "PT1H", "short": "PT5M", "factor": "14.4"}, or a budget_share instead of the factor'
            )
            raise refusal(f"pairs[{number}]", dict(document), remedy) from error
        if min(pair.long, pair.short) <= 0 or pair.factor <= 0:
            raise refusal(f"pairs[{number}]", dict(document), "windows and factor are above zero")
        if not burn_rate.can_fire(pair, asked.objective):
            most = burn_rate.highest_rate(asked.objective)
            reason = (
                burn_rate.NO_BUDGET if most is None else f"with everything bad the burn rate is {figures.exact(most)}"
            )
            remedy = f"it can never fire: {reason}"
            raise refusal(f"pairs[{number}].factor", figures.exact(pair.factor), remedy)
        pairs.append(pair)
    return pairs


def _pair_document(pair: BurnRatePair, asked: BurnRateQuestion) -> dict[str, Any]:
    detected = burn_rate.detection_time(pair, asked.objective, asked.bad)
    return {
        "long": durations.to_iso(pair.long),
        "short": durations.to_iso(pair.short),
        "short_over_long": figures.exact(Fraction(pair.short, pair.long)),
        "budget_spent": figures.exact(burn_rate.budget_spent(pair, asked.period)) if asked.objective < 1 else None,
        "detected_after": _length(detected),
        "warns": None if asked.rate is None else asked.rate > pair.factor,
        **_rate(pair.factor, asked),
    }


def _rate(factor: Fraction, asked: BurnRateQuestion) -> dict[str, Any]:
    """The consequences of a burn rate under this objective and period."""
    if factor <= 0:
        raise refusal("rate", figures.exact(factor), "a burn rate above zero")
    highest = burn_rate.highest_rate(asked.objective)
    return {
        "factor": figures.exact(factor),
        "threshold": figures.exact(factor * (1 - asked.objective)),
        "exhausted_after": None if highest is None else _length(burn_rate.exhaustion_time(factor, asked.period)),
        "lowest_objective": figures.exact(burn_rate.lowest_objective(factor)),
        "can_fire": highest is not None and factor < highest,
    }


def _length(microseconds: Fraction | None) -> str | None:
    """The length in ISO 8601, rounded to whole microseconds; None stays None."""
    return None if microseconds is None else durations.to_iso(round(microseconds))
