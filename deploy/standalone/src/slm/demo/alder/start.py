"""``slm demo``: a new installation in this process, at real speed, with the made-up data of Alder Managed Services."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
from rich.console import Console
from rich.text import Text

from slm.demo import embedded
from slm.demo.alder.enrolment import Participants
from slm.demo.alder.played_clock import PlayedClock
from slm.demo.alder.routes import PREFIX, DemoFace, demo_api
from slm.demo.alder.script.companies import COMPANIES, PEOPLE, people_of
from slm.demo.alder.script.timeline import Timeline
from slm.demo.alder.world import DemonstrationWorld, WorldBuilder
from slm.demo.negotiation import ApiProblem
from slm.installation import Installation
from slm.up import until_stopped
from slm_chassis.postgres_server import DataDirectoryInUse
from slm_chassis.settings import Settings
from slm_console.api_client import DEMO
from slm_console.web.visit import SERVICES

USUAL_PORT = 8080
_TIMEOUT_SECONDS = 60.0
_FAILURES = (ApiProblem, httpx.HTTPError, TimeoutError)


def run_demonstration(port: int | None, data_dir: Path | None) -> int:
    """Start a new installation, fill it with the demonstration's data and serve until stopped; return the exit code."""
    console = Console(highlight=False)
    given = Settings() if data_dir is None else Settings(data_dir=data_dir)
    settings = given.model_copy(update={"data_dir": given.data_dir / "demo", "clock": ""})
    try:
        free = embedded.choose_port(port, USUAL_PORT)
        embedded.clear_folder(settings.data_dir)
    except embedded.PortInUse as refused:
        console.print(str(refused), soft_wrap=True)
        return 1
    except DataDirectoryInUse:
        console.print(f"Another demonstration runs in {settings.data_dir}; stop it, or give another --data-dir.")
        return 1
    embedded.log_to_file(settings.data_dir / "slm.log", settings.log_level)
    try:
        result = until_stopped(DemonstrationRun(console, settings).run(free))
    except KeyboardInterrupt:
        result = None
    return 1 if result is False else 0


def play_next_hour(url: str) -> int:
    """Let the next hour of the demonstration that runs at ``url`` pass within a minute; return the exit code."""
    console = Console(highlight=False)
    try:
        answer = httpx.post(f"{url}{PREFIX}/play", json={}, timeout=_TIMEOUT_SECONDS)
    except httpx.HTTPError as trouble:
        console.print(f"No demonstration answers at {url} ({type(trouble).__name__}); start one, or give its --url.")
        return 1
    if answer.status_code != 202:
        console.print(f"{url} is no demonstration: it answers {answer.status_code}. Give the --url of one.")
        return 1
    console.print(f"The clock runs a minute a second until {answer.json()['until'][11:16]} UTC.")
    return 0


class DemonstrationRun:
    """One run of the demonstration with its terminal output."""

    def __init__(self, console: Console, settings: Settings) -> None:
        self._console = console
        self._settings = settings
        self._clock = PlayedClock()
        self._world = DemonstrationWorld(Timeline(self._clock.now()), time.monotonic())

    async def run(self, port: int) -> bool | None:
        """Serve until stopped. Return False if the data could not be built, None if the run was stopped."""
        self._say("Alder Managed Services, its three customers and three suppliers, all of them made up.")
        self._say(f"Everything is new at each start; what an earlier one left in {self._settings.data_dir} is removed.")
        options = embedded.ServingOptions(self._clock, self._front)
        return await embedded.serve_while(self._settings, port, self._work, options)

    def _front(self, installation: Installation) -> DemoFace:
        """Return the application to serve: the installation with the routes under ``/demo``.

        The console gets these routes, too.
        """
        own = demo_api(self._world, self._clock)
        SERVICES.find(installation.console).lend({DEMO: own})
        return DemoFace(installation.face, own, self._world)

    async def _work(self, url: str, operator_key: str) -> bool:
        async with httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS) as client:
            builder = WorldBuilder(client, self._world, self._clock, self._say)
            try:
                await self._invite(url, await builder.make_usable(operator_key))
                async with asyncio.TaskGroup() as group:
                    assert self._world.live is not None, "a usable world is alive"
                    group.create_task(self._world.live.run())
                    await builder.fill()
            except BaseExceptionGroup as failures:
                failure = _first(failures)
            except _FAILURES as failed:
                failure = failed
        if isinstance(failure, httpx.TransportError):
            # The server no longer answers because it is being stopped, which cancels this task.
            await asyncio.Event().wait()
        if not isinstance(failure, _FAILURES):
            raise failure
        self._say(f"✗ {failure}")
        return False

    async def _invite(self, url: str, enrolled: Participants) -> None:
        """Print the addresses to open, and a sign-in link for each person whom a visitor can sign in as."""
        links = {person.key: (await enrolled.sign_in_link(person.key))["link"] for person in PEOPLE if person.logs_in}
        seconds = self._world.progress.usable_seconds or 0.0
        self._say()
        self._say(f"Usable {seconds:.1f} s after the start. Twelve months of history still come in.")
        self._named("show me", f"{url}/show-me")
        self._named("API documentation", f"{url}/docs")
        self._named("key of Alder's systems", enrolled.systems_key)
        self._named("play the next hour", f"slm demo play --url {url}")
        self._say()
        self._say("Each link lets in once, as:")
        for company in COMPANIES:
            people = [person for person in people_of(company.key) if person.logs_in]
            if people:
                self._say()
                self._say(f"{company.name}, {company.is_what}")
            for person in people:
                self._named(f"{person.name} {person.does}", f"{url}{links[person.key]}", 60)
        self._say()

    def _named(self, name: str, text: str, width: int = 26) -> None:
        self._console.print(Text.assemble((f"  {name:<{width}}", "bold"), text), soft_wrap=True)

    def _say(self, text: str = "") -> None:
        self._console.print(Text(text), soft_wrap=True)


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
