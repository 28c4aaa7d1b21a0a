"""The evaluator of measured rows of one partition: indicators summed by the minute, and their targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from slm_chassis.faults import is_infrastructure_fault
from slm_monitor.application.evaluators.schedule.holds import Holds
from slm_monitor.application.evaluators.series.deferred_rows import DeferredRows
from slm_monitor.application.evaluators.series.series_store import SeriesStore, pieces
from slm_monitor.application.evaluators.series.series_target import SeriesTarget, accumulators_key, checkpoint_of
from slm_monitor.application.evaluators.series.target_rows import TargetRows
from slm_monitor.application.evaluators.series.unsaved_windows import UnsavedWindows
from slm_monitor.application.state.exclusion_index import CAUSE, ExclusionChange, ExclusionIndex
from slm_monitor.application.state.failed_targets import FailedTargets
from slm_monitor.application.state.invalidation import FACT, Invalidation
from slm_monitor.application.state.loaded_partition import Hold, LoadedPartition, SeriesCheckpoint
from slm_monitor.application.state.loaded_state import LoadedState
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.application.state.timers import COUNT, Timers
from slm_monitor.domain.facts.facts import MINUTE, Fact, MeasuredValues, indicator_of, labelled
from slm_monitor.domain.lifecycle.target_state import Changes, EvaluationMoment, TargetState, Window
from slm_monitor.domain.rolling import rolling_minutes, rolling_target
from slm_monitor.domain.rolling.rolling_target import EvaluatedMinutes
from slm_monitor.domain.series import classifiers
from slm_monitor.domain.series.hour_buckets import Chunk
from slm_monitor.domain.series.series import Delta, Series
from slm_monitor.domain.terms import instances
from slm_monitor.domain.terms.terms_history import TermsHistory
from slm_monitor.domain.windows import minute_series
from slm_monitor.domain.windows.minute_series import BurnRateLookback

AT_ONCE = 0
LONGEST_UNJUDGED = 60
"""Minutes after which a quiet rolling target is evaluated anyway, so that it never has many minutes to catch up on."""


class SeriesEvaluator:
    """Takes rows, and evaluates the targets that they affect.

    Rows that can change figures only wait for the next checkpoint: ``refresh`` then updates the figures.
    """

    def __init__(
        self,
        store: EvaluationStore,
        timers: Timers,
        established: LoadedState,
        excluded: ExclusionIndex,
        loaded: LoadedPartition,
        aside: FailedTargets,
    ) -> None:
        self._timers = timers
        self._established = established
        self._excluded = excluded
        self._aside = aside
        self._targets: dict[str, dict[tuple[str, int], SeriesTarget]] = {}
        self._grouped: dict[str, dict[tuple[str, int], TermsHistory]] = {}
        self._streams = SeriesStore(store, loaded.series)
        self._dirty: dict[str, Invalidation] = {}
        self._rows = TargetRows(self._streams, excluded, self._reach)
        self._deferred = DeferredRows()
        self._born: list[TermsHistory] = []
        self._causes: dict[str, str] = {}
        """Indicator → cause of the restatement of its past, once no import holds that past any more."""
        self._unsaved: set[str] = set()
        self._recounted: dict[str, int] = {}
        self._unsaved_windows = UnsavedWindows(loaded.windows)
        self._kept = loaded.series

    # -- targets ------------------------------------------------------------------------------------------------

    def attach(self, line: TermsHistory, *, fresh: bool) -> None:
        """Attach a target's terms. ``fresh``: they are new, so all of its windows must be evaluated."""
        subject = line.latest.indicator
        assert subject is not None
        self._streams.declare(subject, {classifiers.classifier_of(version) for version in line.versions})
        if line.latest.group_by:
            fresh = fresh or self._aside.returns(line)
            self._grouped.setdefault(subject, {})[line.key] = line
            for labels in {instances.group_of(line, series.subject) for series in self._streams.of_indicator(subject)}:
                if labels is not None:
                    instance = instances.instance_terms(line, labels)
                    self._attach(subject, instance, fresh=fresh)
                    if fresh and not self._aside.holds(instance):
                        # Rows with this label arrived before the terms, so no later row need announce the instance.
                        self._born.append(instance)
        else:
            self._attach(subject, line, fresh=fresh)

    def _attach(self, subject: str, line: TermsHistory, *, fresh: bool) -> None:
        self._fold(subject)
        self._deferred.forget_calm()
        if self._aside.holds(line):
            return
        targets = self._targets.setdefault(subject, {})
        held = targets.get(line.key)
        if held is None:
            target_state = self._target_state(line, subject)
            held = targets[line.key] = SeriesTarget(target_state, self._excluded, None)
            tally = self._kept[subject].tallies.get(accumulators_key(line)) if subject in self._kept else None
            if tally is not None and tally.fingerprint == held.fingerprint:
                targets[line.key] = held = SeriesTarget(target_state, self._excluded, tally.windows)
            held.amend(line)
        else:
            before = held.fingerprint
            held.amend(line)
            if held.fingerprint != before:
                held.recount()
        dirty = self._dirty.setdefault(subject, Invalidation())
        if fresh or self._aside.returns(line):
            dirty.touch(line.begins_at)

    def _target_state(self, line: TermsHistory, subject: str) -> TargetState:
        target_state = self._established.target_state(line)
        if subject in self._kept:
            for window in target_state.windows.values():
                window.judged_to = self._kept[subject].judged_to.get(f"{window.target_id} {window.window_id}")
        return target_state

    def target_states(self) -> Iterator[TargetState]:
        """The target states of all targets of the partition's series."""
        return (target.target_state for targets in self._targets.values() for target in targets.values())

    def reopen(self, subject: str, since: int, cause: str) -> None:
        """Evaluate an indicator's windows again from an instant on, after a decision about them."""
        if subject in self._targets:
            self._deferred.forget_calm()
            self._dirty.setdefault(subject, Invalidation()).touch(since, cause)

    def exclude(self, moved: ExclusionChange) -> None:
        """Count targets again whose excluded time has changed, and evaluate their windows."""
        for subject, targets in self._targets.items():
            for target in targets.values():
                since = moved.since(target.target_state.line)
                if since is not None:
                    self._fold(subject)
                    self._deferred.forget_calm()
                    target.recount()
                    self._dirty.setdefault(subject, Invalidation()).touch(since, CAUSE)

    # -- facts --------------------------------------------------------------------------------------------------

    async def accept_values(self, values: MeasuredValues, received_at: int) -> MeasuredValues | None:
        """Take rows; return the new ones as columns to be stored, or None if all were known."""
        return await self._streams.accept_values(values, self._add, received_at)

    async def accept_facts(self, facts: Sequence[Fact]) -> list[Fact]:
        """Take facts that are kept one by one; return those that are new or replace the fact under their key."""
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
        """Create the series of a label value with its first fact, even if another fact with a higher rank replaces that
        one."""
        name = labelled(fact.subject, fact.body.get("labels") or {})
        if name == fact.subject or self._streams.has(name):
            return
        series = self._streams.named(name)
        self._recounted[name] = series.high_water
        if fact.subject in self._grouped:
            self._group(fact.subject, series)

    def _add(self, series: Series, deltas: Sequence[Delta]) -> None:
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
        self._dirty.setdefault(subject, Invalidation()).touch_minutes(
            min(delta.minute for delta in deltas), max(delta.minute for delta in deltas)
        )

    def _fold(self, subject: str) -> None:
        """Add the rows of an indicator that could change figures only to the accumulators."""
        self._deferred.fold(subject, self._targets.get(subject, {}).values())

    def _group(self, subject: str, series: Series) -> None:
        """Create the instances of grouped targets for a label value that appears for the first time."""
        for line in self._grouped[subject].values():
            labels = instances.group_of(line, series.subject)
            if labels is None:
                continue
            born = instances.instance_terms(line, labels)
            if born.key not in self._targets.setdefault(subject, {}) and not self._aside.holds(born):
                self._attach(subject, born, fresh=True)
                self._born.append(born)

    def recounted(self) -> dict[str, int]:
        """Return, and forget, the series that a restart must count again from the record, each with the instant of its
        latest row.

        They are new, or their accumulators in the checkpoint are outdated.
        """
        recounted, self._recounted = self._recounted, {}
        return recounted

    # -- evaluation ---------------------------------------------------------------------------------------------

    def wake(self, subject: str) -> None:
        """Evaluate an indicator's targets next, because a timer fired."""
        self._dirty.setdefault(subject, Invalidation())

    def wake_all(self) -> None:
        """Set a timer for every indicator after a restart. No row may ever arrive for it, and its next timer is known
        only once it has been evaluated."""
        for subject in self._targets:
            self._timers.set((COUNT, subject), AT_ONCE)

    def wake_held(self, hold: Hold) -> None:
        """Evaluate in full the indicators that a hold covered, because it has ended."""
        for subject, targets in self._targets.items():
            if hold.covers(subject):
                self._deferred.forget_calm()
                cause = self._causes.pop(subject, None)
                for target in targets.values():
                    self._dirty.setdefault(subject, Invalidation()).touch(target.target_state.line.begins_at, cause)

    async def evaluate(self, holds: Holds, moment: EvaluationMoment, changes: Changes) -> None:
        """Evaluate the invalidated indicators. A past that an import holds is evaluated when the import ends."""
        changes.instances += [line.latest for line in self._born]
        self._born.clear()
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
        """Drop a target that failed half-way, so that no checkpoint saves its figures."""
        del self._targets[subject][target.target_state.line.key]
        self._unsaved_windows.drop(target.target_state.target_id)

    async def _evaluate(
        self, subject: str, target: SeriesTarget, dirty: Invalidation, moment: EvaluationMoment, changes: Changes
    ) -> int | None:
        if target.target_state.line.latest.window_kind == "rolling":
            return await self._judge_rolling(subject, target, dirty, moment, changes)
        if target.needs_counting:
            await self._rows.count_past(subject, target)
            self._unsaved.add(subject)
        return await self._judge_calendar(subject, target, dirty, moment, changes)

    async def _judge_calendar(
        self, subject: str, target: SeriesTarget, dirty: Invalidation, moment: EvaluationMoment, changes: Changes
    ) -> int | None:
        line = target.target_state.line
        terms = line.at(moment.now) or line.latest
        present = moment.now // MINUTE
        lately: BurnRateLookback | None = None
        longest = minute_series.lookback_minutes(terms)
        if longest and terms.aggregation != "time_slices":
            await self._streams.load_minutes(subject, present - longest, present)
            lately = BurnRateLookback(self._rows.minutes(subject, target, terms), line.begins_at, present)
        burning, rises_at = (lately.burn_rate_risks(), lately.may_rise_at()) if lately is not None else ([], None)
        await self._rows.measure_first_bad(subject, target)
        due = target.evaluate(burning, lately, dirty, moment, changes)
        self._remember(target.target_state, dirty, moment, changes)
        if burning:
            rises_at = present + 1
        return _sooner(due, None if rises_at is None else rises_at * MINUTE)

    async def _judge_rolling(
        self, subject: str, target: SeriesTarget, dirty: Invalidation, moment: EvaluationMoment, changes: Changes
    ) -> int | None:
        target_state = target.target_state
        line = target_state.line
        first, present = rolling_minutes.first_minute(line), moment.now // MINUTE
        if present < first:
            return first * MINUTE
        window = target_state.windows.get(line.latest.window)
        if window is None:
            window = Window(line.target_id, line.latest.window, line.latest.version, line.begins_at, line.ends_at)
            target_state.windows[window.window_id] = window
        if window.judged_to is None:
            window.judged_to = first - 1
        rolling_minutes.hold_back(window, line, moment.through)
        reach, rolled = rolling_minutes.lookback_of(line), self._rows.rolling(subject, target)
        evaluated: list[EvaluatedMinutes] = []
        for start, end in rolling_minutes.minutes_to_evaluate(
            window, line, dirty.minutes, dirty.since, present, moment.through
        ):
            for piece in pieces(start, end):
                await self._streams.load_minutes(subject, piece.start - reach, piece.stop)
                evaluated.append(rolling_target.evaluate_minutes(line, rolled, piece.start, piece.stop - 1))
                self._rows.evict(subject)
        latest = max([window.judged_to, *(minutes.last for minutes in evaluated)])
        await self._streams.load_minutes(subject, latest - reach, latest)
        due = rolling_target.reconcile_rolling(target_state, window, rolled, evaluated, moment, changes)
        target.quiet = rolling_target.quiet_interval(target_state, window)
        self._unsaved.add(subject)
        self._remember(target_state, dirty, moment, changes)
        ahead = min(dirty.minutes[1], rolling_minutes.last_minute(line)) if dirty.minutes else 0
        return _sooner(due, ahead * MINUTE if ahead > window.judged_to else None)

    def _remember(
        self, target_state: TargetState, dirty: Invalidation, moment: EvaluationMoment, changes: Changes
    ) -> None:
        """Leave changes of figures alone to the next checkpoint; a change of verdict is written with this step."""
        # A restart evaluates open windows again, and windows with unsaved rows. It does not evaluate a closed window
        # again that changed by a corrected fact, an exclusion, new terms or the end of a hold.
        is_recounted = target_state.line.latest.indicator in self._recounted
        is_lost = is_recounted or moment.cause != "fact" or dirty.since is not None
        self._unsaved_windows.defer(target_state, changes, is_lost=is_lost)

    # -- checkpoints --------------------------------------------------------------------------------------------

    @property
    def has_unsaved(self) -> bool:
        return bool(self._unsaved_windows or self._deferred)

    @property
    def has_rows(self) -> bool:
        """Whether rows, or accumulators of them, are not in the record yet."""
        return bool(self._unsaved)

    async def refresh(self, moment: EvaluationMoment) -> None:
        """Add the deferred rows and update the figures of their targets. Such rows change no verdict and no warning."""
        for subject in self._deferred.subjects:
            self._fold(subject)
            for target in self._targets.get(subject, {}).values():
                try:
                    window = await self._refreshed(subject, target, moment)
                except Exception as error:
                    if is_infrastructure_fault(error):
                        raise
                    # The evaluation will fail in the same way, and set the target aside.
                    self._timers.set((COUNT, subject), AT_ONCE)
                    continue
                if window is not None:
                    self._unsaved_windows.add(window)

    async def _refreshed(self, subject: str, target: SeriesTarget, moment: EvaluationMoment) -> Window | None:
        line = target.target_state.line
        if line.latest.window_kind != "rolling":
            return target.refresh(moment)
        window = target.target_state.windows[line.latest.window]
        minute = min(moment.now // MINUTE, rolling_minutes.last_minute(line))
        if window.judged_to is None or minute - window.judged_to > LONGEST_UNJUDGED:
            self._timers.set((COUNT, subject), AT_ONCE)
            return None
        reach = line.latest.rolling_microseconds // MINUTE
        await self._streams.load_minutes(subject, minute - reach, minute)
        rolling_target.refresh_figures(line, window, self._rows.rolling(subject, target), minute, moment)
        return window

    def unsaved_windows(self) -> list[Window]:
        """Return the windows with unsaved figures; they count as saved from now on."""
        return self._unsaved_windows.taken()

    def unsaved(self) -> tuple[list[tuple[str, int, list[Chunk]]], dict[str, SeriesCheckpoint]]:
        """Return the unsaved rows as (series, hour, chunks) and the checkpoint of each changed series; both count as
        saved from now on."""
        segments = []
        kept = {}
        for name in sorted(self._unsaved):
            segments += self._streams.unsaved(name)
        for subject in sorted({indicator_of(name) for name in self._unsaved}):
            for series in self._streams.of_indicator(subject):
                if series.subject == subject or series.subject in self._unsaved:
                    targets = self._targets.get(subject, {}).values() if series.subject == subject else ()
                    kept[series.subject] = checkpoint_of(series, targets)
            self._rows.evict(subject)
        self._unsaved = set()
        return segments, kept

    def _reach(self, subject: str) -> int:
        lines = [target.target_state.line for target in self._targets.get(subject, {}).values()]
        return max((rolling_minutes.lookback_of(line) for line in lines), default=0)


def _sooner(*dues: int | None) -> int | None:
    return min((due for due in dues if due is not None), default=None)
