"""The division of partitions among a group's members: each member gets a range of consecutive partitions of each topic.

If topics have equally many partitions and the same readers, one member gets partition n of all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from slm_chassis.log.port import TopicPartition

M = TypeVar("M")


def share_of(
    member: M, members: Mapping[M, Collection[str]], partitions: Mapping[str, int]
) -> frozenset[TopicPartition]:
    """Return the partitions that ``member`` should own.

    ``members``: member of the group → the topics that it reads; every member must pass them in the same order.
    ``partitions``: topic → number of its partitions.
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
