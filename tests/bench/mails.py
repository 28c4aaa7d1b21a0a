"""How soon a risk is in the mailbox: ``python -m tests.bench.mails [--risks 200]``.

notification-svc in a process of its own, with PostgreSQL and a mail server on this machine. One risk at a time is
appended to the log; the time runs until the mail server has the mail. It includes the wait for more of the same cause.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.figures import circumstances, milliseconds
from tests.support.mailing import RISK, mailing_process
from tests.support.postgres import end_session


async def measure(folder: Path, risks: int, pause_seconds: float = 0.25) -> Sequence[float]:
    """Return the seconds from the log to the mailbox of each risk; raises TimeoutError if one does not arrive."""
    async with mailing_process(folder) as process:
        seen: dict[str, float] = {}

        async def watch() -> None:
            while len(seen) < risks:
                for number in process.arrived():
                    seen.setdefault(number, asyncio.get_running_loop().time())
                await asyncio.sleep(0.02)

        watching = asyncio.create_task(watch())
        for _ in range(risks):
            await process.tell(RISK)
            await asyncio.sleep(pause_seconds)
        await asyncio.wait_for(watching, 120.0)
        return [seen[number] - told for number, told in process.told.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--risks", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slm-bench-") as folder:
        try:
            late = asyncio.run(measure(Path(folder), asked.risks))
        finally:
            end_session()
    print(f"risk to mail, {len(late)} risks: {milliseconds(late)} ms ({circumstances()})")


if __name__ == "__main__":
    main()
