"""The result of evaluating one window (figure, missed levels, warnings), and the warnings that targets of all kinds can
have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, PERCENT, Objective


@dataclass(frozen=True, slots=True)
class RiskEvaluation:
    """A warning whose condition holds from ``at`` on. If ``at`` is in the future, a timer is set for that instant."""

    cause: str
    threshold: str
    at: UtcMicroseconds
    consumed: Fraction | None = None
    burn: Fraction | None = None
    projected_breach_at: UtcMicroseconds | None = None
    keeps: bool = False
    """Whether the measured value is below its threshold by less than a tenth. An open warning then stays open, but no
    warning is opened.
    """


CLEARING_SHARE = Fraction(9, 10)
"""A warning clears when its measured value falls below this share of the threshold, so that it does not open and clear
repeatedly.
"""


def is_threshold_reached_or_near(measure: Fraction | None, threshold: Fraction) -> bool | None:
    """Compare a measured value with a threshold.

    Return True if the value has reached the threshold, False if it has reached only nine tenths of it, otherwise None.
    """
    if measure is None or measure <= 0 or measure < CLEARING_SHARE * threshold:
        return None
    return measure >= threshold


def evaluate_budget_risks(
    shares: Iterable[Fraction],
    spent: Fraction | None,
    at: UtcMicroseconds,
    burn: Fraction | None = None,
    projected_breach_at: UtcMicroseconds | None = None,
) -> list[RiskEvaluation]:
    """Return a warning for each threshold in ``shares`` that the spent share of the budget has reached.

    If ``spent`` lies below a threshold but reaches nine tenths of the threshold, the returned warning only keeps an
    open warning open.

    ``spent`` is the share of the budget that is spent; None without a budget.
    """
    return [
        RiskEvaluation(
            "budget_consumed", f"{float(share * 100):g}", at, spent, burn, projected_breach_at, not is_reached
        )
        for share in shares
        if (is_reached := is_threshold_reached_or_near(spent, share)) is not None
    ]


def evaluate_objective_risks(
    promised: Objective,
    figure: Fraction | None,
    at: UtcMicroseconds,
    end: UtcMicroseconds,
    consumed: Fraction | None = None,
    burn: Fraction | None = None,
) -> list[RiskEvaluation]:
    """Return the warning that the figure so far misses its objective, or an empty list.

    If the figure meets the objective narrowly, the returned warning only keeps an open warning open. Narrowly means
    that more than nine tenths of the error budget, or of the limit of an ``at_most`` number, are used. An ``at_least``
    number never meets its objective narrowly, because a figure a tenth above the objective may be impossible on its
    scale.
    """
    if figure is None:
        return []
    risk = RiskEvaluation("below_objective", "objective", at, consumed, burn, end)
    if not promised.is_kept(figure):
        return [risk]
    if promised.unit == PERCENT:
        bad = 1 - figure if promised.comparison == AT_LEAST else figure
        return [replace(risk, keeps=True)] if bad > CLEARING_SHARE * promised.allowed else []
    is_near = promised.comparison == AT_MOST and figure > CLEARING_SHARE * promised.value
    return [replace(risk, keeps=True)] if is_near else []


@dataclass(frozen=True, slots=True)
class MissedObjectiveLevel:
    """A level of an objective that is missed for certain from ``at`` on. If ``at`` is in the future, the level will be
    missed then unless new facts change the result before.
    """

    level: str
    at: UtcMicroseconds
    figure: Fraction | None
    """The figure at ``at``. This is one microsecond, or one event, later than the point at which the budget was just
    spent.
    """
    evidence: dict[str, Any] | None = None
    """The evidence as of ``at``. None: use the evidence of the whole evaluation, which changes with further facts."""
    withstands_unknown: bool = False
    """Whether the level is missed even if everything unknown in the window was good."""


@dataclass(frozen=True, slots=True)
class WindowEvaluation:
    """The result of one window by the facts known. ``missed`` are the levels that are breached, or will be if nothing
    changes.

    ``good`` and ``total`` are microseconds or counts. ``scheduled`` is whether the window has any service time.
    """

    figure: Fraction | None
    good: int
    total: int
    met: bool
    missed: tuple[MissedObjectiveLevel, ...] = ()
    risks: tuple[RiskEvaluation, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    scheduled: bool = True
    again: UtcMicroseconds | None = None
    """The instant at which an open warning may end without new facts, for a timer; None if there is no such instant."""
    coverage: Fraction | None = None
    """The known share of the window so far, from 0 to 1; None for a figure without coverage, such as of recoveries."""
    is_insufficient: bool = False
    """Whether the window has no verdict because too little of it is known."""

    @property
    def breached_at(self) -> UtcMicroseconds | None:
        """The instant from which a miss of the objective is certain; None if the objective is not missed."""
        return next((each.at for each in self.missed if each.level == target_events.OBJECTIVE), None)
