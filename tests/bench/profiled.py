"""Runs a module under cProfile, counting CPU time: ``python -m tests.bench.profiled FILE MODULE [ARGUMENT …]``.

Nothing is profiled until SIGUSR1 comes; SIGUSR2 ends it and writes the file. Start-up and set-up stay out of it.
"""

from __future__ import annotations

import cProfile
import runpy
import signal
import sys
import time


def main() -> None:
    file, module = sys.argv[1:3]
    profile = cProfile.Profile(time.process_time)
    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())

    def written(*_: object) -> None:
        profile.disable()
        profile.dump_stats(file)

    signal.signal(signal.SIGUSR2, written)
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
