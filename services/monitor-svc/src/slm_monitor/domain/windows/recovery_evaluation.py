"""Evaluation of recoveries in one calendar window: how long they took, and how much data they lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from slm_calendar import durations, intervals
from slm_calendar.errors import CalendarError
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, WindowEvaluation
from slm_monitor.domain.states.recovery import ServiceRecovery
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FigureTarget, TermsNotEvaluable

_TOLD = 20


@dataclass(frozen=True, slots=True)
class MeasuredRecovery:
    """A recovery as one target measures it, in microseconds of service time.

    ``took``: from the start of the outage until service was restored. ``lost``: the interval before the outage whose
    data was lost; None if unknown. ``kept``: whether the recovery is within all limits of the target.
    """

    recovery: ServiceRecovery
    took: int
    lost: int | None
    kept: bool = True

    def document(self) -> dict[str, Any]:
        """Return the recovery as a document for events and explanations."""
        recovery = self.recovery
        return {
            "from": to_text(recovery.began),
            "to": to_text(recovery.restored),
            "recovery_time": durations.to_iso(self.took),
            "recovery_point": None if self.lost is None else durations.to_iso(self.lost),
            "kept": self.kept,
            "test": recovery.is_test,
        }


class RecoveryFigure(Protocol):
    """What differs between the figures of recoveries: which recoveries count, and what is measured in minutes.

    The share of recoveries within limits needs no minutes: it counts the recoveries whose ``kept`` is true.
    """

    def measure(self, one: MeasuredRecovery, terms: FigureTarget) -> MeasuredRecovery | None:
        """Return the recovery in the form that the figure needs; None if the recovery does not count in the figure."""
        ...

    def minutes(self, one: MeasuredRecovery) -> Fraction:
        """Return the minutes that the figure measures: how long the recovery took, or how much data it lost."""
        ...


def check_recovery_limits(terms: FigureTarget) -> None:
    """Raise TermsNotEvaluable for a target whose limits of recovery are not valid."""
    try:
        is_limited = bool(get_recovery_limits(terms))
    except (CalendarError, AttributeError, TypeError):
        is_limited = False
    if not is_limited:
        remedy = 'write {"recovered_within": {"time": "PT4H", "point": "PT15M"}}, or one of both'
        raise TermsNotEvaluable(f"target {terms.key}: {remedy}")


def get_recovery_limits(terms: FigureTarget) -> Mapping[str, int]:
    """Return the limits of a recovery in microseconds: the longest duration (``time``) and the largest loss of data
    (``point``).

    A limit that the terms do not name is missing.
    """
    written = {name: terms.parameters.get(name) for name in ("time", "point")}
    return {
        name: durations.from_iso(each, f"aggregation.recovered_within.{name}")
        for name, each in written.items()
        if each is not None
    }


def select_counted_recoveries(
    counted: RecoveryFigure,
    recoveries: Sequence[ServiceRecovery],
    terms: FigureTarget,
    span: Interval,
    excluded: Sequence[Interval],
) -> list[MeasuredRecovery]:
    """Return the recoveries that end in the window ``span`` and count for the target, in order.

    Only service time outside exclusions is measured. A recovery without any such time does not count, unless exclusions
    are excused.
    """
    found = []
    for each in recoveries:
        if not span[0] <= each.restored < span[1]:
            continue
        took = _served(terms, excluded, each.began, each.restored)
        if not took and each.restored > each.began and terms.planned_downtime != "excused":
            continue
        lost = None if each.data_to is None else _served(terms, excluded, each.data_to, each.began)
        one = counted.measure(MeasuredRecovery(each, took, lost), terms)
        if one is not None:
            found.append(one)
    return found


def _served(terms: FigureTarget, excluded: Sequence[Interval], start: UtcMicroseconds, end: UtcMicroseconds) -> int:
    if start >= end:
        return 0
    return intervals.total_length(intervals.subtract(terms.hours.intervals(start, end), intervals.union(excluded)))


def compare_with_limits(one: MeasuredRecovery, limits: Mapping[str, int]) -> list[bool]:
    """Return for each limit whether the recovery is within it. A limit on an unknown value is left out."""
    values = {"time": one.took, "point": one.lost}
    return [value <= limit for name, limit in limits.items() if (value := values[name]) is not None]


def evaluate_recoveries(
    counted: RecoveryFigure,
    recoveries: Sequence[ServiceRecovery],
    terms: FigureTarget,
    span: Interval,
    as_of: UtcMicroseconds,
    excluded: Sequence[Interval] = (),
) -> WindowEvaluation:
    """Evaluate the recoveries of the window ``span`` by the facts up to ``as_of``.

    An objective for the longest recovery is missed for certain with the first recovery that exceeds it. An objective
    for a share is missed at the close; if it is 100 percent, with the first recovery outside its limits.
    """
    seen = select_counted_recoveries(counted, recoveries, terms, span, excluded)
    lengths = [counted.minutes(each) for each in seen]
    kept = sum(each.kept for each in seen)
    figure: Fraction | None
    if terms.kind.is_share:
        figure = Fraction(kept, len(seen)) if seen else None
        missed = _of_share(terms, seen, figure, span[1], as_of)
    else:
        figure = max(lengths, default=None)
        missed = _of_longest(terms, seen, lengths)
    met = figure is None or terms.promise.is_kept(figure)
    return WindowEvaluation(
        figure=figure,
        good=kept if terms.kind.is_share else len(seen),
        total=len(seen),
        met=met,
        missed=missed,
        risks=tuple(evaluation.evaluate_objective_risks(terms.promise, figure, min(as_of, span[1]), span[1])),
        detail={"recoveries": len(seen), "tests": sum(each.recovery.is_test for each in seen)},
        evidence={"recoveries": build_recovery_evidence(seen)},
    )


def build_recovery_evidence(seen: Sequence[MeasuredRecovery]) -> list[dict[str, Any]]:
    """Return the latest of these recoveries as documents."""
    return [each.document() for each in seen[-_TOLD:]]


def _of_longest(
    terms: FigureTarget, seen: Sequence[MeasuredRecovery], lengths: Sequence[Fraction]
) -> tuple[MissedObjectiveLevel, ...]:
    """Return the levels that the longest recovery misses, each dated at the first recovery that exceeds the level."""
    found = []
    for level, promised in terms.levels:
        broken = [each for each in zip(seen, lengths, strict=True) if not promised.is_kept(each[1])]
        if broken:
            first, length = broken[0]
            found.append(
                MissedObjectiveLevel(
                    level, first.recovery.restored, length, {"recoveries": build_recovery_evidence([first])}
                )
            )
    return tuple(found)


def _of_share(
    terms: FigureTarget,
    seen: Sequence[MeasuredRecovery],
    figure: Fraction | None,
    end: UtcMicroseconds,
    as_of: UtcMicroseconds,
) -> tuple[MissedObjectiveLevel, ...]:
    """Return the levels that the share of recoveries within their limits misses.

    An objective of 100 percent is missed with the first recovery outside its limits. Another objective is missed at the
    close of the window.
    """
    closes = end + terms.closing_delay <= as_of
    found = []
    for level, promised in terms.levels:
        if figure is None or promised.is_kept(figure):
            continue
        if not promised.allowed:
            place = next(place for place, each in enumerate(seen) if not each.kept)
            shown = {"recoveries": build_recovery_evidence(seen[: place + 1])}
            found.append(MissedObjectiveLevel(level, seen[place].recovery.restored, Fraction(place, place + 1), shown))
        elif closes:
            found.append(MissedObjectiveLevel(level, end, figure, {"recoveries": build_recovery_evidence(seen)}))
    return tuple(found)


def sum_recoveries(seen: Sequence[MeasuredRecovery]) -> dict[str, Any]:
    """Return the totals of the recoveries as a document, so that an explanation can be checked by hand."""
    took = [Fraction(each.took, MINUTE) for each in seen]
    lost = [Fraction(each.lost, MINUTE) for each in seen if each.lost is not None]
    return {
        "recoveries": len(seen),
        "within_limits": sum(each.kept for each in seen),
        "tests": sum(each.recovery.is_test for each in seen),
        "longest_minutes": figures.format_exact_fraction(max(took, default=None)),
        "mean_minutes": figures.format_exact_fraction(sum(took, Fraction()) / len(took) if took else None),
        "most_minutes_lost": figures.format_exact_fraction(max(lost, default=None)),
    }
