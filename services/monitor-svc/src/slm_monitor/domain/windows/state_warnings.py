"""Warnings of a downtime budget: burn rate, projected miss, budget spent fast (a drop), and budget soon exhausted.

``availability_evaluation`` has the warnings about the spent share of the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_calendar import durations
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import CLEARING_SHARE, RiskEvaluation
from slm_monitor.domain.states import availability
from slm_monitor.domain.states.availability import StateCountingPolicy
from slm_monitor.domain.states.timeline import StateProvider, StateSegment
from slm_monitor.domain.states.uptime_sums import UptimeSums
from slm_monitor.domain.terms import burn_rate
from slm_monitor.domain.terms.terms import FigureTarget

LEAST_PACE_DIVISOR = 12
"""The pace of downtime is measured over at least one twelfth of the window (1 ÷ this number)."""


@dataclass(frozen=True, slots=True)
class AvailabilityForecast:
    """A window as it is known up to ``as_of``, and its future if the last known state lasts.

    ``up`` and ``down`` are the microseconds up to ``as_of``. ``exhausted_at`` is the instant at which the budget will
    be exhausted if the last known state lasts; None if it will not be exhausted.
    """

    terms: FigureTarget
    start: UtcMicroseconds
    end: UtcMicroseconds
    as_of: UtcMicroseconds
    up: int | Fraction
    down: int | Fraction
    budget: Fraction
    exhausted_at: UtcMicroseconds | None
    since: UtcMicroseconds
    """The start of the present state. ``up_then`` and ``down_then`` are the microseconds up and down before this
    instant.
    """
    up_then: int | Fraction
    down_then: int | Fraction
    segments: Sequence[StateSegment]
    """The states from ``since`` on."""
    evaluated_hours: Sequence[Interval]

    def projected_at(self) -> UtcMicroseconds | None:
        """Return when the budget is exhausted; None if it lasts to the end of the window.

        This is ``exhausted_at``. If ``exhausted_at`` is None, the instant is computed as if downtime continued at the
        window's pace so far.
        """
        if self.exhausted_at is not None:
            return self.exhausted_at
        return project_budget_exhaustion_instant((self.start, self.end), self.as_of, self.down, self.budget)


def project_budget_exhaustion_instant(
    span: Interval, as_of: UtcMicroseconds, down: int | Fraction, budget: Fraction
) -> UtcMicroseconds | None:
    """Return when the budget of a window is exhausted if downtime continues at the window's pace so far; None if the
    budget lasts to the window's end.
    """
    start, end = span
    if not down or as_of <= start:
        return None
    # The pace is that of the window so far, over at least a twelfth of it: its first minutes predict nothing.
    known = min(as_of, end)
    passed = max(known - start, -(-(end - start) // LEAST_PACE_DIVISOR))
    at = known + int((budget - down) * passed / down)
    return at if at < end else None


def forecast_availability_warnings(ahead: AvailabilityForecast) -> tuple[list[RiskEvaluation], int | None]:
    """Return (warnings of projection and exhaustion, instant at which one of them may end without new facts, or None).

    A warning whose ``at`` is in the future will hold from then on if the last known state lasts.
    """
    if ahead.as_of >= ahead.end:
        return [], None
    warn_at = ahead.terms.warn_at
    found: list[RiskEvaluation] = []
    again: list[int] = []
    if warn_at.projected:
        since, next_change_at = _projection(ahead, Fraction(1))
        if since is not None:
            found.append(RiskEvaluation("projection", "objective", since))
            again += [next_change_at] if next_change_at is not None else []
        else:
            near, ends_at = _projection(ahead, CLEARING_SHARE)
            if near is not None:
                found.append(RiskEvaluation("projection", "objective", near, keeps=True))
                again += [ends_at] if ends_at is not None else []
            if next_change_at is not None:
                found.append(RiskEvaluation("projection", "objective", next_change_at))
    projected = ahead.projected_at()
    for left in warn_at.exhaustion:
        threshold = durations.to_iso(left)
        if ahead.exhausted_at is not None:
            # The first instant at which less than ``left`` remains.
            first = max(ahead.exhausted_at - left + 1, ahead.since)
            found.append(RiskEvaluation("time_to_exhaustion", threshold, first))
        elif burn_rate.is_budget_exhausted_within(
            None if projected is None else projected - ahead.as_of, left / CLEARING_SHARE
        ):
            assert projected is not None
            keeps = not burn_rate.is_budget_exhausted_within(projected - ahead.as_of, left)
            found.append(RiskEvaluation("time_to_exhaustion", threshold, ahead.as_of, keeps=keeps))
            again.append((ahead.as_of // MINUTE + 1) * MINUTE)
    return found, min(again, default=None)


def _projection(ahead: AvailabilityForecast, tenths: Fraction) -> tuple[int | None, int | None]:
    """Return (since, change) of the projection that more than the share ``tenths`` of the budget is spent.

    ``since`` is when the projection began to say this; None if it does not say this. ``change`` is the next instant at
    which the projection begins or ceases to say this, if the last known state lasts; None if there is no such instant.

    The change is where the balance, down − tenths × (1 − objective) × counted time, passes zero. If less than a twelfth
    of the window is counted, a twelfth of the window is taken as the counted time.
    """
    allowed = tenths * (1 - ahead.terms.objective)
    policy = StateCountingPolicy(ahead.terms.unknown, ahead.terms.degraded)
    early, unit = _slopes(policy, allowed, is_early=True)
    late, _ = _slopes(policy, allowed)
    counted = ahead.up_then + ahead.down_then
    least = sum(end - start for start, end in ahead.evaluated_hours) // LEAST_PACE_DIVISOR
    balance = int(unit * (ahead.down_then - allowed * max(counted, least)))
    since = ahead.since if balance > 0 else None
    for start, end, state in availability.clip_segments_to_service_hours(ahead.segments, ahead.evaluated_hours):
        counts = policy.counts_as(state)
        passes = 0 if counts == "removed" else end - start
        until = start + max(0, min(passes, int(least - counted)))
        counted += passes
        for begins, ends, slope in ((start, until, early[counts]), (until, end, late[counts])):
            after = balance + slope * (ends - begins)
            if slope and (after > 0) == (since is None):
                at = begins + (-balance // slope + 1 if since is None else -(-balance // -slope))
                if at > ahead.as_of:
                    return since, at
                since = at if since is None else None
            balance = after
    return since, None


def _slopes(policy: StateCountingPolicy, allowed: Fraction, *, is_early: bool = False) -> tuple[dict[str, int], int]:
    """Return (slopes, unit). A slope ÷ ``unit`` is the change of the balance of ``_projection`` per microsecond.

    There is one slope for each way in which time can count: as up, as down, as removed or, if degraded time has a
    weight, as degraded.

    ``is_early``: less than a twelfth of the window has been counted, so only downtime changes the balance.
    """
    weight = policy.weight
    unit = allowed.denominator * (1 if weight is None else weight.denominator)
    allowed = Fraction(0) if is_early else allowed
    slopes = {"up": -allowed, "down": 1 - allowed, "removed": Fraction(0)}
    if weight is not None:
        slopes[policy.degraded] = 1 - weight - allowed
    return {counts: int(slope * unit) for counts, slope in slopes.items()}, unit


def evaluate_burn_rate_risks(passed: UptimeSums, as_of: UtcMicroseconds) -> list[RiskEvaluation]:
    """Return the burn rate warnings at ``as_of``. The burn rate is the share of downtime ÷ (1 − objective).

    A pair warns if the burn rates of both windows are above the factor. If both reach nine tenths of the factor, but
    not both are above the factor, the returned warning only keeps an open warning open.
    """
    found = []
    for pair in passed.terms.warn_at.pairs:
        # The short window is cheaper and both must be above the factor, so it is checked first.
        short = _burn_rate_over(passed, as_of - pair.short, as_of)
        if short < CLEARING_SHARE * pair.factor:
            continue
        rate = _burn_rate_over(passed, as_of - pair.long, as_of)
        if rate >= CLEARING_SHARE * pair.factor and rate:
            keeps = min(short, rate) <= pair.factor
            found.append(RiskEvaluation("burn_rate", pair.name, as_of, None, rate, None, keeps))
    return found


def _burn_rate_over(passed: UptimeSums, start: UtcMicroseconds, end: UtcMicroseconds) -> Fraction:
    good, total = passed.within(start, end)
    rate = burn_rate.compute_burn_rate(
        Fraction(total - good, passed.unit), Fraction(total, passed.unit), passed.terms.objective
    )
    return rate or Fraction(0)


def evaluate_downtime_budget_drops(
    passed: UptimeSums, terms: FigureTarget, start: UtcMicroseconds, as_of: UtcMicroseconds, budget: Fraction
) -> list[RiskEvaluation]:
    """Return the warnings of budget drops. The terms name pairs (share of the budget, time).

    A pair warns if its share was spent within its time. If less than the share was spent, but at least nine tenths of
    it, the returned warning only keeps an open warning open. Budget spent before ``start`` does not count.
    """
    found = []
    for share, within in terms.warn_at.drops:
        down = passed.lost(max(start, as_of - within), as_of)
        if down and burn_rate.is_budget_drop_worth_warning(down, CLEARING_SHARE * share * budget):
            threshold = f"{float(share * 100):g}/{durations.to_iso(within)}"
            keeps = not burn_rate.is_budget_drop_worth_warning(down, share * budget)
            found.append(RiskEvaluation("budget_drop", threshold, as_of, keeps=keeps))
    return found


def find_longest_warning_lookback(terms: FigureTarget) -> int | None:
    """Return how far burn rates and budget drops look back at most, in microseconds; None if the terms have neither."""
    looks = [pair.long for pair in terms.warn_at.pairs] + [within for _, within in terms.warn_at.drops]
    return max(looks, default=None)


def build_uptime_sums_until(
    states: StateProvider,
    terms: FigureTarget,
    begins_at: UtcMicroseconds,
    as_of: UtcMicroseconds,
    excluded: Sequence[Interval],
) -> UptimeSums:
    """Return the uptime sums up to ``as_of`` that the warnings of burn rates and budget drops need."""
    passed = UptimeSums(terms, excluded, max(begins_at, as_of - (find_longest_warning_lookback(terms) or 0)))
    passed.follow(states, as_of, None)
    return passed


def can_warnings_change_without_facts(passed: UptimeSums, states: StateProvider, as_of: UtcMicroseconds) -> bool:
    """Whether burn rate and drop warnings may change without new facts: the service was down within the time to which
    these warnings look back, or is down at ``as_of``.
    """
    if passed.lost(as_of - (find_longest_warning_lookback(passed.terms) or 0), as_of):
        return True
    policy = StateCountingPolicy(passed.terms.unknown, passed.terms.degraded)
    return any(policy.counts_as(each.state) not in ("up", "removed") for each in states.segments(as_of, as_of + 1))
