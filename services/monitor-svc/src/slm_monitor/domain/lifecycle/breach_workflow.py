"""The life of a breach once it stands: acknowledged, explained, closed; disputed and confirmed, or withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slm_events.breach_life import BreachAcknowledged, BreachClosed, BreachExplained, BreachHandled
from slm_events.instants import to_text

OPEN, ACKNOWLEDGED, EXPLAINED, CLOSED = "open", "acknowledged", "explained", "closed"
WITHDRAWN, DISPUTED, CONFIRMED = "withdrawn", "disputed", "confirmed"
STATES = (OPEN, ACKNOWLEDGED, EXPLAINED, CLOSED, WITHDRAWN, DISPUTED, CONFIRMED)
ACKNOWLEDGE, EXPLAIN, CLOSE, DISPUTE, CONFIRM = "acknowledge", "explain", "close", "dispute", "confirm"

_FORWARD = {OPEN: (ACKNOWLEDGE, ACKNOWLEDGED), ACKNOWLEDGED: (EXPLAIN, EXPLAINED), EXPLAINED: (CLOSE, CLOSED)}
"""What comes next where nobody disputes."""


class WrongStep(ValueError):
    """The breach is in a state in which this cannot be done; ``allowed`` can."""

    def __init__(self, step: str, state: str, allowed: Sequence[str]) -> None:
        possible = f"possible now: {', '.join(allowed)}" if allowed else "nothing more can be done to it"
        super().__init__(f"a breach that is {state} cannot be taken through {step}; {possible}")
        self.allowed = list(allowed)


@dataclass(frozen=True, slots=True)
class BreachWorkflow:
    """Where a breach's handling stands. ``reached``: how far it had come before a dispute.

    ``number`` counts the steps of this revision; ``withdrawn`` is the judge's word, not a step.
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
        """The steps that can be taken now; of a confirmed breach those that it had come to before the dispute."""
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
        """Names this very state of its life, for ``ETag``."""
        return f"{self.revision}.{self.number}{'w' if self.withdrawn else ''}"

    def after(self, step: str) -> BreachWorkflow:
        """Raises WrongStep."""
        if step not in self.allowed:
            raise WrongStep(step, self.state, self.allowed)
        if step in (DISPUTE, CONFIRM):
            contest = DISPUTED if step == DISPUTE else CONFIRMED
            return replace(self, contest=contest, number=self.number + 1)
        return replace(self, reached=_FORWARD[self.reached][1], contest=None, number=self.number + 1)

    def judged(self, revision: int, standing: bool) -> BreachWorkflow:
        """As the judge's word leaves it: what stands again after a withdrawal has its life before it."""
        return replace(self if revision == self.revision else BreachWorkflow(revision), withdrawn=not standing)


@dataclass(frozen=True, slots=True)
class BreachStep:
    """Who took a breach through what; ``document``: what was said."""

    step: str
    at: int
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


def event_of(published: Mapping[str, Any], life: BreachWorkflow, step: BreachStep) -> BreachHandled:
    """The event of a step; ``published`` is the breach as it was told."""
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
    told = {name: step.document.get(name) for name in ("cause", "corrective_action", "linked_problem")}
    return BreachExplained(**fields, **told)  # type: ignore[arg-type]
