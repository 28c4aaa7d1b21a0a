"""A pure look at one window of a target: what its figure is, whether it is breached, and what puts it at risk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, PERCENT, Objective


@dataclass(frozen=True, slots=True)
class RiskEvaluation:
    """A warning that holds. ``at`` may lie ahead: then a timer has to look again."""

    cause: str
    threshold: str
    at: int
    consumed: Fraction | None = None
    burn: Fraction | None = None
    projected_breach_at: int | None = None
    keeps: bool = False
    """Its measure is back behind the threshold, by less than a tenth: a warning that stands goes on, none begins."""


BEHIND = Fraction(9, 10)
"""A warning clears when its measure is back behind its threshold by a tenth, so that it does not flap around it."""


def reached_or_near(measure: Fraction | None, threshold: Fraction) -> bool | None:
    """Whether a measure is at its threshold (True), or behind it by less than a tenth (False); None: neither."""
    if measure is None or measure <= 0 or measure < BEHIND * threshold:
        return None
    return measure >= threshold


def budget_risks(
    shares: Iterable[Fraction],
    spent: Fraction | None,
    at: int,
    burn: Fraction | None = None,
    projected_breach_at: int | None = None,
) -> list[RiskEvaluation]:
    """The thresholds of the budget that are reached by what is spent of it, or nearly still."""
    return [
        RiskEvaluation(
            "budget_consumed", f"{float(share * 100):g}", at, spent, burn, projected_breach_at, not is_reached
        )
        for share in shares
        if (is_reached := reached_or_near(spent, share)) is not None
    ]


def objective_risks(
    promised: Objective,
    figure: Fraction | None,
    at: int,
    end: int,
    consumed: Fraction | None = None,
    burn: Fraction | None = None,
) -> list[RiskEvaluation]:
    """The warning of a figure to date that misses its promise. It goes on until the figure is better by a tenth: of the
    budget, or of the most that a number may be. A least number has no such tenth: a scale may end before it."""
    if figure is None:
        return []
    risk = RiskEvaluation("below_objective", "objective", at, consumed, burn, end)
    if not promised.is_kept(figure):
        return [risk]
    if promised.unit == PERCENT:
        bad = 1 - figure if promised.comparison == AT_LEAST else figure
        return [replace(risk, keeps=True)] if bad > BEHIND * promised.allowed else []
    is_near = promised.comparison == AT_MOST and figure > BEHIND * promised.value
    return [replace(risk, keeps=True)] if is_near else []


@dataclass(frozen=True, slots=True)
class MissedLevel:
    """A level that is missed for certain from ``at`` on, if nothing changes; it may lie ahead."""

    level: str
    at: int
    figure: Fraction | None
    """As of that instant: one microsecond or event after the last that could be afforded."""
    evidence: dict[str, Any] | None = None
    """What shows it as of that instant; None: the finding's evidence, which moves on with the window."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a window came to. ``missed``: the levels of its promise that are breached, or will be.

    ``scheduled``: whether the window has any service time at all.
    """

    figure: Fraction | None
    good: int
    total: int
    met: bool
    missed: tuple[MissedLevel, ...] = ()
    risks: tuple[RiskEvaluation, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    scheduled: bool = True
    again: int | None = None
    """When time alone may end a warning that holds."""

    @property
    def breached_at(self) -> int | None:
        """The instant of certainty of the promise itself."""
        return next((each.at for each in self.missed if each.level == target_events.OBJECTIVE), None)
