"""The ``slm`` command line."""

from __future__ import annotations

from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm.dead_letters import cli as dead_letters
from slm.demo import cli as demonstration
from slm.importing import cli as importing
from slm.importing import holds_cli as holds
from slm.importing import measurement_cli
from slm.platforms import refuse_windows
from slm.reading import cli as reading
from slm.refusals import exit_on_refusal

if TYPE_CHECKING:
    from slm_chassis.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Service level management on one machine.",
    # Rich's help loads a Markdown parser, 0.3 s of every command; its tracebacks print local variables, keys too.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
importing.app.command()(measurement_cli.measurements)
app.add_typer(importing.app)
app.add_typer(holds.app)
app.add_typer(dead_letters.app)
app.command("demo")(demonstration.demo)
for _command in (
    reading.status,
    reading.breaches,
    reading.explain,
    reading.watch,
    reading.apply,
    reading.invite,
    reading.offer,
):
    app.command()(_command)

DataDir = Annotated[
    Path | None, typer.Option(help="Folder of the private PostgreSQL and the operator key; SLM_DATA_DIR, else .slm.")
]


@app.command()
def up(
    host: Annotated[str, typer.Option(envvar="SLM_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="SLM_PORT", min=0, max=65_535, help="Port to listen on.")] = 8080,
    data_dir: DataDir = None,
) -> None:
    """Run all services in one process, with a private PostgreSQL unless database URLs are set."""
    refuse_windows()
    from slm import up as installation

    with exit_on_refusal():
        installation.up(_settings(data_dir), host, port, typer.echo)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Create and migrate the databases of all services, then exit."""
    refuse_windows()
    from slm import up as installation

    with exit_on_refusal():
        installation.migrate(_settings(data_dir))


@app.command()
def documents(
    folder: Annotated[Path, typer.Argument(help="The folder to write to; it is created if it is missing.")],
) -> None:
    """Write the OpenAPI document of all services and a page for each problem type, for a gateway to serve."""
    refuse_windows()
    from slm import documents as shared

    with exit_on_refusal():
        shared.write_documents(folder)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(version_of("service-level-management"))


def _settings(data_dir: Path | None) -> Settings:
    from slm.contexts import CONTEXTS, settings_of
    from slm_chassis import logs, startup, tracing
    from slm_chassis.settings import Settings

    settings = startup.read_settings(lambda: Settings() if data_dir is None else Settings(data_dir=data_dir), Settings)
    logs.configure_logs(settings.log_level)
    tracing.configure_tracing("one-process")
    known = [name for context in CONTEXTS for name in settings_of(context).variables()]
    startup.warn_of_misspelled_variables([*known, "SLM_HOST", "SLM_PORT", "SLM_URL", "SLM_KEY"], all_unknown=True)
    return settings
