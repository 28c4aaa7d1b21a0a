"""How a group's members share partitions: by ranges, so that partition n of like topics goes to one member."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from slm_chassis.log.port import TopicPartition

M = TypeVar("M")


def share_of(
    member: M, members: Mapping[M, Collection[str]], partitions: Mapping[str, int]
) -> frozenset[TopicPartition]:
    """What ``member`` shall own.

    ``members``: each member of the group, in an order all agree on, with the topics it reads.
    ``partitions``: topic → number of partitions.
    """
    return frozenset(
        TopicPartition(topic, number)
        for topic in members[member]
        for number in _range(partitions[topic], [m for m, topics in members.items() if topic in topics], member)
    )


def _range(count: int, members: list[M], member: M) -> range:
    turn = members.index(member)
    size, larger = divmod(count, len(members))
    first = turn * size + min(turn, larger)
    return range(first, first + size + (turn < larger))
