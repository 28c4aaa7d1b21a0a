"""The bad interval of a breach or a risk: the uninterrupted bad time in which the breach or risk became certain.

For a target on states, this is the whole outage of the indicator, without regard to the target's service hours and
exclusions. Two agreements with different hours therefore have the same outage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, from_text
from slm_monitor.domain.causes.findings import BREACH
from slm_monitor.domain.lifecycle.target_state import OPEN_ENDED
from slm_monitor.domain.states.availability import StateCountingPolicy
from slm_monitor.domain.states.timeline import UP, StateProvider
from slm_monitor.domain.terms.terms import FigureTarget, ServiceLevelTarget

HOUR = 3_600_000_000
LONGEST_EVIDENCE_REACH = HOUR
"""The bad interval of a summed figure begins at most this many microseconds before the finding is certain."""
_GOOD = (UP, "removed")


@dataclass(frozen=True, slots=True)
class PublishedFinding:
    """A breach or a risk as published. ``at`` is when a breach was certain or a warning opened; ``until`` is when a
    rolling target recovered, otherwise None.
    """

    finding_id: str
    kind: str
    at: UtcMicroseconds
    until: UtcMicroseconds | None
    document: Mapping[str, Any]

    @property
    def evidence(self) -> Mapping[str, Any]:
        return self.document.get("evidence") or {}

    @property
    def version(self) -> int | None:
        """The version of the agreement under which the finding was evaluated; None if the document does not say."""
        return self.document.get("agreement_version")


def find_bad_interval_of_finding(
    found: PublishedFinding, terms: ServiceLevelTarget | None, states: StateProvider | None, begins_at: UtcMicroseconds
) -> Interval:
    """Return the bad interval of a finding.

    ``states`` are the states of the target's indicator or, for a composite, the joint states of its members; None for
    other kinds of targets. Bad time before ``begins_at``, when the target's terms began, is left out.
    """
    evidence = found.evidence
    if "started_at" in evidence:
        return min(from_text(evidence["started_at"]), found.at), found.at + 1
    if evidence.get("recoveries"):
        last = evidence["recoveries"][-1]
        return from_text(last["from"]), max(from_text(last["to"]), from_text(last["from"]) + 1)
    outage = None
    if states is not None and isinstance(terms, FigureTarget):
        outage = _outage(found, terms, states, begins_at)
    return outage or _reach(found, terms)


def _outage(
    found: PublishedFinding, terms: FigureTarget, states: StateProvider, begins_at: UtcMicroseconds
) -> Interval | None:
    """Return the outage that contains the last interval of the evidence; without evidence, the last outage that began
    before the finding.

    None if the facts known now have no such outage, for example because a correction has removed the downtime.
    """
    policy = StateCountingPolicy(terms.unknown, terms.degraded)
    segments = states.segments(min(begins_at, found.at), OPEN_ENDED)
    bad = intervals.union((each.start, each.end) for each in segments if policy.counts_as(each.state) not in _GOOD)
    shown = found.evidence.get("down") or found.evidence.get("outages")
    anchor = from_text(shown[-1]["from"]) if shown else found.at
    begun = [outage for outage in bad if outage[0] <= anchor]
    if not begun or (shown and begun[-1][1] <= anchor):
        return None
    return begun[-1]


def _reach(found: PublishedFinding, terms: ServiceLevelTarget | None) -> Interval:
    """Return the bad interval of a finding whose figure sums up many measurements.

    The interval is the last hour before the finding was certain. It is shorter if the window is shorter or began later.
    For a breach of a rolling window of at most an hour, the bad interval continues until the target recovers.
    """
    length = terms.rolling_microseconds if terms else 0
    since = found.at - min(length or LONGEST_EVIDENCE_REACH, LONGEST_EVIDENCE_REACH)
    window_start = found.document.get("window_start_at")
    if window_start and not length:
        since = min(max(since, from_text(window_start)), found.at)
    until = found.at + 1
    if found.kind == BREACH and 0 < length <= LONGEST_EVIDENCE_REACH:
        until = max(until, OPEN_ENDED if found.until is None else found.until)
    return since, until
