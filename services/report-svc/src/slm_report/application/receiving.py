"""The reaction to received events: each is stored under its id, and the reports that it affects are marked as stale.

A stale report may be out of date and is built again.

A batch of events is collected first and then stored, so that a thousand events need few statements. Nothing here
depends on the order of topics: a breach may be received before its agreement, a plan before its risk.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from slm_events import instants
from slm_events.agreement import AgreementLifeEvent, AgreementTerms
from slm_events.catalogue import BREACHES, PUBLISHED
from slm_events.clocks import ClockStopped, TicketClockEvent
from slm_events.exclusions import ExclusionDecided, ExclusionEvent, ExclusionRevoked
from slm_events.instants import UtcMicroseconds
from slm_events.monitor import (
    AgreementCaughtUp,
    BreachRevised,
    BreachWithdrawn,
    ImportJudged,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetRecovered,
    TargetResultEvent,
    WindowClosed,
)
from slm_events.review import ActionCompleted, ActionOpened, ActionPlanEnded, ActionPlanOpened
from slm_report.application.ports import ReceivedFacts, Reports


@dataclass
class Batch:
    """Events that were received together, one list for each kind of event, in the order of arrival."""

    versions: list[AgreementTerms] = field(default_factory=list)
    ends: list[AgreementLifeEvent] = field(default_factory=list)
    windows: list[WindowClosed] = field(default_factory=list)
    breaches: list[TargetBreached] = field(default_factory=list)
    withdrawals: list[BreachWithdrawn] = field(default_factory=list)
    recoveries: list[TargetRecovered] = field(default_factory=list)
    risks: list[TargetAtRisk] = field(default_factory=list)
    clearings: list[RiskCleared] = field(default_factory=list)
    clocks: list[TicketClockEvent] = field(default_factory=list)
    """Stops of ticket clocks, and later changes of a clock, which undo its stop."""
    plans: list[ActionPlanOpened] = field(default_factory=list)
    plan_ends: list[ActionPlanEnded] = field(default_factory=list)
    actions: list[ActionOpened] = field(default_factory=list)
    completions: list[ActionCompleted] = field(default_factory=list)
    decisions: list[ExclusionDecided] = field(default_factory=list)
    revocations: list[ExclusionRevoked] = field(default_factory=list)
    imports: list[ImportJudged] = field(default_factory=list)
    imported: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(agreement, import) → the number of events on the topic ``slm.breaches`` that the import caused."""
    caught_up: list[AgreementCaughtUp] = field(default_factory=list)
    catching_up: Counter[tuple[str, int]] = field(default_factory=Counter)
    """(agreement, version) → the number of events on the topic ``slm.breaches`` that the evaluation of the version's
    past caused.
    """
    stale: dict[str, int] = field(default_factory=dict)
    """Agreement → the earliest instant from which its reports may be out of date."""

    def mark(self, agreement_id: str, since: UtcMicroseconds) -> None:
        """Record that reports of an agreement may be out of date: for the period that contains ``since``, and for later
        periods.

        ``since`` is in microseconds UTC. If an earlier instant is recorded for the agreement already, it is kept.
        """
        self.stale[agreement_id] = min(since, self.stale.get(agreement_id, since))


def count_catch_up_event(batch: Batch, event: TargetResultEvent | TicketClockEvent) -> None:
    """Count the event if an import, or the evaluation of a signed version's past, caused it.

    Only events on the topic ``slm.breaches`` count. The agreement's reports wait until all of them have been received.
    """
    if event.import_id is not None:
        batch.imported[event.agreement_id, event.import_id] += PUBLISHED[type(event)].topic is BREACHES
    if event.catch_up is not None:
        batch.catching_up[event.agreement_id, event.catch_up] += PUBLISHED[type(event)].topic is BREACHES


async def store_batch(heard: ReceivedFacts, reports: Reports, batch: Batch) -> None:
    """Store a batch of events in one transaction, and mark the reports that it affects as stale."""
    # Only the store knows when a clock stopped before, and when a withdrawn breach was certain.
    for agreement_id, stopped_at in await heard.earlier_stops(batch.clocks):
        batch.mark(agreement_id, stopped_at)
    await heard.keep(batch)
    certain = await heard.certain_at([event.breach_id for event in batch.withdrawals])
    for event in batch.withdrawals:
        if event.breach_id in certain:
            batch.mark(event.agreement_id, _last_instant(event, instants.to_text(certain[event.breach_id])))
    await reports.mark_stale(batch.stale)


def agreement_terms_adopted(batch: Batch, event: AgreementTerms) -> None:
    """Collect a version that was signed or put on record.

    The agreement's reports wait until the past of the version has been evaluated.
    """
    batch.versions.append(event)
    # monitor-svc publishes an event when it has judged the past by these terms, even if there is no past.
    batch.catching_up[event.agreement_id, event.version] += 0
    batch.mark(event.agreement_id, instants.from_text(event.effective_at))


def agreement_ended(batch: Batch, event: AgreementLifeEvent) -> None:
    """Collect the end of a version. The report of the period in which it ended, and later reports, are stale."""
    batch.ends.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.at) - 1)


def window_closed(batch: Batch, event: WindowClosed) -> None:
    """Collect a closed or restated window, which also matters to the trends of later reports."""
    batch.windows.append(event)
    batch.mark(event.agreement_id, _last_instant(event, event.closed_at))


def target_breached(batch: Batch, event: TargetBreached) -> None:
    """Collect a published breach."""
    batch.breaches.append(event)
    batch.mark(event.agreement_id, _last_instant(event, event.certain_at))


def breach_revised(batch: Batch, event: BreachRevised) -> None:
    """Collect a revised breach. If the revision moves the breach to another period, the report of the period in which
    the breach was before becomes stale, too.
    """
    target_breached(batch, event)
    batch.mark(event.agreement_id, _last_instant(event, event.before.get("certain_at") or event.certain_at))


def breach_withdrawn(batch: Batch, event: BreachWithdrawn) -> None:
    """Collect the withdrawal of a breach. ``store_batch`` marks the report as stale, by the stored breach's instant."""
    batch.withdrawals.append(event)


def target_recovered(batch: Batch, event: TargetRecovered) -> None:
    """Collect the recovery of a rolling target."""
    batch.recoveries.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.recovered_at))


def target_at_risk(batch: Batch, event: TargetAtRisk) -> None:
    """Collect a warning that both parties may see. Both get the same report, so it contains no other warnings."""
    if event.hidden_from_party_id is not None:
        return
    batch.risks.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.at))


def risk_cleared(batch: Batch, event: RiskCleared) -> None:
    """Collect the end of a warning that both parties may see."""
    if event.hidden_from_party_id is not None:
        return
    batch.clearings.append(event)
    batch.mark(event.agreement_id, _last_instant(event, event.at))


def clock_stopped(batch: Batch, event: ClockStopped) -> None:
    """Collect the stop of a ticket's clock."""
    batch.clocks.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.at))


def clock_changed(batch: Batch, event: TicketClockEvent) -> None:
    """Collect a change of a ticket's clock other than a stop.

    Such a change undoes an earlier stop of the clock. ``store_batch`` marks the report that contains this stop as
    stale.
    """
    batch.clocks.append(event)


def plan_opened(batch: Batch, event: ActionPlanOpened) -> None:
    """Collect an action plan that both parties may see."""
    if event.hidden_from_party_id is not None:
        return
    batch.plans.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.opened_at))


def plan_ended(batch: Batch, event: ActionPlanEnded) -> None:
    """Collect the end of an action plan that both parties may see."""
    if event.hidden_from_party_id is not None:
        return
    batch.plan_ends.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.ended_at))


def action_opened(batch: Batch, event: ActionOpened) -> None:
    """Collect an improvement action."""
    batch.actions.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.opened_at))


def action_completed(batch: Batch, event: ActionCompleted) -> None:
    """Collect the completion of an improvement action."""
    batch.completions.append(event)
    batch.mark(event.agreement_id, instants.from_text(event.completed_at))


def exclusion_decided(batch: Batch, event: ExclusionDecided) -> None:
    """Collect a decision about an exclusion."""
    batch.decisions.append(event)
    _mark_excluded(batch, event)


def exclusion_revoked(batch: Batch, event: ExclusionRevoked) -> None:
    """Collect the revocation of an exclusion."""
    batch.revocations.append(event)
    _mark_excluded(batch, event)


def import_judged(batch: Batch, event: ImportJudged) -> None:
    """Collect the end of the evaluation of an import, with the final number of breach events that it caused."""
    batch.imports.append(event)


def agreement_caught_up(batch: Batch, event: AgreementCaughtUp) -> None:
    """Collect the end of the evaluation of a signed version's past, with the final number of breach events that it
    caused.
    """
    batch.caught_up.append(event)


def _mark_excluded(batch: Batch, event: ExclusionEvent) -> None:
    for interval in event.intervals:
        batch.mark(event.agreement_id, instants.from_text(interval["from"]))


def _last_instant(event: TargetResultEvent, at: str) -> UtcMicroseconds:
    """Return the instant (microseconds UTC) that decides in which period a result is reported.

    A result at the end of its window is moved just before that end, so that it belongs to the period of the window.
    """
    instant = instants.from_text(at)
    return instant if event.window_end_at is None else min(instant, instants.from_text(event.window_end_at) - 1)
