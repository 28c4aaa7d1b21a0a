"""Warnings of an event budget in a calendar window other than thresholds and burn rates: drops and exhaustion."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from slm_calendar import durations
from slm_calendar.intervals import Interval
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import BEHIND, Evaluation, RiskEvaluation
from slm_monitor.domain.terms import burn_rate
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows.minute_series import BurnRateLookback


def with_warnings(
    finding: Evaluation, terms: ServiceLevelTarget, span: Interval, as_of: int, lately: BurnRateLookback | None
) -> Evaluation:
    """Return an evaluation of a calendar window with the warnings of ``window_warnings`` added."""
    risks, again = window_warnings(terms, finding.good, finding.total, span, as_of, lately)
    return replace(finding, risks=(*finding.risks, *risks), again=again) if risks or again is not None else finding


def window_warnings(
    terms: ServiceLevelTarget, good: int, total: int, span: Interval, as_of: int, lately: BurnRateLookback | None
) -> tuple[list[RiskEvaluation], int | None]:
    """Return the warnings that hold, or will hold at a future ``at``, and the instant at which to evaluate again.

    The budget is a share of the expected volume, or else of the volume extrapolated to the window's end.
    """
    start, end = span
    if not (terms.warn_at.drops or terms.warn_at.exhaustion) or not start < as_of < end:
        return [], None
    assert terms.promise is not None
    bad = terms.promise.bad(good, total)
    if not bad or total < terms.warn_at.min_events:
        return [], None
    volume = Fraction(total * (end - start), as_of - start)
    if terms.expected_volume is not None:
        volume = Fraction(max(total, terms.expected_volume))
    budget = terms.promise.allowed * volume
    found = budget_drops(terms, lately, budget, as_of, start)
    found += _exhaustion(terms, start + int((as_of - start) * budget / bad), end, as_of)
    following = (as_of // MINUTE + 1) * MINUTE
    is_moving = any(risk.at <= as_of for risk in found) or lost_lately(terms, lately, start)
    return found, following if is_moving else None


def _exhaustion(terms: ServiceLevelTarget, at: int, end: int, as_of: int) -> list[RiskEvaluation]:
    """Return the warnings of a budget that will be spent at ``at`` at the present pace; none if that is
    after the end.
    """
    if at >= end:
        return []
    found = []
    for left in terms.warn_at.exhaustion:
        holds = burn_rate.warns_of_exhaustion(at - as_of, left)
        if not holds and burn_rate.warns_of_exhaustion(at - as_of, left / BEHIND):
            found.append(
                RiskEvaluation("time_to_exhaustion", durations.to_iso(left), as_of, projected_breach_at=at, keeps=True)
            )
        # With an expected volume, time without bad events makes the budget last longer: no future warning can be dated.
        if holds or terms.expected_volume is None:
            since = as_of if holds else at - left + 1
            found.append(RiskEvaluation("time_to_exhaustion", durations.to_iso(left), since, projected_breach_at=at))
    return found


def budget_drops(
    terms: ServiceLevelTarget, lately: BurnRateLookback | None, budget: Fraction, at: int, since: int | None = None
) -> list[RiskEvaluation]:
    """Return the drops that hold: the share of the budget that was spent within the time, after ``since``."""
    found = []
    for share, within in terms.warn_at.drops if lately is not None else ():
        assert lately is not None
        bad = lately.lost(within, since)
        if bad and burn_rate.warns_of_drop(Fraction(bad), BEHIND * share * budget):
            threshold = f"{float(share * 100):g}/{durations.to_iso(within)}"
            keeps = not burn_rate.warns_of_drop(Fraction(bad), share * budget)
            found.append(RiskEvaluation("budget_drop", threshold, at, bad / budget if budget else None, keeps=keeps))
    return found


def lost_lately(terms: ServiceLevelTarget, lately: BurnRateLookback | None, since: int | None = None) -> bool:
    """Whether time alone may open a drop warning: the extrapolated budget shrinks while nothing happens."""
    longest = max((within for _, within in terms.warn_at.drops), default=0)
    return lately is not None and longest > 0 and lately.lost(longest, since) > 0
