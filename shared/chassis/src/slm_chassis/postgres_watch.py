"""A watchdog for the private PostgreSQL: it starts the server again when it has died."""

from __future__ import annotations

import asyncio
import time

import structlog

from slm_chassis.postgres_programs import PostgresFailed
from slm_chassis.postgres_server import PrivatePostgres
from slm_chassis.workers import Backoff

LOOK_SECONDS = 0.5
ASK_SECONDS = 5.0
"""How often a running server is asked whether it answers. Each time it starts a process for the connection."""
SILENT_SECONDS = 30.0
"""A running server that accepts no connections for this long is restarted: it hangs, or its socket file is gone."""
SHORT_LIFE_SECONDS = 10.0
"""If a server dies within this time after its start, the start counts as failed."""
ATTEMPTS = 6
"""Failed starts in a row after which the watchdog gives up. They take about twenty seconds or more."""

_log = structlog.get_logger(__name__)


async def keep_postgres_running(server: PrivatePostgres) -> None:
    """Keep the server running until cancelled; raises PostgresFailed if it repeatedly does not start."""
    backoff = Backoff(first=0.2, longest=8.0)
    started_at, failures, answered_at, asked_at = time.monotonic(), 0, time.monotonic(), 0.0
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        is_running = await asyncio.to_thread(lambda: server.process_id) is not None
        if is_running and time.monotonic() - asked_at < ASK_SECONDS:
            continue
        asked_at = time.monotonic()
        if is_running and await _answers(server):
            answered_at = time.monotonic()
            if answered_at - started_at > SHORT_LIFE_SECONDS:
                failures = 0
                backoff.reset()
            continue
        if is_running and time.monotonic() - answered_at < SILENT_SECONDS:
            continue
        if time.monotonic() - started_at < SHORT_LIFE_SECONDS:
            failures += 1
        failures = await _revive(server, backoff, failures)
        started_at = answered_at = time.monotonic()


async def _revive(server: PrivatePostgres, backoff: Backoff, failures: int) -> int:
    """Try to start the server until it runs. Return how many starts in a row have failed: ``failures`` before this
    call, and the failed ones of this call.

    Raises PostgresFailed after ATTEMPTS failures.
    """
    reason = "it died soon after each start"
    _log.error("PostgreSQL is gone, starting it again", data=str(server.data_dir))
    while failures < ATTEMPTS:
        # The first start comes at once, later ones after growing pauses.
        if failures:
            await backoff.pause()
        starting = asyncio.create_task(asyncio.to_thread(server.restart))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The start continues in its thread. The server must not be stopped in the middle of it.
            await asyncio.wait([starting])
            raise
        except PostgresFailed as failed:
            failures, reason = failures + 1, str(failed)
            _log.error("PostgreSQL does not start", attempt=failures, of=ATTEMPTS, reason=reason)
        else:
            _log.warning("PostgreSQL runs again", process=server.process_id)
            return failures
    raise PostgresFailed(
        f"the private PostgreSQL on {server.data_dir} died and could not be started again in {ATTEMPTS} attempts: "
        f"{_gist(reason)}\nIts own log is in {server.data_dir / 'log'}. "
        "Correct the cause (a full disk, wrong owners, a damaged file: restore the backup) and start again."
    )


def _gist(said: str) -> str:
    """Return the newest three lines of the server's output that give a fatal error; if there are none, its last three
    lines.
    """
    # The last messages of the dying server's children do not say why it cannot start again.
    lines = [line for line in said.strip().splitlines() if "unexpected postmaster exit" not in line]
    return "\n".join([line for line in lines if "FATAL" in line or "PANIC" in line][-3:] or lines[-3:])


async def _answers(server: PrivatePostgres) -> bool:
    try:
        async with asyncio.timeout(2.0):
            _, writer = await asyncio.open_unix_connection(server.socket_path)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
