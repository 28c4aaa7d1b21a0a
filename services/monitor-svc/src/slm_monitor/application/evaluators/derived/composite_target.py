"""Composite over calendar windows: a target evaluated from the states, figures or verdicts of its members."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.derived.composite_members import CompositeTargetBase
from slm_monitor.application.evaluators.schedule.calendar_windows import compute_window_closing_instant
from slm_monitor.application.evaluators.states.state_target import AvailabilityTarget
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.invalidation import DirtySpan
from slm_monitor.application.state.ports import EvaluationStore, MemberTargetWindow
from slm_monitor.domain.lifecycle import reconciliation, terms_withdrawal
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetWindow
from slm_monitor.domain.terms import objectives
from slm_monitor.domain.terms.composite_terms import STATES, TargetMember
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import composite_evaluation
from slm_monitor.domain.windows.composite_evaluation import CompositeMemberOutcome


class CalendarCompositeTarget(CompositeTargetBase, AvailabilityTarget):
    """A composite over calendar windows.

    Each window is evaluated with the members and the rule of the version in force at the window's start.
    """

    async def derive(
        self,
        store: EvaluationStore,
        excluded: ExclusionIndex,
        dirty: DirtySpan,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        """Evaluate the open windows, and the windows that end after ``dirty.since``.

        Return the next instant (µs) at which a result may change without new data; None if there is none.
        """
        if self._compositions[self.target_state.line.latest.version].of == STATES:
            timelines = await self._timelines(store)
            return self.evaluate(lambda terms: self._joint(terms, timelines), excluded, dirty.since, moment, changes)
        return await self._of_windows(store, dirty.since, moment, changes)

    # -- of figures and verdicts --------------------------------------------------------------------------------

    async def _of_windows(
        self,
        store: EvaluationStore,
        since: UtcMicroseconds | None,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        self._undo(moment, changes)
        touched = list(self._touched(since, moment))
        members = sorted({target_id for each in self._compositions.values() for target_id in each.target_ids})
        known = await store.member_windows(members, [window.window_id for window, _ in touched])
        dues: list[int | None] = [self._next]
        for window, terms in touched:
            made = self._compositions[terms.version]
            seen = [self._seen(member, window, known) for member in made.targets]
            closes = window.end + terms.closing_delay
            caused = moment
            if window.closed_at is None and moment.as_of >= closes and not all(each.is_final for each in seen):
                # A member's window is not closed yet. This window is evaluated as of just before its close, so it stays
                # open. The change of the member's window wakes this target again.
                caused = EvaluationMoment(closes - 1, moment.now, moment.cause)
            finding = composite_evaluation.evaluate_composite(made, seen, terms, window.end, caused.as_of)
            terms_withdrawal.withdraw_breaches_of_other_terms(self.target_state, window, terms, caused, changes)
            reconciliation.reconcile_calendar_window(self.target_state, window, terms, finding, caused, changes)
            closing = compute_window_closing_instant(window, terms)
            dues.append(closing if closing is not None and closing > moment.as_of else None)
        return min((due for due in dues if due is not None), default=None)

    def _seen(
        self, member: TargetMember, window: TargetWindow, known: Mapping[tuple[str, str], MemberTargetWindow]
    ) -> CompositeMemberOutcome:
        """Return a member's outcome in the composite's window: the outcome of the member's window with the same id.

        If the member's window should exist but does not yet, the outcome is not final.
        """
        found = known.get((member.target_id, window.window_id))
        terms = next(
            (each for line in self._lines.get(member.target_id, ()) if (each := line.at(window.start)) is not None),
            None,
        )
        if found is None:
            return CompositeMemberOutcome(None, None, None, is_final=terms is None, weight=member.weight)
        is_share = not isinstance(terms, FigureTarget) or terms.promise.unit == objectives.PERCENT
        figure = None if found.figure is None else Fraction(found.figure) / (100 if is_share else 1)
        verdict = {"met": True, "at_risk": True, "breached": False}.get(found.verdict)
        return CompositeMemberOutcome(figure, verdict, found.breached_at, found.closed_at is not None, member.weight)
