"""Compliance over calendar windows: the share of tickets that met a per-ticket target. A ticket counts in the window in
which its clock ended.
"""

from __future__ import annotations

from collections.abc import Sequence

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.schedule.calendar_windows import (
    CalendarWindowTarget,
    compute_window_closing_instant,
)
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.invalidation import DirtySpan
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.domain.lifecycle import reconciliation, terms_withdrawal
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState
from slm_monitor.domain.series import accumulators
from slm_monitor.domain.terms.terms_history import TargetTermsHistory
from slm_monitor.domain.windows import compliance, series_evaluation


class ClockBasedTarget:
    """A target that is evaluated from the clocks of a per-ticket target. ``compose`` finds the per-ticket target."""

    target_state: TargetState
    _clocks: Sequence[str] = ()

    def compose(self, lines: Sequence[TargetTermsHistory]) -> None:
        """Find the per-ticket target by its key among the terms histories of the agreement."""
        keys = {compliance.read_compliance_target_key(terms.parameters) for terms in self.target_state.line.versions}
        self._clocks = sorted({line.target_id for line in lines if line.latest.key in keys})


class TicketComplianceTarget(ClockBasedTarget, CalendarWindowTarget):
    """Compliance of a per-ticket target, evaluated for each calendar window."""

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
        self._undo(moment, changes)
        touched = list(self._touched(dirty.since, moment))
        spans = [(window.start, window.end) for window, _ in touched]
        counts = await store.tickets_ended(self._clocks, spans, moment.as_of)
        dues: list[int | None] = [self._next]
        left_out = await store.tickets_left_out(self._clocks, spans)
        for (window, terms), (judged, met), unknown in zip(touched, counts, left_out, strict=True):
            first_bad = None
            if met < judged and accumulators.has_no_error_budget(terms):
                span = (window.start, window.end)
                first_bad = compliance.find_first_missed_ticket(
                    (each.ticket, each.at, each.is_met)
                    for each in await store.clocks_ended(self._clocks, span, moment.as_of)
                )
            finding = series_evaluation.evaluate_good_share(
                met, judged, terms, window.end, moment.as_of, first_bad=first_bad
            )
            finding = compliance.add_ticket_coverage(finding, terms, judged, *unknown)
            terms_withdrawal.withdraw_breaches_of_other_terms(self.target_state, window, terms, moment, changes)
            reconciliation.reconcile_calendar_window(self.target_state, window, terms, finding, moment, changes)
            closing = compute_window_closing_instant(window, terms)
            dues.append(closing if closing is not None and closing > moment.as_of else None)
        return min((due for due in dues if due is not None), default=None)
