"""Pulls on a real database ask a simulated Statuspage for its outages, and read what has not changed only at night."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from slm_events.instants import to_text
from tests.support.monitor_service import Service, migrated_database, problem, serving
from tests.support.pull_desk import PULLS, Desk, Document
from tests.support.simulated_statuspage import SimulatedStatuspage
from tests.support.simulated_tool import SimulatedAnswer, simulated


@pytest.fixture(scope="module")
async def service(postgres: object) -> AsyncIterator[Service]:
    async with serving(await migrated_database(), allowed_networks="127.0.0.0/8", pull_request_seconds=5.0) as running:
        yield running


@pytest.fixture
async def tool() -> AsyncIterator[SimulatedStatuspage]:
    async with simulated(SimulatedStatuspage()) as running:
        yield running


def asking(tool: SimulatedStatuspage, source: str, **given: Any) -> Document:
    return {
        "title": f"Outages of {source}",
        "connector": "statuspage-incidents",
        "source": source,
        "address": tool.address,
        "authentication": {"kind": "none"},
        **given,
    }


async def desk(service: Service, tool: SimulatedStatuspage, source: str, **given: Any) -> tuple[Desk, Document]:
    """Make a pull; return it with its first run, when that has ended."""
    answer = await service.provider.post(PULLS, json=asking(tool, source, **given))
    assert answer.status_code == 201, answer.text
    made = Desk(service, tool, answer.json()["pull_id"], source)
    return made, await made.ended("changes")


async def kept(service: Service, indicator: str) -> list[tuple[str, Document]]:
    """Return the facts of an indicator, in the order of their instants."""
    async with asyncio.timeout(10):
        while await service.waits_in_the_inbox():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    connection = await asyncpg.connect(service.database_url)
    try:
        rows = await connection.fetch("SELECT at, body FROM fact WHERE subject LIKE $1 ORDER BY at", f"%/{indicator}")
    finally:
        await connection.close()
    return [(to_text(row["at"])[11:16], json.loads(row["body"])) for row in rows]


def asked_with_tags(tool: SimulatedStatuspage) -> list[bool]:
    return ["if-none-match" in each.headers for each in tool.asked]


async def test_an_incident_is_an_outage_that_ends_and_what_has_not_changed_is_not_sent_again(
    service: Service, tool: SimulatedStatuspage
) -> None:
    await service.register("checkout-api", "availability")
    tool.begin("i1", "2026-11-05T08:00:00.000Z", "Checkout API", "Unknown part")
    pulled, run = await desk(service, tool, "status")
    assert (run["outcome"], run["samples"], run["ignored"], run["refused"]) == ("done", 2, 1, 0)
    assert [(at, body.get("state")) for at, body in await kept(service, "checkout-api")] == [("08:00", "down")]
    again = await pulled.run()
    assert (again["outcome"], again["requests"], again["samples"]) == ("done", 1, 0)
    assert tool.statuses == {200: 1, 304: 1}
    tool.resolve("i1", "2026-11-05T08:30:00.000Z")
    assert (await pulled.run())["samples"] == 2
    [(began, body)] = await kept(service, "checkout-api")
    assert (began, to_text(body["to"])[11:16]) == ("08:00", "08:30")
    # Read again and again, an outage stays one.
    assert (await pulled.run("reconciliation"))["samples"] == 2
    assert len(await kept(service, "checkout-api")) == 1
    assert asked_with_tags(tool) == [False, True, True, False]


async def test_an_indicator_that_comes_later_gets_its_outages_with_the_nightly_run(
    service: Service, tool: SimulatedStatuspage
) -> None:
    tool.begin("i2", "2026-11-05T07:00:00.000Z", "Late part")
    pulled, run = await desk(service, tool, "late")
    assert (run["samples"], run["ignored"]) == (1, 1)
    await service.register("late-part", "availability")
    assert (await pulled.run())["samples"] == 0
    assert await kept(service, "late-part") == []
    night = await pulled.run("reconciliation")
    assert (night["outcome"], night["samples"], night["ignored"]) == ("done", 1, 0)
    assert len(await kept(service, "late-part")) == 1
    state = await pulled.state()
    assert state["reconciled_at"] is not None


async def test_a_changed_mapping_reads_the_document_again(service: Service, tool: SimulatedStatuspage) -> None:
    await service.register("minor-part", "availability")
    tool.begin("i3", "2026-11-05T07:00:00.000Z", "Minor part", impact="none")
    pulled, run = await desk(service, tool, "mapped")
    assert run["samples"] == 0
    mapping = (
        (await service.provider.get(pulled.path)).json()["mapping"].replace("[none, maintenance]", "[maintenance]")
    )
    tool.asked.clear()
    before = {each["run_id"] for each in await pulled.runs()}
    assert (await pulled.change(mapping=mapping)).status_code == 200
    assert (await pulled.ended("changes", before))["samples"] == 1
    assert asked_with_tags(tool) == [False]


async def test_the_status_of_components_holds_from_its_last_change(service: Service, tool: SimulatedStatuspage) -> None:
    await service.register("web-shop", "availability")
    pulled: Desk | None = None
    for status, at in (("operational", "07:00"), ("major_outage", "08:00"), ("operational", "08:20")):
        tool.show("Web shop", status, f"2026-11-05T{at}:00.000Z")
        if pulled is None:
            pulled, _ = await desk(service, tool, "parts", connector="statuspage")
        else:
            await pulled.run()
            await pulled.run()
    found = [(at, body["state"]) for at, body in await kept(service, "web-shop")]
    assert found == [("07:00", "up"), ("08:00", "down"), ("08:20", "up")]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (SimulatedAnswer(200, {"components": []}), "no `incidents`"),
        (SimulatedAnswer(200, [1]), "no `incidents`"),
        (SimulatedAnswer(304, None), "redirects are not followed"),
        (SimulatedAnswer(200, {"incidents": [{"id": 7}, "x"]}), "is not an object"),
    ],
)
async def test_an_answer_that_is_none_says_what_it_was(
    service: Service, tool: SimulatedStatuspage, answer: SimulatedAnswer, said: str
) -> None:
    tool.ordered.append(answer)
    pulled, run = await desk(service, tool, f"odd-{answer.status}-{len(str(answer.document))}")
    assert run["outcome"] == "failed"
    assert said in run["problem"]
    # The document is asked for in full until it has been read.
    assert (await pulled.run())["outcome"] == "done"
    assert asked_with_tags(tool) == [False, False]


async def test_one_incident_that_cannot_be_read_is_named_and_stops_no_other(
    service: Service, tool: SimulatedStatuspage
) -> None:
    tool.begin("i4", "2026-11-05T07:00:00.000Z", "Checkout API")
    tool.begin("i5", "yesterday", "Checkout API")
    _, run = await desk(service, tool, "half")
    assert (run["outcome"], run["samples"], run["refused"]) == ("done", 1, 1)
    assert run["errors"][0]["value"] == "yesterday"


async def test_what_is_for_tickets_or_samples_is_refused(service: Service, tool: SimulatedStatuspage) -> None:
    tickets = (await service.provider.post(PULLS, json={**asking(tool, "x"), "mapping": "kind: tickets"})).status_code
    assert tickets == 422
    for given, field in (
        ({"query": {"expression": "up"}}, "query"),
        ({"filter": "x"}, "filter"),
        ({"cancels_missing": True}, "cancels_missing"),
        ({"authentication": {"kind": "token"}, "secret": "x"}, "authentication.kind"),
    ):
        refused = await service.provider.post(PULLS, json={**asking(tool, "x"), **given})
        assert problem(refused)["errors"][0]["field"] == field
