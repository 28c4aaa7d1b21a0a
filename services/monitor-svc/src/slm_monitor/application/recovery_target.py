"""A target of recoveries: judged window by window, each recovery in the one in which it ended."""

from __future__ import annotations

from slm_monitor.application.excluded import Excluded
from slm_monitor.application.state_target import StateTarget
from slm_monitor.domain import recovery_findings
from slm_monitor.domain.findings import Finding, RiskFinding
from slm_monitor.domain.standing import Window
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import States, Timeline


class RecoveryTarget(StateTarget):
    """Nothing of it is kept between judgements: an indicator has few recoveries."""

    def _look(
        self, states: States, window: Window, terms: ServiceLevelTarget, excluded: Excluded, since: int | None,
        as_of: int, burns: list[RiskFinding],
    ) -> Finding:  # fmt: skip
        assert isinstance(states, Timeline)
        span = (window.start, window.end)
        return recovery_findings.of_recoveries(states.recoveries, terms, span, as_of, excluded.intervals_of(terms))
