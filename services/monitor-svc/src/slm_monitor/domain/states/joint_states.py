"""The arithmetic of composites: joint states, weighted figures, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.states.timeline import DEGRADED, DOWN, UNKNOWN, UP, StateProvider, StateSegment


@dataclass(frozen=True, slots=True)
class JointMemberStates:
    """The joint states of several members: up while at least ``needed`` members are up. If all members are needed, they
    are in series.
    """

    members: Sequence[StateProvider]
    needed: int

    def is_measured_before(self, instant: UtcMicroseconds) -> bool:
        return all(member.is_measured_before(instant) for member in self.members)

    def segments(self, start: UtcMicroseconds, end: UtcMicroseconds) -> list[StateSegment]:
        """Return the joint states of ``[start, end)`` as adjoining segments, in order."""
        stated = [member.segments(start, end) for member in self.members]
        edges = sorted({segment.start for segments in stated for segment in segments} | {end})
        positions = [0] * len(stated)
        joint: list[StateSegment] = []
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
                joint.append(StateSegment(begins, ends, state))
        return joint

    def _state(self, states: Sequence[str]) -> str:
        """Return the joint state of members in these states.

        The joint state is unknown if it depends on members whose state is unknown.
        """
        up, degraded, unknown = states.count(UP), states.count(DEGRADED), states.count(UNKNOWN)
        if up >= self.needed:
            return UP
        if up + degraded >= self.needed:
            return DEGRADED
        return UNKNOWN if up + degraded + unknown >= self.needed else DOWN


def compute_weighted_mean(figures: Sequence[Fraction], weights: Sequence[Fraction]) -> Fraction | None:
    """Return Σ w·v ÷ Σ w; None if the weights add up to 0."""
    whole = sum(weights, Fraction(0))
    parts = sum((weight * figure for figure, weight in zip(figures, weights, strict=True)), Fraction(0))
    return parts / whole if whole else None


def subtract_weighted_shortfalls(figures: Sequence[Fraction], weights: Sequence[Fraction]) -> Fraction:
    """Return 1 − Σ w·(1 − v): one, less the weighted shortfall 1 − v of each member."""
    parts = (weight * (1 - figure) for figure, weight in zip(figures, weights, strict=True))
    return 1 - sum(parts, Fraction(0))


def are_enough_members_met(verdicts: Sequence[bool | None], needed: int) -> bool | None:
    """Return whether at least ``needed`` members are met; None if members without a verdict can still decide this.

    ``verdicts`` has one entry for each member: True (met), False (missed) or None (no verdict).
    """
    met, undecided = verdicts.count(True), verdicts.count(None)
    if met >= needed:
        return True
    return None if met + undecided >= needed else False
