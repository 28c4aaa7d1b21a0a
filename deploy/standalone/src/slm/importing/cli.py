"""``slm import tickets`` and ``slm import outages``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from slm.importing import mapping, run
from slm.importing.door import PATIENCE_SECONDS, Door, Taken
from slm.importing.mapping import TicketMapping
from slm.importing.run import Checked
from slm.importing.told import ImportRefused
from slm_chassis.identity import new_id

app = typer.Typer(name="import", help="Send files of other systems through the public API.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="csv, jsonl or json, also packed as .gz.", exists=True, dir_okay=False)]
Map = Annotated[Path, typer.Option("--mapping", help="YAML: what the columns mean.", exists=True, dir_okay=False)]
Url = Annotated[str, typer.Option("--url", envvar="SLM_URL", help="Where the API is.")]
Key = Annotated[str, typer.Option("--key", envvar="SLM_KEY", help="An API key with the role integrator.")]
Owner = Annotated[str | None, typer.Option(help="The party's id, where the key is an operator's.")]
BatchSize = Annotated[int, typer.Option(min=1, max=10_000, help="Items in one request.")]
Patience = Annotated[float, typer.Option(min=0, help="Seconds to wait for a server that is away.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and check the file, send nothing.")]

DEFAULT_URL = "http://127.0.0.1:8080"


@app.command()
def tickets(
    file: File,
    mapping: Map,
    url: Url = DEFAULT_URL,
    key: Key = "",
    owner: Owner = None,
    batch_size: BatchSize = run.BATCH_SIZE,
    patience: Patience = PATIENCE_SECONDS,
    dry_run: DryRun = False,
) -> None:
    """Import the audit log of a ticket system, one row an event; rows of a ticket stand together.

    Importing a file again changes nothing: every event carries its identity.
    """
    _import("tickets", file, mapping, url, key, owner, batch_size, patience, dry_run)


@app.command()
def outages(
    file: File,
    mapping: Map,
    url: Url = DEFAULT_URL,
    key: Key = "",
    owner: Owner = None,
    batch_size: BatchSize = run.BATCH_SIZE,
    patience: Patience = PATIENCE_SECONDS,
    dry_run: DryRun = False,
) -> None:
    """Import outages, one a record; indicators that are missing are registered.

    Importing a file again changes nothing: every outage carries its identity.
    """
    _import("outages", file, mapping, url, key, owner, batch_size, patience, dry_run)


def _import(
    kind: Literal["tickets", "outages"],
    file: Path,
    map_file: Path,
    url: str,
    key: str,
    owner: str | None,
    batch_size: int,
    patience: float,
    dry_run: bool,
) -> None:
    console = Console(stderr=True)
    try:
        by = mapping.read(map_file, kind)
        found = run.check(file, by)
        _tell_found(console, found, by)
        if dry_run:
            return
        if not key:
            raise ImportRefused("No key: give --key, or set SLM_KEY")
        with _progress(console) as progress:
            task = progress.add_task(kind, total=found.items, note="")

            def advanced(items: int) -> None:
                progress.update(task, advance=items, note="")

            def waiting(reason: str) -> None:
                progress.update(task, note=f"waiting: {reason}")

            with Door(url, key, owner=owner, patience=patience, waiting=waiting) as door:
                taken = run.send(
                    file, by, door, run_id=new_id(), indicators=list(found.indicators), batch_size=batch_size,
                    sent=advanced,
                )  # fmt: skip
    except ImportRefused as refused:
        console.print(f"[bold red]{refused.title}[/]", highlight=False, soft_wrap=True)
        for finding in refused.findings:
            console.print(f"  {finding}", highlight=False, soft_wrap=True, markup=False)
        raise typer.Exit(2) from None
    _tell_taken(console, taken)
    if taken.refused:
        raise typer.Exit(1)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[note]}"), console=console, disable=not console.is_terminal)


def _tell_found(console: Console, found: Checked, by: object) -> None:
    told = [f"{found.records:,} records, {found.items:,} items to send"]
    if found.indicators:
        told.append(f"indicators: {', '.join(found.indicators)}")
    if isinstance(by, TicketMapping) and by.pauses:
        told.append(f"states in which clocks wait (a target's pause): {', '.join(by.pauses)}")
    for line in (*told, *found.odd.lines()):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _tell_taken(console: Console, taken: Taken) -> None:
    console.print(f"{taken.accepted:,} accepted, {taken.refused:,} refused", highlight=False, soft_wrap=True)
    for example in taken.examples:
        console.print(f"  {example}", highlight=False, soft_wrap=True, markup=False)
