"""The code blocks of a page of the documentation, and a shell that runs them as a reader would."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = DOCS / "guides"
FENCE = re.compile(r"^```(\w*) ?([\w.-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A fenced block: its language, the name of the file that it is the content of (mostly none), and its text."""

MARK = "=== end of a block"
"""Printed after each block that ran without an error."""


@dataclass(frozen=True)
class Step:
    """A block of commands. ``printed``: the output that the page shows for it, None if it shows none.

    ``files``: the named blocks above it, which the reader saves first.
    """

    typed: str
    printed: str | None
    files: Mapping[str, str] = field(default_factory=dict)


def steps(page: Path) -> list[Step]:
    """Return a page's blocks of commands, in their order."""
    found: list[Step] = []
    files: dict[str, str] = {}
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    for (kind, name, content), following in zip(blocks, [*blocks[1:], ("", "", "")], strict=False):
        if name:
            files[name] = content
        elif kind == "bash":
            found.append(Step(content, following[2] if following[0] == "text" else None, files))
            files = {}
    return found


def script_of(known: Sequence[Step]) -> str:
    """Return a script of the steps' blocks, each followed by a line that prints MARK."""
    return "".join(f"{step.typed}echo '{MARK}'\n" for step in known)


async def typed(
    known: Sequence[Step],
    folder: Path,
    environment: Mapping[str, str],
    seconds: int,
    *,
    before: str = "",
    after: str = "",
) -> list[str]:
    """Run the steps one after the other in one shell, in ``folder``, and return the output of each.

    ``before`` and ``after`` are run around them. Fails the test if the shell ends with an error.
    """
    for step in known:
        for name, content in step.files.items():
            (folder / name).write_text(content, encoding="utf-8")
    script = before + script_of(known) + after
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script),
        cwd=folder,
        # The `python3` of a page is the one that runs the tests: a shim in its place costs more than the commands.
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed, complaints = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{printed.decode()}\n{complaints.decode()}"
    return printed.decode().split(f"{MARK}\n")[: len(known)]
