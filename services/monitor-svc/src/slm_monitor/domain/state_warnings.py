"""What puts a time budget at risk besides its thresholds: burn rates, a projection, a sudden drop, an end in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_calendar import durations
from slm_calendar.intervals import Interval
from slm_monitor.domain import availability, burn_rate, exclusions
from slm_monitor.domain.availability import Policy
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.findings import RiskFinding
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import DEGRADED, DOWN, Segment, States


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
        held, turns_at = _projection(ahead)
        if held:
            # It holds from the beginning of the state on, until time alone ends it.
            if turns_at is None or turns_at > ahead.as_of:
                found.append(RiskFinding("projection", "objective", ahead.since))
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


def _projection(ahead: Ahead) -> tuple[bool, int | None]:
    """Whether, as the state that holds now began, the figure going on at the window's pace would have ended below the
    objective; and when that turns while the state lasts: the balance down − (1 − objective) × counted time passes
    zero."""
    assert ahead.terms.objective is not None
    allowed = 1 - ahead.terms.objective
    policy = Policy(ahead.terms.unknown, ahead.terms.degraded)
    balance = ahead.down_then - allowed * (ahead.up_then + ahead.down_then)
    holds = balance > 0
    for piece in availability.inside(ahead.segments, ahead.judged):
        slope = _slope(policy, piece.state, allowed)
        length = piece.end - piece.start
        if holds and slope < 0:
            wait = -(-balance // -slope)
            if wait <= length:
                return holds, piece.start + int(wait)
        elif not holds and slope > 0:
            wait = -balance // slope + 1
            if wait <= length:
                return holds, piece.start + int(wait)
        balance += slope * length
    return holds, None


def _slope(policy: Policy, state: str, allowed: Fraction) -> Fraction:
    counts = policy.counts_as(state)
    if counts == "removed":
        return Fraction(0)
    down = {"up": Fraction(0), "down": Fraction(1)}.get(counts)
    return (1 - Fraction(counts) if down is None else down) - allowed


def burning(
    states: States, terms: ServiceLevelTarget, begins_at: int, as_of: int, excluded: Sequence[Interval] = ()
) -> list[RiskFinding]:
    """The burn rate pairs that hold at ``as_of``: the share of downtime in both windows ÷ (1 − objective) is above the
    factor. Windows are clipped to the term."""
    found = []
    for pair in terms.warn_at.pairs:
        # The short window first: without it the long one cannot warn.
        if _rate(states, terms, max(begins_at, as_of - pair.short), as_of, excluded) <= pair.factor:
            continue
        rate = _rate(states, terms, max(begins_at, as_of - pair.long), as_of, excluded)
        if rate > pair.factor:
            found.append(RiskFinding("burn_rate", pair.name, as_of, None, rate, None))
    return found


def drops(
    states: States, terms: ServiceLevelTarget, start: int, as_of: int, budget: Fraction, excluded: Sequence[Interval]
) -> list[RiskFinding]:
    """The drops that hold: so much of the window's budget went within so long."""
    found = []
    for share, within in terms.warn_at.drops:
        down = _measured(states, terms, max(start, as_of - within), as_of, excluded).down
        if down and burn_rate.warns_of_drop(Fraction(down), share * budget):
            threshold = f"{float(share * 100):g}/{durations.to_iso(within)}"
            found.append(RiskFinding("budget_drop", threshold, as_of))
    return found


def longest(terms: ServiceLevelTarget) -> int | None:
    """How far back the warnings look that are looked at by the minute; None where there are none."""
    looks = [pair.long for pair in terms.warn_at.pairs] + [within for _, within in terms.warn_at.drops]
    return max(looks, default=None)


def was_down(states: States, since: int, as_of: int) -> bool:
    """Whether anything was down lately: without it no rate rises or falls by time alone."""
    return any(each.state in (DOWN, DEGRADED) for each in states.segments(since, as_of + 1))


def _rate(states: States, terms: ServiceLevelTarget, start: int, end: int, excluded: Sequence[Interval]) -> Fraction:
    assert terms.objective is not None
    seen = _measured(states, terms, start, end, excluded)
    return burn_rate.of(seen.down, seen.up + seen.down, terms.objective)


def _measured(
    states: States, terms: ServiceLevelTarget, start: int, end: int, excluded: Sequence[Interval]
) -> availability.AvailabilityFigure:
    assert terms.objective is not None
    segments, open_intervals = exclusions.applied(
        states.segments(start, end), terms.hours.intervals(start, end), excluded, terms
    )
    policy = Policy(terms.unknown, terms.degraded)
    return availability.measure(segments, open_intervals, end, terms.objective, policy)
