"""Temporary folders of tests in memory, where the machine has enough of it, because databases are copied faster there.

A process that is killed loses none of its files there either, so tests of kills show the same as on a disk.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
"""Linux's file system in memory."""
_ENOUGH_BYTES = 8 * 2**30
_CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says how much memory a container may have, in bytes or ``max``."""


def use_memory() -> None:
    """Make temporary files of this process and of its children in memory, unless ``TMPDIR`` names a folder."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return
    if min(shutil.disk_usage(MEMORY).free, _available_bytes()) >= _ENOUGH_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _available_bytes() -> int:
    """Return how much memory programs can still get, in bytes; at most what the process's container may have."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))
    limits = [file.read_text(encoding="ascii").strip() for file in _CONTAINER_LIMITS if file.exists()]
    return min([int(kilobytes) * 1024, *(int(limit) for limit in limits if limit.isdecimal())])
