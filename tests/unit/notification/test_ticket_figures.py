"""What a ticket's fields say, for every mixture of clocks."""

from __future__ import annotations

from typing import Any

import pytest

from slm_notification.domain.ticket_figures import KnownClock, TicketFigures, figures_of, has_open_clock


def clock(state: str, deadline_at: int | None, kind: str = "resolution", *, breached: bool = False) -> KnownClock:
    return KnownClock(
        target_id=f"{kind}-{state}", clock=kind, state=state, deadline_at=deadline_at, is_breached=breached
    )


CASES: dict[str, tuple[list[KnownClock], TicketFigures | None]] = {
    "no clock": ([], None),
    "one runs": ([clock("running", 100)], TicketFigures(100, "running", False)),
    "the soonest that runs": (
        [clock("running", 100), clock("paused", 50, "response")],
        TicketFigures(50, "paused", False),
    ),
    "a met response gives way": (
        [clock("running", 100), clock("met", 50, "response")],
        TicketFigures(100, "running", False),
    ),
    "a missed response gives way, and is told": (
        [clock("running", 100), clock("running", 50, "response", breached=True)],
        TicketFigures(100, "running", True),
    ),
    "a breach may be known before its clock says so": (
        [clock("running", 100, breached=True)],
        TicketFigures(100, "breached", True),
    ),
    "a deadline missed before the agreement is no breach": (
        [clock("breached", 100)],
        TicketFigures(100, "breached", False),
    ),
    "all missed: the latest": (
        [clock("running", 100, breached=True), clock("breached", 50, "response", breached=True)],
        TicketFigures(100, "breached", True),
    ),
    "all over: the worst": (
        [clock("met", 100), clock("completed_late", 50, "response", breached=True)],
        TicketFigures(100, "completed_late", True),
    ),
    "a withdrawn breach": ([clock("completed_late", 50)], TicketFigures(50, "completed_late", False)),
    "cancelled beside met": (
        [clock("cancelled", 900, breached=True), clock("met", 50, "response")],
        TicketFigures(50, "met", False),
    ),
    "all cancelled": ([clock("cancelled", 100, breached=True)], TicketFigures(None, "cancelled", False)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_figures_of_a_ticket(name: str) -> None:
    clocks, expected = CASES[name]
    assert figures_of(clocks) == expected
    assert figures_of(list(reversed(clocks))) == expected


def test_only_wanted_clocks_count() -> None:
    clocks = [clock("running", 100), clock("running", 50, "response", breached=True)]
    assert figures_of(clocks, ["resolution"]) == TicketFigures(100, "running", False)
    assert figures_of(clocks, ["update"]) is None
    assert has_open_clock(clocks, ["resolution"]) and not has_open_clock(clocks, ["update"])


@pytest.mark.parametrize(
    ("state", "is_open"), [("running", True), ("paused", True), ("breached", True), ("met", False)]
)
def test_open_clocks(state: str, is_open: bool) -> None:
    found: Any = has_open_clock([clock(state, 1)])
    assert found is is_open
