"""``slm imports``: list the imports, which delay evaluations, and end one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from slm.importing.cli import DEFAULT_URL, Key, Url

if TYPE_CHECKING:
    from slm.importing.door import ImportClient

app = typer.Typer(
    name="imports",
    help="List the imports that hold judgements back, and end one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
T = TypeVar("T")
Everything = Annotated[bool, typer.Option("--all", help="Also imports that are judged.")]


@app.command("list")
def listed(url: Url = DEFAULT_URL, key: Key = "", everything: Everything = False) -> None:
    """List imports, one on each line: id, state, owner, sources or indicators, and when the import was opened.

    The last column is the instant before which nothing is judged until the import ends.
    """

    def lines(door: ImportClient) -> list[str]:
        return [
            f"{each['import_id']}  {each['state']:<10}  of {each['owner_party_id']}  "
            f"{', '.join([*each.get('sources', ()), *each.get('indicators', ())]) or '-'}  "
            f"since {each.get('opened_at')}  holds back judgements before {each.get('through_at')}"
            for each in door.imports(None if everything else "open")
        ]

    for line in _asked(url, key, lines) or ["there is no open import" if not everything else "there is no import"]:
        typer.echo(line)


@app.command()
def end(import_id: Annotated[str, typer.Argument(help="As listed.")], url: Url = DEFAULT_URL, key: Key = "") -> None:
    """End an import: the items that have arrived are judged, and no judgement waits for further items any more."""
    ended = _asked(url, key, lambda door: door.end_import(import_id))
    typer.echo(f"{import_id}: {ended.get('state')}")


def _asked(url: str, key: str, work: Callable[[ImportClient], T]) -> T:
    from slm.importing.door import ImportClient
    from slm_mappings.messages import ImportRefused

    try:
        if not key:
            raise ImportRefused("No key: give --key, or set SLM_KEY")
        with ImportClient(url, key, patience=5.0) as door:
            return work(door)
    except ImportRefused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None
