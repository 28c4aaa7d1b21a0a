"""Reconciliation of a rolling target: its runs of missed minutes are compared with its published breaches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_events.instants import UtcMicroseconds, to_text
from slm_events.monitor import TargetBreached
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle import breach_reconciliation, target_events
from slm_monitor.domain.lifecycle.target_state import (
    OPEN_ENDED,
    Breach,
    EvaluationChanges,
    EvaluationMoment,
    TargetState,
    TargetWindow,
)
from slm_monitor.domain.rolling.missed_runs import MissedMinuteRun
from slm_monitor.domain.rolling.rolling_windows import RollingWindowValue
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import FigureTarget

_NO_SPAN = (None, None)
ValueAt = Callable[[int], RollingWindowValue | None]


def list_published_missed_runs(target_state: TargetState, window: TargetWindow, level: str) -> list[MissedMinuteRun]:
    """Return the runs of minutes that missed a level, as they were published.

    Runs whose breach was annulled by the decision on a dispute are included.

    A run that has not recovered lasts to the last minute evaluated.
    """
    to = window.judged_to
    runs = (
        MissedMinuteRun(breach.ordinal, max(breach.ordinal, to) if breach.until is None else breach.until // MINUTE - 1)
        for breach in target_state.breaches.values()
        if _is_run(target_state, breach, level)
    )
    return [run for run in runs if run.first <= run.last]


def _is_run(target_state: TargetState, breach: Breach, level: str) -> bool:
    return breach.level == level and (breach.standing or breach.breach_id in target_state.overturned)


@dataclass(frozen=True, slots=True)
class ObjectiveLevelReconciliation:
    """Compares the runs of minutes that missed one level of a target's objective with the published breaches.

    ``value_at`` returns the value of the window that ends with a minute; None if that minute was not evaluated in this
    step.
    """

    target_state: TargetState
    window: TargetWindow
    level: str
    value_at: ValueAt
    moment: EvaluationMoment
    changes: EvaluationChanges

    def settle(self, held: Collection[int], runs: Sequence[MissedMinuteRun]) -> None:
        """Compare the published runs with ``runs``, which follow from all known facts, and publish each difference.

        ``held`` are the first minutes of the published runs that may have changed.
        """
        wanted = {run.first: run for run in runs}
        breaches = {
            breach.ordinal: breach
            for breach in self.target_state.breaches.values()
            if _is_run(self.target_state, breach, self.level)
        }
        for first in sorted(set(held) - wanted.keys()):
            self._undo(breaches[first])
        for first, run in sorted(wanted.items()):
            value, breach = self.value_at(first), breaches.get(first)
            if breach is None:
                assert value is not None
                breach = self._breach(run, value)
            elif breach.breach_id in self.target_state.overturned:
                if breach.standing:
                    self._withdraw(breach)
            elif value is not None:
                self._refigure(breach, value)
            elif breach.pending is not None and self._is_over(breach):
                self._tell_pending(breach)
            self._end(breach, run)

    def _undo(self, breach: Breach) -> None:
        """End a breach whose run of minutes no longer exists, and withdraw it if it is published."""
        if breach.standing:
            self._withdraw(breach)
        if breach.breach_id in self.target_state.overturned:
            breach.until = breach.ordinal * MINUTE
            self.changes.breaches[breach.breach_id] = breach

    def _breach(self, run: MissedMinuteRun, value: RollingWindowValue) -> Breach:
        line, at = self.target_state.line, run.first * MINUTE
        terms = line.at(at) or line.latest
        key = breach_reconciliation.BreachKey(self.window.window_id, run.first, self.level)
        breach = breach_reconciliation.create_breach(
            self.target_state.breaches,
            terms,
            key,
            at,
            terms.indicator or "",
            self.moment.now,
        )
        event = self._event(terms, breach, value, self.moment.now)
        breach_reconciliation.publish_breach(breach, event, self.moment.now, self.changes)
        return breach

    def _event(
        self, terms: FigureTarget, breach: Breach, value: RollingWindowValue, now: UtcMicroseconds
    ) -> TargetBreached:
        at = breach.certain_at
        span = (at + MINUTE - terms.rolling_microseconds, at + MINUTE)
        details = target_events.BreachDetails(span, value.evidence, now)
        promised = get_level_objective(terms, self.level)
        return target_events.build_target_breached(terms, breach, promised, value.figure, details)

    def _refigure(self, breach: Breach, value: RollingWindowValue) -> None:
        """Revise a breach after more facts of its first minute arrived.

        While that minute lasts, every fact would change the breach, so the revision is kept pending until the minute is
        over.
        """
        terms = self.target_state.line.of_version(breach.version)
        moved = self._event(terms, breach, value, self.moment.now)
        if self._is_over(breach):
            breach_reconciliation.publish_breach_revision(
                breach, terms, target_events.convert_event_to_document(moved), self.moment, self.changes
            )
            return
        document = target_events.convert_event_to_document(moved)
        is_other = any(document[name] != breach.document.get(name) for name in target_events.BREACH_MOVES)
        pending = {name: document[name] for name in target_events.BREACH_MOVES} if is_other else None
        if pending != breach.pending:
            breach.pending = pending
            self.changes.breaches[breach.breach_id] = breach

    def _is_over(self, breach: Breach) -> bool:
        """Whether the first minute of a breach is over."""
        return self.moment.now // MINUTE > breach.ordinal

    def _tell_pending(self, breach: Breach) -> None:
        terms = self.target_state.line.of_version(breach.version)
        assert breach.pending is not None
        moved = {**breach.document, **breach.pending, "published_at": to_text(self.moment.now)}
        breach_reconciliation.publish_breach_revision(breach, terms, moved, self.moment, self.changes)

    def _withdraw(self, breach: Breach) -> None:
        terms, figure = self.target_state.line.of_version(breach.version), self._figure(breach.ordinal)
        breach_reconciliation.withdraw_breach(breach, terms, figure, _NO_SPAN, self.moment, self.changes)

    def _end(self, breach: Breach, run: MissedMinuteRun) -> None:
        """Set the end of a breach to the end of its run; None while the run lasts.

        If the breach ends, publish the recovery. Only a breach of the objective itself has a recovery.
        """
        until = (run.last + 1) * MINUTE if run.last < self.window.judged_to else None
        if until == breach.until:
            return
        breach.until = until
        self.changes.breaches[breach.breach_id] = breach
        # Only the objective itself has a recovery event, not the unacceptable level.
        if until is not None and breach.standing and self.level == target_events.OBJECTIVE:
            terms = self.target_state.line.of_version(breach.version)
            event = target_events.build_target_recovered(
                terms, breach, figure=self._figure(run.last + 1), at=until, now=self.moment.now
            )
            identity = target_events.derive_event_id(
                breach.breach_id, "target-recovered", breach.revision * OPEN_ENDED + until
            )
            self.changes.publish(event, until, identity)

    def _figure(self, minute: int) -> Fraction | None:
        value = self.value_at(minute)
        return None if value is None else value.figure


def get_level_objective(terms: FigureTarget, level: str) -> Objective | None:
    """Return the objective of a level; None if the terms do not have it."""
    return dict(terms.levels).get(level)
