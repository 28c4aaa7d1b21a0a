"""Short outages in random histories equal a sweep, minute by minute, that is written from the rules alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pytest

from slm_calendar.intervals import Interval
from slm_monitor.application.evaluators.states.rolling_state_target import RollingAvailabilityTarget
from slm_monitor.application.evaluators.states.state_target import StatesOf
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.facts.facts import MINUTE, Fact
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState
from slm_monitor.domain.states.state_history import StateHistory
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import availability_evaluation
from slm_monitor.domain.windows.availability_evaluation import AvailabilityProgress
from tests.support.monitor import PROVIDER, at, available, line_of

BEGIN = at("2026-11-03T00:00")
LENGTH = 3 * 1440
"""Minutes of a history: a Tuesday, a Wednesday and a Thursday."""
SPAN = (1440, 2880)
"""The minutes of the window: the Wednesday."""
_PROMISED = Fraction("0.99")


@dataclass
class Made:
    """A history by the minute: states, open minutes and excluded minutes."""

    terms: dict[str, Any]
    states: list[str]
    is_open: list[bool]
    is_excluded: list[bool]

    @classmethod
    def of(cls, seed: int) -> Made:
        rng = random.Random(seed)
        office = rng.random() < 0.5
        terms = {
            "ignore_outages_shorter_than": f"PT{rng.choice([1, 3, 5, 20, 90])}M",
            "short_outages": rng.choice(["whole", "whole", "excess"]),
            "planned_downtime": rng.choice(["removed", "excused"]),
            "unknown": rng.choice(["removed", "removed", "up", "down"]),
            "degraded": rng.choice(["up", "down", "removed"]),
            "service_hours": "business" if office else "24x7",
        }
        states: list[str] = []
        while len(states) < LENGTH:
            near = any(abs(len(states) % 1440 - edge) < 30 for edge in (0, 480, 1080, 1440))
            state = rng.choice(
                ["down", "up", "unknown", "degraded"] if near else ["up", "up", "down", "unknown", "degraded"]
            )
            states += [state] * rng.choice([1, 2, 3, 4, 5, 6, 30, rng.randrange(1, 200)])
        is_excluded = [False] * LENGTH
        for _ in range(rng.randrange(8)):
            start = rng.randrange(LENGTH)
            for minute in range(start, min(LENGTH, start + rng.randrange(1, 90))):
                is_excluded[minute] = True
        is_open = [not office or 480 <= minute % 1440 < 1080 for minute in range(LENGTH)]
        return cls(terms, states[:LENGTH], is_open, is_excluded)

    @property
    def target(self) -> dict[str, Any]:
        return available("99", window="day", **self.terms)

    @property
    def exclusions(self) -> list[Interval]:
        return [(BEGIN + n * MINUTE, BEGIN + (n + 1) * MINUTE) for n in range(LENGTH) if self.is_excluded[n]]

    def facts(self) -> list[Fact]:
        return [
            Fact(f"{PROVIDER}/payments.checkout", f"{n:05}", BEGIN + n * MINUTE, {"state": self.states[n]})
            for n in range(LENGTH)
            if n == 0 or self.states[n] != self.states[n - 1]
        ]

    # -- the sweep ----------------------------------------------------------------------------------------------

    def limit(self) -> int:
        return int(str(self.terms["ignore_outages_shorter_than"])[2:-1])

    def counts(self, minute: int) -> str:
        """Return how a minute counts by its state alone: up, down, removed, or closed."""
        if not self.is_open[minute]:
            return "closed"
        if self.is_excluded[minute]:
            return "closed" if self.terms["planned_downtime"] == "removed" else "up"
        state = self.states[minute]
        return str(self.terms.get(state, state))

    @cached_property
    def stretches(self) -> list[list[int]]:
        """Return the stretches of downtime as lists of minutes, whatever comes between them and does not count."""
        found: list[list[int]] = []
        current: list[int] = []
        for minute in range(LENGTH):
            if not self.is_open[minute] or self.is_excluded[minute] or self.states[minute] == "unknown":
                continue
            counts = self.counts(minute)
            if counts == "down":
                current.append(minute)
            elif counts == "up" and current:
                found.append(current)
                current = []
        return [*found, current] if current else found

    def swept(self, as_of: int, first: int, end: int) -> tuple[int, int, int]:
        """Return the minutes (up, down, removed) from ``first`` to before ``end``, as known just before ``as_of``."""
        short = set()
        for stretch in self.stretches:
            seen = [minute for minute in stretch if minute < as_of]
            is_excess = self.terms["short_outages"] == "excess"
            short |= set(seen[: self.limit()]) if is_excess or len(seen) < self.limit() else set()
        sums = {"up": 0, "down": 0, "removed": 0, "closed": 0}
        for minute in range(first, min(end, as_of)):
            sums["up" if minute in short else self.counts(minute)] += 1
        return sums["up"], sums["down"], sums["removed"]

    def certain_at(self) -> int | None:
        """Return the instant from which it is certain that the window misses its objective, in microseconds."""
        service = sum(self.counts(minute) != "closed" for minute in range(*SPAN))
        before = -(1 - _PROMISED) * service
        for as_of in range(SPAN[0] + 1, LENGTH + 1):
            _, down, removed = self.swept(as_of, *SPAN)
            balance = down - (1 - _PROMISED) * (service - removed)
            if balance > 0:
                # The last minute, as if no outage had become long enough at its end.
                _, down_then, removed_then = self.swept(as_of - 1, *SPAN)
                last = as_of - 1
                runs = next((each for each in self.stretches if last in each), None)
                is_plain = runs is None or runs.index(last) >= self.limit()
                if last < SPAN[1]:
                    down_then += self.counts(last) == "down" and is_plain
                    removed_then += self.counts(last) == "removed"
                slowly = down_then - (1 - _PROMISED) * (service - removed_then)
                if slowly <= 0:
                    return BEGIN + as_of * MINUTE
                part = -before / (slowly - before)
                return BEGIN + last * MINUTE + -int(-(part * MINUTE) // 1)
            before = balance
        return None


def timeline_of(facts: Sequence[Fact]) -> Any:
    return StateHistory(facts).timeline("unknown")


def terms_of(made: Made) -> ServiceLevelTarget:
    return line_of(made.target).latest


@pytest.mark.parametrize("seed", range(40))
def test_figure_and_breach_equal_the_sweep(seed: int) -> None:
    made = Made.of(seed)
    span = (BEGIN + SPAN[0] * MINUTE, BEGIN + SPAN[1] * MINUTE)
    for as_of in (LENGTH, SPAN[1] + 1, random.Random(seed).randrange(SPAN[0] + 1, LENGTH)):
        facts = [each for each in made.facts() if each.at < BEGIN + as_of * MINUTE]
        found = availability_evaluation.evaluate_availability(
            timeline_of(facts), terms_of(made), *span, BEGIN + as_of * MINUTE, (), made.exclusions
        )
        up, down, removed = made.swept(as_of, *SPAN)
        assert (found.good, found.total - found.good) == (up * MINUTE, down * MINUTE), as_of
        counted = sum(made.counts(minute) != "closed" for minute in range(*SPAN))
        assert found.detail["budget"] is not None
        assert Fraction(found.detail["budget"]) == (1 - _PROMISED) * (counted - removed) * MINUTE
        if as_of == LENGTH:
            known = found.breached_at if found.breached_at and found.breached_at <= BEGIN + as_of * MINUTE else None
            assert known == made.certain_at()


@pytest.mark.parametrize("seed", range(20))
def test_an_evaluation_that_goes_on_equals_one_from_the_start(seed: int) -> None:
    made, rng = Made.of(1_000 + seed), random.Random(seed)
    span = (BEGIN + SPAN[0] * MINUTE, BEGIN + SPAN[1] * MINUTE)
    terms, excluded = terms_of(made), made.exclusions
    history = StateHistory()
    waiting = made.facts()
    passed: AvailabilityProgress = availability_evaluation.begin_availability_progress(terms, span, excluded)
    as_of = BEGIN
    while as_of < BEGIN + LENGTH * MINUTE:
        as_of += rng.choice([1, MINUTE, 7 * MINUTE, rng.randrange(300 * MINUTE)])
        since: int | None = None
        while waiting and (waiting[0].at <= as_of or rng.random() < 0.1):
            changed = history.add(waiting.pop(0))[1]
            since = changed if since is None or (changed is not None and changed < since) else since
        if not passed.holds(terms, span, excluded, since):
            passed = availability_evaluation.begin_availability_progress(terms, span, excluded)
        states = history.timeline("unknown")
        if as_of <= span[0]:
            continue
        found, passed = availability_evaluation.continue_availability_progress(states, passed, as_of, (), since)
        anew = availability_evaluation.evaluate_availability(states, terms, *span, as_of, (), excluded)
        assert (found.detail, found.missed, found.again) == (anew.detail, anew.missed, anew.again)


@pytest.mark.parametrize("seed", range(20))
def test_rolling_windows_equal_the_sweep(seed: int) -> None:
    made, rng = Made.of(2_000 + seed), random.Random(seed)
    target = {**made.target, "window": {"rolling": "PT2H"}}
    line = line_of(target, effective_at="2026-11-03T00:00:00Z")
    facts, history = made.facts(), StateHistory()
    rolled = RollingAvailabilityTarget(TargetState(line))
    rolled.amend(line)
    out = _Excluding(made.exclusions)
    as_of = BEGIN
    while as_of < BEGIN + LENGTH * MINUTE:
        as_of = min(as_of + rng.randrange(1, 400) * MINUTE, BEGIN + LENGTH * MINUTE)
        since: int | None = None
        while facts and facts[0].at <= as_of:
            changed = history.add(facts.pop(0))[1]
            since = changed if since is None or (changed is not None and changed < since) else since
        rolled.evaluate(_always(history), out, since, EvaluationMoment(as_of, as_of), EvaluationChanges())
    last = (BEGIN + LENGTH * MINUTE) // MINUTE
    source = rolled._rolled(_always(history), out, line.latest, last - LENGTH + 1, last, None)
    windows = source.windows(rolled.target_state.line.latest, last - LENGTH + 1, last)
    good, total = windows.good, windows.total  # type: ignore[attr-defined]
    wrong = []
    for minute in range(200, LENGTH, 11):
        up, down, _ = made.swept(minute, max(0, minute - 120), minute)
        if (int(good[minute - 1]), int(total[minute - 1])) != (up * MINUTE, (up + down) * MINUTE):
            wrong.append(minute)
    assert not wrong and np.all(good <= total)


def _always(history: StateHistory) -> StatesOf:
    timeline = history.timeline("unknown")
    return lambda _: timeline


class _Excluding(ExclusionIndex):
    """Exclusions that are the same for every target."""

    def __init__(self, excluded: Sequence[Interval]) -> None:
        self._same = list(excluded)

    def intervals_of(self, terms: ServiceLevelTarget) -> list[Interval]:
        return self._same
