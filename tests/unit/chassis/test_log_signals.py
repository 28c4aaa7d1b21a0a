"""A signal that could not be sent is sent over the next connection."""

from __future__ import annotations

from typing import Any, cast

import asyncpg
import pytest

from slm_chassis.log.postgres_recent import RecentRecords
from slm_chassis.log.postgres_signals import LogSignals
from slm_chassis.log.wakeups import Wakeups


class Broken(Exception):
    """The connection of this test is closed."""


class Connection:
    """Sends ``left`` signals, and is closed then."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.sent: list[set[str]] = []

    async def execute(self, _: str, __: str, names: list[str]) -> None:
        if not self.left:
            raise Broken
        self.left -= 1
        self.sent.append(set(names))
        signals.ring(["more"])


signals = LogSignals("postgresql://nowhere", "test", Wakeups(), RecentRecords())


async def over(connection: Any) -> None:
    with pytest.raises(Broken):
        await signals._send_over(cast(asyncpg.Connection, connection))


async def test_a_lost_connection_loses_no_signal() -> None:
    signals.ring(["a", "b"])
    await over(Connection(0))
    signals.ring(["c"])
    second = Connection(1)
    await over(second)
    assert second.sent == [{"a", "b", "c"}]
