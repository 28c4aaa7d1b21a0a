"""Closed windows: they are stored, put on agendas, and can cause proposals of better objectives.

A window is met *comfortably* if at least half of its error budget is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_events.monitor import WindowClosed, WindowRestated
from slm_review.application import agenda, plans, proposals
from slm_review.application.ledger import Ledger
from slm_review.domain import agreements, findings, proposed, raising
from slm_review.domain.agreements import Agreement
from slm_review.domain.findings import AttainedWindow


async def keep_window(ledger: Ledger, event: WindowClosed) -> None:
    """Store a closed or restated window in its highest revision.

    The window goes on agendas, can end action plans, and can cause a proposal of a better objective.
    """
    await ledger.lock(event.agreement_id)
    window = findings.attained_window_of(event)
    known = await ledger.windows.get(window.attained_id)
    if known is not None and known.revision >= window.revision:
        return
    await ledger.windows.put(window)
    await agenda.add_window(ledger, window)
    await plans.settle_window(ledger, window.agreement_id, window.agreement_version, window.target_id, window.window_id)
    # A restated window may be long past. Then the latest windows are checked again.
    until_at = None if isinstance(event, WindowRestated) else window.window_end_at
    await _propose(ledger, window, until_at)


async def check_waiting_windows(ledger: Ledger, agreement: Agreement) -> None:
    """Check whether windows that arrived before their agreement cause proposals of better objectives.

    They are checked in the order of their ends.
    """
    heard = await ledger.windows.find(agreement_id=agreement.agreement_id)
    heard = [each for each in heard if each.agreement_version == agreement.version]
    for window in sorted(heard, key=lambda each: (each.window_end_at or 0, each.attained_id)):
        await _propose(ledger, window, window.window_end_at)


async def _propose(ledger: Ledger, window: AttainedWindow, until_at: UtcMicroseconds | None) -> None:
    """Propose a better objective for the window's target if the latest windows were met comfortably under its present
    terms. Nothing is proposed for an agreement on record, because nobody could answer.
    """
    versions = await ledger.agreements.find(agreement_id=window.agreement_id)
    agreement = agreements.newest_version(versions)
    if agreement is None or agreement.ended_at is not None or agreement.recorded_by_party_id is not None:
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
    target = proposed.raised_target(terms, runs)
    if target is not None:
        last_at = max(each.window_end_at or 0 for run in runs for each in run)
        await proposals.add_to_open_proposal(
            ledger, proposed.new_proposal_from_figures(agreement, target, last_at, ledger.now), target
        )


async def _runs(
    ledger: Ledger,
    agreement: Agreement,
    terms: dict[str, Any],
    window: AttainedWindow,
    until_at: UtcMicroseconds | None,
) -> list[Sequence[AttainedWindow]]:
    """Return the run of comfortably met windows of a target, or one run for each instance of a target with
    ``group_by``.

    The list is empty unless every instance has such a run. The instances' windows close one after the other, so the
    list is also empty until the last of them has closed.
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
