"""What is done on hearing each event: keep it under its id, and mark what has to be reported again because of it.

Nothing here depends on the order between topics: a breach may be heard before its agreement, a plan before its risk.
"""

from __future__ import annotations

from dataclasses import dataclass

from slm_events import instants
from slm_events.agreement import AgreementFinalized, AgreementTurned
from slm_events.clocks import ClockStopped
from slm_events.monitor import (
    BreachWithdrawn,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetJudged,
    TargetRecovered,
    WindowClosed,
)
from slm_events.review import ActionOpened, ActionPlanEnded, ActionPlanOpened
from slm_report.application.ports import Heard, Reports


@dataclass(frozen=True, slots=True)
class Ear:
    """The two stores, in the transaction in which an event is handled."""

    heard: Heard
    reports: Reports


async def agreement_finalized(ear: Ear, event: AgreementFinalized) -> None:
    await ear.heard.keep_version(event)
    await ear.reports.mark_stale(event.agreement_id, instants.from_text(event.effective_at))


async def agreement_ended(ear: Ear, event: AgreementTurned) -> None:
    await ear.heard.keep_end(event)
    await ear.reports.mark_stale(event.agreement_id, instants.from_text(event.at) - 1)


async def window_closed(ear: Ear, event: WindowClosed) -> None:
    """Also a restated one: every later report's trend rests on it too."""
    await ear.heard.keep_window(event)
    await ear.reports.mark_stale(event.agreement_id, _last_instant(event, event.closed_at))


async def target_breached(ear: Ear, event: TargetBreached) -> None:
    await ear.heard.keep_breach(event)
    await ear.reports.mark_stale(event.agreement_id, _last_instant(event, event.certain_at))


async def breach_withdrawn(ear: Ear, event: BreachWithdrawn) -> None:
    await ear.heard.keep_withdrawal(event)
    certain_at = await ear.heard.breach_certain_at(event.breach_id)
    if certain_at is not None:
        certain = instants.to_text(certain_at)
        await ear.reports.mark_stale(event.agreement_id, _last_instant(event, certain))


async def target_recovered(ear: Ear, event: TargetRecovered) -> None:
    await ear.heard.keep_recovery(event)
    await ear.reports.mark_stale(event.agreement_id, instants.from_text(event.recovered_at))


async def target_at_risk(ear: Ear, event: TargetAtRisk) -> None:
    await ear.heard.keep_risk(event)
    await ear.reports.mark_stale(event.agreement_id, instants.from_text(event.at))


async def risk_cleared(ear: Ear, event: RiskCleared) -> None:
    await ear.heard.keep_clearing(event)
    await ear.reports.mark_stale(event.agreement_id, _last_instant(event, event.at))


async def clock_stopped(ear: Ear, event: ClockStopped) -> None:
    since = await ear.heard.keep_clock(event)
    await ear.reports.mark_stale(event.agreement_id, since)


async def plan_opened(ear: Ear, event: ActionPlanOpened) -> None:
    await ear.heard.keep_plan(event)
    await ear.reports.mark_stale(event.agreement_id, instants.from_text(event.opened_at))


async def plan_ended(ear: Ear, event: ActionPlanEnded) -> None:
    await ear.heard.keep_plan_end(event)
    await ear.reports.mark_stale(event.agreement_id, instants.from_text(event.ended_at))


async def action_opened(ear: Ear, event: ActionOpened) -> None:
    await ear.heard.keep_action(event)
    await ear.reports.mark_stale(event.agreement_id, instants.from_text(event.opened_at))


def _last_instant(event: TargetJudged, at: str) -> int:
    """When a finding counts: what is established at a window's end belongs into that window, not after it."""
    instant = instants.from_text(at)
    return instant if event.window_end_at is None else min(instant, instants.from_text(event.window_end_at) - 1)
