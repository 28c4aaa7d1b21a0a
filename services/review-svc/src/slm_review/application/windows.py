"""Attained figures: kept for agendas, and for proposing a better target where they leave room for one."""

from __future__ import annotations

from slm_events.monitor import WindowClosed
from slm_review.application import agenda, plans, proposals
from slm_review.application.ledger import Ledger
from slm_review.domain import decisions, findings, raising
from slm_review.domain.agreements import Agreement, version_id


async def keep(ledger: Ledger, event: WindowClosed) -> None:
    """A window closed or was restated; of its revisions the highest counts."""
    await ledger.lock(event.agreement_id)
    window = findings.attained(event)
    known = await ledger.windows.get(window.attained_id)
    if known is not None and known.revision >= window.revision:
        return
    await ledger.windows.put(window)
    await agenda.add_window(ledger, window)
    await plans.settle_window(ledger, window.agreement_id, window.agreement_version, window.target_id, window.window_id)
    agreement = await ledger.agreements.get(version_id(window.agreement_id, window.agreement_version))
    if agreement is not None:
        await _propose(ledger, agreement, window.target_id)


async def complete(ledger: Ledger, agreement: Agreement) -> None:
    """Judge the windows that were heard before their agreement."""
    for terms in agreement.targets:
        await _propose(ledger, agreement, terms["target_id"])


async def _propose(ledger: Ledger, agreement: Agreement, target_id: str) -> None:
    """Propose to raise a target met comfortably often enough, once for the same terms and while they hold."""
    if agreement.ended_at is not None:
        return
    whose = {"agreement_id": agreement.agreement_id, "agreement_version": agreement.version, "target_id": target_id}
    run = raising.comfortable_run(await ledger.windows.find(**whose), agreement.after_met_windows)
    if not run or await ledger.proposals.find(**whose, origin="attained"):
        return
    proposal = decisions.from_attained(agreement, run, ledger.now)
    if proposal is not None:
        await proposals.make(ledger, proposal)
