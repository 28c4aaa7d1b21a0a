"""What is done on hearing events: keep each under its id, and mark what has to be reported again because of it.

A batch of events is noted first and kept after that, so that a thousand events cost a few statements. Nothing here
depends on the order between topics: a breach may be heard before its agreement, a plan before its risk.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from slm_events import instants
from slm_events.agreement import AgreementFinalized, AgreementTurned
from slm_events.catalogue import BREACHES, PUBLISHED
from slm_events.clocks import ClockMoved, ClockStopped
from slm_events.monitor import (
    AgreementCaughtUp,
    BreachRevised,
    BreachWithdrawn,
    ExclusionDecided,
    ExclusionMoved,
    ExclusionRevoked,
    ImportJudged,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetJudged,
    TargetRecovered,
    WindowClosed,
)
from slm_events.review import ActionCompleted, ActionOpened, ActionPlanEnded, ActionPlanOpened
from slm_report.application.ports import ReceivedFacts, Reports


@dataclass
class Batch:
    """Events heard together, by what is kept of them, each list in the order of hearing."""

    versions: list[AgreementFinalized] = field(default_factory=list)
    ends: list[AgreementTurned] = field(default_factory=list)
    windows: list[WindowClosed] = field(default_factory=list)
    breaches: list[TargetBreached] = field(default_factory=list)
    withdrawals: list[BreachWithdrawn] = field(default_factory=list)
    recoveries: list[TargetRecovered] = field(default_factory=list)
    risks: list[TargetAtRisk] = field(default_factory=list)
    clearings: list[RiskCleared] = field(default_factory=list)
    clocks: list[ClockMoved] = field(default_factory=list)
    """Stops, and what comes after a stop: it holds no more."""
    plans: list[ActionPlanOpened] = field(default_factory=list)
    plan_ends: list[ActionPlanEnded] = field(default_factory=list)
    actions: list[ActionOpened] = field(default_factory=list)
    completions: list[ActionCompleted] = field(default_factory=list)
    decisions: list[ExclusionDecided] = field(default_factory=list)
    revocations: list[ExclusionRevoked] = field(default_factory=list)
    imports: list[ImportJudged] = field(default_factory=list)
    imported: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(agreement, import) → events of breaches and risks among these that tell of its history."""
    caught_up: list[AgreementCaughtUp] = field(default_factory=list)
    catching_up: Counter[tuple[str, int]] = field(default_factory=Counter)
    """(agreement, version) → likewise of what was recorded before the version was signed."""
    stale: dict[str, int] = field(default_factory=dict)
    """Agreement → the earliest instant from which its reports may no longer say what is known."""

    def mark(self, agreement_id: str, since: int) -> None:
        self.stale[agreement_id] = min(since, self.stale.get(agreement_id, since))


def note_import(batch: Batch, event: TargetJudged | ClockMoved) -> None:
    """An event that tells of an import's history, or of what was recorded before terms were signed: the agreement's
    reports wait until all of it has been heard."""
    if event.import_id is not None:
        batch.imported[event.agreement_id, event.import_id] += PUBLISHED[type(event)].topic is BREACHES
    if event.catch_up is not None:
        batch.catching_up[event.agreement_id, event.catch_up] += PUBLISHED[type(event)].topic is BREACHES


async def keep(heard: ReceivedFacts, reports: Reports, batch: Batch) -> None:
    """Keep a batch in one transaction, and mark the reports that it concerns."""
    # Where a clock stopped before, and when a withdrawn breach was certain, is known to the store alone.
    for agreement_id, stopped_at in await heard.earlier_stops(batch.clocks):
        batch.mark(agreement_id, stopped_at)
    await heard.keep(batch)
    certain = await heard.certain_at([event.breach_id for event in batch.withdrawals])
    for event in batch.withdrawals:
        if event.breach_id in certain:
            batch.mark(event.agreement_id, _last_instant(event, instants.to_text(certain[event.breach_id])))
    await reports.mark_stale(batch.stale)


def agreement_finalized(batch: Batch, event: AgreementFinalized) -> None:
    batch.versions.append(event)
    # monitor-svc says when it has judged the past by these terms, also where there is none.
    batch.catching_up[event.agreement_id, event.version] += 0
    batch.mark(event.agreement_id, instants.from_text(event.effective_at))


def agreement_ended(batch: Batch, event: AgreementTurned) -> None:
    batch.ends.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.at) - 1)


def window_closed(batch: Batch, event: WindowClosed) -> None:
    """Also a restated one: every later report's trend rests on it too."""
    batch.windows.append(event)
    batch.mark(event.agreement_id, _last_instant(event, event.closed_at))


def target_breached(batch: Batch, event: TargetBreached) -> None:
    batch.breaches.append(event)
    batch.mark(event.agreement_id, _last_instant(event, event.certain_at))


def breach_revised(batch: Batch, event: BreachRevised) -> None:
    """The breach as it is now; the period in which it was before has to be reported again too."""
    target_breached(batch, event)
    batch.mark(event.agreement_id, _last_instant(event, event.before.get("certain_at") or event.certain_at))


def breach_withdrawn(batch: Batch, event: BreachWithdrawn) -> None:
    batch.withdrawals.append(event)


def target_recovered(batch: Batch, event: TargetRecovered) -> None:
    batch.recoveries.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.recovered_at))


def target_at_risk(batch: Batch, event: TargetAtRisk) -> None:
    batch.risks.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.at))


def risk_cleared(batch: Batch, event: RiskCleared) -> None:
    batch.clearings.append(event)
    batch.mark(event.agreement_id, _last_instant(event, event.at))


def clock_stopped(batch: Batch, event: ClockStopped) -> None:
    batch.clocks.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.at))


def clock_goes_on(batch: Batch, event: ClockMoved) -> None:
    """A clock that had stopped may have been taken up again, or never have been: the period of its stop says so."""
    batch.clocks.append(event)


def plan_opened(batch: Batch, event: ActionPlanOpened) -> None:
    batch.plans.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.opened_at))


def plan_ended(batch: Batch, event: ActionPlanEnded) -> None:
    batch.plan_ends.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.ended_at))


def action_opened(batch: Batch, event: ActionOpened) -> None:
    batch.actions.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.opened_at))


def action_completed(batch: Batch, event: ActionCompleted) -> None:
    batch.completions.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.completed_at))


def exclusion_decided(batch: Batch, event: ExclusionDecided) -> None:
    batch.decisions.append(event)
    _mark_excluded(batch, event)


def exclusion_revoked(batch: Batch, event: ExclusionRevoked) -> None:
    batch.revocations.append(event)
    _mark_excluded(batch, event)


def import_judged(batch: Batch, event: ImportJudged) -> None:
    batch.imports.append(event)


def agreement_caught_up(batch: Batch, event: AgreementCaughtUp) -> None:
    batch.caught_up.append(event)


def _mark_excluded(batch: Batch, event: ExclusionMoved) -> None:
    for interval in event.intervals:
        batch.mark(event.agreement_id, instants.from_text(interval["from"]))


def _last_instant(event: TargetJudged, at: str) -> int:
    """When a finding counts: what is established at a window's end belongs into that window, not after it."""
    instant = instants.from_text(at)
    return instant if event.window_end_at is None else min(instant, instants.from_text(event.window_end_at) - 1)
