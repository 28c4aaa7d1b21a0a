"""Evaluator of measured rows of one partition: sums by the minute, and the targets evaluated from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from slm_chassis.faults import is_infrastructure_fault
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.schedule.holds import ImportHolds
from slm_monitor.application.evaluators.series.deferred_rows import DeferredRows
from slm_monitor.application.evaluators.series.series_store import IndicatorSeriesStore, split_range_into_pieces
from slm_monitor.application.evaluators.series.series_target import (
    SeriesTarget,
    build_accumulators_key,
    build_checkpoint,
)
from slm_monitor.application.evaluators.series.target_rows import TargetRowLookup
from slm_monitor.application.evaluators.series.unsaved_windows import UnsavedWindows
from slm_monitor.application.state.exclusion_index import CAUSE, ExclusionChange, ExclusionIndex
from slm_monitor.application.state.failed_targets import FailedTargets
from slm_monitor.application.state.invalidation import FACT, DirtySpan
from slm_monitor.application.state.loaded_partition import ImportHold, LoadedPartition, SeriesCheckpoint
from slm_monitor.application.state.loaded_state import LoadedTargetResults
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.application.state.timers import COUNT, TimerHeap
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.facts.facts import MINUTE, Fact, MeasuredValues, name_labelled_series, parse_series_indicator
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState, TargetWindow
from slm_monitor.domain.rolling import rolling_minutes, rolling_target
from slm_monitor.domain.rolling.rolling_target import EvaluatedRollingMinutes
from slm_monitor.domain.series.hour_buckets import HourChunk
from slm_monitor.domain.series.series import IndicatorSeries, MinuteSumChange
from slm_monitor.domain.terms import instances
from slm_monitor.domain.terms.terms_history import FigureHistory
from slm_monitor.domain.windows import minute_series
from slm_monitor.domain.windows.minute_series import BurnRateLookback

AT_ONCE = 0
LONGEST_UNJUDGED = 60
"""Minutes after which a rolling target is evaluated even without new rows, so that few minutes are left to catch up."""


class SeriesEvaluator:
    """Takes in rows, and evaluates the targets that they affect.

    Rows that can change only figures, but no verdict or warning, wait: ``refresh`` adds them just before a checkpoint.
    """

    def __init__(
        self,
        store: EvaluationStore,
        timers: TimerHeap,
        established: LoadedTargetResults,
        excluded: ExclusionIndex,
        loaded: LoadedPartition,
        aside: FailedTargets,
    ) -> None:
        self._timers = timers
        self._established = established
        self._excluded = excluded
        self._aside = aside
        self._targets: dict[str, dict[tuple[str, int], SeriesTarget]] = {}
        self._grouped: dict[str, dict[tuple[str, int], FigureHistory]] = {}
        self._streams = IndicatorSeriesStore(store, loaded.series)
        self._dirty: dict[str, DirtySpan] = {}
        self._rows = TargetRowLookup(self._streams, excluded, self._reach)
        self._deferred = DeferredRows()
        self._born: list[FigureHistory] = []
        self._causes: dict[str, str] = {}
        """Indicator → cause named by a restatement of its past when no import holds that past any more."""
        self._unsaved: set[str] = set()
        self._recounted: dict[str, int] = {}
        self._unsaved_windows = UnsavedWindows(loaded.windows)
        self._kept = loaded.series

    # -- targets ------------------------------------------------------------------------------------------------

    def attach(self, subject: str, line: FigureHistory, *, fresh: bool) -> None:
        """Attach a target's terms. ``fresh``: the terms are new, so all windows of the target must be evaluated."""
        self._streams.declare(subject, registry.list_classifiers(line))
        if line.latest.group_by:
            fresh = fresh or self._aside.returns(line)
            self._grouped.setdefault(subject, {})[line.key] = line
            names = {series.subject for series in self._streams.of_indicator(subject)}
            for labels in {instances.read_series_label_group(line, name) for name in names}:
                if labels is not None:
                    instance = instances.derive_instance_terms(line, labels)
                    self._attach(subject, instance, fresh=fresh)
                    if fresh and not self._aside.holds(instance):
                        # Rows with this label arrived before the terms, so no later row need announce the instance.
                        self._born.append(instance)
        else:
            self._attach(subject, line, fresh=fresh)

    def _attach(self, subject: str, line: FigureHistory, *, fresh: bool) -> None:
        self._fold(subject)
        self._deferred.forget_calm()
        if self._aside.holds(line):
            return
        targets = self._targets.setdefault(subject, {})
        held = targets.get(line.key)
        if held is None:
            target_state = self._target_state(line, subject)
            held = targets[line.key] = SeriesTarget(target_state, self._excluded, None)
            tally = self._kept[subject].tallies.get(build_accumulators_key(line)) if subject in self._kept else None
            if tally is not None and tally.fingerprint == held.fingerprint and tally.measured is not None:
                targets[line.key] = held = SeriesTarget(target_state, self._excluded, tally.windows, tally.measured)
            held.amend(line)
        else:
            before = held.fingerprint
            held.amend(line)
            if held.fingerprint != before:
                held.recount()
        dirty = self._dirty.setdefault(subject, DirtySpan())
        if fresh or self._aside.returns(line):
            dirty.touch(line.begins_at)

    def _target_state(self, line: FigureHistory, subject: str) -> TargetState:
        target_state = self._established.target_state(line)
        if subject in self._kept:
            for window in target_state.windows.values():
                window.judged_to = self._kept[subject].last_minute(window.target_id, window.window_id)
        return target_state

    def target_states(self) -> Iterator[TargetState]:
        """Yield the target state of each target that this evaluator keeps."""
        return (target.target_state for targets in self._targets.values() for target in targets.values())

    def reopen(self, subject: str, since: UtcMicroseconds, cause: str) -> None:
        """Mark an indicator's windows that end after ``since`` for evaluation; published changes name ``cause``."""
        if subject in self._targets:
            self._deferred.forget_calm()
            self._dirty.setdefault(subject, DirtySpan()).touch(since, cause)

    def exclude(self, moved: ExclusionChange) -> None:
        """Drop the sums of the targets whose excluded time has changed, and mark their windows for evaluation."""
        for subject, targets in self._targets.items():
            for target in targets.values():
                since = moved.since(target.target_state.line)
                if since is not None:
                    self._fold(subject)
                    self._deferred.forget_calm()
                    target.recount()
                    self._dirty.setdefault(subject, DirtySpan()).touch(since, CAUSE)

    # -- facts --------------------------------------------------------------------------------------------------

    async def accept_values(self, values: MeasuredValues, received_at: UtcMicroseconds) -> MeasuredValues | None:
        """Take in rows; return the new rows as columns to be stored, or None if all rows were known."""
        return await self._streams.accept_values(values, self._add, received_at)

    async def accept_facts(self, facts: Sequence[Fact]) -> list[Fact]:
        """Take in facts that are stored singly; return the facts that are new or replace a fact with the same key."""
        self._streams.committed()
        for fact in facts:
            self._create_labelled_series(fact)
        accepted = await self._streams.accept_facts(facts, self._add) if facts else []
        for subject in sorted({fact.subject for fact in accepted}):
            self._recounted.update(
                (series.subject, series.high_water) for series in self._streams.of_indicator(subject)
            )
        return accepted

    def _create_labelled_series(self, fact: Fact) -> None:
        """Create the series for the labels of a fact if there is none yet.

        The fact may be outdated: replaced by a fact with a higher rank.
        """
        name = name_labelled_series(fact.subject, fact.body.get("labels") or {})
        if name == fact.subject or self._streams.has(name):
            return
        series = self._streams.named(name)
        self._recounted[name] = series.high_water
        if fact.subject in self._grouped:
            self._group(fact.subject, series)

    def _add(self, series: IndicatorSeries, deltas: Sequence[MinuteSumChange]) -> None:
        self._unsaved.add(series.subject)
        subject = series.indicator
        if subject not in self._dirty and self._deferred.accept(series, deltas):
            return
        if subject in self._grouped:
            self._group(subject, series)
        targets = self._targets.get(subject)
        if not targets or not deltas:
            return
        self._fold(subject)
        for target in targets.values():
            if target.counts(series):
                target.add(series, deltas)
        self._dirty.setdefault(subject, DirtySpan()).touch_minutes(
            min(delta.minute for delta in deltas), max(delta.minute for delta in deltas)
        )

    def _fold(self, subject: str) -> None:
        """Add the deferred rows of an indicator, which can only change figures, to the accumulators."""
        if subject in self._deferred.waiting:
            self._deferred.fold(subject, self._targets.get(subject, {}).values())

    def _group(self, subject: str, series: IndicatorSeries) -> None:
        """Create the instances of grouped targets for a label value that appears for the first time."""
        for line in self._grouped[subject].values():
            labels = instances.read_series_label_group(line, series.subject)
            if labels is None:
                continue
            born = instances.derive_instance_terms(line, labels)
            if born.key not in self._targets.setdefault(subject, {}) and not self._aside.holds(born):
                self._attach(subject, born, fresh=True)
                self._born.append(born)

    def recounted(self) -> dict[str, int]:
        """Return series → instant of its latest row, for series whose rows a restart must add up again; forget them.

        A restart must do so if the series is new, or if its accumulators in the checkpoint are outdated.
        """
        recounted, self._recounted = self._recounted, {}
        return recounted

    # -- evaluation ---------------------------------------------------------------------------------------------

    def wake(self, subject: str) -> None:
        """Mark an indicator for the next evaluation, because its timer fired."""
        self._dirty.setdefault(subject, DirtySpan())

    def wake_all(self) -> None:
        """After a restart, let every indicator be evaluated at once. Only an evaluation tells its next timer."""
        for subject in self._targets:
            self._timers.set((COUNT, subject), AT_ONCE)

    def wake_held(self, hold: ImportHold) -> None:
        """Mark for a full evaluation the indicators that a released hold covered."""
        for subject, targets in self._targets.items():
            if hold.covers(subject):
                self._deferred.forget_calm()
                cause = self._causes.pop(subject, None)
                for target in targets.values():
                    self._dirty.setdefault(subject, DirtySpan()).touch(target.target_state.line.begins_at, cause)

    async def evaluate(self, holds: ImportHolds, moment: EvaluationMoment, changes: EvaluationChanges) -> None:
        """Evaluate the indicators marked for evaluation. The past that an import holds waits until the import ends."""
        changes.instances += [line.latest for line in self._born]
        self._born.clear()
        await self._rows.note_ages(list(self._dirty))
        for subject in list(self._dirty):
            dirty = self._dirty.pop(subject).within(self._established.record_starts.get(subject))
            self._fold(subject)
            caused = holds.moment(subject, replace(moment, cause=dirty.cause))
            if caused.through is not None and dirty.cause != FACT:
                self._causes[subject] = dirty.cause
            dues: list[int | None] = []
            for target in list(self._targets.get(subject, {}).values()):
                with self._aside.attempt(target.target_state.line, changes, caused.mark) as own:
                    dues.append(await self._evaluate(subject, target, dirty, caused, own))
                if self._aside.holds(target.target_state.line):
                    self._let_go(subject, target)
            self._timers.set((COUNT, subject), min((due for due in dues if due is not None), default=None))
            for series in self._streams.of_indicator(subject):
                self._deferred.note_calm(series, self._targets.get(subject, {}).values())

    def _let_go(self, subject: str, target: SeriesTarget) -> None:
        """Drop a target whose evaluation failed half-way, so that no checkpoint saves its figures."""
        del self._targets[subject][target.target_state.line.key]
        self._unsaved_windows.drop(target.target_state.target_id)

    async def _evaluate(
        self, subject: str, target: SeriesTarget, dirty: DirtySpan, moment: EvaluationMoment, changes: EvaluationChanges
    ) -> UtcMicroseconds | None:
        if target.target_state.line.latest.window_kind == "rolling":
            return await self._judge_rolling(subject, target, dirty, moment, changes)
        if await self._rows.count_past_if_needed(subject, target):
            self._unsaved.add(subject)
        return await self._judge_calendar(subject, target, dirty, moment, changes)

    async def _judge_calendar(
        self, subject: str, target: SeriesTarget, dirty: DirtySpan, moment: EvaluationMoment, changes: EvaluationChanges
    ) -> UtcMicroseconds | None:
        line = target.target_state.line
        terms = line.at(moment.now) or line.latest
        present = moment.now // MINUTE
        lately: BurnRateLookback | None = None
        longest = minute_series.compute_warning_lookback_minutes(terms)
        if longest and registry.series_aggregation_of(terms).has_burn_rates:
            await self._streams.load_minutes(subject, present - longest, present)
            lately = BurnRateLookback(self._rows.minutes(subject, target, terms), line.begins_at, present)
        burning, rises_at = (lately.burn_rate_risks(), lately.may_rise_at()) if lately is not None else ([], None)
        await self._rows.measure_first_bad(subject, target)
        due = target.evaluate(burning, lately, dirty, moment, changes)
        is_recounted = subject in self._recounted
        self._unsaved_windows.defer(target.target_state, dirty, moment, changes, is_recounted=is_recounted)
        if burning:
            rises_at = present + 1
        return _sooner(due, None if rises_at is None else rises_at * MINUTE)

    async def _judge_rolling(
        self, subject: str, target: SeriesTarget, dirty: DirtySpan, moment: EvaluationMoment, changes: EvaluationChanges
    ) -> UtcMicroseconds | None:
        target_state = target.target_state
        line = target_state.line
        first, present = rolling_minutes.find_first_minute_of_term(line), moment.now // MINUTE
        if present < first:
            return first * MINUTE
        window = target_state.windows.get(line.latest.window)
        if window is None:
            window = TargetWindow(line.target_id, line.latest.window, line.latest.version, line.begins_at, line.ends_at)
            target_state.windows[window.window_id] = window
        rolling_minutes.begin_before_first_minute(window, line)
        rolling_minutes.skip_minutes_held_by_import(window, line, moment.through)
        reach, rolled = rolling_minutes.compute_lookback_minutes(line), self._rows.rolling(subject, target)
        evaluated: list[EvaluatedRollingMinutes] = []
        for start, end in rolling_minutes.find_minutes_to_evaluate(
            window, line, dirty.minutes, dirty.since, present, moment.through
        ):
            for piece in split_range_into_pieces(start, end):
                await self._streams.load_minutes(subject, piece.start - reach, piece.stop)
                evaluated.append(rolling_target.evaluate_rolling_minutes(line, rolled, piece.start, piece.stop - 1))
                self._rows.evict(subject)
        latest = max([window.judged_to, *(minutes.last for minutes in evaluated)])
        await self._streams.load_minutes(subject, latest - reach, latest)
        due = rolling_target.reconcile_rolling_target(target_state, window, rolled, evaluated, moment, changes)
        target.quiet = rolling_target.find_interval_without_verdict_changes(target_state, window)
        self._unsaved.add(subject)
        is_recounted = subject in self._recounted
        self._unsaved_windows.defer(target_state, dirty, moment, changes, is_recounted=is_recounted)
        ahead = min(dirty.minutes[1], rolling_minutes.find_last_minute_of_term(line)) if dirty.minutes else 0
        return _sooner(due, ahead * MINUTE if ahead > window.judged_to else None)

    # -- checkpoints --------------------------------------------------------------------------------------------

    @property
    def has_unsaved(self) -> bool:
        return bool(self._unsaved_windows or self._deferred.waiting)

    @property
    def has_rows(self) -> bool:
        """Whether there are rows, or accumulators of rows, that are not in the record yet."""
        return bool(self._unsaved)

    async def refresh(self, moment: EvaluationMoment) -> None:
        """Add the deferred rows, which change no verdict and no warning, and update the figures of their targets."""
        for subject in sorted(self._deferred.waiting):
            targets = self._targets.get(subject, {}).values()
            self._deferred.fold(subject, targets)
            for target in targets:
                try:
                    window = await self._refreshed(subject, target, moment)
                except Exception as error:
                    if is_infrastructure_fault(error):
                        raise
                    # The evaluation will fail in the same way, and set the target aside.
                    self._timers.set((COUNT, subject), AT_ONCE)
                    continue
                if window is not None:
                    self._unsaved_windows[window.target_id, window.window_id] = window

    async def _refreshed(self, subject: str, target: SeriesTarget, moment: EvaluationMoment) -> TargetWindow | None:
        line = target.target_state.line
        if line.latest.window_kind != "rolling":
            return target.refresh(moment)
        window = target.target_state.windows[line.latest.window]
        minute = min(moment.now // MINUTE, rolling_minutes.find_last_minute_of_term(line))
        if minute - window.judged_to > LONGEST_UNJUDGED:
            self._timers.set((COUNT, subject), AT_ONCE)
            return None
        reach = line.latest.rolling_microseconds // MINUTE
        await self._streams.load_minutes(subject, minute - reach, minute)
        rolling_target.refresh_rolling_figures(line, window, self._rows.rolling(subject, target), minute, moment)
        return window

    def unsaved_windows(self) -> list[TargetWindow]:
        """Return the windows with unsaved figures; they count as saved from now on."""
        return self._unsaved_windows.taken()

    def unsaved(self) -> tuple[list[tuple[str, int, list[HourChunk]]], dict[str, SeriesCheckpoint]]:
        """Return the unsaved rows as (series, hour, chunks), and the changed checkpoints as series → checkpoint;
        both count as saved from now on.
        """
        segments = []
        kept = {}
        for name in sorted(self._unsaved):
            segments += self._streams.unsaved(name)
        for subject in sorted({parse_series_indicator(name) for name in self._unsaved}):
            for series in self._streams.of_indicator(subject):
                if series.subject == subject or series.subject in self._unsaved:
                    targets = self._targets.get(subject, {}).values() if series.subject == subject else ()
                    kept[series.subject] = build_checkpoint(series, targets)
            self._rows.evict(subject)
        self._unsaved = set()
        return segments, kept

    def _reach(self, subject: str) -> int:
        lines = [target.target_state.line for target in self._targets.get(subject, {}).values()]
        return max((rolling_minutes.compute_lookback_minutes(line) for line in lines), default=0)


def _sooner(*dues: int | None) -> UtcMicroseconds | None:
    return min((due for due in dues if due is not None), default=None)
