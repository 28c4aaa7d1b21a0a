"""The events of a breach after it was published: acknowledged, root cause given, problem linked, closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slm_events.monitor import TargetResultEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachHandlingEvent(TargetResultEvent):
    """The fields that all events of handling a breach have: the breach, and who did what."""

    breach_id: str
    revision: int
    """The revision of the breach that was handled. If a breach is published again after a withdrawal, its handling
    starts again.
    """
    level: str
    by_party_id: str
    by_principal_id: str
    by_name: str
    note: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachAcknowledged(BreachHandlingEvent):
    """The responsible party acknowledged the breach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachRootCauseGiven(BreachHandlingEvent):
    """The responsible party gave the root cause, and the action that prevents the breach from happening again."""

    root_cause: str
    corrective_action: str
    linked_problem: dict[str, Any] | None = None
    """The problem record in an ITSM tool: ``{"system", "id", "url"}``; null if none is linked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachClosed(BreachHandlingEvent):
    """A party closed the breach. Its figure and its credits do not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachProblemLinked(BreachHandlingEvent):
    """The responsible party linked the problem record in which the cause is worked on. The breach keeps its state."""

    linked_problem: dict[str, Any]
    """The problem record in an ITSM tool: ``{"system", "id", "url"}``; ``url`` may be missing."""
