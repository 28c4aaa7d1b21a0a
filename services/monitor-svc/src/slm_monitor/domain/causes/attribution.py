"""Attribution of downtime: how much of an agreement's downtime each of its supporting agreements caused.

A support (supporting agreement) is to blame for an instant if it is down and too few members of its group are up. The
supports to blame share the instant in equal parts. If there is none, the provider is to blame. All parts are exact, and
together they are exactly the downtime.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.states.timeline import DOWN, UNKNOWN, UP, StateSegment


@dataclass(frozen=True, slots=True)
class SupportGroup:
    """Supports of which at least ``needed`` must be up for the group to be up.

    A member is the id of a support, or another group. In a group of members in series, every member must be up.
    """

    needed: int
    members: tuple[SupportGroup | str, ...]


@dataclass(frozen=True, slots=True)
class DowntimePiece:
    """An interval ``[start, end)`` of an agreement's downtime, in microseconds UTC.

    ``share`` is the part of the interval that counts as downtime: 1, or less for degraded time with a weight.
    """

    start: UtcMicroseconds
    end: UtcMicroseconds
    share: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class DowntimeAttribution:
    """The parts of a downtime, in microseconds.

    ``by_support``: support id → the part that the support caused; supports that caused nothing are left out.
    ``own``: the part that the provider itself caused.
    ``unknown``: support id → the part of the downtime in which nobody knows whether the support was up or down.
    """

    by_support: Mapping[str, Fraction]
    own: Fraction
    unknown: Mapping[str, Fraction]

    @property
    def total(self) -> Fraction:
        return self.own + sum(self.by_support.values(), Fraction(0))


def parse_support_structure(structure: Mapping[str, Any]) -> SupportGroup:
    """Return the group that a structure of ``SupportsSigned`` describes.

    A structure is ``{"serial": [...]}`` or ``{"k_of_n": {"k", "members"}}``. Its members may be structures, too.
    """
    grouped = structure.get("k_of_n")
    written = structure["serial"] if grouped is None else grouped["members"]
    members = tuple(each if isinstance(each, str) else parse_support_structure(each) for each in written)
    return SupportGroup(len(members) if grouped is None else int(grouped["k"]), members)


def list_support_ids(group: SupportGroup) -> Iterator[str]:
    """Yield the ids of all supports of a group and of the groups in it. An id that stands twice is yielded twice."""
    for member in group.members:
        if isinstance(member, str):
            yield member
        else:
            yield from list_support_ids(member)


def attribute_downtime(
    downtime: Sequence[DowntimePiece],
    chains: Sequence[SupportGroup],
    states: Mapping[str, Sequence[StateSegment]],
) -> DowntimeAttribution:
    """Split an agreement's downtime among its supports and the provider.

    ``chains``: the supports of the provider and the supports of the customer, each as one group. ``states``: support
    id → the support's states (up, down or unknown), sorted and disjoint. An instant without a state is unknown.

    At an instant at which enough members of a group are up, no member of this group gets a part of the downtime.
    """
    named = sorted({each for chain in chains for each in list_support_ids(chain)})
    histories = {each: _StateHistory(states.get(each, ())) for each in named}
    by_support = dict.fromkeys(named, Fraction(0))
    unknown = dict.fromkeys(named, Fraction(0))
    own = Fraction(0)
    for piece in downtime:
        inner = {edge for each in histories.values() for edge in each.edges_within(piece.start, piece.end)}
        for start, end in pairwise([piece.start, *sorted(inner), piece.end]):
            length = piece.share * (end - start)
            now = {name: history.state_at(start) or UNKNOWN for name, history in histories.items()}
            blamed = {each for chain in chains for each in _blamed(chain, now)}
            for name in blamed:
                by_support[name] += length / len(blamed)
            if not blamed:
                own += length
            for name, state in now.items():
                if state == UNKNOWN:
                    unknown[name] += length
    return DowntimeAttribution(_without_zeros(by_support), own, _without_zeros(unknown))


def _without_zeros(parts: Mapping[str, Fraction]) -> dict[str, Fraction]:
    return {name: part for name, part in parts.items() if part}


def _blamed(member: SupportGroup | str, now: Mapping[str, str]) -> Iterator[str]:
    """Yield the supports that are down and thereby keep the member from being up."""
    if isinstance(member, str):
        if now[member] == DOWN:
            yield member
    elif sum(_is_up(each, now) for each in member.members) < member.needed:
        for each in member.members:
            yield from _blamed(each, now)


def _is_up(member: SupportGroup | str, now: Mapping[str, str]) -> bool:
    if isinstance(member, str):
        return now[member] == UP
    return sum(_is_up(each, now) for each in member.members) >= member.needed


def join_target_states(stated: Sequence[Sequence[StateSegment]]) -> list[StateSegment]:
    """Join the states of several targets of one support to the states of the support, sorted and disjoint.

    The support is down while one of its targets is down. It is unknown while no target is down and one is unknown, and
    otherwise up. At an instant at which no target has a state, the support has no state.
    """
    histories = [_StateHistory(each) for each in stated]
    edges = sorted({edge for segments in stated for each in segments for edge in (each.start, each.end)})
    joined: list[StateSegment] = []
    for start, end in pairwise(edges):
        found = {history.state_at(start) for history in histories} - {None}
        state = next((each for each in (DOWN, UNKNOWN, UP) if each in found), None)
        if state is None:
            continue
        if joined and joined[-1].state == state and joined[-1].end == start:
            joined[-1] = joined[-1]._replace(end=end)
        else:
            joined.append(StateSegment(start, end, state))
    return joined


class _StateHistory:
    """The states of one support, to be looked up by instant."""

    def __init__(self, segments: Sequence[StateSegment]) -> None:
        self._segments = segments
        self._edges = sorted({edge for each in segments for edge in (each.start, each.end)})
        self._starts = [each.start for each in segments]

    def edges_within(self, start: UtcMicroseconds, end: UtcMicroseconds) -> Sequence[UtcMicroseconds]:
        """Return the instants after ``start`` and before ``end`` at which the state may change."""
        first = bisect_right(self._edges, start)
        last = bisect_right(self._edges, end - 1)
        return self._edges[first:last]

    def state_at(self, instant: UtcMicroseconds) -> str | None:
        """Return the state at an instant; None if no state is stored for it."""
        position = bisect_right(self._starts, instant) - 1
        if position < 0 or self._segments[position].end <= instant:
            return None
        return self._segments[position].state
