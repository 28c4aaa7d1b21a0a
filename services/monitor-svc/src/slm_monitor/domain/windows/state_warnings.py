"""Warnings of a time budget other than thresholds: burn rates, the projection, drops and exhaustion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_calendar import durations
from slm_calendar.intervals import Interval
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import BEHIND, RiskEvaluation
from slm_monitor.domain.states import availability
from slm_monitor.domain.states.availability import StatePolicy
from slm_monitor.domain.states.timeline import Segment, StateProvider
from slm_monitor.domain.states.uptime_sums import UptimeSums
from slm_monitor.domain.terms import burn_rate
from slm_monitor.domain.terms.terms import ServiceLevelTarget

LEAST_OF_A_WINDOW = 12
"""The pace of a window is measured over at least this part (one twelfth) of it."""


@dataclass(frozen=True, slots=True)
class WindowForecast:
    """A window as known at ``as_of``, and its future if the last known state lasts."""

    terms: ServiceLevelTarget
    start: int
    end: int
    as_of: int
    up: int | Fraction
    down: int | Fraction
    budget: Fraction
    exhausted_at: int | None
    since: int
    """The start of the present state. ``up_then`` and ``down_then`` are the sums up to this instant."""
    up_then: int | Fraction
    down_then: int | Fraction
    segments: Sequence[Segment]
    """The states from ``since`` on."""
    evaluated_hours: Sequence[Interval]

    def projected_at(self) -> int | None:
        """Return when the budget is spent: at the known instant, else at the window's pace so far; None if after its
        end.
        """
        if self.exhausted_at is not None:
            return self.exhausted_at
        if not self.down or self.as_of <= self.start:
            return None
        # The pace is that of the window so far, over at least a twelfth of it: its first minutes predict nothing.
        known = min(self.as_of, self.end)
        passed = max(known - self.start, -(-(self.end - self.start) // LEAST_OF_A_WINDOW))
        at = known + int((self.budget - self.down) * passed / self.down)
        return at if at < self.end else None


def warnings_ahead(ahead: WindowForecast) -> tuple[list[RiskEvaluation], int | None]:
    """Return the warnings that hold, or will hold at a future ``at``, and when time alone may end one that holds."""
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
            near, ends_at = _projection(ahead, BEHIND)
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
        elif burn_rate.warns_of_exhaustion(None if projected is None else projected - ahead.as_of, left / BEHIND):
            assert projected is not None
            keeps = not burn_rate.warns_of_exhaustion(projected - ahead.as_of, left)
            found.append(RiskEvaluation("time_to_exhaustion", threshold, ahead.as_of, keeps=keeps))
            again.append((ahead.as_of // MINUTE + 1) * MINUTE)
    return found, min(again, default=None)


def _projection(ahead: WindowForecast, tenths: Fraction) -> tuple[int | None, int | None]:
    """Return since when the projected figure spends more than ``tenths`` of the budget (None if it does not), and when
    this changes if the last known state lasts (None if it does not).

    It changes where the balance down − tenths × (1 − objective) × counted time passes zero. Counted time is taken as at
    least a twelfth of the window.
    """
    assert ahead.terms.objective is not None
    allowed = tenths * (1 - ahead.terms.objective)
    policy = StatePolicy(ahead.terms.unknown, ahead.terms.degraded)
    early, unit = _slopes(policy, allowed, is_early=True)
    late, _ = _slopes(policy, allowed)
    counted = ahead.up_then + ahead.down_then
    least = sum(end - start for start, end in ahead.evaluated_hours) // LEAST_OF_A_WINDOW
    balance = int(unit * (ahead.down_then - allowed * max(counted, least)))
    since = ahead.since if balance > 0 else None
    for start, end, state in availability.inside(ahead.segments, ahead.evaluated_hours):
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


def _slopes(policy: StatePolicy, allowed: Fraction, *, is_early: bool = False) -> tuple[dict[str, int], int]:
    """Return how fast the balance changes for each way in which time counts, in 1/unit per microsecond, and the unit.

    ``is_early``: less than a twelfth of the window has been counted, so only downtime changes the balance.
    """
    weight = policy.weight
    unit = allowed.denominator * (1 if weight is None else weight.denominator)
    allowed = Fraction(0) if is_early else allowed
    slopes = {"up": -allowed, "down": 1 - allowed, "removed": Fraction(0)}
    if weight is not None:
        slopes[policy.degraded] = 1 - weight - allowed
    return {counts: int(slope * unit) for counts, slope in slopes.items()}, unit


def burn_rate_risks(passed: UptimeSums, as_of: int) -> list[RiskEvaluation]:
    """Return the warnings of the burn rate pairs at ``as_of``: downtime share ÷ (1 − objective) in both windows."""
    found = []
    for pair in passed.terms.warn_at.pairs:
        # The short window is cheaper and both must be above the factor, so it is checked first.
        short = _burn_rate_over(passed, as_of - pair.short, as_of)
        if short < BEHIND * pair.factor:
            continue
        rate = _burn_rate_over(passed, as_of - pair.long, as_of)
        if rate >= BEHIND * pair.factor and rate:
            keeps = min(short, rate) <= pair.factor
            found.append(RiskEvaluation("burn_rate", pair.name, as_of, None, rate, None, keeps))
    return found


def _burn_rate_over(passed: UptimeSums, start: int, end: int) -> Fraction:
    assert passed.terms.objective is not None
    good, total = passed.within(start, end)
    rate = burn_rate.burn_rate_of(
        Fraction(total - good, passed.unit), Fraction(total, passed.unit), passed.terms.objective
    )
    return rate or Fraction(0)


def downtime_drops(
    passed: UptimeSums, terms: ServiceLevelTarget, start: int, as_of: int, budget: Fraction
) -> list[RiskEvaluation]:
    """Return the drops that hold: the share of the window's budget that was spent within the time."""
    found = []
    for share, within in terms.warn_at.drops:
        down = passed.lost(max(start, as_of - within), as_of)
        if down and burn_rate.warns_of_drop(down, BEHIND * share * budget):
            threshold = f"{float(share * 100):g}/{durations.to_iso(within)}"
            keeps = not burn_rate.warns_of_drop(down, share * budget)
            found.append(RiskEvaluation("budget_drop", threshold, as_of, keeps=keeps))
    return found


def longest_lookback(terms: ServiceLevelTarget) -> int | None:
    """Return the longest lookback, in microseconds, of burn rates and budget drops; None if the terms have neither."""
    looks = [pair.long for pair in terms.warn_at.pairs] + [within for _, within in terms.warn_at.drops]
    return max(looks, default=None)


def uptime_sums_until(
    states: StateProvider, terms: ServiceLevelTarget, begins_at: int, as_of: int, excluded: Sequence[Interval]
) -> UptimeSums:
    """Return the uptime sums that these warnings need, up to ``as_of``."""
    passed = UptimeSums(terms, excluded, max(begins_at, as_of - (longest_lookback(terms) or 0)))
    passed.follow(states, as_of, None)
    return passed


def may_move_by_time(passed: UptimeSums, states: StateProvider, as_of: int) -> bool:
    """Whether burn rates and drops may change by time alone: something was down lately, or is down now."""
    if passed.lost(as_of - (longest_lookback(passed.terms) or 0), as_of):
        return True
    policy = StatePolicy(passed.terms.unknown, passed.terms.degraded)
    return any(policy.counts_as(each.state) not in ("up", "removed") for each in states.segments(as_of, as_of + 1))
