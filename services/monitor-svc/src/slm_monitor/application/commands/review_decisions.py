"""Use cases for decisions from reviews: accepted periods, whose windows are frozen, and disputes of breaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import structlog

from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_events.review import BreachDisputed, DisputeDecided, PeriodAccepted
from slm_monitor.application.commands.breach_handling import HandledBreach
from slm_monitor.domain.lifecycle.acceptance import WindowRevisionAcceptance
from slm_monitor.domain.lifecycle.breach_workflow import (
    CONFIRM,
    DISPUTE,
    BreachWorkflow,
    BreachWorkflowStep,
    InvalidBreachStep,
)

UPHELD = "upheld"
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OverturnedBreach:
    """A breach that a dispute overturned.

    ``subject``: the indicator or ticket that must be evaluated again. If it is empty, the target of the breach must be
    evaluated again instead.
    """

    breach_id: str
    partition: int
    target_id: str
    subject: str
    window_start_at: str | None
    certain_at: UtcMicroseconds

    def ref(self) -> dict[str, Any]:
        """Return the content of the message to the partition."""
        began = None if self.window_start_at is None else instants.from_text(self.window_start_at)
        since = self.certain_at if began is None else min(began, self.certain_at)
        return {"breach_id": self.breach_id, "target_id": self.target_id, "subject": self.subject, "since": since}


class ReviewDecisionStore(Protocol):
    """The store of accepted windows and disputes, inside one transaction."""

    async def accept(self, named: Mapping[str, Any], accepted: Sequence[WindowRevisionAcceptance]) -> None:
        """Store the accepted windows, and send a message to every partition."""
        ...

    async def disputed(self, dispute_id: str, breach_id: str, document: Mapping[str, Any]) -> None: ...

    async def decided(self, dispute_id: str, breach_id: str, state: str, document: Mapping[str, Any]) -> None: ...

    async def locked(self, breach_id: str) -> HandledBreach | None: ...

    async def keep(self, breach_id: str, life: BreachWorkflow, step: BreachWorkflowStep) -> None: ...

    async def found_of(self, breach_id: str) -> OverturnedBreach | None: ...

    async def tell(self, overturned: OverturnedBreach) -> None:
        """Send a message to the partition of the breach, so that it evaluates the target again."""
        ...


async def freeze_accepted_period(reviews: ReviewDecisionStore, accepted: PeriodAccepted) -> None:
    """Freeze the windows of a period in the revisions that both parties accepted."""
    at = instants.from_text(accepted.accepted_at)
    windows = [
        WindowRevisionAcceptance(each["target_id"], each["window_id"], int(each["revision"]), at)
        for each in accepted.windows
    ]
    named = {
        "agreement_id": accepted.agreement_id,
        "acceptance_id": accepted.acceptance_id,
        "period": accepted.period,
        "accepted_at": at,
    }
    await reviews.accept(named, windows)


async def mark_breach_as_disputed(reviews: ReviewDecisionStore, disputed: BreachDisputed) -> None:
    """Mark a breach as disputed. If it was withdrawn or closed in the meantime, nothing changes."""
    document = asdict(disputed)
    await reviews.disputed(disputed.dispute_id, disputed.breach_id, document)
    said = {"reason": disputed.reason, "dispute_id": disputed.dispute_id}
    at = instants.from_text(disputed.disputed_at)
    step = BreachWorkflowStep(DISPUTE, at, disputed.by_party_id, disputed.by_principal_id, disputed.by_name, said)
    await _apply_step(reviews, disputed.breach_id, disputed.revision, step)


async def apply_dispute_decision(reviews: ReviewDecisionStore, decided: DisputeDecided) -> None:
    """Apply the decision of a dispute about a breach.

    If the dispute is upheld, the target is evaluated again without this breach. If the dispute is rejected, the breach
    is confirmed.
    """
    await reviews.decided(decided.dispute_id, decided.breach_id, decided.decision, asdict(decided))
    if decided.decision == UPHELD:
        overturned = await reviews.found_of(decided.breach_id)
        if overturned is not None:
            await reviews.tell(overturned)
        return
    by = decided.decided_by[0] if decided.decided_by else {}
    said = {"reason": decided.reason, "dispute_id": decided.dispute_id}
    at = instants.from_text(decided.decided_at)
    step = BreachWorkflowStep(CONFIRM, at, by.get("party_id", ""), by.get("principal_id", ""), by.get("name", ""), said)
    await _apply_step(reviews, decided.breach_id, decided.revision, step)


async def _apply_step(reviews: ReviewDecisionStore, breach_id: str, revision: int, step: BreachWorkflowStep) -> None:
    """Apply a step to the handling of a breach, unless the breach has another revision or does not allow the step."""
    held = await reviews.locked(breach_id)
    if held is None or held.life.revision != revision:
        _logger.warning("step of an unknown breach", breach_id=breach_id, revision=revision, step=step.step)
        return
    try:
        life = held.life.after(step.step)
    except InvalidBreachStep as error:
        _logger.warning("step of a breach not taken", breach_id=breach_id, step=step.step, reason=str(error))
        return
    await reviews.keep(breach_id, life, step)
