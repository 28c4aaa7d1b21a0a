"""A target that counts the outages of an indicator: judged window by window, and when one reaches the length."""

from __future__ import annotations

from slm_monitor.application.excluded import Excluded
from slm_monitor.application.state_target import StateTarget
from slm_monitor.domain import outage_findings
from slm_monitor.domain.findings import Finding, RiskFinding
from slm_monitor.domain.standing import Window
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import States


class OutageTarget(StateTarget):
    """An outage counts in the window in which it starts, which may have closed when it reaches the length."""

    def _look(
        self, states: States, window: Window, terms: ServiceLevelTarget, excluded: Excluded, since: int | None,
        as_of: int, burns: list[RiskFinding],
    ) -> Finding:  # fmt: skip
        out = excluded.intervals_of(terms)
        return outage_findings.of_outages(states, terms, window.start, window.end, as_of, out)

    def _from(self, states: States, terms: ServiceLevelTarget, since: int | None, as_of: int) -> int | None:
        """An outage that goes on may still count in the window in which it began."""
        ongoing = outage_findings.ongoing_since(states, terms, self.standing.line.begins_at, as_of)
        return since if ongoing is None else ongoing if since is None else min(since, ongoing)
