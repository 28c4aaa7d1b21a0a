"""The instant from which a clock differs from its published state: derived targets are evaluated again from it."""

from __future__ import annotations

import pytest

from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.lifecycle.target_state import PublishedClock, TicketClock
from tests.support.monitor import at, resolved, terms_of

OPENED, LATE, SOON = at("2026-11-04T12:00"), at("2026-11-04T18:00"), at("2026-11-04T09:00")
(TARGET,) = terms_of(resolved())


@pytest.mark.parametrize(
    ("clock", "told", "since"),
    [
        ((OPENED, LATE, None), PublishedClock(), OPENED),
        ((OPENED, LATE, LATE), PublishedClock(), OPENED),
        ((OPENED, SOON, SOON), PublishedClock(), SOON),
        ((OPENED, LATE, None), PublishedClock("breached", SOON, started_at=OPENED), SOON),
        ((OPENED, LATE, None), PublishedClock("met", LATE, started_at=SOON), SOON),
    ],
    ids=["runs", "late", "past due when it was attached", "was past due", "had begun before"],
)
def test_a_clock_affects_results_from_its_earliest_old_or_new_instant(
    clock: tuple[int, int, int | None], told: PublishedClock, since: int
) -> None:
    started_at, deadline_at, breached_at = clock
    held = TicketClockState(TARGET, started_at, deadline_at, "running", started_at, breached_at=breached_at)
    assert TicketClock("party", "desk", "T1", held, None, told).since == since
