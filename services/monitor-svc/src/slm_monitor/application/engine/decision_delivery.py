"""What was decided elsewhere of what stands: periods accepted, breaches overturned, a past that will be gone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from slm_monitor.application.evaluators.derived.derived_evaluator import DerivedEvaluator
from slm_monitor.application.evaluators.series.series_evaluator import SeriesEvaluator
from slm_monitor.application.evaluators.states.state_evaluator import StateEvaluator
from slm_monitor.application.evaluators.ticket_evaluator import TicketEvaluator
from slm_monitor.application.state.failed_targets import FailedTargets
from slm_monitor.application.state.loaded_state import LoadedState
from slm_monitor.application.state.ports import WAITING, PartitionStep
from slm_monitor.domain.lifecycle import acceptance
from slm_monitor.domain.lifecycle.acceptance import Acceptance
from slm_monitor.domain.lifecycle.reconciliation import DISPUTE
from slm_monitor.domain.lifecycle.target_state import Changes


class DecisionDelivery:
    """Takes them to the judges of one partition."""

    def __init__(
        self,
        established: LoadedState,
        states: StateEvaluator,
        counts: SeriesEvaluator,
        tickets: TicketEvaluator,
        derived: DerivedEvaluator,
        aside: FailedTargets,
    ) -> None:
        self._established, self._aside = established, aside
        self._overturned = established.overturned
        self._record_starts = established.record_starts
        self._states, self._counts, self._tickets, self._derived = states, counts, tickets, derived

    def accept(self, ref: Mapping[str, Any], changes: Changes) -> None:
        """Both parties have accepted windows as they stand."""
        accepted = [
            Acceptance(target_id, window_id, revision, ref["accepted_at"])
            for target_id, window_id, revision in ref["windows"]
        ]
        standings = chain(self._states.standings(), self._counts.standings(), self._derived.standings())
        acceptance.accept_windows(((each.target_id, each.windows) for each in standings), accepted, changes)
        # What is judged by label may not have been looked for since a restart. What was set aside is read anew.
        names = sorted({each.target_id for each in accepted}.difference(self._aside.failed))
        acceptance.accept_windows(((name, self._established.windows(name)) for name in names), accepted, changes)

    def overturn(self, ref: Mapping[str, Any], step: PartitionStep) -> None:
        """A dispute decided that a breach was none: what it was found of is judged anew."""
        self._overturned.add(ref["breach_id"])
        subject, since = ref["subject"], ref["since"]
        if subject.count("/") > 1:
            self._tickets.wake(subject)
            step.tickets[subject] = WAITING
        elif subject:
            self._states.reopen(subject, since, DISPUTE)
            self._counts.reopen(subject, since, DISPUTE)
        else:
            self._derived.reopen(ref["target_id"], since, DISPUTE)

    def forget(self, ref: Mapping[str, Any]) -> None:
        """What was measured of an indicator before an instant will be gone from the record."""
        subject, begins_at = ref["subject"], ref["begins_at"]
        self._record_starts[subject] = begins_at
        for standing in chain(self._states.standings(), self._counts.standings()):
            if standing.line.latest.indicator == subject:
                standing.record_begins_at = begins_at
        self._derived.forget()
