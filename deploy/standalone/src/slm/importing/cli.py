"""``slm import tickets`` and ``slm import outages``; ``measurement_cli`` has ``slm import measurements``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from slm.importing.run import FileSummary, ImportResult
    from slm.importing.terminal import ImportScreen

app = typer.Typer(
    name="import",
    help="Send files of other systems through the public API.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="csv, jsonl or json, also packed as .gz.")]
Map = Annotated[Path, typer.Option("--mapping", help="YAML file that says what the columns mean.")]
Url = Annotated[str, typer.Option("--url", envvar="SLM_URL", help="Address of the API.")]
Key = Annotated[str, typer.Option("--key", envvar="SLM_KEY", help="An API key with the role integrator.")]
Owner = Annotated[
    str | None, typer.Option(help="The id of the party that owns the facts, if the key is an operator's.")
]
BatchSize = Annotated[int, typer.Option(min=1, max=10_000, help="Items in one request.")]
Patience = Annotated[float, typer.Option(min=0, help="Seconds to wait for a server that does not answer.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and check the file without sending anything.")]
Show = Annotated[
    int, typer.Option("--show", min=0, help="With --dry-run: print this many items as they would be sent.")
]
ExportedAt = Annotated[
    str | None, typer.Option("--exported-at", help="When the file was exported, like 2026-11-22T10:00:00Z.")
]

DEFAULT_URL = "http://127.0.0.1:8080"
BATCH_SIZE = 1000
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class _Connection:
    """Address and API key for an import; ``patience`` in seconds."""

    url: str
    key: str
    owner: str | None
    patience: float


@dataclass(frozen=True)
class _Order:
    """The options of an import command."""

    kind: Literal["tickets", "outages"]
    file: Path
    mapping: Path
    connection: _Connection
    batch_size: int
    exported_at: str | None
    shown: int | None
    """How many items are printed with ``--dry-run``, which sends none; None without ``--dry-run``."""


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
    """Import the audit log or the list of tickets of a ticket system. The rows of a ticket must be adjacent.

    Importing a file again changes nothing: every event has an identity.
    """
    connection = _Connection(url, key, owner, patience)
    _import(_Order("tickets", file, mapping, connection, batch_size, exported_at, show if dry_run else None))


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
    """Import outages, one for each record; missing indicators are registered.

    Importing a file again changes nothing: every outage has an identity.
    """
    connection = _Connection(url, key, owner, patience)
    _import(_Order("outages", file, mapping, connection, batch_size, None, show if dry_run else None))


def _import(order: _Order) -> None:
    # Imported here, since httpx, pydantic and rich take half a second, which would delay `slm --help`.
    from slm.importing import run, terminal
    from slm_mappings import mapping
    from slm_mappings.messages import ImportRefused

    screen = terminal.ImportScreen(order.kind)
    try:
        if order.shown is None:
            # Checked before the file is read, which takes minutes for a large one.
            check_connection(order.connection.url, order.connection.key)
        by = mapping.read_mapping(order.mapping, order.kind)
        instant = run.export_instant(order.file, by, order.exported_at)
        found = run.check_file(order.file, by, instant)
        screen.found(found, by, instant)
        if order.shown is not None:
            _show(found, order.shown)
            return
        done = _send(order, found, screen)
    except ImportRefused as refused:
        screen.refused(refused)
        raise typer.Exit(1) from None
    screen.done(found, done)
    if done.taken.refused or not done.taken.accepted or done.reports_seconds is None:
        raise typer.Exit(1)


def check_connection(url: str, key: str) -> None:
    """Check the form of the API's address and key, without sending anything.

    Raises ImportRefused if there is no key, if the key has characters that no key has, or if the address can never be
    reached.
    """
    from slm.importing import address
    from slm_mappings.messages import ImportRefused

    if not key:
        raise ImportRefused("No key: give --key, or set SLM_KEY")
    address.check_api_key(key)
    address.check_api_address(url)


def _show(found: FileSummary, most: int) -> None:
    import json
    from itertools import islice

    from slm.importing import run

    for item in islice(run.file_items(found), most):
        typer.echo(json.dumps(item))


def _send(order: _Order, found: FileSummary, screen: ImportScreen) -> ImportResult:
    from slm.importing import run
    from slm.importing.door import ImportClient
    from slm_chassis.identity import new_id

    to = order.connection
    with (
        screen.progress(found.items),
        ImportClient(to.url, to.key, owner=to.owner, patience=to.patience, waiting=screen.waiting) as door,
    ):
        return run.send_file(found, door, run_id=new_id(), batch_size=order.batch_size, sent=screen.sent)
