"""``slm demo``: the whole cycle with live traffic on a fast clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from slm.demo import doors, embedded, performance, terms
from slm.demo.doors import Doors, NotReady
from slm.demo.performance import Wanted
from slm.demo.told import Teller
from slm_chassis.clock import Clock, clock_from
from slm_chassis.postgres_server import DataDirectoryInUse
from slm_chassis.settings import Settings

Once = Annotated[bool, typer.Option("--once", help="Play once, check it, and leave: 0 where all was right, else 1.")]
Url = Annotated[str | None, typer.Option(help="Play on an installation that is up, at its one address.")]
OfAgreement = Annotated[list[str] | None, typer.Option("--agreement-url", help="agreement-svc; repeat for replicas.")]
OfMonitor = Annotated[list[str] | None, typer.Option("--monitor-url", help="monitor-svc, likewise.")]
OfReport = Annotated[list[str] | None, typer.Option("--report-url", help="report-svc, likewise.")]
OfReview = Annotated[list[str] | None, typer.Option("--review-url", help="review-svc, likewise.")]
OperatorKey = Annotated[
    str, typer.Option(envvar="SLM_BOOTSTRAP_KEY", help="The operator's key of the installation that is up.")
]
AgreementKey = Annotated[str, typer.Option(help="Key of the agreement; ids follow from it.")]
Port = Annotated[int, typer.Option(envvar="SLM_PORT", help="Port of the demonstration's own installation.")]
DataDir = Annotated[Path | None, typer.Option(help="Its folder is `demo` in here; SLM_DATA_DIR, else .slm.")]
PatienceSeconds = Annotated[float, typer.Option("--patience", min=1, help="Real seconds to wait for each thing due.")]


def demo(
    once: Once = False,
    url: Url = None,
    agreement_url: OfAgreement = None,
    monitor_url: OfMonitor = None,
    report_url: OfReport = None,
    review_url: OfReview = None,
    operator_key: OperatorKey = "",
    agreement_key: AgreementKey = terms.AGREEMENT_KEY,
    port: Port = 8080,
    data_dir: DataDir = None,
    patience: PatienceSeconds = 90.0,
) -> None:
    """Play the whole cycle: negotiate, finalize, monitor with a risk and a breach, report, review.

    Without addresses it starts an installation of its own. With them it plays on one that is up, whose SLM_CLOCK it
    has to be given too.
    """
    console = Console(highlight=False)
    services = [agreement_url or [], monitor_url or [], report_url or [], review_url or []]
    if not url and not any(services):
        raise typer.Exit(_embedded(console, once, agreement_key, port, data_dir, patience))
    if (url and any(services)) or (not url and not all(services)):
        raise typer.BadParameter("give --url alone, or the URLs of all four services")
    if not operator_key:
        raise typer.BadParameter("give --operator-key, or set SLM_BOOTSTRAP_KEY")
    clock = clock_from(Settings().clock)
    tell = Teller(console, clock)
    wanted = Wanted(operator_key, agreement_key, patience, once)
    found = doors.one(url, patience) if url else doors.each(services, patience)
    raise typer.Exit(_played(_play(found, url or "services that are up", wanted, clock, tell), tell))


def _embedded(
    console: Console, once: bool, agreement_key: str, port: int, data_dir: Path | None, patience: float
) -> int:
    settings = embedded.settings_of(data_dir)
    try:
        embedded.clear(settings.data_dir)
    except DataDirectoryInUse:
        console.print(f"Another demonstration runs in {settings.data_dir}; end it, or give another --data-dir.")
        return 1
    embedded.log_to(settings.data_dir / "slm.log", settings.log_level)
    clock = clock_from(settings.clock)
    tell = Teller(console, clock)
    tell.note(f"SLM_CLOCK={settings.clock}")

    async def work(url: str, key: str) -> bool:
        wanted = Wanted(key, agreement_key, patience, once)
        return await _play(doors.one(url, patience), f"{url}, {settings.data_dir}", wanted, clock, tell)

    free = 0 if once else embedded.free_port(port)
    return _played(embedded.run(settings, free, work), tell)


async def _play(found: Awaitable[Doors], where: str, wanted: Wanted, clock: Clock, tell: Teller) -> bool:
    try:
        open_doors = await found
    except NotReady as reason:
        tell.failed(str(reason))
        return False
    tell.told("start", f"on {where}")
    async with open_doors.client:
        return await performance.perform(open_doors, wanted, clock, tell)


def _played(play: Coroutine[Any, Any, bool | None], tell: Teller) -> int:
    """The exit code: 0 where all was right, also where somebody ended the traffic after it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            result = runner.run(play)
        except KeyboardInterrupt:
            result = None
    if result is None:
        return 0 if tell.is_played else 1
    return 0 if result else 1
