"""Warnings that an event budget in a calendar window is spent fast (a drop) or will soon be exhausted.

``series_evaluation`` has the warnings about the spent share of the budget. ``minute_series`` has the burn rate
warnings.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from slm_calendar import durations
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import CLEARING_SHARE, RiskEvaluation, WindowEvaluation
from slm_monitor.domain.terms import burn_rate
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows.minute_series import BurnRateLookback


def add_window_warnings(
    finding: WindowEvaluation,
    terms: FigureTarget,
    span: Interval,
    as_of: UtcMicroseconds,
    lately: BurnRateLookback | None,
) -> WindowEvaluation:
    """Return an evaluation of a calendar window with the warnings of ``evaluate_window_warnings`` added."""
    risks, again = evaluate_window_warnings(terms, finding.good, finding.total, span, as_of, lately)
    return replace(finding, risks=(*finding.risks, *risks), again=again) if risks or again is not None else finding


def evaluate_window_warnings(
    terms: FigureTarget,
    good: int,
    total: int,
    span: Interval,
    as_of: UtcMicroseconds,
    lately: BurnRateLookback | None,
) -> tuple[list[RiskEvaluation], int | None]:
    """Return (warnings, instant of the next evaluation) for budget drops and exhaustion. The instant is None if no
    further evaluation is needed.

    ``lately`` None: budget drops are not evaluated. A warning whose ``at`` is in the future will hold from then on. The
    budget is a share of the expected volume. If the terms expect no volume, it is a share of the volume so far,
    extrapolated to the window's end.
    """
    start, end = span
    if not (terms.warn_at.drops or terms.warn_at.exhaustion) or not start < as_of < end:
        return [], None
    bad = terms.promise.bad(good, total)
    if not bad or total < terms.warn_at.min_events:
        return [], None
    volume = Fraction(total * (end - start), as_of - start)
    if terms.expected_volume is not None:
        volume = Fraction(max(total, terms.expected_volume))
    budget = terms.promise.allowed * volume
    found = evaluate_budget_drops(terms, lately, budget, as_of, start)
    found += _exhaustion(terms, start + int((as_of - start) * budget / bad), end, as_of)
    following = (as_of // MINUTE + 1) * MINUTE
    is_moving = any(risk.at <= as_of for risk in found) or can_drop_warning_open_without_events(terms, lately, start)
    return found, following if is_moving else None


def _exhaustion(
    terms: FigureTarget, at: UtcMicroseconds, end: UtcMicroseconds, as_of: UtcMicroseconds
) -> list[RiskEvaluation]:
    """Return the exhaustion warnings of a budget that will be exhausted at ``at`` at the present pace; none if ``at``
    is not before ``end``.
    """
    if at >= end:
        return []
    found = []
    for left in terms.warn_at.exhaustion:
        holds = burn_rate.is_budget_exhausted_within(at - as_of, left)
        if not holds and burn_rate.is_budget_exhausted_within(at - as_of, left / CLEARING_SHARE):
            found.append(
                RiskEvaluation("time_to_exhaustion", durations.to_iso(left), as_of, projected_breach_at=at, keeps=True)
            )
        # With an expected volume, time without bad events makes the budget last longer: no future warning can be dated.
        if holds or terms.expected_volume is None:
            since = as_of if holds else at - left + 1
            found.append(RiskEvaluation("time_to_exhaustion", durations.to_iso(left), since, projected_breach_at=at))
    return found


def evaluate_budget_drops(
    terms: FigureTarget,
    lately: BurnRateLookback | None,
    budget: Fraction,
    at: UtcMicroseconds,
    since: UtcMicroseconds | None = None,
) -> list[RiskEvaluation]:
    """Return the warnings of budget drops. The terms name pairs (share of the budget, time).

    A pair warns if its share was spent within its time. If less than the share was spent, but at least nine tenths of
    it, the returned warning only keeps an open warning open. Budget spent before ``since`` (None: no limit) does not
    count. Without ``lately`` there are no warnings.
    """
    found = []
    for share, within in terms.warn_at.drops if lately is not None else ():
        assert lately is not None
        bad = lately.lost(within, since)
        if bad and burn_rate.is_budget_drop_worth_warning(Fraction(bad), CLEARING_SHARE * share * budget):
            threshold = f"{float(share * 100):g}/{durations.to_iso(within)}"
            keeps = not burn_rate.is_budget_drop_worth_warning(Fraction(bad), share * budget)
            found.append(RiskEvaluation("budget_drop", threshold, at, bad / budget if budget else None, keeps=keeps))
    return found


def can_drop_warning_open_without_events(
    terms: FigureTarget, lately: BurnRateLookback | None, since: UtcMicroseconds | None = None
) -> bool:
    """Whether a warning of a budget drop may open without new events.

    The budget is a share of the extrapolated volume, which shrinks while no events arrive.
    """
    longest = max((within for _, within in terms.warn_at.drops), default=0)
    return lately is not None and longest > 0 and lately.lost(longest, since) > 0
