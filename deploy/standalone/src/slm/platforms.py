"""The operating systems on which the servers run."""

from __future__ import annotations

import sys

import typer


def refuse_windows(platform: str = sys.platform) -> None:
    """Print one line and exit with code 1 on Windows, where the servers do not run.

    Commands that only ask a server, such as ``slm status``, run on Windows too and do not call this function.
    """
    if platform == "win32":
        typer.echo("slm: the servers run on Linux and macOS; on Windows use WSL 2 or a container", err=True)
        raise typer.Exit(1)
