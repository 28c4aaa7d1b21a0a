"""A target of measured rows: its accumulators for each calendar window, and their evaluation."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_monitor.application.evaluators.schedule.calendar_windows import CalendarWindowTarget, close_of
from slm_monitor.application.evaluators.series.minute_columns import MinuteColumns
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.invalidation import Invalidation
from slm_monitor.application.state.loaded_partition import AccumulatorState, SeriesCheckpoint
from slm_monitor.domain.facts.facts import MINUTE, labels_in_name
from slm_monitor.domain.lifecycle import reconciliation, terms_withdrawal
from slm_monitor.domain.lifecycle.evaluation import Evaluation, RiskEvaluation
from slm_monitor.domain.lifecycle.target_state import Changes, EvaluationMoment, TargetState, Window
from slm_monitor.domain.series import accumulators, classifiers
from slm_monitor.domain.series.accumulators import Accumulator, ShareAccumulator, SliceAccumulator
from slm_monitor.domain.series.series import Delta, Series
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import EVENTS, ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory
from slm_monitor.domain.windows import series_evaluation, series_warnings
from slm_monitor.domain.windows.minute_series import BurnRateLookback
from slm_monitor.domain.windows.series_evaluation import FirstBadEvent

NEVER = (0, 0)


class SeriesTarget(CalendarWindowTarget):
    """A target evaluated from sums by the minute.

    ``tallies``: window → accumulator; ``raw``: window → accumulator without exclusions, where any apply. ``quiet``:
    instants ``[start, end)`` in which good rows change figures only, because no warning and no miss is possible.
    """

    def __init__(
        self, target_state: TargetState, excluded: ExclusionIndex, kept: Mapping[str, Sequence[Any]] | None
    ) -> None:
        super().__init__(target_state)
        self._excluded = excluded
        self.tallies: dict[str, Accumulator] = {}
        self.raw: dict[str, Accumulator] = {}
        self.is_tallied = kept is not None
        self.first_bad: dict[str, FirstBadEvent] = {}
        """Window → the first bad event of an objective of 100 percent, which is the instant of its breach."""
        self.quiet: tuple[int, int] = NEVER
        self.columns = MinuteColumns()
        self._places: dict[tuple[str, int, int], int | None] = {}
        self._counted: dict[tuple[str, int], bool] = {}
        self._fingerprint: str | None = None
        for window_id, (start, sums, raw) in (kept or {}).items():
            terms = target_state.line.at(start) or target_state.line.latest
            self.tallies[window_id], self.raw[window_id] = _new(terms, start, sums, raw)

    @property
    def fingerprint(self) -> str:
        """A text that says which rows are summed in which way. Sums made under another text must be made again."""
        if self._fingerprint is None:
            line = self.target_state.line
            excluded = self._excluded.fingerprint_of(line)
            # Older checkpoints lack the raw accumulators of aggregations that are no share. The suffix makes them count
            # again.
            is_share = isinstance(accumulators.accumulator_of(line.latest)(0, None), ShareAccumulator)
            self._fingerprint = f"{line.fingerprint} {excluded}{'' if is_share or not excluded else ' raw'}".rstrip()
        return self._fingerprint

    def kept(self) -> dict[str, Sequence[Any]]:
        """The accumulators as a checkpoint keeps them: window id → [start, sums, raw sums]."""
        starts = {window.window_id: window.start for window in self.target_state.windows.values()}
        return {
            name: [starts[name], tally.document(), self.raw[name].document()]
            for name, tally in self.tallies.items()
            if name in starts
        }

    def amend(self, line: TermsHistory) -> None:
        super().amend(line)
        self._fingerprint = None
        self._places.clear()
        self._counted.clear()
        self.quiet = NEVER

    def recount(self) -> None:
        """Drop the accumulators, because they were made in another way."""
        self._fingerprint = None
        self.tallies.clear()
        self.raw.clear()
        self.first_bad.clear()
        self.is_tallied = False
        self.quiet = NEVER

    @property
    def needs_counting(self) -> bool:
        return not self.is_tallied or any(tally.stale for tally in chain(self.tallies.values(), self.raw.values()))

    # -- counting -----------------------------------------------------------------------------------------------

    def counts(self, series: Series) -> bool:
        """Whether rows of a series count for this target, by the terms of any version."""
        name = (series.subject, len(series.measures))
        found = self._counted.get(name)
        if found is None:
            versions = self.target_state.line.versions
            found = self._counted[name] = any(self._place(series, terms) is not None for terms in versions)
        return found

    def _place(self, series: Series, terms: ServiceLevelTarget) -> int | None:
        """The index of the classifier of these terms in the series; None if they do not count the series."""
        name = (series.subject, len(series.measures), terms.version)
        if name not in self._places:
            labels, wanted = labels_in_name(series.subject), accumulators.wanted_labels(terms)
            fits = all(labels.get(label) == value for label, value in wanted.items())
            self._places[name] = series.measures.index(classifiers.classifier_of(terms)) if fits else None
        return self._places[name]

    def add(self, series: Series, deltas: Sequence[Delta]) -> None:
        """Add the changes of a batch to the windows. Before the past has been counted nothing is added, as counting
        finds it."""
        self.columns.touch(delta.minute for delta in deltas)
        if self.target_state.line.latest.window_kind == "calendar" and self.is_tallied:
            for delta in deltas:
                self._count(series, delta)

    def _count(self, series: Series, delta: Delta) -> None:
        at = delta.minute * MINUTE
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
            self.tallies[name], self.raw[name] = _new(terms, window.start)
        excluded, raw = self._excluded.minutes_of(terms), self.raw[name]
        if excluded or isinstance(raw, ShareAccumulator):
            raw.add(delta, place)
        if _lies_in(delta.minute, excluded):
            if terms.planned_downtime != "excused":
                return
            delta = replace(delta, good=delta.total)
        self.tallies[name].add(delta, place)

    def unmeasured(self) -> Iterator[tuple[str, int, ServiceLevelTarget, int]]:
        """The windows (id, start, terms, minute) with a bad minute under an objective of 100 percent whose sums up to
        that minute are not known yet."""
        for name, window in self.target_state.windows.items():
            tally, terms = self.tallies.get(name), self.target_state.line.at(window.start)
            if terms is None or not isinstance(tally, ShareAccumulator) or not accumulators.has_no_budget(terms):
                continue
            first = min(tally.bad or (), default=None)
            if first is None:
                self.first_bad.pop(name, None)
            elif name not in self.first_bad:
                yield name, window.start, terms, first

    def tally(self, series: Series, number: int) -> None:
        """Add one hour of a series, which must be in memory."""
        for delta in series.deltas(number):
            self._count(series, delta)

    # -- evaluation ---------------------------------------------------------------------------------------------

    def evaluate(
        self,
        burning: Sequence[RiskEvaluation],
        lately: BurnRateLookback | None,
        dirty: Invalidation,
        moment: EvaluationMoment,
        changes: Changes,
    ) -> int | None:
        """Evaluate the invalidated and the open windows; return the next instant at which time alone may change a
        result."""
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
            if is_present and terms.aggregation in EVENTS:
                finding = series_warnings.with_warnings(
                    finding, terms, (window.start, window.end), moment.as_of, lately
                )
            terms_withdrawal.withdraw_other_terms(self.target_state, window, terms, moment, changes)
            reconciliation.reconcile_window(self.target_state, window, terms, finding, moment, changes)
            dues.append(close_of(window, terms))
            dues.append(self._next_slice(window, terms, moment.as_of))
            ahead = [finding.again, *(each.at for each in finding.missed), *(each.at for each in finding.risks)]
            dues += [at for at in ahead if at is not None and at > moment.as_of]
            if window.closed_at is None:
                quiet.append(_quiet(self.target_state, window, terms, finding))
        spans = [each for each in quiet if each is not None]
        self.quiet = spans[-1] if spans and len(spans) == len(quiet) else NEVER
        return min((due for due in [*dues, self._next] if due is not None), default=None)

    def _find(
        self, window: Window, terms: ServiceLevelTarget, as_of: int, burning: Sequence[RiskEvaluation] = ()
    ) -> Evaluation:
        name, span = window.window_id, (window.start, window.end)
        tally = self.tallies.get(name) or accumulators.accumulator_of(terms)(window.start, None)
        leaving: Sequence[Interval] = self._excluded.intervals_of(terms) if terms.planned_downtime == "removed" else ()
        finding = series_evaluation.evaluate_accumulator(
            tally, terms, span, as_of, burning, leaving, self.first_bad.get(name)
        )
        # Only exclusions within this window are clipped out: other exclusions change without this window being
        # evaluated again.
        excluded = intervals.clip(self._excluded.intervals_of(terms), *span)
        if named := self._excluded.named_in(terms, *span):
            finding.detail["exclusions"] = named
        if excluded:
            raw = self.raw.get(name) or _new(terms, window.start)[1]
            figure = series_evaluation.evaluate_accumulator(
                raw, terms, span, 0 if isinstance(raw, ShareAccumulator) else as_of
            ).figure
            finding.detail["raw_figure"] = figures.exact(terms.shown(figure))
        return finding

    def refresh(self, moment: EvaluationMoment) -> Window | None:
        """Update the figures of the current window after rows that could change nothing else; return the window, if it
        is open."""
        window = self._window_at(min(moment.now, self.quiet[1] - 1))
        terms = None if window is None else self.target_state.line.at(window.start)
        if window is None or terms is None or window.closed_at is not None:
            return None
        tally = self.tallies.get(window.window_id)
        if isinstance(tally, ShareAccumulator) and tally.total and not self._excluded.intervals_of(terms):
            series_evaluation.refresh_share(window, terms, tally.good, tally.total, moment.as_of)
        else:
            reconciliation.copy_figures(window, terms, self._find(window, terms, moment.as_of), moment)
        return window

    def _next_slice(self, window: Window, terms: ServiceLevelTarget, as_of: int) -> int | None:
        tally = self.tallies.get(window.window_id)
        if not isinstance(tally, SliceAccumulator) or window.closed_at is not None or as_of >= window.end:
            return None
        width = tally.terms.width
        return min(window.start + (max(0, as_of - window.start) // width + 1) * width, window.end)


def _quiet(
    target_state: TargetState, window: Window, terms: ServiceLevelTarget, finding: Evaluation
) -> tuple[int, int] | None:
    """The interval in which good rows change figures only; None where they may change more."""
    assert terms.promise is not None
    is_plain = terms.aggregation in EVENTS and terms.promise.comparison == "at_least"
    if not is_plain or terms.warn_at.min_events or not finding.met or window.verdict != "met":
        return None
    if any(each.standing and each.window_id == window.window_id for each in target_state.breaches.values()):
        return None
    return (window.start, window.end)


def _new(terms: ServiceLevelTarget, start: int, sums: Any = None, raw: Any = None) -> tuple[Accumulator, Accumulator]:
    """A new accumulator for a window, and one without exclusions.

    The latter of an aggregation that is no share is filled only if exclusions are approved.
    """
    kind = accumulators.accumulator_of(terms)
    tally = kind(start, sums)
    return tally, ShareAccumulator(raw) if isinstance(tally, ShareAccumulator) else kind(start, raw)


def _lies_in(minute: int, spans: Sequence[Interval]) -> bool:
    position = bisect_right(spans, minute, key=lambda span: span[0]) - 1
    return position >= 0 and minute < spans[position][1]


def checkpoint_of(series: Series, targets: Iterable[SeriesTarget]) -> SeriesCheckpoint:
    """Return the checkpoint of a series. ``targets`` are those whose accumulators it holds: all of its indicator for
    the series without labels, because these count rows of all labels, and none for any other."""
    kept = SeriesCheckpoint(series.high_water)
    for target in targets:
        if target.is_tallied and not target.needs_counting:
            kept.tallies[accumulators_key(target.target_state.line)] = AccumulatorState(
                target.fingerprint, target.kept()
            )
        for window in target.target_state.windows.values():
            if window.judged_to is not None:
                kept.judged_to[f"{window.target_id} {window.window_id}"] = window.judged_to
    return kept


def accumulators_key(line: TermsHistory) -> str:
    """Return the name of a target's accumulators in a checkpoint."""
    return " ".join(str(part) for part in line.key)
