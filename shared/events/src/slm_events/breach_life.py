"""What monitor-svc publishes of a breach's life once it stands: that somebody saw it, explained it, and closed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slm_events.monitor import TargetJudged


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachHandled(TargetJudged):
    """What every step of a breach's life tells: which breach, and who did what."""

    breach_id: str
    revision: int
    """Of the breach: its life begins anew where it stands again after a withdrawal."""
    level: str
    by_party_id: str
    by_principal_id: str
    by_name: str
    note: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachAcknowledged(BreachHandled):
    """The party responsible has taken note of the breach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachExplained(BreachHandled):
    """The party responsible says what caused it, and what is done so that it does not happen again."""

    cause: str
    corrective_action: str
    linked_problem: dict[str, Any] | None = None
    """``{"system", "id", "url"}`` of the problem record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachClosed(BreachHandled):
    """A party regards the breach as dealt with; its figure and its credits are untouched by that."""
