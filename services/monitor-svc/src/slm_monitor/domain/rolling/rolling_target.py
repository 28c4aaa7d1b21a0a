"""Evaluation of a target with a rolling window: at each change and each minute; its runs of missed minutes are
breaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle import reconciliation, risk_reconciliation, target_events
from slm_monitor.domain.lifecycle.evaluation import Evaluation
from slm_monitor.domain.lifecycle.target_state import OPEN_ENDED, Changes, EvaluationMoment, TargetState, Window
from slm_monitor.domain.rolling import missed_runs, rolling_breaches, rolling_minutes
from slm_monitor.domain.rolling.missed_runs import MissedRun
from slm_monitor.domain.rolling.rolling_breaches import LevelReconciliation
from slm_monitor.domain.rolling.rolling_windows import RollingSource, Windows, WindowValue
from slm_monitor.domain.terms.terms import EVENTS, ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory
from slm_monitor.domain.windows import series_evaluation

_NO_SPAN = (None, None)
PLAIN = EVENTS | {"availability"}
"""The aggregations whose figure can never become worse by good events, now or as time passes."""


@dataclass(frozen=True, slots=True)
class EvaluatedMinutes:
    """Minutes that were evaluated now. ``runs`` are the missed runs by level.

    ``parts`` are (first, last, windows) by version, for each of the minutes and the one after the last.
    """

    first: int
    last: int
    runs: Mapping[str, Sequence[MissedRun]]
    parts: Sequence[tuple[int, int, Windows]]

    def value_at(self, minute: int) -> WindowValue | None:
        """Return the value of the window that ends with a minute; None if that minute was not evaluated."""
        windows = self.windows_at(minute)
        return None if windows is None else windows.value_at(minute)

    def windows_at(self, minute: int) -> Windows | None:
        """Return the windows that include the one that ends with a minute; None if that minute was not evaluated."""
        return next((each for first, last, each in self.parts if first <= minute <= last), None)


def evaluate_minutes(line: TermsHistory, rolled: RollingSource, first: int, last: int) -> EvaluatedMinutes:
    """Evaluate the minutes ``first`` to ``last``, each by the terms in force at it."""
    runs: dict[str, list[MissedRun]] = {}
    parts = []
    for terms, start, end in rolling_minutes.by_version(line, first, last + 1):
        windows = rolled.windows(terms, start, end)
        parts.append((start, end, windows))
        for level, promised in terms.levels:
            found = missed_runs.runs_of(windows.missed(promised)[: last - start + 1], start)
            runs[level] = missed_runs.splice_runs(runs.get(level, ()), start, min(end, last), found)
    return EvaluatedMinutes(first, last, runs, parts)


def reconcile_rolling(
    target_state: TargetState,
    window: Window,
    rolled: RollingSource,
    evaluated: Sequence[EvaluatedMinutes],
    moment: EvaluationMoment,
    changes: Changes,
) -> int | None:
    """Apply evaluated minutes and publish what changed; return when time alone may change the result again, or None."""
    if evaluated:
        _settle_runs(target_state, window, evaluated, moment, changes)
    due = _settle_present(target_state, window, rolled, evaluated, moment, changes)
    if any(breach.pending is not None for breach in target_state.breaches.values() if breach.standing):
        following = (moment.now // MINUTE + 1) * MINUTE
        due = following if due is None else min(due, following)
    return due


def _settle_runs(
    target_state: TargetState,
    window: Window,
    evaluated: Sequence[EvaluatedMinutes],
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    """Merge the evaluated minutes into the published runs of each level, and publish the difference.

    All runs are read before ``judged_to`` moves, since a run that has not recovered ends there.
    """
    line = target_state.line
    lowest, end = min(minutes.first for minutes in evaluated), rolling_minutes.last_minute(line)
    found: list[tuple[str, list[int], list[MissedRun]]] = []
    for level in dict.fromkeys(level for terms in line.versions for level, _ in terms.levels):
        held = {
            run.first: run
            for run in rolling_breaches.published_runs(target_state, window, level)
            if run.last >= lowest - 1
        }
        runs: list[MissedRun] = sorted(held.values())
        for minutes in evaluated:
            runs = missed_runs.splice_runs(runs, minutes.first, minutes.last, minutes.runs.get(level, ()))
        # The target may have ended earlier than was known: runs beyond its end are cut.
        runs = [MissedRun(run.first, min(run.last, end)) for run in runs if run.first <= end]
        found.append((level, list(held), runs))
    window.judged_to = min(max(window.judged_to or -1, *(minutes.last for minutes in evaluated)), end)

    def value_at(minute: int) -> WindowValue | None:
        return next((value for each in reversed(evaluated) if (value := each.value_at(minute)) is not None), None)

    for level, first_minutes, runs in found:
        LevelReconciliation(target_state, window, level, value_at, moment, changes).settle(first_minutes, runs)


def _settle_present(
    target_state: TargetState,
    window: Window,
    rolled: RollingSource,
    evaluated: Sequence[EvaluatedMinutes],
    moment: EvaluationMoment,
    changes: Changes,
) -> int | None:
    """Update figures, verdict and warnings of the window that ends with the last evaluated minute.

    Return when time alone may change them, in microseconds; None: never.
    """
    assert window.judged_to is not None
    line, minute = target_state.line, window.judged_to
    terms = line.at(minute * MINUTE) or line.latest
    has_ended = moment.now >= line.ends_at and minute >= rolling_minutes.last_minute(line)
    is_breached = any(
        breach.standing
        and breach.until is None
        and breach.window_id == window.window_id
        and breach.level == target_events.OBJECTIVE
        for breach in target_state.breaches.values()
    )
    windows_at = (each.windows_at(minute) for each in reversed(evaluated))
    windows = next((each for each in windows_at if each is not None), None) or rolled.windows(terms, minute, minute)
    value = windows.value_at(minute)
    finding = Evaluation(value.figure, value.good, value.total, not is_breached, evidence=value.evidence)
    found = [] if is_breached or has_ended else rolled.risks(terms, minute, value)
    risks = risk_reconciliation.holding_risks(target_state, window.window_id, found, minute * MINUTE)
    outcome = "breached" if is_breached else "window_closed" if has_ended else "averted"
    risk_reconciliation.reconcile_risks(
        target_state, window.window_id, terms, finding, risks, outcome, _NO_SPAN, moment, changes
    )
    _take_figures(window, terms, value, moment)
    is_empty = value.figure is None
    window.verdict = "breached" if is_breached else "no_data" if is_empty else "at_risk" if risks else "met"
    changes.windows[window.target_id, window.window_id] = window
    if has_ended:
        return None
    turns = rolled.next_change_at(terms, minute, windows, value, is_breached or bool(risks))
    return None if turns is None else min(turns * MINUTE, line.ends_at)


def _take_figures(window: Window, terms: ServiceLevelTarget, value: WindowValue, moment: EvaluationMoment) -> None:
    reconciliation.copy_figures(window, terms, Evaluation(value.figure, value.good, value.total, True), moment)
    window.detail = dict(value.detail)


def refresh_figures(
    line: TermsHistory, window: Window, rolled: RollingSource, minute: int, moment: EvaluationMoment
) -> None:
    """Update only the figures of the window that ends with a minute."""
    terms = line.at(minute * MINUTE) or line.latest
    value = rolled.windows(terms, minute, minute).value_at(minute)
    if terms.aggregation not in PLAIN:
        _take_figures(window, terms, value, moment)
    elif value.total:
        series_evaluation.refresh_share(window, terms, value.good, value.total, moment.as_of)


def quiet_interval(target_state: TargetState, window: Window) -> tuple[int, int]:
    """Return the interval in which good events can change only the figures, since all breaches and warnings ended
    before it.

    Such events can take a fast path. (0, 0) if there is no such interval.
    """
    line = target_state.line
    is_plain = all(
        terms.promise is not None
        and terms.promise.comparison == "at_least"
        and terms.aggregation in PLAIN
        and not terms.warn_at.min_events
        for terms in line.versions
    )
    if not is_plain or window.verdict != "met" or target_state.open_risks(window.window_id):
        return (0, 0)
    ended = [breach.until or OPEN_ENDED for breach in target_state.breaches.values() if breach.standing]
    return (max([line.begins_at, *ended]), line.ends_at)
