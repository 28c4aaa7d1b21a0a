"""Target revision proposals. At most one is open for an agreement; further targets are added to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.agreement import AmendmentDrafted
from slm_events.instants import UtcMicroseconds
from slm_events.review import TargetRevisionDeclined, TargetRevisionProposed
from slm_review.domain import raising
from slm_review.domain.agreements import Agreement
from slm_review.domain.errors import AlreadyEnded
from slm_review.domain.findings import AttainedWindow

OPEN = frozenset({"proposed", "drafted"})
"""The states of a proposal that has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A target revision proposal: new objectives for targets of an agreement, and the draft amendment that answers
    them.
    """

    proposal_id: str
    review_id: str | None
    """The review that made the proposal; None if comfortably met windows caused it."""
    agreement_id: str
    agreement_version: int
    provider_party_id: str
    customer_party_id: str
    targets: list[dict[str, Any]]
    """The proposed targets in the order of proposing, each ``{"target_id", "target_key", "target_title",
    "present_objective", "objective", "reason"}``.
    """
    origin: str
    """What caused the first proposed target: ``review`` | ``attained`` (the latest figures)."""
    state: str = "proposed"
    """The state of the proposal: ``proposed`` | ``drafted`` (an amendment answers it) | ``agreed`` | ``declined`` |
    ``lapsed``.
    """
    proposed_by_party_id: str | None
    proposed_by_principal_id: str | None
    proposed_at: UtcMicroseconds
    amendment_version: int | None = None
    amendment_revision_hash: str | None = None
    drafted_at: UtcMicroseconds | None = None
    ended_at: UtcMicroseconds | None = None
    ended_by_party_id: str | None = None
    ended_by_principal_id: str | None = None
    end_reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the proposal has not ended: it is neither agreed nor declined nor lapsed."""
        return self.state in OPEN

    def names(self, target_id: str) -> bool:
        """Whether the proposal contains the target."""
        return any(each["target_id"] == target_id for each in self.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A draft version of an agreement that answers a proposal."""

    amendment_id: str
    agreement_id: str
    version: int
    revision_hash: str
    proposal_id: str
    drafted_at: UtcMicroseconds


def amendment(event: AmendmentDrafted) -> Amendment | None:
    """Return the draft amendment that the event describes; None if the draft answers no proposal."""
    if event.proposal_id is None:
        return None
    return Amendment(
        amendment_id=named_id(event.agreement_id, "amendment", event.version),
        agreement_id=event.agreement_id,
        version=event.version,
        revision_hash=event.revision_hash,
        proposal_id=event.proposal_id,
        drafted_at=instants.from_text(event.drafted_at),
    )


def answered_proposal(proposal: Proposal, draft: Amendment) -> Proposal:
    """Return the proposal after an amendment was drafted in answer.

    The same draft answers again, with a new revision, if a target was added to the proposal later. A proposal that has
    ended, or that another draft answers, is returned unchanged.
    """
    if not proposal.is_open or proposal.amendment_version not in (None, draft.version):
        return proposal
    return replace(
        proposal,
        state="drafted",
        amendment_version=draft.version,
        amendment_revision_hash=draft.revision_hash,
        drafted_at=draft.drafted_at,
    )


def proposed_target(
    terms: dict[str, Any], present: dict[str, Any], objective: dict[str, Any], reason: str
) -> dict[str, Any]:
    """Return one target of a proposal. ``terms`` are the target's terms, ``present`` is its objective so far."""
    return {
        "target_id": terms["target_id"],
        "target_key": terms["key"],
        "target_title": terms.get("title") or terms["key"],
        "present_objective": present,
        "objective": objective,
        "reason": reason,
    }


def proposal_with_target(proposal: Proposal, target: dict[str, Any]) -> Proposal:
    """Return the proposal with a further target. If it contains the target already, the new objective replaces the old
    one.
    """
    others = [each for each in proposal.targets if each["target_id"] != target["target_id"]]
    return replace(proposal, targets=[*others, target])


def new_proposal_from_figures(
    agreement: Agreement, target: dict[str, Any], until_at: UtcMicroseconds, now: UtcMicroseconds
) -> Proposal:
    """Return a new proposal that a run of comfortably met windows caused.

    ``until_at`` is the end of the run's last window. The proposal's id is derived from this instant, so that processing
    the events again makes the same proposal.
    """
    return Proposal(
        proposal_id=named_id(agreement.agreement_id, "raise", agreement.version, target["target_id"], until_at),
        review_id=None,
        agreement_id=agreement.agreement_id,
        agreement_version=agreement.version,
        provider_party_id=agreement.provider_party_id,
        customer_party_id=agreement.customer_party_id,
        targets=[target],
        origin="attained",
        proposed_by_party_id=None,
        proposed_by_principal_id=None,
        proposed_at=now,
    )


def raised_target(terms: dict[str, Any], runs: Sequence[Sequence[AttainedWindow]]) -> dict[str, Any] | None:
    """Return the target with the better objective that all runs allow; None if one of the runs allows none.

    ``runs``: the run of comfortably met windows of the target or, if it has instances, one run for each instance.
    """
    asked = [raising.raised_objective(run) for run in runs]
    wanted = [each for each in asked if each is not None]
    if not runs or len(wanted) < len(runs):
        return None
    attained = ", ".join(
        f"{_instance_of(window, terms)}{window.window_id} {window.figure_display}" for run in runs for window in run
    )
    reason = f"Met comfortably in each of the latest {len(runs[0])} periods: {attained}."
    return proposed_target(terms, runs[0][-1].objective, raising.least_strict_objective(wanted), reason)


def _instance_of(window: AttainedWindow, terms: dict[str, Any]) -> str:
    return "" if window.target_id == terms["target_id"] else f"{window.target_key} "


def declined_proposal(
    proposal: Proposal, reason: str, party_id: str | None, principal_id: str, now: UtcMicroseconds
) -> Proposal:
    """Return the proposal after a party declined it; raises AlreadyEnded if the proposal has ended."""
    if not proposal.is_open:
        raise AlreadyEnded(f"The proposal was {proposal.state} before.")
    return replace(
        proposal,
        state="declined",
        ended_at=now,
        ended_by_party_id=party_id,
        ended_by_principal_id=principal_id,
        end_reason=reason,
    )


def proposal_with_end(proposal: Proposal, state: str, reason: str, at: UtcMicroseconds) -> Proposal:
    """Return the proposal after a change of the agreement ended it; unchanged if it had ended before."""
    return replace(proposal, state=state, end_reason=reason, ended_at=at) if proposal.is_open else proposal


def target_revision_proposed_event(proposal: Proposal, target: dict[str, Any]) -> TargetRevisionProposed:
    """Return the event that proposes one target of a proposal.

    The first such event of a proposal causes a draft amendment; the targets of later events are added to that draft.
    """
    return TargetRevisionProposed(
        proposal_id=proposal.proposal_id,
        review_id=proposal.review_id,
        agreement_id=proposal.agreement_id,
        agreement_version=proposal.agreement_version,
        target_id=target["target_id"],
        target_key=target["target_key"],
        provider_party_id=proposal.provider_party_id,
        customer_party_id=proposal.customer_party_id,
        objective=target["objective"],
        reason=target["reason"],
        proposed_by_party_id=proposal.proposed_by_party_id,
        proposed_at=instants.to_text(proposal.proposed_at),
    )


def target_revision_declined_event(proposal: Proposal) -> TargetRevisionDeclined:
    """Return the event that a proposal was declined."""
    return TargetRevisionDeclined(
        proposal_id=proposal.proposal_id,
        agreement_id=proposal.agreement_id,
        agreement_version=proposal.agreement_version,
        provider_party_id=proposal.provider_party_id,
        customer_party_id=proposal.customer_party_id,
        reason=proposal.end_reason,
        declined_by_party_id=proposal.ended_by_party_id,
        declined_at=instants.to_text(proposal.ended_at or 0),
    )
