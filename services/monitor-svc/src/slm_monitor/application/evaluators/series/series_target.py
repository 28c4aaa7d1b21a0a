"""A target of measured rows: its accumulators for each calendar window, and their evaluation."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.schedule.calendar_windows import (
    CalendarWindowTarget,
    compute_window_closing_instant,
)
from slm_monitor.application.evaluators.series.minute_columns import TargetMinuteColumns
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.invalidation import DirtySpan
from slm_monitor.application.state.loaded_partition import AccumulatorState, SeriesCheckpoint
from slm_monitor.domain.aggregations import registry, series_aggregation
from slm_monitor.domain.aggregations.series_aggregation import WindowToEvaluate
from slm_monitor.domain.facts.facts import MINUTE, parse_series_labels
from slm_monitor.domain.lifecycle import coverage, reconciliation, terms_withdrawal
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation, WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import (
    NO_MINUTE,
    EvaluationChanges,
    EvaluationMoment,
    TargetState,
    TargetWindow,
)
from slm_monitor.domain.series.accumulators import WindowAccumulator
from slm_monitor.domain.series.measured_time import MeasuredTime
from slm_monitor.domain.series.series import IndicatorSeries, MinuteSumChange
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.terms.terms_history import FigureHistory
from slm_monitor.domain.windows import series_warnings
from slm_monitor.domain.windows.minute_series import BurnRateLookback
from slm_monitor.domain.windows.series_evaluation import FirstBadEvent

NEVER = (0, 0)


class SeriesTarget(CalendarWindowTarget):
    """A target evaluated from sums by the minute.

    ``tallies``: window → accumulator.
    ``raw``: window → accumulator that ignores exclusions. Targets whose figure is a share have these accumulators;
    other targets have them only if an exclusion applies.
    ``quiet``: time ``[start, end)`` in which good rows can change only figures, and cannot cause a warning or a miss.
    """

    def __init__(
        self,
        target_state: TargetState,
        excluded: ExclusionIndex,
        kept: Mapping[str, Sequence[Any]] | None,
        measured: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(target_state)
        self._excluded = excluded
        self._aggregation = registry.series_aggregation_of(target_state.line.latest)
        self.tallies: dict[str, WindowAccumulator] = {}
        self.raw: dict[str, WindowAccumulator] = {}
        self.is_tallied = kept is not None
        self.first_bad: dict[str, FirstBadEvent] = {}
        """Window → its first bad event, which is the breach. It is kept only for an objective of 100 percent."""
        self.measured = MeasuredTime() if measured is None else MeasuredTime.from_document(measured)
        self.doubtful: set[int] = set()
        """The minutes that lost a row, so that they may hold no measurement any more."""
        self.quiet: tuple[int, int] = NEVER
        self.columns = TargetMinuteColumns()
        self._places: dict[tuple[str, int, int], int | None] = {}
        self._counted: dict[tuple[str, int], bool] = {}
        self._fingerprint: str | None = None
        for window_id, (start, sums, raw) in (kept or {}).items():
            terms = target_state.line.at(start) or target_state.line.latest
            self.tallies[window_id], self.raw[window_id] = self._aggregation.accumulators(terms, start, sums, raw)

    @property
    def fingerprint(self) -> str:
        """Return a text that identifies which rows are summed, and how.

        Sums that were made with another fingerprint must be made again.
        """
        if self._fingerprint is None:
            line = self.target_state.line
            excluded = self._excluded.fingerprint_of(line)
            # Older checkpoints lack the raw accumulators of aggregations that are no share. The suffix makes them count
            # again.
            is_raw = self._aggregation.keeps_raw or not excluded
            self._fingerprint = f"{line.fingerprint} {excluded}{'' if is_raw else ' raw'}".rstrip()
        return self._fingerprint

    def kept(self) -> dict[str, Sequence[Any]]:
        """Return the accumulators in the form of a checkpoint: window id → [start, sums, raw sums]."""
        starts = {window.window_id: window.start for window in self.target_state.windows.values()}
        return {
            name: [starts[name], tally.document(), self.raw[name].document()]
            for name, tally in self.tallies.items()
            if name in starts
        }

    def amend(self, line: FigureHistory) -> None:
        super().amend(line)
        self._fingerprint = None
        self._places.clear()
        self._counted.clear()
        self.quiet = NEVER

    def recount(self) -> None:
        """Drop the accumulators, because the terms or exclusions that they were made with have changed."""
        self._fingerprint = None
        self.tallies.clear()
        self.raw.clear()
        self.first_bad.clear()
        self.measured = MeasuredTime(self.measured.age)
        self.doubtful.clear()
        self.is_tallied = False
        self.quiet = NEVER

    def measure_for(self, age: int) -> None:
        """Set ``age``, the number of minutes after a measurement that count as measured. A new value drops all sums."""
        if age != self.measured.age:
            self.recount()
            self.measured = MeasuredTime(age)

    @property
    def needs_counting(self) -> bool:
        return not self.is_tallied or any(tally.stale for tally in chain(self.tallies.values(), self.raw.values()))

    # -- counting -----------------------------------------------------------------------------------------------

    def counts(self, series: IndicatorSeries) -> bool:
        """Return whether rows of a series count for this target, by the terms of any version."""
        name = (series.subject, len(series.measures))
        found = self._counted.get(name)
        if found is None:
            versions = self.target_state.line.versions
            found = self._counted[name] = any(self._place(series, terms) is not None for terms in versions)
        return found

    def _place(self, series: IndicatorSeries, terms: FigureTarget) -> int | None:
        """Return the index of these terms' classifier in the series; None if the terms do not count the series."""
        name = (series.subject, len(series.measures), terms.version)
        if name not in self._places:
            labels, wanted = parse_series_labels(series.subject), self._aggregation.required_labels(terms)
            fits = all(labels.get(label) == value for label, value in wanted.items())
            self._places[name] = series.measures.index(self._aggregation.classifier(terms)) if fits else None
        return self._places[name]

    def add(self, series: IndicatorSeries, deltas: Sequence[MinuteSumChange]) -> None:
        """Add the changes of a batch to the windows.

        If the target's past must still be counted, nothing is added, because that count will include the batch.
        """
        self.columns.touch(delta.minute for delta in deltas)
        if self.target_state.line.latest.window_kind == "calendar" and self.is_tallied:
            for delta in deltas:
                self._count(series, delta)

    def _count(self, series: IndicatorSeries, delta: MinuteSumChange) -> None:
        at = delta.minute * MINUTE
        if max(delta.total) > 0 or max(delta.unclassified or (0,)) > 0:
            self.measured.add(delta.minute)
        elif min(delta.total) < 0 or min(delta.unclassified or (0,)) < 0:
            self.doubtful.add(delta.minute)
        window = self._window_at(at)
        terms = None if window is None else self.target_state.line.at(window.start)
        if window is None or terms is None or (place := self._place(series, terms)) is None:
            return
        if not (terms.hours.always_open or terms.hours.is_open(at)):
            return
        name = window.window_id
        known = self.first_bad.get(name)
        if known is not None and at <= known.at:
            del self.first_bad[name]
        if name not in self.tallies:
            self.tallies[name], self.raw[name] = self._aggregation.accumulators(terms, window.start)
        excluded, raw = self._excluded.minutes_of(terms), self.raw[name]
        if excluded or self._aggregation.keeps_raw:
            raw.add(delta, place)
        if _lies_in(delta.minute, excluded):
            if terms.planned_downtime != "excused":
                return
            delta = replace(delta, good=delta.total)
        self.tallies[name].add(delta, place)

    def unmeasured(self) -> Iterator[tuple[str, int, FigureTarget, int]]:
        """Yield the windows for which the sums up to the first bad minute must still be computed.

        Each is (window id, start, terms, first bad minute). Only windows with an objective of 100 percent need these
        sums.
        """
        for name, window in self.target_state.windows.items():
            tally, terms = self.tallies.get(name), self.target_state.line.at(window.start)
            if terms is None or tally is None or not self._aggregation.is_missed_by_first_bad(terms):
                continue
            first = self._aggregation.first_bad_minute(tally)
            if first is None:
                self.first_bad.pop(name, None)
            elif name not in self.first_bad:
                yield name, window.start, terms, first

    def tally(self, series: IndicatorSeries, number: int) -> None:
        """Add one hour of a series, which must be in memory, to the accumulators."""
        for delta in series.deltas(number):
            self._count(series, delta)

    # -- evaluation ---------------------------------------------------------------------------------------------

    def evaluate(
        self,
        burning: Sequence[RiskEvaluation],
        lately: BurnRateLookback | None,
        dirty: DirtySpan,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        """Evaluate the open windows, and the windows that end after the first instant or minute of ``dirty``.

        Return the next instant (µs) at which a result may change without new data; None if there is none.
        """
        since = dirty.since
        if dirty.minutes is not None:
            first = dirty.minutes[0] * MINUTE
            since = first if since is None else min(since, first)
        self._undo(moment, changes)
        dues: list[int | None] = []
        quiet: list[tuple[int, int] | None] = []
        for window, terms in self._touched(since, moment):
            is_present = window.start <= moment.now < window.end
            finding = self._find(window, terms, moment.as_of, burning if is_present else ())
            if is_present and terms.kind.is_of_events:
                finding = series_warnings.add_window_warnings(
                    finding, terms, (window.start, window.end), moment.as_of, lately
                )
            terms_withdrawal.withdraw_breaches_of_other_terms(self.target_state, window, terms, moment, changes)
            reconciliation.reconcile_calendar_window(self.target_state, window, terms, finding, moment, changes)
            dues.append(compute_window_closing_instant(window, terms))
            dues.append(self._next_change(window, terms, moment.as_of))
            ahead = [finding.again, *(each.at for each in finding.missed), *(each.at for each in finding.risks)]
            dues += [at for at in ahead if at is not None and at > moment.as_of]
            if window.closed_at is None:
                quiet.append(_quiet(self.target_state, window, terms, finding))
        spans = [each for each in quiet if each is not None]
        self.quiet = spans[-1] if spans and len(spans) == len(quiet) else NEVER
        return min((due for due in [*dues, self._next] if due is not None), default=None)

    def _find(
        self,
        window: TargetWindow,
        terms: FigureTarget,
        as_of: UtcMicroseconds,
        burning: Sequence[RiskEvaluation] = (),
    ) -> WindowEvaluation:
        name, span = window.window_id, (window.start, window.end)
        tally = self.tallies.get(name) or self._aggregation.accumulator(terms, window.start)
        leaving: Sequence[Interval] = self._excluded.intervals_of(terms) if terms.planned_downtime == "removed" else ()
        asked = WindowToEvaluate(span, as_of, burning, leaving, self.first_bad.get(name), self.measured)
        finding = self._aggregation.evaluate_window(tally, terms, asked)
        # Only exclusions within this window are clipped out: other exclusions change without this window being
        # evaluated again.
        excluded = intervals.clip(self._excluded.intervals_of(terms), *span)
        if named := self._excluded.named_in(terms, *span):
            finding.detail["exclusions"] = named
        if excluded:
            raw = self.raw.get(name) or self._aggregation.raw_accumulator(terms, window.start)
            asked = WindowToEvaluate(span, 0 if self._aggregation.keeps_raw else as_of)
            figure = self._aggregation.evaluate_window(raw, terms, asked).figure
            finding.detail["raw_figure"] = figures.format_exact_fraction(terms.shown(figure))
        return finding

    def refresh(self, moment: EvaluationMoment) -> TargetWindow | None:
        """Update the figures of the current window after rows that can change nothing else.

        Return the window; None if it is not open.
        """
        window = self._window_at(min(moment.now, self.quiet[1] - 1))
        terms = None if window is None else self.target_state.line.at(window.start)
        if window is None or terms is None or window.closed_at is not None:
            return None
        tally = self.tallies.get(window.window_id)
        is_plain = tally is not None and not self._excluded.intervals_of(terms)
        if not is_plain or not self._aggregation.refresh_figures(tally, window, terms, moment.as_of):
            reconciliation.copy_figures_to_window(window, terms, self._find(window, terms, moment.as_of), moment)
            return window
        asked = WindowToEvaluate((window.start, window.end), moment.as_of)
        known = series_aggregation.measure_coverage(terms, asked, self.measured)
        if known is not None:
            window.detail |= coverage.build_coverage_fields(known)
        return window

    def _next_change(self, window: TargetWindow, terms: FigureTarget, as_of: UtcMicroseconds) -> UtcMicroseconds | None:
        tally = self.tallies.get(window.window_id)
        if tally is None or window.closed_at is not None or as_of >= window.end:
            return None
        return self._aggregation.next_change_at(tally, (window.start, window.end), as_of)


def _quiet(
    target_state: TargetState, window: TargetWindow, terms: FigureTarget, finding: WindowEvaluation
) -> tuple[int, int] | None:
    """Return the interval in which good rows change only figures; None if good rows may change a verdict or warning."""
    is_plain = terms.kind.is_of_events and terms.promise.comparison == "at_least"
    if not is_plain or terms.warn_at.min_events or not finding.met or window.verdict != "met":
        return None
    if any(each.standing and each.window_id == window.window_id for each in target_state.breaches.values()):
        return None
    return (window.start, window.end)


def _lies_in(minute: int, spans: Sequence[Interval]) -> bool:
    position = bisect_right(spans, minute, key=lambda span: span[0]) - 1
    return position >= 0 and minute < spans[position][1]


def build_checkpoint(series: IndicatorSeries, targets: Iterable[SeriesTarget]) -> SeriesCheckpoint:
    """Return the checkpoint of a series, with the accumulators of ``targets``.

    For the series without labels, ``targets`` are all targets of its indicator, because they count rows of all labels.
    For any other series, ``targets`` is empty.
    """
    kept = SeriesCheckpoint(series.high_water)
    for target in targets:
        if target.is_tallied and not target.needs_counting:
            kept.tallies[build_accumulators_key(target.target_state.line)] = AccumulatorState(
                target.fingerprint, target.kept(), target.measured.document()
            )
        for window in target.target_state.windows.values():
            if window.judged_to != NO_MINUTE:
                kept.judged_to[f"{window.target_id} {window.window_id}"] = window.judged_to
    return kept


def build_accumulators_key(line: FigureHistory) -> str:
    """Return the key of a target's accumulators in a checkpoint."""
    return " ".join(str(part) for part in line.key)
