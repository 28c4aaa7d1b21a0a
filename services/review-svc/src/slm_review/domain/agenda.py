"""The items of a review's agenda: breaches, closed windows, reports, open actions and proposals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_review.domain.decisions import Action
from slm_review.domain.findings import AttainedWindow, Breach, PublishedReport
from slm_review.domain.proposed import Proposal
from slm_review.domain.reviews import Review


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaItem:
    """One item of a review's agenda; ``at`` is microseconds UTC."""

    item_id: str
    review_id: str
    agreement_id: str
    kind: str
    """What the item is about: ``breach`` | ``window`` | ``restatement`` | ``report`` | ``action`` | ``proposal``."""
    ref_id: str
    at: UtcMicroseconds
    state: str
    """``withdrawn`` for a breach that was withdrawn, else ``standing``."""
    title: str
    detail: dict[str, Any]


def _item(review: Review, kind: str, ref_id: str, at: UtcMicroseconds, title: str, **detail: Any) -> AgendaItem:
    return AgendaItem(
        item_id=named_id(review.review_id, ref_id),
        review_id=review.review_id,
        agreement_id=review.agreement_id,
        kind=kind,
        ref_id=ref_id,
        at=at,
        state="standing",
        title=title,
        detail=detail,
    )


def breach_item(review: Review, breach: Breach) -> AgendaItem:
    """Return the agenda item of a breach."""
    item = _item(
        review,
        "breach",
        breach.breach_id,
        breach.certain_at or 0,
        f"{breach.target_title}: breached in {breach.window_id}",
        target_id=breach.target_id,
        target_key=breach.target_key,
        target_title=breach.target_title,
        window_id=breach.window_id,
        level=breach.level,
        objective=breach.objective,
        figure_display=breach.figure_display,
        shortfall=breach.shortfall,
        ticket=breach.ticket,
        revision=breach.revision,
        withdrawal_cause=breach.withdrawal_cause,
    )
    return item if breach.is_standing else replace(item, state="withdrawn")


def window_item(review: Review, window: AttainedWindow) -> AgendaItem:
    """Return the agenda item of a closed or restated window."""
    return _item(
        review,
        "restatement" if window.restatement_cause else "window",
        window.attained_id,
        window.closed_at,
        f"{window.target_title}: {window.figure_display} in {window.window_id}, {window.verdict}",
        target_id=window.target_id,
        target_key=window.target_key,
        target_title=window.target_title,
        window_id=window.window_id,
        verdict=window.verdict,
        objective=window.objective,
        figure=window.figure,
        figure_display=window.figure_display,
        restatement_cause=window.restatement_cause,
    )


def report_item(review: Review, report: PublishedReport) -> AgendaItem:
    """Return the agenda item of a published report."""
    return _item(
        review,
        "report",
        report.report_id,
        report.published_at,
        f"Service report {report.period}: {report.verdict}, breaches {report.breaches}",
        period=report.period,
        revision=report.revision,
        verdict=report.verdict,
        url=report.url,
    )


def action_item(review: Review, action: Action) -> AgendaItem:
    """Return the agenda item of an open improvement action."""
    return _item(
        review,
        "action",
        action.action_id,
        action.opened_at,
        f"Open action of {action.owner}: {action.text}",
        owner=action.owner,
        text=action.text,
        due_at=instants.to_text(action.due_at),
        target_id=action.target_id,
        expected_change=action.expected_change,
    )


def proposal_item(review: Review, proposal: Proposal) -> AgendaItem:
    """Return the agenda item of a target revision proposal."""
    titles = ", ".join(each["target_title"] for each in proposal.targets)
    return _item(
        review,
        "proposal",
        proposal.proposal_id,
        proposal.proposed_at,
        f"Proposed for {titles}: {proposal.targets[-1]['reason']}",
        proposal_state=proposal.state,
        targets=proposal.targets,
    )


def item_document(item: AgendaItem) -> dict[str, Any]:
    """Return an agenda item as events and answers contain it."""
    names = ("kind", "ref_id", "state", "title")
    return {name: getattr(item, name) for name in names} | {"at": instants.to_text(item.at)} | item.detail
