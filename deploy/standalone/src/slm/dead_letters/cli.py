"""``slm dead-letters``: list, show and redrive records that a service could not process."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from slm.platforms import refuse_windows

if TYPE_CHECKING:
    from slm_chassis.settings import Settings

app = typer.Typer(
    name="dead-letters",
    help="List, show and redrive records that a service could not process.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DataDir = Annotated[Path | None, typer.Option(help="As for slm up; SLM_DATA_DIR, else .slm.")]
T = TypeVar("T")


@app.command("list")
def listed(data_dir: DataDir = None) -> None:
    """List dead letters, one a line: id, service, state, topic/partition@offset, key, attempts, instant and reason."""
    from slm.dead_letters import desk

    for line in _run(desk.list_dead_letters(_settings(data_dir))):
        typer.echo(line)


@app.command()
def show(dead_letter_id: Annotated[str, typer.Argument(help="As listed.")], data_dir: DataDir = None) -> None:
    """Show one dead letter: why it was set aside, its headers and its value as received."""
    from slm.dead_letters import desk

    for line in _run(desk.show_dead_letter(_settings(data_dir), dead_letter_id)):
        typer.echo(line)


@app.command()
def redrive(
    dead_letter_ids: Annotated[list[str] | None, typer.Argument(help="As listed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All records in state failed.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Write records to their topics again, under their own ids. Records that wait behind one of them follow
    automatically.

    Remove the cause first. The services process the records as soon as they run.
    """
    from slm.dead_letters import desk

    if bool(dead_letter_ids) == everything:
        raise typer.BadParameter("give the ids of records, or --all")
    typer.echo(f"redriven: {_run(desk.redrive_dead_letters(_settings(data_dir), dead_letter_ids or []))}")


def _settings(data_dir: Path | None) -> Settings:
    refuse_windows()
    from slm.refusals import exit_on_refusal
    from slm_chassis.settings import Settings

    with exit_on_refusal():
        return Settings() if data_dir is None else Settings(data_dir=data_dir)


def _run(work: Coroutine[Any, Any, T]) -> T:
    import asyncio

    from slm.dead_letters.desk import DeadLetterRefusal
    from slm.refusals import exit_on_refusal

    try:
        with exit_on_refusal():
            return asyncio.run(work)
    except DeadLetterRefusal as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None
