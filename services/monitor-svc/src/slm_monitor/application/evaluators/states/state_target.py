"""A target of an indicator's states: its calendar windows, and the warnings that change with time alone."""

from __future__ import annotations

from collections.abc import Callable

from slm_monitor.application.evaluators.schedule.calendar_windows import CalendarWindowTarget, close_of
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle import reconciliation, terms_withdrawal
from slm_monitor.domain.lifecycle.evaluation import Evaluation, RiskEvaluation
from slm_monitor.domain.lifecycle.target_state import Changes, EvaluationMoment, TargetState, Window
from slm_monitor.domain.states.timeline import StateProvider
from slm_monitor.domain.states.uptime_sums import UptimeSums
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import availability_evaluation, state_warnings
from slm_monitor.domain.windows.availability_evaluation import WindowProgress

StatesOf = Callable[[ServiceLevelTarget], StateProvider]


class StateTarget(CalendarWindowTarget):
    """Availability by calendar window. The sums of an open window are kept up to its last change of state, so that the
    cost of a further change does not grow with the number of earlier ones."""

    def __init__(self, target_state: TargetState) -> None:
        super().__init__(target_state)
        self._passed: dict[str, WindowProgress] = {}
        self._lately: UptimeSums | None = None
        """Uptime over the lookback of the burn rates."""

    def evaluate(
        self, states: StatesOf, excluded: ExclusionIndex, since: int | None, moment: EvaluationMoment, changes: Changes
    ) -> int | None:
        """Evaluate the invalidated and the open windows by the states that their terms select; return the next instant
        at which time alone may change a result."""
        self._undo(moment, changes)
        dues: list[int | None] = []
        burning, again = self._by_the_minute(states, excluded, since, moment.as_of)
        dues.append(again)
        latest = self.target_state.line.latest
        for window, terms in self._touched(self._from(states(latest), latest, since, moment.as_of), moment):
            burns = burning if window.start <= moment.as_of < window.end else []
            finding = self._look(states(terms), window, terms, excluded, since, moment.as_of, burns)
            if (covered := availability_evaluation.state_coverage(states(terms), finding)) is not None:
                finding.detail["coverage_percent"] = covered
            if named := excluded.named_in(terms, window.start, window.end):
                finding.detail["exclusions"] = named
            terms_withdrawal.withdraw_other_terms(self.target_state, window, terms, moment, changes)
            reconciliation.reconcile_window(self.target_state, window, terms, finding, moment, changes)
            ahead = [finding.again, *(each.at for each in finding.missed), *(each.at for each in finding.risks)]
            dues += [at for at in ahead if at is not None and at > moment.as_of]
            dues.append(close_of(window, terms))
            if window.closed_at is not None:
                self._passed.pop(window.window_id, None)
        return min((due for due in [*dues, self._next] if due is not None), default=None)

    def _from(self, states: StateProvider, terms: ServiceLevelTarget, since: int | None, as_of: int) -> int | None:
        """The instant from which on closed windows must be evaluated again; None: no closed window must be."""
        return since

    def _look(
        self,
        states: StateProvider,
        window: Window,
        terms: ServiceLevelTarget,
        excluded: ExclusionIndex,
        since: int | None,
        as_of: int,
        burns: list[RiskEvaluation],
    ) -> Evaluation:
        span, out = (window.start, window.end), excluded.intervals_of(terms)
        passed = self._passed.get(window.window_id)
        if passed is None or not passed.holds(terms, span, out, since):
            passed = availability_evaluation.begin_window(terms, span, out)
        finding, self._passed[window.window_id] = availability_evaluation.evaluate_progress(
            states, passed, as_of, burns, since, self._lately if self._lately and self._lately.terms is terms else None
        )
        return finding

    def _by_the_minute(
        self, states: StatesOf, excluded: ExclusionIndex, since: int | None, as_of: int
    ) -> tuple[list[RiskEvaluation], int | None]:
        """The burn rate risks in force, and the instant of the next check: the next minute, as long as a burn rate can
        change."""
        terms = self.target_state.line.at(as_of)
        if terms is None or state_warnings.longest_lookback(terms) is None:
            self._lately = None
            return [], None
        stated, out, lately = states(terms), excluded.intervals_of(terms), self._lately
        if lately is None or lately.terms is not terms or lately.excluded is not out:
            self._lately = lately = state_warnings.uptime_sums_until(
                stated, terms, self.target_state.line.begins_at, as_of, out
            )
        else:
            lately.follow(stated, as_of, since)
            lately.forget_before(as_of - (state_warnings.longest_lookback(terms) or 0))
        moves = state_warnings.may_move_by_time(lately, stated, as_of)
        found = state_warnings.burn_rate_risks(lately, as_of) if moves else []
        return found, (as_of // MINUTE + 1) * MINUTE if moves else None
