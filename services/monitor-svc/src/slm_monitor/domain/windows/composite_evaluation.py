"""Evaluation of a composite of figures or verdicts in one window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, WindowEvaluation
from slm_monitor.domain.states import joint_states
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.composite_terms import FIGURES, CompositeTerms
from slm_monitor.domain.terms.terms import FigureTarget


@dataclass(frozen=True, slots=True)
class CompositeMemberOutcome:
    """The result of one member of a composite in the same window.

    ``figure`` is a share in [0, 1], or a number in the member's unit. ``verdict`` is whether the member's objective is
    met so far; None without a verdict. ``breached_at`` is the instant from which the member's breach was certain.
    ``is_final`` is whether the window has closed.
    """

    figure: Fraction | None
    verdict: bool | None
    breached_at: UtcMicroseconds | None
    is_final: bool
    weight: Fraction = Fraction(1)


def evaluate_composite(
    made: CompositeTerms,
    seen: Sequence[CompositeMemberOutcome],
    terms: FigureTarget,
    end: UtcMicroseconds,
    as_of: UtcMicroseconds,
) -> WindowEvaluation:
    """Evaluate the window that ends at ``end`` from the outcomes of its members."""
    return _of_figures(made, seen, terms, end, as_of) if made.of == FIGURES else _of_verdicts(made, seen, terms, end)


def _of_figures(
    made: CompositeTerms,
    seen: Sequence[CompositeMemberOutcome],
    terms: FigureTarget,
    end: UtcMicroseconds,
    as_of: UtcMicroseconds,
) -> WindowEvaluation:
    """Evaluate a composite of figures in the window that ends at ``end``.

    If its figure misses the objective, the composite is at risk while the window is open, and breached once the window
    closes. Members without a figure are left out.
    """
    measured = [(each.figure, each.weight) for each in seen if each.figure is not None]
    combine = (
        joint_states.compute_weighted_mean
        if made.rule == "weighted_mean"
        else joint_states.subtract_weighted_shortfalls
    )
    figure = combine([value for value, _ in measured], [weight for _, weight in measured]) if measured else None
    met = figure is None or terms.promise.is_kept(figure)
    closed = end + terms.closing_delay <= as_of
    return WindowEvaluation(
        figure=figure,
        good=0,
        total=0,
        met=met,
        missed=tuple(
            MissedObjectiveLevel(
                level, end, figure, {"members": [figures.format_exact_fraction(each.figure) for each in seen]}
            )
            for level, promised in terms.levels
            if closed and figure is not None and not promised.is_kept(figure)
        ),
        risks=tuple(evaluation.evaluate_objective_risks(terms.promise, figure, min(as_of, end), end)),
        detail={"members": [figures.format_exact_fraction(each.figure) for each in seen]},
        evidence={"members": [figures.format_exact_fraction(each.figure) for each in seen]},
    )


def _of_verdicts(
    made: CompositeTerms, seen: Sequence[CompositeMemberOutcome], terms: FigureTarget, end: UtcMicroseconds
) -> WindowEvaluation:
    """Evaluate a composite target that needs a number of its members (``made.needed``) to be met.

    ``seen`` are the outcomes of the members in a window that ends at ``end``. The composite is breached when too few
    members can still be met. Its breach is dated at the instant at which the deciding member's breach was certain.
    """
    verdicts = [each.verdict for each in seen]
    held = joint_states.are_enough_members_met(verdicts, made.needed)
    decided = [verdict for verdict in verdicts if verdict is not None]
    figure = Fraction(decided.count(True), len(decided)) if decided else None
    if held is False and terms.window_kind == "rolling":
        # As in continuous evaluation, which stores the minutes in which a member missed, but not those in which it was
        # silent.
        figure = Fraction(len(verdicts) - verdicts.count(False), len(verdicts))
    missed: tuple[MissedObjectiveLevel, ...] = ()
    if held is False:
        spare = len(seen) - made.needed
        instants = sorted(
            each.breached_at if each.breached_at is not None else end for each in seen if each.verdict is False
        )
        missed = (MissedObjectiveLevel(terms.levels[0][0], instants[spare], figure),)
    said = ["met" if verdict else "open" if verdict is None else "breached" for verdict in verdicts]
    return WindowEvaluation(
        figure=None if held is None else figure,
        good=decided.count(True),
        total=len(decided),
        met=held is not False,
        missed=missed,
        detail={"members": said, "needed": made.needed},
        evidence={"members": said, "needed": made.needed},
    )
