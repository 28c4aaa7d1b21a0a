"""Delivery of decisions to the evaluators: accepted periods, overturned breaches, and indicators whose older facts were
deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from slm_monitor.application.evaluators.derived.derived_evaluator import DerivedEvaluator
from slm_monitor.application.evaluators.series.series_evaluator import SeriesEvaluator
from slm_monitor.application.evaluators.states.state_evaluator import StateEvaluator
from slm_monitor.application.evaluators.ticket_evaluator import TicketEvaluator
from slm_monitor.application.state.failed_targets import FailedTargets
from slm_monitor.application.state.loaded_state import LoadedTargetResults
from slm_monitor.application.state.partition_step import WAITING, PartitionStepChanges
from slm_monitor.domain.lifecycle import acceptance
from slm_monitor.domain.lifecycle.acceptance import WindowRevisionAcceptance
from slm_monitor.domain.lifecycle.reconciliation import DISPUTE
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges


class DecisionDelivery:
    """Passes the decisions in one partition's inbox to its evaluators."""

    def __init__(
        self,
        established: LoadedTargetResults,
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

    def accept(self, ref: Mapping[str, Any], changes: EvaluationChanges) -> None:
        """Mark windows as accepted by both parties, in the accepted revision. ``ref``: content of the inbox message."""
        accepted = [
            WindowRevisionAcceptance(target_id, window_id, revision, ref["accepted_at"])
            for target_id, window_id, revision in ref["windows"]
        ]
        target_states = chain(self._states.target_states(), self._counts.target_states(), self._derived.target_states())
        acceptance.freeze_accepted_windows(
            ((each.target_id, each.windows) for each in target_states), accepted, changes
        )
        # A label instance may not have been looked up since a restart, so it has no target state yet: its windows are
        # in the loaded state. A failed target is left out: it is loaded again before it is evaluated.
        names = sorted({each.target_id for each in accepted}.difference(self._aside.failed))
        acceptance.freeze_accepted_windows(
            ((name, self._established.windows(name)) for name in names), accepted, changes
        )

    def overturn(self, ref: Mapping[str, Any], step: PartitionStepChanges) -> None:
        """Withdraw a breach that a dispute overturned, by having its target evaluated again.

        ``ref``: content of the inbox message. Its ``subject`` decides what is evaluated again:

        - if the subject is a ticket: the ticket
        - if the subject is an indicator: the indicator's windows that end after ``since``
        - if the subject is empty: the derived target's windows that end after ``since``
        """
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
        """Record that old facts of an indicator were deleted, up to an instant. Windows before this instant are not
        evaluated again.

        ``ref``: content of the inbox message, with the indicator and the instant.
        """
        subject, begins_at = ref["subject"], ref["begins_at"]
        self._record_starts[subject] = begins_at
        for target_state in chain(self._states.target_states(), self._counts.target_states()):
            if target_state.line.latest.indicator == subject:
                target_state.record_begins_at = begins_at
        self._derived.forget()
