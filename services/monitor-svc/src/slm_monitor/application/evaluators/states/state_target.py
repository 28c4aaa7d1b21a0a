"""A target of an indicator's states, by calendar windows, with warnings that may change without new facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.schedule.calendar_windows import (
    CalendarWindowTarget,
    compute_window_closing_instant,
)
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle import reconciliation, terms_withdrawal
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation, WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState, TargetWindow
from slm_monitor.domain.states.short_outages import StretchedStates
from slm_monitor.domain.states.timeline import StateProvider
from slm_monitor.domain.states.uptime_sums import UptimeSums
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import availability_evaluation, state_warnings
from slm_monitor.domain.windows.availability_evaluation import AvailabilityProgress

StatesOf = Callable[[FigureTarget], StateProvider]


@dataclass(frozen=True, slots=True)
class EvaluationOccasion:
    """The instants of a window's evaluation, and the burn rate risks at that time.

    ``as_of``: instant of the evaluation (µs). ``since``: instant from which on facts changed (µs); None: no facts
    changed. ``burns``: the burn rate risks in force, only for the window that is open at ``as_of``.
    """

    since: UtcMicroseconds | None
    as_of: UtcMicroseconds
    burns: list[RiskEvaluation]


class AvailabilityTarget(CalendarWindowTarget):
    """Availability by calendar window.

    The sums of an open window are kept up to its last change of state, so that the cost of a further change does not
    grow with the number of earlier changes.
    """

    def __init__(self, target_state: TargetState) -> None:
        super().__init__(target_state)
        self._passed: dict[str, AvailabilityProgress] = {}
        self._lately: UptimeSums | None = None
        """Uptime within the lookback of the burn rates."""
        self._grown: tuple[UtcMicroseconds, UtcMicroseconds] | None = None
        """(end of the last closed window, instant at which an outage over this end was long enough), once evaluated."""

    def evaluate(
        self,
        states: StatesOf,
        excluded: ExclusionIndex,
        since: UtcMicroseconds | None,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        """Evaluate the open windows, and the closed windows that end after the instant that ``_from`` returns.

        ``states``: function that returns the states which the given terms select.

        Return the next instant (µs) at which a result may change without new data; None if there is none.
        """
        self._undo(moment, changes)
        burning, again = self._by_the_minute(states, excluded, since, moment.as_of)
        dues = [again]
        latest = self.target_state.line.latest
        touched = self._from(states(latest), latest, since, moment.as_of)
        if touched is not None:
            touched = self._find_unsettled_start(states, excluded, touched)
        dues += self._evaluate_windows(states, excluded, (touched, since), burning, moment, changes)
        grown_since, grows_at = self._find_outage_over_closed_end(states, excluded, moment.as_of)
        if grown_since is not None:
            dues = [again, *self._evaluate_windows(states, excluded, (grown_since, since), burning, moment, changes)]
        return min((due for due in [*dues, grows_at, self._next] if due is not None), default=None)

    def _evaluate_windows(
        self,
        states: StatesOf,
        excluded: ExclusionIndex,
        touched: tuple[UtcMicroseconds | None, UtcMicroseconds | None],
        burning: list[RiskEvaluation],
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> list[UtcMicroseconds | None]:
        """Evaluate the open windows, and the closed windows that end after an instant; return when results may change.

        ``touched``: (that instant, instant from which on facts changed); None: no closed window, no facts.
        """
        dues: list[UtcMicroseconds | None] = []
        for window, terms in self._touched(touched[0], moment):
            burns = burning if window.start <= moment.as_of < window.end else []
            occasion = EvaluationOccasion(touched[1], moment.as_of, burns)
            finding = self._look(states(terms), window, terms, excluded, occasion)
            if named := excluded.named_in(terms, window.start, window.end):
                finding.detail["exclusions"] = named
            terms_withdrawal.withdraw_breaches_of_other_terms(self.target_state, window, terms, moment, changes)
            reconciliation.reconcile_calendar_window(self.target_state, window, terms, finding, moment, changes)
            ahead = [finding.again, *(each.at for each in finding.missed), *(each.at for each in finding.risks)]
            dues += [at for at in ahead if at is not None and at > moment.as_of]
            dues.append(compute_window_closing_instant(window, terms))
            if window.closed_at is not None:
                self._passed.pop(window.window_id, None)
        return dues

    def _find_unsettled_start(
        self, states: StatesOf, excluded: ExclusionIndex, instant: UtcMicroseconds
    ) -> UtcMicroseconds:
        """Return the start of an outage that facts from ``instant`` on may prolong until it is long enough to count;
        ``instant`` if there is none, or if all outages count.
        """
        found = [
            StretchedStates(states(terms), terms, out).find_unsettled_start(instant)
            for terms in self.target_state.line.versions
            if terms.ignore_outages_shorter_than is not None and instant > self.target_state.line.begins_at
            for out in (excluded.intervals_of(terms), ())
        ]
        return min(found, default=instant)

    def _find_outage_over_closed_end(
        self, states: StatesOf, excluded: ExclusionIndex, as_of: UtcMicroseconds
    ) -> tuple[UtcMicroseconds | None, UtcMicroseconds | None]:
        """Look for an outage over the end of the last closed window that was too short to count within this window.

        Return (its start, None) if it is long enough by ``as_of`` and has not been evaluated since; (None, instant at
        which it will be long enough) if it still grows; else (None, None).
        """
        border = self._closed_to
        terms = self.target_state.line.at(border - 1) or self.target_state.line.latest
        if terms.ignore_outages_shorter_than is None or border <= self.target_state.line.begins_at:
            return None, None
        stretched = StretchedStates(states(terms), terms, excluded.intervals_of(terms))
        growing = stretched.find_growing_stretch(border)
        if growing is None or (border, growing[1]) == self._grown:
            return None, None
        if growing[1] > as_of:
            return None, growing[1]
        self._grown = (border, growing[1])
        return growing[0], None

    def _from(
        self, states: StateProvider, terms: FigureTarget, since: UtcMicroseconds | None, as_of: UtcMicroseconds
    ) -> UtcMicroseconds | None:
        """Return the instant after which closed windows must be evaluated again; None if no closed window must be."""
        return since

    def _look(
        self,
        states: StateProvider,
        window: TargetWindow,
        terms: FigureTarget,
        excluded: ExclusionIndex,
        occasion: EvaluationOccasion,
    ) -> WindowEvaluation:
        span, out = (window.start, window.end), excluded.intervals_of(terms)
        passed = self._passed.get(window.window_id)
        if passed is None or not passed.holds(terms, span, out, occasion.since):
            passed = availability_evaluation.begin_availability_progress(terms, span, out)
        lately = self._lately if self._lately and self._lately.terms is terms else None
        finding, self._passed[window.window_id] = availability_evaluation.continue_availability_progress(
            states, passed, occasion.as_of, occasion.burns, occasion.since, lately
        )
        return finding

    def _by_the_minute(
        self, states: StatesOf, excluded: ExclusionIndex, since: UtcMicroseconds | None, as_of: UtcMicroseconds
    ) -> tuple[list[RiskEvaluation], int | None]:
        """Return the burn rate risks in force, and the next instant to check them: the start of the next minute, or
        None if no burn rate can change.
        """
        terms = self.target_state.line.at(as_of)
        if terms is None or state_warnings.find_longest_warning_lookback(terms) is None:
            self._lately = None
            return [], None
        stated, out, lately = states(terms), excluded.intervals_of(terms), self._lately
        if lately is None or lately.terms is not terms or lately.excluded is not out:
            self._lately = lately = state_warnings.build_uptime_sums_until(
                stated, terms, self.target_state.line.begins_at, as_of, out
            )
        else:
            lately.follow(stated, as_of, since)
            lately.forget_before(as_of - (state_warnings.find_longest_warning_lookback(terms) or 0))
        moves = state_warnings.can_warnings_change_without_facts(lately, stated, as_of)
        found = state_warnings.evaluate_burn_rate_risks(lately, as_of) if moves else []
        return found, (as_of // MINUTE + 1) * MINUTE if moves else None
