"""The CPU time of an idle installation: ``python -m tests.bench.idle [--seconds 60] [--profile FILE]``.

An installation of one process (``slm up``) with its own PostgreSQL, empty, that nobody asks for anything.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tests.bench.figures import circumstances
from tests.bench.system import embedded

SETTLED_SECONDS = 5.0


async def measure(seconds: float, profile: Path | None) -> str:
    """CPU time of the services and of PostgreSQL while nothing happens, as shares of a core."""
    async with embedded(profile) as system:
        await system.at_rest()
        await asyncio.sleep(SETTLED_SECONDS)
        before = system.cpu()
        with system.profiling():
            await asyncio.sleep(seconds)
        spent = {name: cpu - before[name] for name, cpu in system.cpu().items()}
    shares = ", ".join(f"{name} {100 * cpu / seconds:.2f} %" for name, cpu in spent.items())
    whole = 100 * sum(spent.values()) / seconds
    return f"at rest for {seconds:.0f} s: {whole:.2f} % of a core ({shares}); {circumstances()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--profile", type=Path, help="write where the CPU time of the services goes to this file")
    given = parser.parse_args()
    print(asyncio.run(measure(given.seconds, given.profile)))


if __name__ == "__main__":
    main()
