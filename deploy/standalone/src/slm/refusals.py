"""One-line messages on standard error for errors that the environment causes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def exit_on_refusal() -> Iterator[None]:
    """Run the body of the ``with`` statement; for a fault of the environment, print one line and exit with code 1.

    The environment is settings, files, ports and servers.
    """
    from pydantic import ValidationError

    from slm_chassis import startup
    from slm_chassis.log.port import LogError
    from slm_chassis.migrations import DatabaseTooNew
    from slm_chassis.postgres_programs import PostgresFailed
    from slm_chassis.postgres_server import DataDirectoryInUse
    from slm_chassis.settings import Settings
    from slm_chassis.startup import StartupFailed

    try:
        yield
    except ValidationError as wrong:
        # The error's own text repeats the given values, including secrets.
        typer.echo("slm: " + "\n".join(startup.describe_wrong_settings(wrong, Settings)), err=True)
        raise typer.Exit(1) from None
    except (
        DataDirectoryInUse,
        PostgresFailed,
        StartupFailed,
        DatabaseTooNew,
        LogError,
        OSError,
        ValueError,
    ) as refused:
        typer.echo(f"slm: {refused}", err=True)
        raise typer.Exit(1) from None
