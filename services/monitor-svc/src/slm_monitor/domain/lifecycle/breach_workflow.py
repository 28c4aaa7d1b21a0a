"""The workflow of a breach, step by step: acknowledged, root cause given, closed; or disputed, then confirmed or
withdrawn.

A problem record can be linked to a breach in any state except withdrawn. The breach keeps its state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slm_events.breach_life import (
    BreachAcknowledged,
    BreachClosed,
    BreachHandlingEvent,
    BreachProblemLinked,
    BreachRootCauseGiven,
)
from slm_events.instants import UtcMicroseconds, to_text

OPEN, ACKNOWLEDGED, ROOT_CAUSE_GIVEN, CLOSED = "open", "acknowledged", "root_cause_given", "closed"
WITHDRAWN, DISPUTED, CONFIRMED = "withdrawn", "disputed", "confirmed"
STATES = (OPEN, ACKNOWLEDGED, ROOT_CAUSE_GIVEN, CLOSED, WITHDRAWN, DISPUTED, CONFIRMED)
ACKNOWLEDGE, GIVE_ROOT_CAUSE, CLOSE, DISPUTE, CONFIRM = "acknowledge", "root-cause", "close", "dispute", "confirm"
LINK_PROBLEM = "problem-link"

_FORWARD = {
    OPEN: (ACKNOWLEDGE, ACKNOWLEDGED),
    ACKNOWLEDGED: (GIVE_ROOT_CAUSE, ROOT_CAUSE_GIVEN),
    ROOT_CAUSE_GIVEN: (CLOSE, CLOSED),
}
"""State of a breach → (next step, state after that step), apart from disputes."""


class InvalidBreachStep(ValueError):
    """The step is not possible in the breach's present state. ``allowed`` are the possible steps."""

    def __init__(self, step: str, state: str, allowed: Sequence[str]) -> None:
        possible = f"possible now: {', '.join(allowed)}" if allowed else "nothing more can be done to it"
        super().__init__(f"a breach that is {state} cannot be taken through {step}; {possible}")
        self.allowed = list(allowed)


@dataclass(frozen=True, slots=True)
class BreachWorkflow:
    """The state of the workflow of one revision of a breach.

    ``reached`` is the state after the last step that is not about a dispute. ``contest`` is the state of a dispute;
    None without a dispute. ``number`` counts the steps taken on this revision. ``withdrawn`` is set by an evaluation,
    not by the parties.
    """

    revision: int = 0
    reached: str = OPEN
    contest: str | None = None
    number: int = 0
    withdrawn: bool = False

    @property
    def state(self) -> str:
        return WITHDRAWN if self.withdrawn else self.contest or self.reached

    @property
    def allowed(self) -> tuple[str, ...]:
        """The steps that are possible now.

        After a dispute that confirmed the breach, these are the steps that were possible before the dispute, except
        another dispute.
        """
        if self.withdrawn:
            return ()
        if self.contest == DISPUTED:
            return (CONFIRM,)
        forward = _FORWARD.get(self.reached)
        if forward is None:
            return ()
        return (forward[0],) if self.contest == CONFIRMED else (forward[0], DISPUTE)

    @property
    def tag(self) -> str:
        """The ``ETag`` of this state, for conditional requests."""
        return f"{self.revision}.{self.number}{'w' if self.withdrawn else ''}"

    def after(self, step: str) -> BreachWorkflow:
        """Return the workflow after a step. Raises InvalidBreachStep."""
        if step == LINK_PROBLEM and not self.withdrawn:
            return replace(self, number=self.number + 1)
        if step not in self.allowed:
            raise InvalidBreachStep(step, self.state, self.allowed)
        if step in (DISPUTE, CONFIRM):
            contest = DISPUTED if step == DISPUTE else CONFIRMED
            return replace(self, contest=contest, number=self.number + 1)
        return replace(self, reached=_FORWARD[self.reached][1], contest=None, number=self.number + 1)

    def after_evaluation(self, revision: int, is_in_force: bool) -> BreachWorkflow:
        """Return the workflow after an evaluation of its breach.

        ``revision``: the breach's present revision. A new revision starts a new workflow; with the same revision the
        workflow keeps its state, even if the breach was withdrawn in between. ``is_in_force`` False: the breach is
        withdrawn.
        """
        return replace(self if revision == self.revision else BreachWorkflow(revision), withdrawn=not is_in_force)


@dataclass(frozen=True, slots=True)
class BreachWorkflowStep:
    """One step of a breach's workflow: who took it and when. ``document`` holds its note or root cause."""

    step: str
    at: UtcMicroseconds
    party_id: str
    principal_id: str
    name: str
    document: Mapping[str, Any] = field(default_factory=dict)


_JUDGED = (
    "agreement_id",
    "agreement_version",
    "target_id",
    "target_key",
    "target_title",
    "service_id",
    "provider_party_id",
    "customer_party_id",
    "window_id",
    "window_start_at",
    "window_end_at",
    "breach_id",
    "level",
)


def build_breach_handling_event(
    published: Mapping[str, Any], life: BreachWorkflow, step: BreachWorkflowStep
) -> BreachHandlingEvent:
    """Build the event of a step in the workflow. ``published`` is the document of the breach as last published."""
    fields: dict[str, Any] = {
        **{name: published[name] for name in _JUDGED},
        "revision": life.revision,
        "by_party_id": step.party_id,
        "by_principal_id": step.principal_id,
        "by_name": step.name,
        "note": step.document.get("note") or "",
        "at": to_text(step.at),
    }
    if step.step == ACKNOWLEDGE:
        return BreachAcknowledged(**fields)
    if step.step == CLOSE:
        return BreachClosed(**fields)
    if step.step == LINK_PROBLEM:
        return BreachProblemLinked(**fields, linked_problem=dict(step.document["linked_problem"]))
    explained = {name: step.document.get(name) for name in ("root_cause", "corrective_action", "linked_problem")}
    return BreachRootCauseGiven(**fields, **explained)  # type: ignore[arg-type]
