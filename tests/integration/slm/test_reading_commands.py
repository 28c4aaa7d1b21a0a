"""``slm status``, ``breaches``, ``explain`` and ``watch`` on a real installation, also while it is killed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from slm import cli
from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from tests.support.killable import Killable, clock_at, embedded
from tests.support.operator_key import KEY
from tests.support.processes import free_port

NOW = "2026-11-20T10:00:00Z"
PROGRAM = (sys.executable, "-W", "error", "-m", "slm")


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Shop:
    """An installation in which a shop was promised a checkout, and what it said before anything happened."""

    installation: Killable
    client: httpx.AsyncClient
    cast: Cast
    clock: str
    before: list[Said] = field(default_factory=list)

    def environment(self, key: str = "", url: str = "") -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SLM_")}
        own = {"SLM_URL": url or self.installation.url, "SLM_KEY": key or self.cast.customer_manager_key}
        return {**clean, **own, "SLM_CLOCK": self.clock, "TZ": "UTC"}

    async def slm(self, *arguments: str, key: str = "", url: str = "") -> Said:
        """Run a command in this process, which saves the start of Python."""
        environment = self.environment(key, url)
        done = await asyncio.to_thread(CliRunner().invoke, cli.app, list(arguments), env=environment)
        return Said(done.exit_code, done.stdout, done.stderr)

    async def slm_alone(self, *arguments: str) -> Said:
        """Run a command as a person or cron does: as a process, with a pipe for its output."""
        done = await asyncio.to_thread(
            subprocess.run,
            [*PROGRAM, *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    async def send(self, kind: str, *items: dict[str, Any]) -> None:
        await negotiation.post(self.client, self.cast.integrator_key, f"/api/v1/{kind}", list(items))

    async def late_tickets(self, first: int, count: int) -> None:
        """Send tickets that were opened too long ago: each is a breach."""
        ticket = {"source": "desk", "type": "incident", "priority": "P1", "service": "checkout", "event": "opened"}
        opened = "2026-11-18T09:00:00Z"
        await self.send(
            "ticket-events",
            *({**ticket, "ticket": f"INC{number}", "id": "1", "at": opened} for number in range(first, first + count)),
        )

    async def breaches(self, count: int) -> list[dict[str, Any]]:
        """Wait until there are ``count`` breaches and return them."""
        async with asyncio.timeout(60):
            while True:
                path = "/api/v1/breaches?limit=1000"
                found: list[dict[str, Any]] = (await negotiation.get(self.client, KEY, path))["items"]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.2)


@pytest.fixture(scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    clock = clock_at(NOW)
    async with embedded(tmp_path_factory.mktemp("shop"), clock) as installation:
        await installation.start()
        async with httpx.AsyncClient(base_url=installation.url, timeout=30) as client:
            cast, _ = await negotiation.negotiate_and_sign(client, KEY, "2026-11-01T00:00:00Z")
            shop = Shop(installation, client, cast, clock)
            for key, kind in ((terms.AVAILABILITY_INDICATOR, "availability"), (terms.LATENCY_INDICATOR, "value")):
                await negotiation.post(client, cast.integrator_key, "/api/v1/indicators", {"key": key, "kind": kind})
            await shop.send(
                "measurements", {"indicator": terms.AVAILABILITY_INDICATOR, "at": "2026-11-01T00:00:00Z", "state": "up"}
            )
            shop.before = [await shop.slm("status"), await shop.slm("breaches")]
            outage = {"from": "2026-11-10T10:00:00Z", "to": "2026-11-10T10:10:00Z"}
            await shop.send("measurements", {"indicator": terms.AVAILABILITY_INDICATOR, "outage": outage, "id": "1"})
            await shop.late_tickets(1, 1)
            await shop.breaches(2)
            yield shop


async def test_nothing_broken_is_0(shop: Shop) -> None:
    status, breaches = shop.before
    assert (status.returncode, status.stderr) == (0, "")
    assert (breaches.returncode, breaches.stdout) == (0, "No breach is open.\n")


async def test_something_broken_is_1_and_stands_on_top(shop: Shop) -> None:
    done = await shop.slm_alone("status")
    assert (done.returncode, done.stderr) == (1, "")
    heading, first, second, *others = done.stdout.splitlines()
    assert heading.split() == ["State", "Service", "Agreement", "Promise", "With", "Promised", "Figure", "Left", "Id"]
    assert first.startswith("■ breached  Checkout  Checkout for the shop  ")
    assert "Checkout is available" in first
    assert "Acme Hosting" in first
    assert "at least 99.99 %" in first
    assert "over" in first
    assert "1 ticket late" in second
    assert len(others) == 2
    assert not any("breached" in each for each in others)


async def test_status_as_json_has_the_api_s_ids_and_figures(shop: Shop) -> None:
    done = await shop.slm("status", "--json", "--service", "checkout")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["counts"]["breached"] == 2
    found = await negotiation.get(shop.client, KEY, "/api/v1/targets")
    known = {each["target_id"]: each for each in found["items"]}
    assert {each["target_id"] for each in said["targets"]} == set(known)
    [row] = [each for each in said["targets"] if each["key"] == "availability"]
    assert row["objective"] == known[row["target_id"]]["terms"]["objective"]
    assert (row["state"], row["verdict"]) == ("breached", "breached")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "--service", "mail"), "there is no service 'mail': name one of 'Checkout'"),
        (("status", "--agreement", "mail"), "there is no agreement 'mail': name one of 'Checkout for the shop'"),
        (("breaches", "--since", "soon"), "--since 'soon' cannot be read: write a day like 2026-11-01"),
        (("explain", "INC404"), "there is no target, breach or ticket 'INC404'"),
        (("explain", "0193a5c0-7a00-7000-8000-000000000020"), "there is no target, breach or risk 0193a5c0"),
        (("explain", "availability", "--period", "2031-01"), "No such window"),
        (("watch", "--service", "mail"), "there is no service 'mail'"),
    ],
)
async def test_what_cannot_be_answered_is_2_and_one_line(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    done = await shop.slm(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [("status",), ("breaches",), ("explain", "availability"), ("watch",)])
async def test_a_wrong_key_or_address_is_2_and_one_line(shop: Shop, command: tuple[str, ...]) -> None:
    unknown = await shop.slm(*command, key="slm_" + "x" * 43)
    away = await shop.slm(*command, url=f"http://127.0.0.1:{free_port()}")
    assert (unknown.returncode, away.returncode) == (2, 2)
    assert unknown.stderr == "slm: the server does not know this key: give a valid one as --key or SLM_KEY\n"
    assert away.stderr.startswith("slm: cannot reach http://127.0.0.1:")
    assert len(away.stderr.splitlines()) == 1


async def test_a_closed_breach_is_listed_only_with_all(shop: Shop) -> None:
    listed = json.loads((await shop.slm("breaches", "--json")).stdout)
    assert {each["standing_in_words"] for each in listed} == {"open"}
    [ticket] = [each for each in listed if each["ticket"]]
    steps = {"acknowledge": {}, "root-cause": {"root_cause": "a disk", "corrective_action": "a new one"}, "close": {}}
    path = f"/api/v1/breaches/{ticket['breach_id']}"
    for step, body in steps.items():
        headers = {"Authorization": f"Bearer {shop.cast.provider_manager_key}"}
        tag = (await shop.client.get(path, headers=headers)).headers["ETag"]
        negotiation.answer_of(await shop.client.post(f"{path}/{step}", json=body, headers={**headers, "If-Match": tag}))
    short = ticket["breach_id"][-8:]
    now, always = await shop.slm("breaches"), await shop.slm("breaches", "--all", "--since", "2026-11-01")
    assert (now.returncode, always.returncode) == (0, 0)
    assert short not in now.stdout
    assert "Checkout is available" in now.stdout
    [line] = [line for line in always.stdout.splitlines() if short in line]
    assert "closed" in line
    late = await shop.slm("breaches", "--all", "--since", "2026-11-19T00:00:00Z")
    assert late.stdout == "No promise was broken.\n"


async def test_a_figure_is_explained_by_name_and_by_the_id_in_the_table(shop: Shop) -> None:
    status = await shop.slm("status")
    short = status.stdout.splitlines()[1].split()[-1]
    by_id, by_name = await shop.slm("explain", short), await shop.slm("explain", "availability")
    assert (by_id.returncode, by_name.returncode) == (0, 0)
    for said in (by_id.stdout, by_name.stdout):
        assert "Checkout is available, November 2026" in said
        assert "November 2026 has 720 h of service time." in said
        assert "promised: at least 99.99 %" in said
        assert "■ down" in said
        assert "10 min" in said


async def test_a_breach_and_a_ticket_are_explained(shop: Shop) -> None:
    [found] = [each for each in await shop.breaches(2) if not each["ticket"]]
    breach = await shop.slm("explain", found["breach_id"])
    assert breach.returncode == 0, breach.stderr
    assert "promise broken" in breach.stdout
    assert "Short by" in breach.stdout
    assert "The sum" in breach.stdout
    ticket = await shop.slm("explain", "INC1")
    assert ticket.returncode == 0, ticket.stderr
    assert "desk/INC1" in ticket.stdout
    assert "P1 incidents are resolved within 4 hours of service time" in ticket.stdout
    as_json = json.loads((await shop.slm("explain", "desk/INC1", "--json")).stdout)
    assert as_json["kind"] == "ticket"
    assert as_json["clocks"][0]["ticket"] == "desk/INC1"


@asynccontextmanager
async def watching(shop: Shop, folder: Path) -> AsyncIterator[Path]:
    """Run ``slm watch --json`` inside the block; its output is in the file. Ctrl-C ends it."""
    output, errors = folder / "watched", folder / "errors"
    with output.open("w") as out, errors.open("w") as err:
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, "watch", "--json", env=shop.environment(KEY), stdout=out, stderr=err
        )
    try:
        async with asyncio.timeout(30):
            while "watching" not in errors.read_text():
                assert process.returncode is None, errors.read_text()
                await asyncio.sleep(0.05)
        yield output
        assert "is lost; trying again" in errors.read_text()
        assert "connected again" in errors.read_text()
        process.send_signal(2)
        assert await asyncio.wait_for(process.wait(), 10) == 130
        assert "Traceback" not in errors.read_text()
    finally:
        if process.returncode is None:
            process.kill()


def watched_breaches(output: Path) -> list[str]:
    events = [json.loads(line) for line in output.read_text().splitlines()]
    return sorted(each["data"]["breach_id"] for each in events if each["type"] == "slm.monitor.target-breached.v1")


async def test_watch_loses_and_doubles_nothing_when_the_server_is_killed(shop: Shop, tmp_path: Path) -> None:
    known = {each["breach_id"] for each in await shop.breaches(2)}
    async with watching(shop, tmp_path) as output:
        await shop.late_tickets(100, 15)
        await asyncio.sleep(0.2)
        await shop.installation.kill(with_postgres=True)
        await shop.installation.start()
        await shop.late_tickets(200, 15)
        await shop.installation.kill(with_postgres=False)
        await shop.installation.start()
        await shop.late_tickets(300, 15)
        breaches = {each["breach_id"] for each in await shop.breaches(len(known) + 45)}
        async with asyncio.timeout(180):
            while len(watched_breaches(output)) < 45:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        assert watched_breaches(output) == sorted(breaches - known)
