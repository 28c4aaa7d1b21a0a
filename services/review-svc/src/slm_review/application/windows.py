"""Closed windows: stored for agendas, and for proposals of better targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slm_events.monitor import WindowClosed, WindowRestated
from slm_review.application import agenda, plans, proposals
from slm_review.application.ledger import Ledger
from slm_review.domain import agreements, findings, proposed, raising
from slm_review.domain.agreements import Agreement
from slm_review.domain.findings import AttainedWindow


async def keep_window(ledger: Ledger, event: WindowClosed) -> None:
    """Store a closed or restated window. Of its revisions the highest counts."""
    await ledger.lock(event.agreement_id)
    window = findings.attained(event)
    known = await ledger.windows.get(window.attained_id)
    if known is not None and known.revision >= window.revision:
        return
    await ledger.windows.put(window)
    await agenda.add_window(ledger, window)
    await plans.settle_window(ledger, window.agreement_id, window.agreement_version, window.target_id, window.window_id)
    # A restated window may be long past. Then the latest windows are checked again.
    until_at = None if isinstance(event, WindowRestated) else window.window_end_at
    await _propose(ledger, window, until_at)


async def look_at_waiting_windows(ledger: Ledger, agreement: Agreement) -> None:
    """Check the windows that arrived before their agreement for proposals, in the order of their ends."""
    heard = await ledger.windows.find(agreement_id=agreement.agreement_id)
    heard = [each for each in heard if each.agreement_version == agreement.version]
    for window in sorted(heard, key=lambda each: (each.window_end_at or 0, each.attained_id)):
        await _propose(ledger, window, window.window_end_at)


async def _propose(ledger: Ledger, window: AttainedWindow, until_at: int | None) -> None:
    """Propose to raise a target whose latest windows were met comfortably, while its terms are in force."""
    versions = await ledger.agreements.find(agreement_id=window.agreement_id)
    agreement = agreements.newest(versions)
    if agreement is None or agreement.ended_at is not None:
        return
    terms = agreement.target_of(window.target_id, window.target_key)
    if terms is None or "objective" not in terms:
        return
    runs = await _runs(ledger, agreement, terms, window, until_at)
    if not runs or any(run[-1].objective != terms["objective"] for run in runs):
        return
    known = await ledger.proposals.find(agreement_id=agreement.agreement_id)
    if any(each.is_open and each.names(terms["target_id"]) for each in known):
        return
    refused_at = [each.ended_at or 0 for each in known if each.state == "declined" and each.names(terms["target_id"])]
    # After a decline, a whole new run of windows must end before the target is proposed again.
    if refused_at and any((each.window_end_at or 0) <= max(refused_at) for run in runs for each in run):
        return
    target = proposed.attained_target(terms, runs)
    if target is not None:
        last_at = max(each.window_end_at or 0 for run in runs for each in run)
        await proposals.collect(ledger, proposed.from_attained(agreement, target, last_at, ledger.now), target)


async def _runs(
    ledger: Ledger, agreement: Agreement, terms: dict[str, Any], window: AttainedWindow, until_at: int | None
) -> list[Sequence[AttainedWindow]]:
    """Return the comfortable run of a target, or of each instance of a target with ``group_by``.

    Empty unless all instances have one. Instances close one after the other: only the last one to close a window finds
    all runs.
    """
    needed = agreement.after_met_windows
    ids = [window.target_id]
    if window.target_id != terms["target_id"]:
        others = await ledger.windows.find(agreement_id=agreement.agreement_id)
        ids = sorted({each.target_id for each in others if agreements.is_instance(each.target_key, terms)})
    runs: list[Sequence[AttainedWindow]] = []
    for target_id in ids:
        latest = await ledger.latest_windows(agreement.agreement_id, target_id, until_at, needed)
        run = raising.comfortable_run(latest, needed)
        if not run or (len(ids) > 1 and run[-1].window_end_at != window.window_end_at):
            return []
        runs.append(run)
    return runs
