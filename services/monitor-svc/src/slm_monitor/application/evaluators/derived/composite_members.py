"""The members of a composite for each version of its terms, and the joint states of those members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.domain.lifecycle.target_state import TargetState
from slm_monitor.domain.states.joint_states import JointMemberStates
from slm_monitor.domain.states.timeline import StateTimeline, build_state_timeline
from slm_monitor.domain.terms.composite_terms import CompositeTerms, parse_composite_terms
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TargetTermsHistory


class CompositeTargetBase:
    """Base of composite targets, whose members ``compose`` finds among the targets of the agreement."""

    target_state: TargetState
    _compositions: Mapping[int, CompositeTerms] = {}
    _lines: Mapping[str, Sequence[TargetTermsHistory]] = {}

    def compose(self, lines: Sequence[TargetTermsHistory]) -> None:
        """Find this composite's members among the terms histories of its agreement."""
        terms = [version for line in lines for version in line.versions]
        self._compositions = {
            own.version: parse_composite_terms(own, [each for each in terms if each.version == own.version])
            for own in self.target_state.line.versions
        }
        by_target: dict[str, list[TargetTermsHistory]] = {}
        for line in lines:
            by_target.setdefault(line.target_id, []).append(line)
        self._lines = by_target

    async def _timelines(self, store: EvaluationStore) -> Mapping[str, StateTimeline]:
        subjects = sorted({subject for each in self._compositions.values() for subject in each.subjects})
        facts = await store.facts(subjects)
        timelines = {}
        for subject in subjects:
            indicator = await store.indicator(subject)
            initial, age = (indicator.initial_state, indicator.stale_after) if indicator else ("unknown", None)
            timelines[subject] = build_state_timeline(facts.get(subject, {}).values(), initial, age)
        return timelines

    def _joint(self, terms: ServiceLevelTarget, timelines: Mapping[str, StateTimeline]) -> JointMemberStates:
        made = self._compositions[terms.version]
        return JointMemberStates([timelines[member.subject] for member in made.indicators], made.needed)
