"""Compliance over calendar windows: the share of tickets that met a clock, each in the window in which its clock
ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slm_monitor.application.evaluators.schedule.calendar_windows import CalendarWindowTarget, close_of
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.invalidation import Invalidation
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.domain.lifecycle import reconciliation, terms_withdrawal
from slm_monitor.domain.lifecycle.target_state import Changes, EvaluationMoment, TargetState
from slm_monitor.domain.series import accumulators
from slm_monitor.domain.terms.terms_history import TermsHistory
from slm_monitor.domain.windows import compliance, series_evaluation


class ClockMembers:
    """A target made of the clocks of one per-ticket target. ``compose`` sets which target that is."""

    target_state: TargetState
    _clocks: Sequence[str] = ()

    def compose(self, lines: Sequence[TermsHistory]) -> None:
        """Find the per-ticket target by its key among the terms histories of the agreement."""
        keys = {compliance.target_key(terms.parameters) for terms in self.target_state.line.versions}
        self._clocks = sorted({line.target_id for line in lines if line.latest.key in keys})


class ComplianceTarget(ClockMembers, CalendarWindowTarget):
    """Compliance of a per-ticket target, evaluated for each calendar window."""

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
        self._undo(moment, changes)
        touched = list(self._touched(dirty.since, moment))
        spans = [(window.start, window.end) for window, _ in touched]
        counts = await store.tickets_ended(self._clocks, spans, moment.as_of)
        dues: list[int | None] = [self._next]
        odd = await store.tickets_inconsistent(self._clocks, spans)
        for (window, terms), (judged, met), contradicting in zip(touched, counts, odd, strict=True):
            first_bad = None
            if met < judged and accumulators.has_no_budget(terms):
                span = (window.start, window.end)
                first_bad = compliance.first_missed(
                    (each.ticket, each.at, each.is_met)
                    for each in await store.clocks_ended(self._clocks, span, moment.as_of)
                )
            finding = series_evaluation.evaluate_share(
                met, judged, terms, window.end, moment.as_of, first_bad=first_bad
            )
            finding = replace(finding, detail={**finding.detail, **compliance.coverage(judged, contradicting)})
            terms_withdrawal.withdraw_other_terms(self.target_state, window, terms, moment, changes)
            reconciliation.reconcile_window(self.target_state, window, terms, finding, moment, changes)
            closing = close_of(window, terms)
            dues.append(closing if closing is not None and closing > moment.as_of else None)
        return min((due for due in dues if due is not None), default=None)
