"""The agendas of reviews: assembled when a review opens, and extended while the review is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slm_review.application.ledger import Ledger
from slm_review.domain import agenda, reviews
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.findings import AttainedWindow, Breach, PublishedReport
from slm_review.domain.proposed import Proposal
from slm_review.domain.reviews import Review


async def assemble_agenda(ledger: Ledger, review: Review, opened_by: Breach | None = None) -> list[dict[str, Any]]:
    """Gather and store the agenda of a review, and return its items in the form that events use, earliest first.

    ``opened_by`` is the breach that opens the review, if any.
    """
    items = await gather_agenda_items(ledger, review, opened_by)
    await ledger.agenda.put(*items)
    return [agenda.item_document(item) for item in items]


async def gather_agenda_items(ledger: Ledger, review: Review, opened_by: Breach | None = None) -> list[AgendaItem]:
    """Return the agenda of a review, earliest item first. The review need not have opened.

    It contains breaches, windows and reports of the time that the review covers, and the agreement's open actions and
    proposals. If a breach opens the review, ``opened_by`` is this breach, and no other breach is on the agenda.
    """
    whose = {"agreement_id": review.agreement_id}
    breaches = [breach for breach in await ledger.breaches.find(**whose) if _concerns(review, breach)]
    items = [agenda.breach_item(review, breach) for breach in ([opened_by] if opened_by else breaches)]
    items += [agenda.window_item(review, each) for each in await ledger.windows.find(**whose) if _lies_in(review, each)]
    items += [
        agenda.report_item(review, each) for each in await ledger.reports.find(**whose) if _is_about(review, each)
    ]
    items += [agenda.action_item(review, each) for each in await ledger.actions.find(**whose, state="open")]
    proposals = [each for each in await ledger.proposals.find(**whose) if each.is_open]
    items += [agenda.proposal_item(review, each) for each in proposals]
    return sorted(items, key=lambda item: (item.at, item.item_id))


async def add_breach(ledger: Ledger, review: Review, breach: Breach) -> None:
    """Add a breach to the agenda of a review."""
    await ledger.agenda.put(agenda.breach_item(review, breach))


async def revise_breach(ledger: Ledger, breach: Breach) -> None:
    """Update every agenda that has the breach, after it was withdrawn or published again."""
    for item in await ledger.agenda.find(agreement_id=breach.agreement_id, kind="breach", ref_id=breach.breach_id):
        review = await ledger.reviews.get(item.review_id)
        if review is not None:
            await ledger.agenda.put(agenda.breach_item(review, breach))


async def add_window(ledger: Ledger, window: AttainedWindow) -> None:
    """Add a closed or restated window to the agendas of the open reviews whose time it overlaps."""
    await _add_to_open(
        ledger,
        window.agreement_id,
        lambda review: _lies_in(review, window),
        lambda review: agenda.window_item(review, window),
    )


async def add_report(ledger: Ledger, report: PublishedReport) -> None:
    """Add a published report to the agendas of the open reviews whose time its period overlaps."""
    await _add_to_open(
        ledger,
        report.agreement_id,
        lambda review: _is_about(review, report),
        lambda review: agenda.report_item(review, report),
    )


async def add_proposal(ledger: Ledger, proposal: Proposal) -> None:
    """Add a target revision proposal to the agendas of the open reviews, except the review that made it."""
    await _add_to_open(
        ledger,
        proposal.agreement_id,
        lambda review: review.review_id != proposal.review_id,
        lambda review: agenda.proposal_item(review, proposal),
    )


async def _add_to_open(
    ledger: Ledger, agreement_id: str, concerns: Callable[[Review], bool], item_of: Callable[[Review], AgendaItem]
) -> None:
    opened = await ledger.reviews.find(agreement_id=agreement_id, state="open")
    await ledger.agenda.put(*(item_of(review) for review in opened if concerns(review)))


def _concerns(review: Review, breach: Breach) -> bool:
    return breach.certain_at is not None and reviews.covers_interval(review, breach.certain_at, breach.certain_at)


def _lies_in(review: Review, window: AttainedWindow) -> bool:
    if window.window_start_at is None or window.window_end_at is None:
        return False
    return reviews.covers_interval(review, window.window_start_at, window.window_end_at)


def _is_about(review: Review, report: PublishedReport) -> bool:
    return reviews.covers_interval(review, report.period_start_at, report.period_end_at)
