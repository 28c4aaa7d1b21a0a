"""A target of an indicator's states: its calendar windows judged, and the warnings that time alone moves."""

from __future__ import annotations

from collections.abc import Callable

from slm_monitor.application.calendar_windows import CalendarWindows, close_of
from slm_monitor.application.excluded import Excluded
from slm_monitor.domain import findings, settling, withdrawing
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.findings import RiskFinding
from slm_monitor.domain.settling import Moment
from slm_monitor.domain.standing import Changes
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import DEGRADED, DOWN, States

StatesOf = Callable[[ServiceLevelTarget], States]


class StateTarget(CalendarWindows):
    """Availability by calendar window."""

    def judge(
        self, states: StatesOf, excluded: Excluded, since: int | None, moment: Moment, changes: Changes
    ) -> int | None:
        """Judge the touched windows by the states that their terms ask for; returns the next instant at which time
        alone may change something."""
        self._undo(moment, changes)
        dues: list[int | None] = []
        burning = self._burning_down(states, excluded, moment.as_of)
        if burning is not None and self._was_down(states, moment.as_of):
            # Burn rates move with every minute: look again at the next.
            dues.append((moment.as_of // MINUTE + 1) * MINUTE)
        for window, terms in self._touched(since, moment.as_of):
            burns = burning if window.start <= moment.as_of < window.end else None
            finding = findings.of_availability(
                states(terms), terms, window.start, window.end, moment.as_of, burns or (), excluded.intervals_of(terms)
            )
            withdrawing.of_other_terms(self.standing, window, terms, moment, changes)
            settling.settle_window(self.standing, window, terms, finding, moment, changes)
            ahead = [finding.breached_at, *(risk.at for risk in finding.risks)]
            dues += [at for at in ahead if at is not None and at > moment.as_of]
            dues.append(close_of(window, terms))
        return min((due for due in [*dues, self._next] if due is not None), default=None)

    def _burning_down(self, states: StatesOf, excluded: Excluded, as_of: int) -> list[RiskFinding] | None:
        """The burn rate warnings that hold; None where the terms in force have no pairs."""
        terms = self.standing.line.at(as_of)
        if terms is None or not terms.warn_at.pairs:
            return None
        return findings.burning_down(
            states(terms), terms, self.standing.line.begins_at, as_of, excluded.intervals_of(terms)
        )

    def _was_down(self, states: StatesOf, as_of: int) -> bool:
        """Whether anything was down lately: without it no burn rate rises or falls by time alone."""
        terms = self.standing.line.at(as_of)
        assert terms is not None
        longest = max(pair.long for pair in terms.warn_at.pairs)
        return any(each.state in (DOWN, DEGRADED) for each in states(terms).segments(as_of - longest, as_of + 1))
