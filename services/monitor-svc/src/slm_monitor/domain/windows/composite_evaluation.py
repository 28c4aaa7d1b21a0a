"""A pure look at a window of a target made of others' figures or verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import Evaluation, MissedLevel
from slm_monitor.domain.states import joint_states
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.composite_terms import FIGURES, CompositeTerms
from slm_monitor.domain.terms.terms import ServiceLevelTarget


@dataclass(frozen=True, slots=True)
class MemberOutcome:
    """A member's window: its figure (a share of one, or in its unit), whether it is met so far, when its breach was
    certain, and whether it has closed."""

    figure: Fraction | None
    verdict: bool | None
    breached_at: int | None
    is_final: bool
    weight: Fraction = Fraction(1)


def evaluate_composite(
    made: CompositeTerms, seen: Sequence[MemberOutcome], terms: ServiceLevelTarget, end: int, as_of: int
) -> Evaluation:
    """Judge a window that ends at ``end`` by what its members have come to."""
    return _of_figures(made, seen, terms, end, as_of) if made.of == FIGURES else _of_verdicts(made, seen, terms, end)


def _of_figures(
    made: CompositeTerms, seen: Sequence[MemberOutcome], terms: ServiceLevelTarget, end: int, as_of: int
) -> Evaluation:
    """Breached at its close, at risk while below the objective; members without a figure are left out."""
    assert terms.promise is not None
    measured = [(each.figure, each.weight) for each in seen if each.figure is not None]
    combine = joint_states.weighted_mean if made.rule == "weighted_mean" else joint_states.missing_sum
    figure = combine([value for value, _ in measured], [weight for _, weight in measured]) if measured else None
    met = figure is None or terms.promise.is_kept(figure)
    closed = end + terms.closing_delay <= as_of
    return Evaluation(
        figure=figure,
        good=0,
        total=0,
        met=met,
        missed=tuple(
            MissedLevel(level, end, figure, {"members": [figures.exact(each.figure) for each in seen]})
            for level, promised in terms.levels
            if closed and figure is not None and not promised.is_kept(figure)
        ),
        risks=tuple(evaluation.objective_risks(terms.promise, figure, min(as_of, end), end)),
        detail={"members": [figures.exact(each.figure) for each in seen]},
        evidence={"members": [figures.exact(each.figure) for each in seen]},
    )


def _of_verdicts(
    made: CompositeTerms, seen: Sequence[MemberOutcome], terms: ServiceLevelTarget, end: int
) -> Evaluation:
    """Breached when too few members can still be met: at the instant at which the deciding one's breach was certain."""
    verdicts = [each.verdict for each in seen]
    held = joint_states.enough_are_met(verdicts, made.needed)
    decided = [verdict for verdict in verdicts if verdict is not None]
    figure = Fraction(decided.count(True), len(decided)) if decided else None
    if held is False and terms.window_kind == "rolling":
        # As the judge has it, which keeps in which minutes members were missed, not in which they were silent.
        figure = Fraction(len(verdicts) - verdicts.count(False), len(verdicts))
    missed: tuple[MissedLevel, ...] = ()
    if held is False:
        spare = len(seen) - made.needed
        instants = sorted(
            each.breached_at if each.breached_at is not None else end for each in seen if each.verdict is False
        )
        missed = (MissedLevel(terms.levels[0][0], instants[spare], figure),)
    said = ["met" if verdict else "open" if verdict is None else "breached" for verdict in verdicts]
    return Evaluation(
        figure=None if held is None else figure,
        good=decided.count(True),
        total=len(decided),
        met=held is not False,
        missed=missed,
        detail={"members": said, "needed": made.needed},
        evidence={"members": said, "needed": made.needed},
    )
