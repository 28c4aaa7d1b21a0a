"""All benchmarks, one after the other, each with an installation of its own: ``python -m tests.bench``.

It takes about an hour on two idle cores. docs/benchmarks.md says what the figures mean.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys

from tests.bench import intake, latency
from tests.bench.intake import Work
from tests.bench.latency import Load

LATENCIES = [("postgres", Load(1_000, 10)), ("kafka", Load(1_000, 10)), ("postgres", Load(1_000, 100))]
BREACHES, A_SECOND = 1_000, 10.0

ROWS = 1_000_000
INTAKES = [
    ("postgres", Work(ROWS, 1_000, 100, 2, "request")),
    ("postgres", Work(ROWS, 1_000, 1_000, 2, "request")),
    ("postgres", Work(ROWS, 10_000, 100, 2, "request")),
    ("postgres", Work(ROWS, 10_000, 1_000, 2, "request")),
    ("kafka", Work(ROWS, 1_000, 100, 2, "request")),
    ("kafka", Work(ROWS, 10_000, 100, 2, "record")),
    ("kafka", Work(ROWS, 10_000, 100, 2, "sorted record")),
]

OTHERS = [
    "single",
    "timers --tickets 10000",
    "timers --tickets 10000 --kill",
    "engine",
    "overload",
    "backfill --days 3",
    "mails",
]


def main() -> None:
    for log, load in LATENCIES:
        print(*asyncio.run(latency.measure(log, BREACHES, A_SECOND, load)), sep="\n", flush=True)
    for log, work in INTAKES:
        print(asyncio.run(intake.measure(log, work)), flush=True)
    for other in OTHERS:
        name, *arguments = other.split()
        subprocess.run([sys.executable, "-m", f"tests.bench.{name}", *arguments], check=True)


if __name__ == "__main__":
    main()
