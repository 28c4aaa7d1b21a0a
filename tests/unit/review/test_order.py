"""Topics are not ordered against each other, and events come more than once: the outcome is the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from slm_review.application import agreements, breaches, plans, proposals, reports, windows
from tests.support.review import (
    MemoryLedger,
    at_risk,
    breached,
    cleared,
    closed,
    drafted,
    finalized,
    month,
    reported,
    restated,
    withdrawn,
)

Told = tuple[Callable[[Any, Any], Awaitable[None]], Any]
OCTOBER, NOVEMBER, DECEMBER = month(10), month(11), month(12)

BREACHES: list[Told] = [
    (plans.open_plan, at_risk("averted", "2026-10-10T00:00", window=OCTOBER)),
    (plans.end_plan, cleared("averted", "averted", "2026-10-11T00:00", OCTOBER)),
    (plans.open_plan, at_risk("closed", "2026-10-20T00:00", window=OCTOBER, responsible={})),
    (plans.end_plan, cleared("closed", "window_closed", "2026-11-01T00:00", OCTOBER)),
    (plans.open_plan, at_risk("failed", "2026-11-10T00:00")),
    (breaches.handle_breach, breached("b", "2026-11-10T01:00")),
    (plans.end_plan, cleared("failed", "breached", "2026-11-10T01:00")),
    (breaches.handle_breach, breached("c", "2026-12-10T01:00", DECEMBER)),
    (breaches.withdraw_breach, withdrawn("c", window=DECEMBER)),
    (breaches.handle_breach, breached("c", "2026-12-10T01:00", DECEMBER, revision=1)),
]
TARGETS: list[Told] = [
    *((windows.keep_window, closed(month(number))) for number in (7, 8, 9)),
    (windows.keep_window, closed(OCTOBER, "met", "9991/100")),
    (windows.keep_window, closed(NOVEMBER, "breached", "9980/100")),
    (windows.keep_window, restated(NOVEMBER, "breached", "9985/100")),
]
REPORTS: list[Told] = [
    (reports.keep_report, reported("november")),
    (reports.keep_report, reported("november", revision=1)),
]
AGREEMENTS: list[Told] = [
    (agreements.keep_agreement, finalized(review={"on_breach": True})),
    (proposals.link_amendment, drafted(None)),
]
TOPICS = [BREACHES, TARGETS, REPORTS, AGREEMENTS]


@st.composite
def deliveries(draw: st.DrawFn) -> list[Told]:
    """The topics' events, each topic in its order, some events at once again."""
    turns = draw(st.permutations([topic for topic, events in enumerate(TOPICS) for _ in events]))
    waiting = [iter(events) for events in TOPICS]
    told: list[Told] = []
    for turn in turns:
        event = next(waiting[turn])
        told += [event] * draw(st.integers(1, 2))
    return told


def outcome(ledger: MemoryLedger) -> Any:
    return (
        sorted((plan.risk_id, plan.state, plan.breach_id) for plan in ledger.plans.values.values()),
        sorted((review.review_id, review.state) for review in ledger.reviews.values.values()),
        sorted((item.kind, item.ref_id, item.state) for item in ledger.agenda.values.values()),
        sorted(ledger.proposals.values),
        sorted((type(event).__name__, subject(event)) for event in ledger.published),
    )


def subject(event: Any) -> str:
    return str(
        next(getattr(event, name) for name in ("plan_id", "review_id", "proposal_id") if getattr(event, name, 0))
    )


async def play(told: list[Told]) -> MemoryLedger:
    ledger = MemoryLedger("2026-12-20T00:00")
    for use_case, event in told:
        await use_case(ledger, event)
    return ledger


@settings(max_examples=150, deadline=None)
@given(deliveries())
async def test_any_order_between_topics_and_any_repetition_has_one_outcome(told: list[Told]) -> None:
    agreement_first = await play([*AGREEMENTS, *BREACHES, *TARGETS, *REPORTS])
    assert outcome(await play(told)) == outcome(agreement_first)
