"""The indicators of one partition: states and values in memory, and the targets judged by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from slm_chassis.log.partitioner import partition_of
from slm_monitor.application.calendar_target import CalendarWindows
from slm_monitor.application.ports import Hold, JudgeStore, LoadedPartition, SeriesCheckpoint
from slm_monitor.application.timers import Timers
from slm_monitor.application.touched import Dirty
from slm_monitor.domain import findings, rolling_target
from slm_monitor.domain.facts import HOUR, MINUTE, Fact, Values
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.series import Chunk, Delta, Series
from slm_monitor.domain.settling import Moment, Standing
from slm_monitor.domain.standing import Changes, Window
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import Timeline, timeline_of

IsHeld = Callable[[str], bool]
AT_ONCE = 0
HOURS_KEPT = 3
"""Hours of values kept in memory behind the high-water mark beside those a target's windows need."""


class IndicatorJudge:
    """Takes facts of indicators, knows which targets they touch, and judges those."""

    def __init__(self, store: JudgeStore, timers: Timers, loaded: LoadedPartition) -> None:
        self._store = store
        self._timers = timers
        self._loaded = loaded
        self._targets: dict[str, dict[str, CalendarWindows]] = {}
        self._series: dict[str, Series] = {
            subject: Series(subject, (), kept.high_water) for subject, kept in loaded.series.items()
        }
        self._states: dict[str, dict[str, Fact]] = {}
        self._dirty: dict[str, Dirty] = {}
        self._unsaved: set[str] = set()
        self._unsaved_windows: dict[tuple[str, str], Window] = {}
        self._written = {
            (window.target_id, window.window_id): (window.status, window.revision, window.closed_at)
            for window in loaded.windows
        }

    # -- targets ------------------------------------------------------------------------------------------------

    def attach(self, line: TermsLine, number: int, partitions: int, *, fresh: bool) -> None:
        """Take up a target's terms if its indicator is one of this partition; ``fresh``: they are new, so all of its
        windows are to be judged."""
        subject = line.latest.indicator
        assert subject is not None
        if partition_of(subject, partitions) != number:
            return
        targets = self._targets.setdefault(subject, {})
        held = targets.get(line.target_id)
        if held is None:
            targets[line.target_id] = held = CalendarWindows(
                self._standing(line), self._tallies(subject, line.target_id)
            )
        held.amend(line)
        if line.latest.threshold is not None:
            series = self._series_of(subject)
            series.declare(version.threshold for version in line.versions if version.threshold is not None)
        dirty = self._dirty.setdefault(subject, Dirty())
        if fresh:
            dirty.touch(line.begins_at)

    def _standing(self, line: TermsLine) -> Standing:
        target_id = line.target_id
        standing = Standing(
            line,
            {each.window_id: each for each in self._loaded.windows if each.target_id == target_id},
            {each.breach_id: each for each in self._loaded.breaches if each.target_id == target_id},
            {each.risk_id: each for each in self._loaded.risks if each.target_id == target_id},
        )
        judged_to = {name: to for kept in self._loaded.series.values() for name, to in kept.judged_to.items()}
        for window in standing.windows.values():
            window.judged_to = judged_to.get(target_id)
        return standing

    def _tallies(self, subject: str, target_id: str) -> dict[str, list[int]] | None:
        kept = self._loaded.series.get(subject)
        if kept is None:
            return None
        found = {window: [*sums] for (target, window), sums in kept.tallies.items() if target == target_id}
        return found or None

    def _series_of(self, subject: str) -> Series:
        return self._series.setdefault(subject, Series(subject))

    # -- facts --------------------------------------------------------------------------------------------------

    async def take_values(self, values: Values) -> Values | None:
        """Accept values: those that are new, as columns to be kept; None where all were known."""
        accepted = np.zeros(len(values), dtype=np.bool_)
        order = np.lexsort((values.at, values.slot))
        slots = values.slot[order]
        cuts = np.flatnonzero(slots[1:] != slots[:-1]) + 1
        for rows in np.split(order, cuts) if len(order) else ():
            subject = values.subjects[int(values.slot[rows[0]])]
            at, value = values.at[rows], values.value[rows]
            ids = None if values.ids is None else [values.ids[row] for row in rows.tolist()]
            if ids is not None and not any(ids):
                ids = None
            series = self._series_of(subject)
            await self._load_hours(series, series.needs(at, ids is not None))
            new, deltas = series.take(at, value, ids)
            if deltas:
                accepted[rows[new]] = True
                self._add(subject, series, deltas)
        return values.taken(accepted) if accepted.any() else None

    def _add(self, subject: str, series: Series, deltas: Sequence[Delta]) -> None:
        self._unsaved.add(subject)
        targets = self._targets.get(subject)
        if not targets:
            return
        dirty = self._dirty.setdefault(subject, Dirty())
        dirty.touch_minutes(deltas[0].minute, deltas[-1].minute)
        for target in targets.values():
            target.add(series, deltas)

    async def _load_hours(self, series: Series, hours: set[int]) -> None:
        if not hours:
            return
        first, last = min(hours), max(hours)
        if first * HOUR > series.high_water:
            # Nothing of this indicator lies above its high-water mark, so nothing has to be read.
            found: Mapping[int, list[Chunk]] = {}
        else:
            found = await self._store.hours(series.subject, first, last)
        for hour in hours:
            series.load(hour, found.get(hour, ()))

    async def take_facts(self, facts: Sequence[Fact]) -> list[Fact]:
        """Accept state changes and outages: those that are new or hold over what was known under their key."""
        await self._load_states({fact.subject for fact in facts})
        accepted: dict[tuple[str, str], Fact] = {}
        for fact in facts:
            held = self._states[fact.subject]
            before = held.get(fact.key)
            if before is not None and fact.rank <= before.rank:
                continue
            held[fact.key] = fact
            accepted[fact.subject, fact.key] = fact
            dirty = self._dirty.setdefault(fact.subject, Dirty())
            dirty.touch(fact.at if before is None else min(fact.at, before.at))
        return list(accepted.values())

    async def _load_states(self, subjects: Iterable[str]) -> None:
        missing = sorted(set(subjects) - self._states.keys())
        if missing:
            found = await self._store.facts(missing)
            for subject in missing:
                self._states[subject] = dict(found.get(subject, {}))

    async def _timeline(self, subject: str) -> Timeline:
        await self._load_states([subject])
        indicator = await self._store.indicator(subject)
        return timeline_of(self._states[subject].values(), indicator.initial_state if indicator else "unknown")

    # -- judging ------------------------------------------------------------------------------------------------

    def wake(self, subject: str) -> None:
        """Time has come for one of its targets."""
        self._dirty.setdefault(subject, Dirty())

    def wake_all(self) -> None:
        """After a restart: nothing may come for an indicator any more, and its timers are known once it is judged."""
        for subject in self._targets:
            self._timers.set(subject, AT_ONCE)

    def wake_held(self, hold: Hold) -> None:
        """A hold begins or ends: what it covers is looked at again, in full, when nothing holds it any longer."""
        for subject, targets in self._targets.items():
            if hold.covers(subject):
                for target in targets.values():
                    self._dirty.setdefault(subject, Dirty()).touch(target.standing.line.begins_at)

    async def judge(self, is_held: IsHeld, moment: Moment, changes: Changes) -> None:
        """Judge what was touched and nothing holds; the rest stays touched."""
        ready = [subject for subject in self._dirty if not is_held(subject)]
        for subject in ready:
            dirty = self._dirty.pop(subject)
            dues = [
                await self._judge(subject, target, dirty, moment, changes)
                for target in self._targets.get(subject, {}).values()
            ]
            self._timers.set(subject, min((due for due in dues if due is not None), default=None))

    async def _judge(
        self, subject: str, target: CalendarWindows, dirty: Dirty, moment: Moment, changes: Changes
    ) -> int | None:
        terms = target.standing.line.latest
        if terms.aggregation == "availability":
            return target.judge_availability(await self._timeline(subject), dirty.since, moment, changes)
        series = self._series_of(subject)
        if terms.window_kind == "rolling":
            return await self._judge_rolling(series, target.standing, dirty, moment, changes)
        await self._tally(series, target)
        return await self._judge_share(series, target, dirty, moment, changes)

    async def _tally(self, series: Series, target: CalendarWindows) -> None:
        """A target that comes to an indicator with a past is summed over that past, once."""
        if target.is_tallied:
            return
        first = target.standing.line.begins_at // HOUR
        if series.high_water >= target.standing.line.begins_at:
            await self._load_hours(series, set(range(first, series.high_water // HOUR + 1)) - series.hours.keys())
        target.tally(series)
        self._unsaved.add(series.subject)

    async def _judge_share(
        self, series: Series, target: CalendarWindows, dirty: Dirty, moment: Moment, changes: Changes
    ) -> int | None:
        terms = target.standing.line.latest
        present = moment.now // MINUTE
        burning: list[findings.RiskFinding] = []
        if terms.burn_rate_pairs:
            longest = max(pair.long for pair in terms.burn_rate_pairs) // MINUTE
            await self._load_minutes(series, present - longest, present)
            burning = findings.burning(series, terms, present)
        due = target.judge_share(burning, dirty, moment, changes)
        self._remember(target.standing, changes)
        if burning:
            due = min(due or (present + 1) * MINUTE, (present + 1) * MINUTE)
        return due

    async def _judge_rolling(
        self, series: Series, standing: Standing, dirty: Dirty, moment: Moment, changes: Changes
    ) -> int | None:
        terms = standing.line.at(moment.now) or standing.line.latest
        begins = standing.line.begins_at
        window = standing.windows.get(terms.window)
        if window is None:
            window = Window(terms.target_id, terms.window, terms.version, begins, standing.line.ends_at)
            standing.windows[terms.window] = window
        if window.judged_to is None:
            window.judged_to = begins // MINUTE - 1
        present = moment.now // MINUTE
        if moment.now < begins:
            return begins
        minutes = rolling_target.ranges(window, terms, dirty.minutes, present)
        minutes += _since(window, dirty, terms)
        reach = rolling_target.reach(terms)
        for first, last in minutes:
            await self._load_minutes(series, first - reach, last)
        await self._load_minutes(series, present - reach, present)
        due = rolling_target.judge(standing, window, terms, series, minutes, moment, changes)
        self._unsaved.add(series.subject)
        self._remember(standing, changes)
        ahead = dirty.minutes[1] if dirty.minutes else 0
        if ahead > window.judged_to:
            due = min(due or ahead * MINUTE, ahead * MINUTE)
        return due

    async def _load_minutes(self, series: Series, first: int, last: int) -> None:
        last = min(last, max(series.high_water, 0) // MINUTE)
        await self._load_hours(series, set(range(first // 60, last // 60 + 1)) - series.hours.keys())

    def _remember(self, standing: Standing, changes: Changes) -> None:
        """Figures of values are put away with the next checkpoint; a status, with the step that changes it."""
        for key in changes.dropped_windows:
            self._unsaved_windows.pop(key, None)
        for window in standing.windows.values():
            key = (window.target_id, window.window_id)
            status = (window.status, window.revision, window.closed_at)
            if key in changes.windows and self._written.get(key) == status:
                del changes.windows[key]
                self._unsaved_windows[key] = window
            elif key in changes.windows:
                self._written[key] = status

    # -- putting away -------------------------------------------------------------------------------------------

    def unsaved(self) -> tuple[list[tuple[str, int, list[Chunk]]], dict[str, SeriesCheckpoint], list[Window]]:
        """Facts by indicator and hour, sums by indicator, figures; what is returned counts as saved from now on."""
        segments = []
        kept = {}
        for subject in sorted(self._unsaved):
            series = self._series[subject]
            for hour, held in series.hours.items():
                if held.unsaved:
                    segments.append((subject, hour, held.unsaved))
                    held.unsaved = []
            kept[subject] = self._checkpoint(subject, series)
            self._evict(series)
        windows = list(self._unsaved_windows.values())
        self._unsaved, self._unsaved_windows = set(), {}
        return segments, kept, windows

    def _checkpoint(self, subject: str, series: Series) -> SeriesCheckpoint:
        kept = SeriesCheckpoint(series.high_water)
        for target_id, target in self._targets.get(subject, {}).items():
            for window_id, (good, total) in target.tallies.items():
                kept.tallies[target_id, window_id] = (good, total)
            for window in target.standing.windows.values():
                if window.judged_to is not None:
                    kept.judged_to[target_id] = window.judged_to
        return kept

    def _evict(self, series: Series) -> None:
        reaches = [
            rolling_target.reach(target.standing.line.latest)
            for target in self._targets.get(series.subject, {}).values()
        ]
        oldest = series.high_water // HOUR - max(reaches, default=0) // 60 - HOURS_KEPT
        for hour in [hour for hour, held in series.hours.items() if hour < oldest and not held.unsaved]:
            del series.hours[hour]


def _since(window: Window, dirty: Dirty, terms: ServiceLevelTarget) -> list[tuple[int, int]]:
    """Terms that were amended, or history that was released, are judged anew from where they begin."""
    if dirty.since is None or window.judged_to is None:
        return []
    first = max(dirty.since, terms.effective_at) // MINUTE
    return [(first, window.judged_to)] if first <= window.judged_to else []
