"""The events of a breach after it was published: acknowledged, root cause given, closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slm_events.monitor import TargetJudged


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachHandled(TargetJudged):
    """The fields that all steps of handling a breach have: the breach, and who did what."""

    breach_id: str
    revision: int
    """The revision of the breach. If a breach is published again after a withdrawal, its handling starts again."""
    level: str
    by_party_id: str
    by_principal_id: str
    by_name: str
    note: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachAcknowledged(BreachHandled):
    """The responsible party acknowledged the breach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachRootCauseGiven(BreachHandled):
    """The responsible party gave the root cause, and the action that prevents the breach from happening again."""

    root_cause: str
    corrective_action: str
    linked_problem: dict[str, Any] | None = None
    """``{"system", "id", "url"}`` of the problem record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachClosed(BreachHandled):
    """A party closed the breach. Its figure and its credits do not change."""
