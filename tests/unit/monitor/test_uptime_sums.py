"""Sums of passed time equal a fresh measurement of any interval, also after late facts."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest

from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.states import availability, excluded_time, uptime_sums
from slm_monitor.domain.states.availability import ServiceTimeMeter, StateCountingPolicy
from slm_monitor.domain.states.state_history import StateHistory
from slm_monitor.domain.states.uptime_sums import UptimeSums
from tests.support.monitor import DAY, HOUR, at, available, line_of

START, END = at("2026-11-01T00:00"), at("2026-12-01T00:00")


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"service_hours": "business", "degraded": {"weight": "2/7"}},
        {"planned_downtime": "excused", "unknown": "down", "degraded": "down"},
    ],
)
def test_a_stretch_comes_to_what_measuring_it_gives(terms: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uptime_sums, "_LEFT_AT_ONCE", 3)
    seeded = random.Random(3)
    target = line_of(available("99", **terms)).latest
    excluded = [(at("2026-11-10T09:00"), at("2026-11-10T12:00"))]
    policy = StateCountingPolicy(target.unknown, target.degraded)
    record, passed = StateHistory(), UptimeSums(target, excluded, START)
    now = START
    for number in range(150):
        now += seeded.randrange(1, 9 * HOUR)
        late = seeded.randrange(2 * DAY) if seeded.random() < 0.1 else 0
        state = seeded.choice(["up", "down", "degraded", "unknown"])
        _, since = record.add(Fact("s", f"{number}", max(START, now - late), {"state": state}))
        timeline = record.timeline("up", 6 * HOUR)
        passed.follow(timeline, now, since)
        passed.forget_before(now - 6 * DAY)
        for _ in range(3):
            start = seeded.randrange(max(START - DAY, now - 5 * DAY), now)
            end = seeded.randrange(max(start, START), now + 1)
            segments, judged = excluded_time.apply_exclusions_to_states(
                timeline.segments(max(start, START), end),
                target.hours.intervals(max(start, START), end),
                excluded,
                target,
            )
            seen = ServiceTimeMeter(policy, [])
            for piece in availability.clip_segments_to_service_hours(segments, judged):
                seen.advance(piece)
            good, total = passed.within(start, end)
            assert (Fraction(good, passed.unit), Fraction(total, passed.unit)) == (seen.up, seen.up + seen.down)
            assert passed.lost(start, end) == seen.down
