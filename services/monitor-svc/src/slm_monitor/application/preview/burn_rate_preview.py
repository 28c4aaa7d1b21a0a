"""Preview of burn rate warnings under a draft objective: pairs of windows, factors, thresholds,
and times to detection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_monitor.application.preview.preview_terms import PreviewRejected, build_preview_rejection
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.burn_rate import BurnRateWindowPair


@dataclass(frozen=True)
class BurnRatePreviewQuestion:
    """A question for a preview: which burn rate warnings does an objective get over a period?

    ``objective``: a share between 0 and 1. ``period``: µs. ``pairs``: documents, or None for the default pairs.
    ``bad``: times to detection are computed for an outage in which this share is bad. ``drops`` and ``exhaustions``
    are written as in a target's ``warn_at``.

    ``rate``: a burn rate to explain. If it is given, each warning says whether this burn rate raises it, provided that
    the rate lasts for the whole lookback and that the budget was unspent before.
    """

    objective: Fraction
    period: int
    pairs: Sequence[Mapping[str, Any]] | None = None
    rate: Fraction | None = None
    bad: Fraction = Fraction(1)
    drops: Sequence[Mapping[str, Any]] = ()
    exhaustions: Sequence[str] = ()


def preview_burn_rates(asked: BurnRatePreviewQuestion) -> dict[str, Any]:
    """Return as JSON the pairs, the dropped pairs with the reason, and the limits. Raises PreviewRejected that names
    the invalid field.
    """
    if not 0 <= asked.objective <= 1:
        raise build_preview_rejection("objective", asked.objective, "an objective lies between 0 and 100 percent")
    if asked.period <= 0:
        raise build_preview_rejection("period", asked.period, "a period has a length, such as P30D")
    if not 0 < asked.bad <= 1:
        raise build_preview_rejection("bad_share", asked.bad, "a bad share is above 0 and at most 1")
    kept, dropped = _default(asked) if asked.pairs is None else (_written(asked.pairs, asked), [])
    return {
        "objective": figures.format_exact_fraction(asked.objective),
        "period": durations.to_iso(asked.period),
        "budget_share": figures.format_exact_fraction(1 - asked.objective) if asked.objective < 1 else None,
        "highest_burn_rate": figures.format_exact_fraction(burn_rate.compute_highest_burn_rate(asked.objective)),
        "pairs": [_pair_document(pair, asked) for pair in kept],
        "dropped": [{**_pair_document(pair, asked), "cause": why} for pair, why in dropped],
        "rate": None if asked.rate is None else _rate(asked.rate, asked),
        "budget_drop": [_drop(document, number, asked) for number, document in enumerate(asked.drops)],
        "time_to_exhaustion": [_exhaustion(text, asked) for text in asked.exhaustions],
    }


def _drop(document: Mapping[str, Any], number: int, asked: BurnRatePreviewQuestion) -> dict[str, Any]:
    """Preview a warning of a budget drop, written as ``{"by": "10", "within": "PT1H"}``: 10 percent of the budget in an
    hour.

    ``burn_rate`` in the result is the rate that spends the share ``by`` of the budget in the time ``within``. ``warns``
    says whether ``asked.rate`` raises the warning.
    """
    field = f"budget_drop[{number}]"
    try:
        by, within = Fraction(str(document["by"])) / 100, durations.from_iso(document["within"], f"{field}.within")
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise build_preview_rejection(
            field, dict(document), 'write {"by": "10", "within": "PT1H"}, by in percent of the budget'
        ) from error
    if by <= 0 or within <= 0:
        raise build_preview_rejection(field, dict(document), "percent and time are above zero")
    spent = None if asked.rate is None or asked.objective == 1 else asked.rate * within / asked.period
    return {
        "by": figures.format_exact_fraction(by * 100),
        "within": durations.to_iso(within),
        "burn_rate": figures.format_exact_fraction(by * asked.period / within),
        "warns": None if spent is None else burn_rate.is_budget_drop_worth_warning(spent, by),
    }


def _exhaustion(text: str, asked: BurnRatePreviewQuestion) -> dict[str, Any]:
    try:
        under = durations.from_iso(text, "time_to_exhaustion")
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error
    if under <= 0:
        raise build_preview_rejection("time_to_exhaustion", text, "a time above zero, such as PT72H")
    left = burn_rate.compute_budget_exhaustion_time(asked.rate, asked.period) if asked.rate else None
    return {
        "under": durations.to_iso(under),
        "burn_rate": figures.format_exact_fraction(Fraction(asked.period, under)),
        "warns": None
        if asked.rate is None or asked.objective == 1
        else burn_rate.is_budget_exhausted_within(left, under),
    }


def _default(asked: BurnRatePreviewQuestion) -> tuple[list[BurnRateWindowPair], list[tuple[BurnRateWindowPair, str]]]:
    if not burn_rate.has_default_burn_rate_pairs(asked.period):
        remedy = "only periods of 1, 7, 28, 30, 90 and 365 days have default pairs: write the pairs for this one"
        raise build_preview_rejection("period", durations.to_iso(asked.period), remedy)
    looked_at = burn_rate.list_default_pairs_with_drop_reasons(asked.objective, asked.period)
    kept = [pair for pair, why in looked_at if why is None]
    return kept, [(pair, why) for pair, why in looked_at if why is not None]


def _written(documents: Sequence[Mapping[str, Any]], asked: BurnRatePreviewQuestion) -> list[BurnRateWindowPair]:
    pairs = []
    for number, document in enumerate(documents):
        try:
            pair = burn_rate.parse_burn_rate_pair(document, asked.period)
        except CalendarError as error:
            raise PreviewRejected(error.errors) from error
        except (KeyError, ValueError, ZeroDivisionError) as error:
            remedy = (
                'write {"long": "PT1H", "short": "PT5M", "factor": "14.4"}, or a budget_share instead of the factor'
            )
            raise build_preview_rejection(f"pairs[{number}]", dict(document), remedy) from error
        if min(pair.long, pair.short) <= 0 or pair.factor <= 0:
            raise build_preview_rejection(f"pairs[{number}]", dict(document), "windows and factor are above zero")
        if not burn_rate.can_burn_rate_pair_fire(pair, asked.objective):
            most = burn_rate.compute_highest_burn_rate(asked.objective)
            reason = (
                burn_rate.NO_BUDGET
                if most is None
                else f"with everything bad the burn rate is {figures.format_exact_fraction(most)}"
            )
            remedy = f"it can never fire: {reason}"
            raise build_preview_rejection(f"pairs[{number}].factor", figures.format_exact_fraction(pair.factor), remedy)
        pairs.append(pair)
    return pairs


def _pair_document(pair: BurnRateWindowPair, asked: BurnRatePreviewQuestion) -> dict[str, Any]:
    detected = burn_rate.compute_detection_time(pair, asked.objective, asked.bad)
    return {
        "long": durations.to_iso(pair.long),
        "short": durations.to_iso(pair.short),
        "short_over_long": figures.format_exact_fraction(Fraction(pair.short, pair.long)),
        "budget_spent": figures.format_exact_fraction(burn_rate.compute_budget_share_spent_by_pair(pair, asked.period))
        if asked.objective < 1
        else None,
        "detected_after": _length(detected),
        "warns": None if asked.rate is None else asked.rate > pair.factor,
        **_rate(pair.factor, asked),
    }


def _rate(factor: Fraction, asked: BurnRatePreviewQuestion) -> dict[str, Any]:
    """Return the consequences of a burn rate under this objective and period."""
    if factor <= 0:
        raise build_preview_rejection("rate", figures.format_exact_fraction(factor), "a burn rate above zero")
    highest = burn_rate.compute_highest_burn_rate(asked.objective)
    return {
        "factor": figures.format_exact_fraction(factor),
        "threshold": figures.format_exact_fraction(factor * (1 - asked.objective)),
        "exhausted_after": None
        if highest is None
        else _length(burn_rate.compute_budget_exhaustion_time(factor, asked.period)),
        "lowest_objective": figures.format_exact_fraction(burn_rate.compute_lowest_objective_for_factor(factor)),
        "can_fire": highest is not None and factor < highest,
    }


def _length(microseconds: Fraction | None) -> str | None:
    """Return a length of time in ISO 8601, rounded to whole microseconds; None for None."""
    return None if microseconds is None else durations.to_iso(round(microseconds))
