"""The indicators of one partition whose values are summed by the minute, and the targets judged by those sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slm_monitor.application.counted_target import CountedTarget
from slm_monitor.application.established import Established
from slm_monitor.application.excluded import CAUSE, Moved
from slm_monitor.application.ports import Hold, JudgeStore, LoadedPartition, SeriesCheckpoint, Tally
from slm_monitor.application.timers import COUNT, Timers
from slm_monitor.application.touched import Dirty
from slm_monitor.application.value_series import ValueSeries, pieces
from slm_monitor.domain import findings, rolling_target
from slm_monitor.domain.facts import MINUTE, Values
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.rolling_target import Stretch
from slm_monitor.domain.series import Chunk, Delta, Series
from slm_monitor.domain.settling import Moment, Standing
from slm_monitor.domain.standing import Changes, Window

IsHeld = Callable[[str], bool]
AT_ONCE = 0


class CountJudge:
    """Takes values, knows which targets they touch, and judges those."""

    def __init__(self, store: JudgeStore, timers: Timers, established: Established, loaded: LoadedPartition) -> None:
        self._timers = timers
        self._established = established
        self._targets: dict[str, dict[tuple[str, int], CountedTarget]] = {}
        self._values = ValueSeries(store, loaded.series)
        self._dirty: dict[str, Dirty] = {}
        self._unsaved: set[str] = set()
        self._unsaved_windows: dict[tuple[str, str], Window] = {}
        self._kept = loaded.series
        self._written = {
            (window.target_id, window.window_id): (window.status, window.revision, window.closed_at)
            for window in loaded.windows
        }

    # -- targets ------------------------------------------------------------------------------------------------

    def attach(self, line: TermsLine, *, fresh: bool) -> None:
        """Take up a target's terms; ``fresh``: they are new, so all of its windows are to be judged."""
        subject = line.latest.indicator
        assert subject is not None
        targets = self._targets.setdefault(subject, {})
        held = targets.get(line.key)
        if held is None:
            tally = self._kept[subject].tallies.get(_name(line)) if subject in self._kept else None
            counted = tally.windows if tally is not None and tally.by == line.fingerprint else None
            targets[line.key] = held = CountedTarget(self._standing(line, subject), counted)
        elif held.standing.line.fingerprint != line.fingerprint:
            held.recount()
        held.amend(line)
        if line.latest.threshold is not None:
            series = self._values.of(subject)
            series.declare(version.threshold for version in line.versions if version.threshold is not None)
        dirty = self._dirty.setdefault(subject, Dirty())
        if fresh:
            dirty.touch(line.begins_at)

    def _standing(self, line: TermsLine, subject: str) -> Standing:
        standing = self._established.standing(line)
        if subject in self._kept:
            for window in standing.windows.values():
                window.judged_to = self._kept[subject].judged_to.get(f"{window.target_id} {window.window_id}")
        return standing

    # -- facts --------------------------------------------------------------------------------------------------

    async def take(self, values: Values) -> Values | None:
        """Accept values: those that are new, as columns to be kept; None where all were known."""
        return await self._values.take(values, self._add)

    def _add(self, series: Series, deltas: Sequence[Delta]) -> None:
        self._unsaved.add(series.subject)
        targets = self._targets.get(series.subject)
        if not targets:
            return
        self._dirty.setdefault(series.subject, Dirty()).touch_minutes(deltas[0].minute, deltas[-1].minute)
        for target in targets.values():
            target.add(series, deltas)

    # -- judging ------------------------------------------------------------------------------------------------

    def exclude(self, moved: Moved) -> None:
        """Other time is excluded: what it lies in is counted and judged anew."""
        for subject, targets in self._targets.items():
            for target in targets.values():
                since = moved.since(target.standing.line)
                if since is not None:
                    target.recount()
                    self._dirty.setdefault(subject, Dirty()).touch(since, CAUSE)

    def wake(self, subject: str) -> None:
        """Time has come for one of its targets."""
        self._dirty.setdefault(subject, Dirty())

    def wake_all(self) -> None:
        """After a restart: nothing may come for an indicator any more, and its timers are known once it is judged."""
        for subject in self._targets:
            self._timers.set((COUNT, subject), AT_ONCE)

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
            self._timers.set((COUNT, subject), min((due for due in dues if due is not None), default=None))

    async def _judge(
        self, subject: str, target: CountedTarget, dirty: Dirty, moment: Moment, changes: Changes
    ) -> int | None:
        series = self._values.of(subject)
        if target.standing.line.latest.window_kind == "rolling":
            return await self._judge_rolling(series, target.standing, dirty, moment, changes)
        await self._tally(series, target)
        return await self._judge_share(series, target, dirty, moment, changes)

    async def _tally(self, series: Series, target: CountedTarget) -> None:
        """A target that comes to an indicator with a past is summed over that past, once."""
        if target.is_tallied:
            return
        if series.high_water >= target.standing.line.begins_at:
            await self._values.each_hour(
                series, target.standing.line.begins_at, lambda hour: target.tally(series, hour)
            )
        target.is_tallied = True
        self._unsaved.add(series.subject)

    async def _judge_share(
        self, series: Series, target: CountedTarget, dirty: Dirty, moment: Moment, changes: Changes
    ) -> int | None:
        line = target.standing.line
        terms = line.at(moment.now) or line.latest
        present = moment.now // MINUTE
        burning: list[findings.RiskFinding] = []
        if terms.warn_at.pairs:
            longest = max(pair.long for pair in terms.warn_at.pairs) // MINUTE
            await self._values.load_minutes(series, present - longest, present)
            burning = findings.burning(series, terms, present)
        due = target.judge(burning, dirty, moment, changes)
        self._remember(target.standing, changes)
        if burning:
            due = min(due or (present + 1) * MINUTE, (present + 1) * MINUTE)
        return due

    async def _judge_rolling(
        self, series: Series, standing: Standing, dirty: Dirty, moment: Moment, changes: Changes
    ) -> int | None:
        line = standing.line
        first, present = rolling_target.first_minute(line), moment.now // MINUTE
        if present < first:
            return first * MINUTE
        window = standing.windows.get(line.latest.window)
        if window is None:
            window = Window(line.target_id, line.latest.window, line.latest.version, line.begins_at, line.ends_at)
            standing.windows[window.window_id] = window
        if window.judged_to is None:
            window.judged_to = first - 1
        reach = rolling_target.reach(line)
        stretches: list[Stretch] = []
        for start, end in rolling_target.ranges(window, line, dirty.minutes, dirty.since, present):
            for piece in pieces(start, end):
                await self._values.load_minutes(series, piece.start - reach, piece.stop)
                stretches.append(rolling_target.look(line, series, piece.start, piece.stop - 1))
                self._evict(series.subject)
        latest = max([window.judged_to, *(stretch.last for stretch in stretches)])
        await self._values.load_minutes(series, latest - reach, latest)
        due = rolling_target.judge(standing, window, series, stretches, moment, changes)
        self._unsaved.add(series.subject)
        self._remember(standing, changes)
        ahead = min(dirty.minutes[1], rolling_target.last_minute(line)) if dirty.minutes else 0
        if ahead > window.judged_to:
            due = min(due or ahead * MINUTE, ahead * MINUTE)
        return due

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

    @property
    def has_unsaved(self) -> bool:
        return bool(self._unsaved or self._unsaved_windows)

    def unsaved(self) -> tuple[list[tuple[str, int, list[Chunk]]], dict[str, SeriesCheckpoint], list[Window]]:
        """Facts by indicator and hour, sums by indicator, figures; what is returned counts as saved from now on."""
        segments = []
        kept = {}
        for subject in sorted(self._unsaved):
            segments += self._values.unsaved(subject)
            kept[subject] = self._checkpoint(subject)
            self._evict(subject)
        windows = list(self._unsaved_windows.values())
        self._unsaved, self._unsaved_windows = set(), {}
        return segments, kept, windows

    def _evict(self, subject: str) -> None:
        """As far back as one of the targets looks stays in memory: what is evicted is read again at the next value."""
        lines = [target.standing.line for target in self._targets.get(subject, {}).values()]
        self._values.evict(subject, max((rolling_target.reach(line) for line in lines), default=0))

    def _checkpoint(self, subject: str) -> SeriesCheckpoint:
        kept = SeriesCheckpoint(self._values.of(subject).high_water)
        for target in self._targets.get(subject, {}).values():
            line = target.standing.line
            if target.is_tallied:
                sums = {window_id: (good, total) for window_id, (good, total) in target.tallies.items()}
                kept.tallies[_name(line)] = Tally(line.fingerprint, sums)
            for window in target.standing.windows.values():
                if window.judged_to is not None:
                    kept.judged_to[f"{window.target_id} {window.window_id}"] = window.judged_to
        return kept


def _name(line: TermsLine) -> str:
    return " ".join(str(part) for part in line.key)
