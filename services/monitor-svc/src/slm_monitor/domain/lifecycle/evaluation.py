"""The result of evaluating one window: figure, missed levels, and risks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, PERCENT, Objective


@dataclass(frozen=True, slots=True)
class RiskEvaluation:
    """A warning whose condition holds at ``at``. If ``at`` is in the future, a timer is set for it."""

    cause: str
    threshold: str
    at: int
    consumed: Fraction | None = None
    burn: Fraction | None = None
    projected_breach_at: int | None = None
    keeps: bool = False
    """Whether the measure is back below the threshold by less than a tenth: an open warning stays open, none is
    opened."""


BEHIND = Fraction(9, 10)
"""A warning clears when its measure has fallen to this share of its threshold, so that it does not flap."""


def reached_or_near(measure: Fraction | None, threshold: Fraction) -> bool | None:
    """Return True if a measure has reached its threshold, False if it is below by less than a tenth, otherwise None."""
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
    """Return a warning for each share of the budget that ``spent`` has reached, or is below by less than a tenth."""
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
    """Return the warning of a figure to date that misses its objective.

    An open warning stays open until the figure is better by a tenth: of the budget, or of the limit of an ``at_most``
    number. An ``at_least`` number has no such tenth, since its scale may end before it.
    """
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
    """A level that is missed for certain from ``at`` on if nothing changes; ``at`` may be in the future."""

    level: str
    at: int
    figure: Fraction | None
    """The figure at that instant: one microsecond, or one event, after the budget was spent exactly."""
    evidence: dict[str, Any] | None = None
    """The evidence as of that instant; None: the evaluation's evidence, which changes as the window goes on."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of one window by the facts known. ``missed`` are the levels that are, or will be, breached.

    ``good`` and ``total`` are microseconds or counts. ``scheduled``: whether the window has any service time.
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
    """The instant at which time alone may end an open warning; a timer is set for it."""

    @property
    def breached_at(self) -> int | None:
        """The instant from which the objective is missed for certain; None if it is not."""
        return next((each.at for each in self.missed if each.level == target_events.OBJECTIVE), None)
