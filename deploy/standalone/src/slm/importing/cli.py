"""``slm import tickets`` and ``slm import outages``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    name="import",
    help="Send files of other systems through the public API.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="csv, jsonl or json, also packed as .gz.")]
Map = Annotated[Path, typer.Option("--mapping", help="YAML: what the columns mean.")]
Url = Annotated[str, typer.Option("--url", envvar="SLM_URL", help="Where the API is.")]
Key = Annotated[str, typer.Option("--key", envvar="SLM_KEY", help="An API key with the role integrator.")]
Owner = Annotated[str | None, typer.Option(help="The party's id, where the key is an operator's.")]
BatchSize = Annotated[int, typer.Option(min=1, max=10_000, help="Items in one request.")]
Patience = Annotated[float, typer.Option(min=0, help="Seconds to wait for a server that is away.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and check the file, send nothing.")]
Show = Annotated[int, typer.Option("--show", min=0, help="With --dry-run: print so many items as they would be sent.")]
ExportedAt = Annotated[
    str | None, typer.Option("--exported-at", help="When the file was exported, like 2026-11-22T10:00:00Z.")
]

DEFAULT_URL = "http://127.0.0.1:8080"
BATCH_SIZE = 1000
PATIENCE_SECONDS = 300.0


@app.command()
def tickets(
    file: File,
    mapping: Map,
    url: Url = DEFAULT_URL,
    key: Key = "",
    owner: Owner = None,
    batch_size: BatchSize = BATCH_SIZE,
    patience: Patience = PATIENCE_SECONDS,
    exported_at: ExportedAt = None,
    dry_run: DryRun = False,
    show: Show = 0,
) -> None:
    """Import the audit log or the list of tickets of a ticket system; rows of a ticket stand together.

    Importing a file again changes nothing: every event carries its identity.
    """
    _import("tickets", file, mapping, url, key, owner, batch_size, patience, exported_at, dry_run, show)


@app.command()
def outages(
    file: File,
    mapping: Map,
    url: Url = DEFAULT_URL,
    key: Key = "",
    owner: Owner = None,
    batch_size: BatchSize = BATCH_SIZE,
    patience: Patience = PATIENCE_SECONDS,
    dry_run: DryRun = False,
    show: Show = 0,
) -> None:
    """Import outages, one a record; indicators that are missing are registered.

    Importing a file again changes nothing: every outage carries its identity.
    """
    _import("outages", file, mapping, url, key, owner, batch_size, patience, None, dry_run, show)


def _import(
    kind: Literal["tickets", "outages"],
    file: Path,
    map_file: Path,
    url: str,
    key: str,
    owner: str | None,
    batch_size: int,
    patience: float,
    exported_at: str | None,
    dry_run: bool,
    show: int,
) -> None:
    # Only here: httpx, pydantic and rich cost half a second that `slm --help` need not wait.
    import json
    from itertools import islice

    from slm.importing import address, mapping, run, terminal
    from slm.importing.door import Door
    from slm.importing.told import ImportRefused
    from slm_chassis.identity import new_id

    screen = terminal.Screen(kind)
    try:
        if not dry_run:
            # Before the file: to read all of a large one takes minutes, and nothing could be sent.
            if not key:
                raise ImportRefused("No key: give --key, or set SLM_KEY")
            address.usable_key(key)
            address.usable(url)
        by = mapping.read_mapping(map_file, kind)
        instant = run.export_instant(file, by, exported_at)
        found = run.check(file, by, instant)
        screen.found(found, by, instant)
        if dry_run:
            for item in islice(run.items(file, by, instant), show):
                typer.echo(json.dumps(item))
            return
        with (
            screen.progress(found.items),
            Door(url, key, owner=owner, patience=patience, waiting=screen.waiting) as door,
        ):
            done = run.send(
                file,
                by,
                door,
                run_id=new_id(),
                found=found,
                exported_at=instant,
                batch_size=batch_size,
                sent=screen.sent,
            )
    except ImportRefused as refused:
        screen.refused(refused)
        raise typer.Exit(1) from None
    screen.done(found, done)
    if done.taken.refused or not done.taken.accepted or done.reports_seconds is None:
        raise typer.Exit(1)
