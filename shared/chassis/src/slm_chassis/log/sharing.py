"""How a group's members share partitions: by ranges, so that partition n of like topics goes to one member."""

from __future__ import annotations

from collections.abc import Mapping

from slm_chassis.log.port import TopicPartition


def shares(partitions: Mapping[str, int], members: int) -> list[frozenset[TopicPartition]]:
    """Topic → number of partitions, dealt to ``members``; what each gets, in the order of the members."""
    return [
        frozenset(
            TopicPartition(topic, number)
            for topic, count in partitions.items()
            for number in range(*_range(count, members, member))
        )
        for member in range(members)
    ]


def _range(count: int, members: int, member: int) -> tuple[int, int]:
    size, larger = divmod(count, members)
    first = member * size + min(member, larger)
    return first, first + size + (member < larger)
