"""Record the scenario, or compare two recordings.

``python -m tests.recorded record [FOLDER]`` plays the scenario and writes the recording, by default beside the code.
``python -m tests.recorded demo [FOLDER [LOG]]`` plays only what ``slm demo`` plays; LOG is the address of another log.
``python -m tests.recorded compare OLD NEW`` prints what differs between two folders; 1 where anything does.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from slm_chassis import logs
from tests.recorded import recorder, scenario
from tests.recorded.comparing import differences, read, write

HERE = Path(__file__).resolve().parent
NAMES = ("answers.jsonl.gz", "events.jsonl.gz")
_FOLDERS = {"record": "whole", "demo": "demo"}
_SHOWN = 100


async def whole(folder: Path) -> tuple[list[Any], list[Any]]:
    """Play everything; answers and events in plain form."""
    async with recorder.playing(folder) as play:
        await scenario.whole(play)
        return play.plain(await play.events())


async def demonstration(folder: Path, log: str = "") -> tuple[list[Any], list[Any]]:
    """Play what the demonstration plays; answers and events in plain form."""
    async with recorder.playing(folder, log=log) as play:
        await scenario.demonstration(play)
        return play.plain(await play.events())


def record(what: str, target: Path, log: str) -> None:
    with tempfile.TemporaryDirectory(prefix="slm-recorded-") as folder:
        data = Path(folder) / "data"
        recorded = asyncio.run(demonstration(data, log) if what == "demo" else whole(data))
    target.mkdir(parents=True, exist_ok=True)
    for name, entries in zip(NAMES, recorded, strict=True):
        write(target / name, entries)
    print(f"{len(recorded[0])} answers and {len(recorded[1])} events in {target}")


def compare(old: Path, new: Path) -> int:
    found = [line for name in NAMES for line in differences(read(old / name), read(new / name))]
    print(*islice(found, _SHOWN), sep="\n", end="\n" if found else "")
    print(f"{len(found)} differences" if found else "equal")
    return 1 if found else 0


def main() -> int:
    given = sys.argv[1:]
    logs.configure_logs("ERROR")
    if len(given) == 3 and given[0] == "compare":
        return compare(Path(given[1]), Path(given[2]))
    if given and given[0] in ("record", "demo"):
        record(
            given[0],
            Path(given[1]) if len(given) > 1 else HERE / _FOLDERS[given[0]],
            given[2] if len(given) > 2 else "",
        )
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
