"""Composite over calendar windows: a target evaluated from the states, figures or verdicts of its members."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from slm_monitor.application.evaluators.derived.composite_members import CompositeMembers
from slm_monitor.application.evaluators.schedule.calendar_windows import close_of
from slm_monitor.application.evaluators.states.state_target import StateTarget
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.invalidation import Invalidation
from slm_monitor.application.state.ports import EvaluationStore, MemberWindow
from slm_monitor.domain.lifecycle import reconciliation, terms_withdrawal
from slm_monitor.domain.lifecycle.target_state import Changes, EvaluationMoment, Window
from slm_monitor.domain.terms import objectives
from slm_monitor.domain.terms.composite_terms import STATES, Member
from slm_monitor.domain.windows import composite_evaluation
from slm_monitor.domain.windows.composite_evaluation import MemberOutcome


class CompositeTarget(CompositeMembers, StateTarget):
    """A composite over calendar windows. Each window is evaluated by the composition of the version in force at its
    start."""

    async def derive(
        self,
        store: EvaluationStore,
        excluded: ExclusionIndex,
        dirty: Invalidation,
        moment: EvaluationMoment,
        changes: Changes,
    ) -> int | None:
        """Evaluate the invalidated and the open windows; return the next instant at which time alone may change a
        result."""
        if self._compositions[self.target_state.line.latest.version].of == STATES:
            timelines = await self._timelines(store)
            return self.evaluate(lambda terms: self._joint(terms, timelines), excluded, dirty.since, moment, changes)
        return await self._of_windows(store, dirty.since, moment, changes)

    # -- of figures and verdicts --------------------------------------------------------------------------------

    async def _of_windows(
        self, store: EvaluationStore, since: int | None, moment: EvaluationMoment, changes: Changes
    ) -> int | None:
        self._undo(moment, changes)
        touched = list(self._touched(since, moment))
        members = sorted({target_id for each in self._compositions.values() for target_id in each.target_ids})
        known = await store.member_windows(members, [window.window_id for window, _ in touched])
        dues: list[int | None] = [self._next]
        for window, terms in touched:
            made = self._compositions[terms.version]
            seen = [self._seen(member, window, known) for member in made.members]
            closes = window.end + terms.closing_delay
            caused = moment
            if window.closed_at is None and moment.as_of >= closes and not all(each.is_final for each in seen):
                # A member's window is not closed yet. This window is evaluated as of just before its close, so it stays
                # open. The change of the member's window wakes this target again.
                caused = EvaluationMoment(closes - 1, moment.now, moment.cause)
            finding = composite_evaluation.evaluate_composite(made, seen, terms, window.end, caused.as_of)
            terms_withdrawal.withdraw_other_terms(self.target_state, window, terms, caused, changes)
            reconciliation.reconcile_window(self.target_state, window, terms, finding, caused, changes)
            closing = close_of(window, terms)
            dues.append(closing if closing is not None and closing > moment.as_of else None)
        return min((due for due in dues if due is not None), default=None)

    def _seen(self, member: Member, window: Window, known: Mapping[tuple[str, str], MemberWindow]) -> MemberOutcome:
        """The outcome of a member's window with the same id. A window that should exist and does not yet is not
        final."""
        assert member.target_id is not None
        found = known.get((member.target_id, window.window_id))
        terms = next(
            (each for line in self._lines.get(member.target_id, ()) if (each := line.at(window.start)) is not None),
            None,
        )
        if found is None:
            return MemberOutcome(None, None, None, is_final=terms is None, weight=member.weight)
        is_share = terms is None or terms.promise is None or terms.promise.unit == objectives.PERCENT
        figure = None if found.figure is None else Fraction(found.figure) / (100 if is_share else 1)
        verdict = {"met": True, "at_risk": True, "breached": False}.get(found.verdict)
        return MemberOutcome(figure, verdict, found.breached_at, found.closed_at is not None, member.weight)
