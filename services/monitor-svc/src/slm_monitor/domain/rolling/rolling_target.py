"""Evaluation of a target with a rolling window, after each change and each minute. Each run of missed minutes is a
breach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle import reconciliation, risk_reconciliation, target_events
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import (
    OPEN_ENDED,
    EvaluationChanges,
    EvaluationMoment,
    TargetState,
    TargetWindow,
)
from slm_monitor.domain.rolling import missed_runs, rolling_breaches, rolling_minutes
from slm_monitor.domain.rolling.missed_runs import MissedMinuteRun
from slm_monitor.domain.rolling.rolling_breaches import ObjectiveLevelReconciliation
from slm_monitor.domain.rolling.rolling_windows import RollingWindows, RollingWindowSource, RollingWindowValue
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.terms.terms_history import FigureHistory
from slm_monitor.domain.windows import series_evaluation

_NO_SPAN = (None, None)


@dataclass(frozen=True, slots=True)
class EvaluatedRollingMinutes:
    """The result of evaluating the rolling windows of a target that end with the minutes ``first`` to ``last``.

    Minutes are numbered since 1970. ``runs``: level → its runs of missed minutes. ``parts`` are (first minute, last
    minute, windows) for each version of the terms; together they cover the minutes from ``first`` to ``last`` + 1.
    """

    first: int
    last: int
    runs: Mapping[str, Sequence[MissedMinuteRun]]
    parts: Sequence[tuple[int, int, RollingWindows]]

    def value_at(self, minute: int) -> RollingWindowValue | None:
        """Return the value of the window that ends with a minute; None if that minute was not evaluated."""
        windows = self.windows_at(minute)
        return None if windows is None else windows.value_at(minute)

    def windows_at(self, minute: int) -> RollingWindows | None:
        """Return the windows under one version's terms, among them the window that ends with a minute; None if that
        minute was not evaluated.
        """
        return next((each for first, last, each in self.parts if first <= minute <= last), None)


def evaluate_rolling_minutes(
    line: FigureHistory, rolled: RollingWindowSource, first: int, last: int
) -> EvaluatedRollingMinutes:
    """Evaluate the rolling windows of a target that end with the minutes ``first`` to ``last``, numbered since 1970.

    Each is evaluated by the terms in force at its last minute; ``rolled`` has the data of all windows.
    """
    runs: dict[str, list[MissedMinuteRun]] = {}
    parts = []
    for terms, start, end in rolling_minutes.split_minutes_by_version(line, first, last + 1):
        windows = rolled.windows(terms, start, end)
        parts.append((start, end, windows))
        for level, promised in terms.levels:
            found = missed_runs.find_runs_of_true(windows.missed(promised)[: last - start + 1], start)
            runs[level] = missed_runs.splice_reevaluated_runs(runs.get(level, ()), start, min(end, last), found)
    return EvaluatedRollingMinutes(first, last, runs, parts)


def reconcile_rolling_target(
    target_state: TargetState,
    window: TargetWindow,
    rolled: RollingWindowSource,
    evaluated: Sequence[EvaluatedRollingMinutes],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> UtcMicroseconds | None:
    """Apply evaluated minutes to a rolling target and publish what changed.

    Return the instant (microseconds) at which the result may change without new facts; None if there is none.
    """
    if evaluated:
        _settle_runs(target_state, window, evaluated, moment, changes)
    due = _settle_present(target_state, window, rolled, evaluated, moment, changes)
    if any(breach.pending is not None for breach in target_state.breaches.values() if breach.standing):
        following = (moment.now // MINUTE + 1) * MINUTE
        due = following if due is None else min(due, following)
    return due


def _settle_runs(
    target_state: TargetState,
    window: TargetWindow,
    evaluated: Sequence[EvaluatedRollingMinutes],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    """Merge the evaluated minutes into the published runs of missed minutes, and publish the differences.

    The objective and the unacceptable level have separate runs. All runs are read before ``judged_to`` is changed,
    because a run that has not ended is taken to last up to ``judged_to``.
    """
    line = target_state.line
    lowest, end = min(minutes.first for minutes in evaluated), rolling_minutes.find_last_minute_of_term(line)
    found: list[tuple[str, list[int], list[MissedMinuteRun]]] = []
    for level in dict.fromkeys(level for terms in line.versions for level, _ in terms.levels):
        held = {
            run.first: run
            for run in rolling_breaches.list_published_missed_runs(target_state, window, level)
            if run.last >= lowest - 1
        }
        runs: list[MissedMinuteRun] = sorted(held.values())
        for minutes in evaluated:
            runs = missed_runs.splice_reevaluated_runs(runs, minutes.first, minutes.last, minutes.runs.get(level, ()))
        # The target may have ended earlier than was known: runs beyond its end are cut.
        runs = [MissedMinuteRun(run.first, min(run.last, end)) for run in runs if run.first <= end]
        found.append((level, list(held), runs))
    window.judged_to = min(max(window.judged_to, *(minutes.last for minutes in evaluated)), end)

    def value_at(minute: int) -> RollingWindowValue | None:
        return next((value for each in reversed(evaluated) if (value := each.value_at(minute)) is not None), None)

    for level, first_minutes, runs in found:
        ObjectiveLevelReconciliation(target_state, window, level, value_at, moment, changes).settle(first_minutes, runs)


def _settle_present(
    target_state: TargetState,
    window: TargetWindow,
    rolled: RollingWindowSource,
    evaluated: Sequence[EvaluatedRollingMinutes],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> UtcMicroseconds | None:
    """Update figures, verdict and warnings of the window that ends with the last evaluated minute.

    Return the instant (microseconds) at which one of these may change without new facts; None: no such instant.
    """
    line, minute = target_state.line, window.judged_to
    terms = line.at(minute * MINUTE) or line.latest
    has_ended = moment.now >= line.ends_at and minute >= rolling_minutes.find_last_minute_of_term(line)
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
    finding = WindowEvaluation(value.figure, value.good, value.total, not is_breached, evidence=value.evidence)
    found = [] if is_breached or has_ended else rolled.risks(terms, minute, value)
    risks = risk_reconciliation.select_risks_that_hold(target_state, window.window_id, found, minute * MINUTE)
    outcome = "breached" if is_breached else "window_closed" if has_ended else "averted"
    holding = risk_reconciliation.WindowRisks(window.window_id, _NO_SPAN, risks, outcome)
    risk_reconciliation.reconcile_risks(target_state, terms, finding, holding, moment, changes)
    _take_figures(window, terms, value, moment)
    is_empty = value.figure is None
    window.verdict = "breached" if is_breached else "no_data" if is_empty else "at_risk" if risks else "met"
    changes.windows[window.target_id, window.window_id] = window
    if has_ended:
        return None
    turns = rolled.next_change_at(terms, minute, windows, value, is_breached or bool(risks))
    return None if turns is None else min(turns * MINUTE, line.ends_at)


def _take_figures(
    window: TargetWindow, terms: FigureTarget, value: RollingWindowValue, moment: EvaluationMoment
) -> None:
    reconciliation.copy_figures_to_window(
        window, terms, WindowEvaluation(value.figure, value.good, value.total, True), moment
    )
    window.detail = dict(value.detail)


def refresh_rolling_figures(
    line: FigureHistory, window: TargetWindow, rolled: RollingWindowSource, minute: int, moment: EvaluationMoment
) -> None:
    """Update the figures of the window that ends with a minute, but not its verdict, warnings or breaches."""
    terms = line.at(minute * MINUTE) or line.latest
    value = rolled.windows(terms, minute, minute).value_at(minute)
    if not terms.kind.is_never_worsened_by_good:
        _take_figures(window, terms, value, moment)
    elif value.total:
        series_evaluation.refresh_good_share_figures(window, terms, value.good, value.total, moment.as_of)


def find_interval_without_verdict_changes(target_state: TargetState, window: TargetWindow) -> tuple[int, int]:
    """Return the interval (microseconds) in which further good events change the figures but no verdict, breach or
    warning; (0, 0) if there is none.

    The interval begins after all breaches and warnings have ended. Good events in this interval can be counted in a
    fast way.
    """
    line = target_state.line
    is_plain = all(
        terms.promise is not None
        and terms.promise.comparison == "at_least"
        and terms.kind.is_never_worsened_by_good
        and not terms.warn_at.min_events
        for terms in line.versions
    )
    if not is_plain or window.verdict != "met" or target_state.open_risks(window.window_id):
        return (0, 0)
    ended = [breach.until or OPEN_ENDED for breach in target_state.breaches.values() if breach.standing]
    return (max([line.begins_at, *ended]), line.ends_at)
