"""States of indicators and of composites, built from the record of facts. Each indicator is read once."""

from __future__ import annotations

from collections.abc import Sequence

from slm_events.aggregations import MEMBERS
from slm_events.aggregations import STATES as STATE_FACTS
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.history.fact_history import FactHistoryStore
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.states.joint_states import JointMemberStates
from slm_monitor.domain.states.timeline import StateProvider, StateTimeline, build_state_timeline
from slm_monitor.domain.terms.composite_terms import STATES, parse_composite_terms
from slm_monitor.domain.terms.terms import ServiceLevelTarget

Labels = tuple[tuple[str, str], ...]


class StateTimelines:
    """Builds the states of targets from the record of facts.

    ``known_at``: only facts received by this instant are used; None: all facts.
    """

    def __init__(self, record: FactHistoryStore, known_at: UtcMicroseconds | None = None) -> None:
        self._record = record
        self._known_at = known_at
        self._timelines: dict[tuple[str, Labels], StateTimeline] = {}
        self._facts: dict[str, Sequence[Fact]] = {}

    async def of_target(self, terms: ServiceLevelTarget, others: Sequence[ServiceLevelTarget]) -> StateProvider | None:
        """Return the states from which a target is evaluated: the states of its indicator or, for a composite, the
        joint states of its members. None for a target that is not evaluated from states.

        ``others``: the targets of the same version, among which a composite's members are found.
        """
        if terms.kind.source == STATE_FACTS:
            assert terms.indicator is not None
            return await self._timeline(terms.indicator, terms.group)
        if not is_composite_of_states(terms):
            return None
        made = parse_composite_terms(terms, others)
        members = [await self._timeline(member.subject, ()) for member in made.indicators]
        return JointMemberStates(members, made.needed)

    async def _timeline(self, subject: str, group: Labels) -> StateTimeline:
        if (subject, group) not in self._timelines:
            if subject not in self._facts:
                self._facts[subject] = await self._record.single(subject, None, self._known_at)
            mine = [fact for fact in self._facts[subject] if _has_labels(fact, group)]
            indicator = await self._record.indicator(subject)
            initial, stale = (indicator.initial_state, indicator.stale_after) if indicator else ("unknown", None)
            self._timelines[subject, group] = build_state_timeline(mine, initial, stale)
        return self._timelines[subject, group]


def is_composite_of_states(terms: ServiceLevelTarget) -> bool:
    return terms.kind.source == MEMBERS and terms.parameters["of"] == STATES


def _has_labels(fact: Fact, group: Labels) -> bool:
    """Return whether a fact has all of these label values."""
    labels = fact.body.get("labels") or {}
    return all(labels.get(name) == value for name, value in group)
