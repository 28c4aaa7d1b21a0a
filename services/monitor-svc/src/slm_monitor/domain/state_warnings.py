"""What puts a time budget at risk besides its thresholds: burn rates, a projection, a sudden drop, an end in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_calendar import durations
from slm_calendar.intervals import Interval
from slm_monitor.domain import availability, burn_rate
from slm_monitor.domain.availability import Policy
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.findings import RiskFinding
from slm_monitor.domain.passed_time import PassedTime
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import Segment, States


@dataclass(frozen=True, slots=True)
class Ahead:
    """A window as it stands at ``as_of``, and what of it is still to come, the last known state lasting."""

    terms: ServiceLevelTarget
    start: int
    end: int
    as_of: int
    up: int | Fraction
    down: int | Fraction
    budget: Fraction
    exhausted_at: int | None
    since: int
    """Where the state that holds at ``as_of`` began, and what the window had come to by then."""
    up_then: int | Fraction
    down_then: int | Fraction
    segments: Sequence[Segment]
    """From ``since`` on."""
    judged: Sequence[Interval]

    def projected_at(self) -> int | None:
        """When the budget is spent: at the known instant, else at the pace of the window so far; None beyond its
        end."""
        if self.exhausted_at is not None:
            return self.exhausted_at
        if not self.down or self.as_of <= self.start:
            return None
        at = self.start + int((min(self.as_of, self.end) - self.start) * self.budget / self.down)
        return at if at < self.end else None


def others(ahead: Ahead) -> tuple[list[RiskFinding], int | None]:
    """The warnings that hold, or will (``at`` lies ahead then), and when time alone may end one that holds."""
    if ahead.as_of >= ahead.end:
        return [], None
    warn_at = ahead.terms.warn_at
    found: list[RiskFinding] = []
    again: list[int] = []
    if warn_at.projected:
        since, turns_at = _projection(ahead)
        if since is not None:
            found.append(RiskFinding("projection", "objective", since))
            again += [turns_at] if turns_at is not None else []
        elif turns_at is not None:
            found.append(RiskFinding("projection", "objective", turns_at))
    projected = ahead.projected_at()
    for left in warn_at.exhaustion:
        threshold = durations.to_iso(left)
        if ahead.exhausted_at is not None:
            # The first instant at which less than that is left.
            first = max(ahead.exhausted_at - left + 1, ahead.since)
            found.append(RiskFinding("time_to_exhaustion", threshold, first))
        elif burn_rate.warns_of_exhaustion(None if projected is None else projected - ahead.as_of, left):
            found.append(RiskFinding("time_to_exhaustion", threshold, ahead.as_of))
            again.append((ahead.as_of // MINUTE + 1) * MINUTE)
    return found, min(again, default=None)


def _projection(ahead: Ahead) -> tuple[int | None, int | None]:
    """Since when the figure, going on at the window's pace, ends below the objective, None where it does not; and when
    that turns if the last known state lasts: the balance down − (1 − objective) × counted time passes zero."""
    assert ahead.terms.objective is not None
    allowed = 1 - ahead.terms.objective
    policy = Policy(ahead.terms.unknown, ahead.terms.degraded)
    slopes, unit = _slopes(policy, allowed)
    balance = int(unit * (ahead.down_then - allowed * (ahead.up_then + ahead.down_then)))
    since = ahead.since if balance > 0 else None
    for start, end, state in availability.inside(ahead.segments, ahead.judged):
        slope = slopes[policy.counts_as(state)]
        after = balance + slope * (end - start)
        if (after > 0) == (since is None):
            at = start + (-balance // slope + 1 if since is None else -(-balance // -slope))
            if at > ahead.as_of:
                return since, at
            since = at if since is None else None
        balance = after
    return since, None


def _slopes(policy: Policy, allowed: Fraction) -> tuple[dict[str, int], int]:
    """How fast the balance moves, by how time counts, in whole parts of a microsecond; and how many parts there are."""
    weight = policy.weight
    unit = allowed.denominator * (1 if weight is None else weight.denominator)
    slopes = {"up": -allowed, "down": 1 - allowed, "removed": Fraction(0)}
    if weight is not None:
        slopes[policy.degraded] = 1 - weight - allowed
    return {counts: int(slope * unit) for counts, slope in slopes.items()}, unit


def burning(passed: PassedTime, as_of: int) -> list[RiskFinding]:
    """The burn rate pairs that hold at ``as_of``: the share of downtime in both windows ÷ (1 − objective) is above the
    factor."""
    found = []
    for pair in passed.terms.warn_at.pairs:
        # The short window first: without it the long one cannot warn.
        if _rate(passed, as_of - pair.short, as_of) <= pair.factor:
            continue
        rate = _rate(passed, as_of - pair.long, as_of)
        if rate > pair.factor:
            found.append(RiskFinding("burn_rate", pair.name, as_of, None, rate, None))
    return found


def _rate(passed: PassedTime, start: int, end: int) -> Fraction:
    assert passed.terms.objective is not None
    good, total = passed.within(start, end)
    return burn_rate.of(Fraction(total - good, passed.unit), Fraction(total, passed.unit), passed.terms.objective)


def drops(passed: PassedTime, terms: ServiceLevelTarget, start: int, as_of: int, budget: Fraction) -> list[RiskFinding]:
    """The drops that hold: so much of the budget of the window begun at ``start`` went within so long."""
    found = []
    for share, within in terms.warn_at.drops:
        down = passed.lost(max(start, as_of - within), as_of)
        if down and burn_rate.warns_of_drop(down, share * budget):
            threshold = f"{float(share * 100):g}/{durations.to_iso(within)}"
            found.append(RiskFinding("budget_drop", threshold, as_of))
    return found


def longest(terms: ServiceLevelTarget) -> int | None:
    """How far back the warnings look that are looked at by the minute; None where there are none."""
    looks = [pair.long for pair in terms.warn_at.pairs] + [within for _, within in terms.warn_at.drops]
    return max(looks, default=None)


def passed_until(
    states: States, terms: ServiceLevelTarget, begins_at: int, as_of: int, excluded: Sequence[Interval]
) -> PassedTime:
    """The sums that these warnings look at."""
    passed = PassedTime(terms, excluded, max(begins_at, as_of - (longest(terms) or 0)))
    passed.follow(states, as_of, None)
    return passed


def moves(passed: PassedTime, states: States, as_of: int) -> bool:
    """Whether anything was down lately, or is: without it no rate rises or falls by time alone."""
    if passed.lost(as_of - (longest(passed.terms) or 0), as_of):
        return True
    policy = Policy(passed.terms.unknown, passed.terms.degraded)
    return any(policy.counts_as(each.state) not in ("up", "removed") for each in states.segments(as_of, as_of + 1))
