"""The arithmetic of composites: joint states, weighted figures, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from slm_monitor.domain.states.timeline import DEGRADED, DOWN, UNKNOWN, UP, Segment, StateProvider


@dataclass(frozen=True, slots=True)
class JointStates:
    """Several members as one: up while at least ``needed`` of them are up. If all are needed, they are in series."""

    members: Sequence[StateProvider]
    needed: int

    @property
    def is_measured(self) -> bool:
        return all(member.is_measured for member in self.members)

    def segments(self, start: int, end: int) -> list[Segment]:
        """The joint states of ``[start, end)``, adjoining, in order."""
        stated = [member.segments(start, end) for member in self.members]
        edges = sorted({segment.start for segments in stated for segment in segments} | {end})
        positions = [0] * len(stated)
        joint: list[Segment] = []
        for begins, ends in pairwise(edges):
            states = []
            for number, segments in enumerate(stated):
                while segments[positions[number]].end <= begins:
                    positions[number] += 1
                states.append(segments[positions[number]].state)
            state = self._state(states)
            if joint and joint[-1].state == state:
                joint[-1] = joint[-1]._replace(end=ends)
            else:
                joint.append(Segment(begins, ends, state))
        return joint

    def _state(self, states: Sequence[str]) -> str:
        """Return the joint state of the members' states. It is unknown if the unknown members decide whether enough are
        up.
        """
        up, degraded, unknown = states.count(UP), states.count(DEGRADED), states.count(UNKNOWN)
        if up >= self.needed:
            return UP
        if up + degraded >= self.needed:
            return DEGRADED
        return UNKNOWN if up + degraded + unknown >= self.needed else DOWN


def weighted_mean(figures: Sequence[Fraction], weights: Sequence[Fraction]) -> Fraction | None:
    """Return Σ w·v ÷ Σ w; None if the weights add up to 0."""
    whole = sum(weights, Fraction(0))
    parts = sum((weight * figure for figure, weight in zip(figures, weights, strict=True)), Fraction(0))
    return parts / whole if whole else None


def missing_sum(figures: Sequence[Fraction], weights: Sequence[Fraction]) -> Fraction:
    """Return 1 − Σ w·(1 − v): 1 less what each member lacks, times its weight."""
    parts = (weight * (1 - figure) for figure, weight in zip(figures, weights, strict=True))
    return 1 - sum(parts, Fraction(0))


def enough_are_met(verdicts: Sequence[bool | None], needed: int) -> bool | None:
    """Return whether at least ``needed`` verdicts are met; None while members without a verdict (None) may still
    decide.
    """
    met, undecided = verdicts.count(True), verdicts.count(None)
    if met >= needed:
        return True
    return None if met + undecided >= needed else False
