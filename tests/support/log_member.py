"""A member of a consumer group in a process of its own, which tests kill.

``python -m tests.support.log_member URL GROUP TOPIC`` prints a line with its partitions at each assignment.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

from slm_chassis.clock import SystemClock
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import TopicPartition


class Announcing:
    async def assigned(self, partitions: frozenset[TopicPartition]) -> Mapping[TopicPartition, int]:
        print(",".join(str(source.partition) for source in sorted(partitions)), flush=True)
        return dict.fromkeys(partitions, 0)

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Do nothing: the next assignment is printed in full."""


async def main(url: str, group: str, topic: str) -> None:
    log = await open_log(url, clock=SystemClock(), client="member")
    async with log.consume(group, [topic], Announcing()) as consumer:
        while True:
            await consumer.poll(100, 0.5)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
