"""Runs a module and samples where its CPU time goes: ``python -m tests.bench.profiled FILE MODULE [ARGUMENT …]``.

Nothing is sampled until SIGUSR1 comes; SIGUSR2 ends it and writes the file: for each function the share of the samples
in which it was on the stack, and at its top. A sample a millisecond of CPU time costs next to nothing, where a tracing
profiler makes small functions look several times as dear as they are.
"""

from __future__ import annotations

import asyncio
import runpy
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SECONDS = 0.001
_SHOWN = 70


class Samples:
    """Counts of samples by function, each named by its file and line."""

    def __init__(self) -> None:
        self._number = 0
        self._within: Counter[str] = Counter()
        self._top: Counter[str] = Counter()
        self._tasks: Counter[str] = Counter()

    def take(self, _: int, frame: FrameType | None) -> None:
        self._number += 1
        self._tasks[_task_name()] += 1
        seen: set[str] = set()
        while frame is not None:
            code = frame.f_code
            name = f"{Path(code.co_filename).name}:{code.co_name}"
            if not seen:
                self._top[name] += 1
            seen.add(name)
            frame = frame.f_back
        self._within.update(seen)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take samples while the block runs."""
        signal.signal(signal.SIGPROF, self.take)
        signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def text(self) -> str:
        lines = [f"{self._number} samples"]
        for title, counts in (("within", self._within), ("at the top", self._top), ("by task", self._tasks)):
            lines += ["", title]
            lines += [f"{100 * n / max(1, self._number):6.1f} %  {name}" for name, n in counts.most_common(_SHOWN)]
        return "\n".join(lines) + "\n"


def _task_name() -> str:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return "no loop"
    return "no task" if task is None else task.get_name().rstrip("0123456789")


def main() -> None:
    file, module = sys.argv[1:3]
    samples = Samples()
    signal.signal(signal.SIGPROF, samples.take)
    signal.signal(signal.SIGUSR1, lambda *_: signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS))

    def written(*_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        Path(file).write_text(samples.text())

    signal.signal(signal.SIGUSR2, written)
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
