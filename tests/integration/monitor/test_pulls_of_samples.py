"""Pulls on a real database ask a simulated Prometheus: gaps are filled piece by piece, and nothing counts twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from slm_events.instants import from_text
from tests.integration.monitor.test_sources import source
from tests.support.monitor_service import Service, migrated_database, problem, serving
from tests.support.pull_desk import PULLS, Desk, Document
from tests.support.simulated_prometheus import SimulatedPrometheus
from tests.support.simulated_tool import PASSWORD, USER, SimulatedAnswer, simulated

SINCE = "2026-11-05T08:00:00Z"
T0 = from_text(SINCE) // 1_000_000
STEP = 300
RULES = [
    {"match": 'up{job="shop"}', "indicator": "pulled.up", "reading": "state"},
    {"match": '{slm_source="twin"}', "indicator": "pulled.twin"},
    {"match": "latency", "indicator": "pulled.latency", "labels": ["zone"]},
    {"match": "requests_total", "indicator": "pulled.requests", "reading": "counter"},
    {"match": "shop:latency", "indicator": "pulled.named"},
]
KINDS = {
    "pulled.up": "availability",
    "pulled.twin": "value",
    "pulled.latency": "value",
    "pulled.requests": "count",
    "pulled.named": "value",
}


@pytest.fixture(scope="module")
async def service(postgres: object) -> AsyncIterator[Service]:
    async with serving(await migrated_database(), allowed_networks="127.0.0.0/8", pull_request_seconds=5.0) as running:
        for key, kind in KINDS.items():
            await running.register(key, kind, "ms" if kind == "value" else None)
        (await running.provider.put("/api/v1/series-rules", json={"rules": RULES})).raise_for_status()
        yield running


@pytest.fixture
async def tool() -> AsyncIterator[SimulatedPrometheus]:
    async with simulated(SimulatedPrometheus()) as running:
        yield running


def asking(tool: SimulatedPrometheus, source: str, **given: Any) -> Document:
    query = {"expression": "up", "step_seconds": STEP, **given.pop("query", {})}
    return {
        "title": f"Samples of {source}",
        "connector": "prometheus",
        "source": source,
        "address": tool.address,
        "authentication": {"kind": "none"},
        "since": SINCE,
        "query": query,
        **given,
    }


async def desk(service: Service, tool: SimulatedPrometheus, source: str, **given: Any) -> tuple[Desk, Document]:
    """Make a pull; return it with its first run, when that has ended."""
    answer = await service.provider.post(PULLS, json=asking(tool, source, **given))
    assert answer.status_code == 201, answer.text
    made = Desk(service, tool, answer.json()["pull_id"], source)
    return made, await made.ended("changes")


async def kept(service: Service, indicator: str) -> dict[int, Document]:
    """Return the facts of an indicator: second → body. Two of one instant fail."""
    async with asyncio.timeout(10):
        while await service.waits_in_the_inbox():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    connection = await asyncpg.connect(service.database_url)
    try:
        rows = await connection.fetch("SELECT at, body FROM fact WHERE subject LIKE $1 ORDER BY at", f"%/{indicator}")
    finally:
        await connection.close()
    found = {row["at"] // 1_000_000: json.loads(row["body"]) for row in rows}
    assert len(found) == len(rows), "an instant has two facts"
    return found


async def test_everything_since_an_instant_is_read_piece_by_piece_and_then_only_what_is_new(
    service: Service, tool: SimulatedPrometheus
) -> None:
    tool.add({"__name__": "up", "job": "shop"}, {T0 + n * STEP: int(n != 3) for n in range(20)})
    tool.add({"__name__": "other", "job": "shop"}, {T0: 7})
    pulled, run = await desk(service, tool, "gap")
    assert (run["outcome"], run["samples"], run["ignored"], run["refused"]) == ("done", 21, 1, 0)
    pieces = tool.pieces()
    assert pieces[0] == (T0, T0 + 999 * STEP)
    assert all(start == end + STEP for (_, end), (start, _) in pairwise(pieces))
    assert run["requests"] == len(pieces)
    state = await pulled.state()
    assert from_text(state["read_until"]) == (pieces[-1][1] + STEP) * 1_000_000
    facts = await kept(service, "pulled.up")
    assert {at: body["state"] for at, body in facts.items()} == {
        T0 + n * STEP: "down" if n == 3 else "up" for n in range(20)
    }
    tool.asked.clear()
    again = await pulled.run()
    assert (again["outcome"], again["samples"]) == ("done", 0)
    assert all(start > pieces[-1][1] for start, _ in tool.pieces())


async def test_what_is_read_again_replaces_and_doubles_nothing(service: Service, tool: SimulatedPrometheus) -> None:
    values = {T0 + n * STEP: 100 + n for n in range(5)}
    tool.add({"__name__": "latency", "zone": "north"}, values)
    tool.add({"__name__": "requests_total"}, {at: 3 * value for at, value in values.items()})
    pulled, _ = await desk(service, tool, "again")
    tool.series[0][1][T0 + STEP] = "333.5"
    assert (await pulled.change(since=SINCE)).status_code == 200
    run = await pulled.run()
    assert (run["outcome"], run["samples"]) == ("done", 10)
    facts = await kept(service, "pulled.latency")
    assert [body["rows"] for body in facts.values()] == [[[100.0]], [[333.5]], [[102.0]], [[103.0]], [[104.0]]]
    assert {body["labels"]["zone"] for body in facts.values()} == {"north"}
    assert len(await kept(service, "pulled.requests")) == 5


async def test_a_pull_that_is_made_anew_counts_nothing_twice(service: Service, tool: SimulatedPrometheus) -> None:
    before = len(await kept(service, "pulled.up"))
    tool.add({"__name__": "up", "job": "shop"}, {T0 + n: 1 for n in range(5, 50, 5)})
    for _ in range(2):
        pulled, run = await desk(service, tool, "anew", query={"step_seconds": 5, "lag_seconds": 0})
        assert run["samples"] == 9
        assert (await service.provider.delete(pulled.path)).status_code == 204
    assert len(await kept(service, "pulled.up")) == before + 9


async def test_equal_series_of_two_servers_are_two(service: Service, tool: SimulatedPrometheus) -> None:
    tool.add({"__name__": "temperature"}, {T0: 20})
    await desk(service, tool, "twin")
    _, other = await desk(service, tool, "no-twin")
    # Its rule asks for the source of the pull.
    assert (other["samples"], other["ignored"]) == (1, 1)
    assert len(await kept(service, "pulled.twin")) == 1


async def test_a_number_that_is_none_is_refused_and_the_others_are_not(
    service: Service, tool: SimulatedPrometheus
) -> None:
    tool.add({}, {T0: 1, T0 + STEP: "NaN", T0 + 2 * STEP: "+Inf", T0 + 3 * STEP: 4})
    pulled, nameless = await desk(service, tool, "named")
    assert nameless["refused"] == 4
    assert "query.record" in nameless["errors"][0]["remedy"]
    query = {"expression": "up", "step_seconds": STEP, "record": "shop:latency"}
    assert (await pulled.change(since=SINCE, query=query)).json()["query"]["record"] == "shop:latency"
    run = await pulled.run()
    assert (run["outcome"], run["samples"], run["refused"]) == ("done", 4, 2)
    assert "send finite numbers" in run["errors"][0]["remedy"]
    assert list(await kept(service, "pulled.named")) == [T0, T0 + 3 * STEP]
    found = await source(service, "named", lambda each: True)
    assert (found["principal_id"], found["topic"]) == (pulled.pull_id, "slm.measurements")


async def test_a_question_that_is_too_much_is_asked_in_smaller_pieces(
    service: Service, tool: SimulatedPrometheus
) -> None:
    tool.most_points = 300
    tool.add({"__name__": "up", "job": "narrow"}, {T0 + n * 3_600: 1 for n in range(600)})
    pulled, run = await desk(service, tool, "narrow", query={"step_seconds": 3_600})
    assert (run["outcome"], run["ignored"]) == ("done", run["samples"])
    taken = [(start, end) for start, end in tool.pieces() if (end - start) // 3_600 < 300]
    assert all(start == end + 3_600 for (_, end), (start, _) in pairwise(taken))
    assert taken[0][0] == T0
    tool.most_points = 0
    tool.asked.clear()
    assert (await pulled.change(since=SINCE)).status_code == 200
    failed = await pulled.run()
    assert failed["outcome"] == "failed"
    assert "too many samples into memory" in failed["problem"]
    assert tool.pieces()[-1] == (T0, T0)


async def test_a_server_that_asks_to_wait_is_asked_where_it_stopped(
    service: Service, tool: SimulatedPrometheus
) -> None:
    tool.add({"__name__": "up", "job": "wait"}, {T0: 1})
    tool.ordered.extend([None, SimulatedAnswer(429, {}, {"Retry-After": "2"})])
    pulled, held = await desk(service, tool, "wait")
    assert (held["outcome"], held["requests"]) == ("held", 2)
    ended = await pulled.ended("changes", {held["run_id"]})
    assert ended["outcome"] == "done"
    assert tool.pieces()[2] == tool.pieces()[1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (SimulatedAnswer(400, {"error": 'parse error: unexpected "}"'}), 'unexpected "}"'),
        (SimulatedAnswer(401, {}), "does not accept the account"),
        (SimulatedAnswer(200, {"result": []}), "no matrix of samples"),
        (SimulatedAnswer(302, {}, {"Location": "http://127.0.0.1/"}), "redirects are not followed"),
    ],
)
async def test_an_answer_that_is_none_says_what_it_was(
    service: Service, tool: SimulatedPrometheus, answer: SimulatedAnswer, said: str
) -> None:
    tool.ordered.append(answer)
    pulled, run = await desk(service, tool, f"odd-{answer.status}")
    assert run["outcome"] == "failed"
    assert said in run["problem"]
    assert (await pulled.state())["read_until"] == "2026-11-05T08:00:00.000000Z"


async def test_a_secret_is_sent_only_where_one_is_wanted(service: Service, tool: SimulatedPrometheus) -> None:
    pulled, _ = await desk(service, tool, "secret", authentication={"kind": "basic", "user": USER}, secret=PASSWORD)
    assert all(each.is_by(USER, PASSWORD) for each in tool.asked)
    tool.asked.clear()
    assert (await pulled.change(authentication={"kind": "none"})).status_code == 200
    await pulled.run()
    assert not any("authorization" in each.headers for each in tool.asked)
    back = await pulled.change(authentication={"kind": "basic", "user": USER})
    assert problem(back)["errors"][0]["field"] == "secret"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"query": None}, "query"),
        ({"mapping": "kind: tickets"}, "mapping"),
        ({"filter": "job=shop"}, "filter"),
        ({"address": "http://169.254.169.254"}, "address"),
        ({"address": "http://10.1.2.3:9090"}, "address"),
        ({"authentication": {"kind": "bearer"}}, "secret"),
        ({"authentication": {"kind": "oauth", "user": "x"}, "secret": "x"}, "authentication.kind"),
        ({"query": {"expression": "up", "labels": {"slm_source": "x"}}}, "query.labels"),
        ({"query": {"expression": "up", "step_seconds": 0}}, "query.step_seconds"),
        ({"query": {"expression": "up", "record": "no name"}}, "query.record"),
        ({"query": {"expression": "up", "labels": {"no name": "x"}}}, "query.labels"),
    ],
)
async def test_a_pull_that_cannot_work_is_not_made(
    service: Service, tool: SimulatedPrometheus, given: Document, field: str
) -> None:
    body = {**asking(tool, "never"), **given}
    refused = await service.provider.post(PULLS, json={name: each for name, each in body.items() if each is not None})
    assert problem(refused)["errors"][0]["field"].startswith(field)
    assert not tool.asked


async def test_tickets_have_no_query_and_samples_no_reconciliation(service: Service, tool: SimulatedPrometheus) -> None:
    body = {**asking(tool, "mixed"), "connector": "zammad", "authentication": {"kind": "token"}, "secret": "x"}
    assert problem(await service.provider.post(PULLS, json=body))["errors"][0]["field"] == "query"
    pulled, _ = await desk(service, tool, "unreconciled")
    refused = await service.provider.post(f"{pulled.path}/runs", json={"kind": "reconciliation"})
    assert problem(refused)["errors"][0]["field"] == "kind"
    assert (await pulled.change(zone="Europe/Berlin")).status_code == 200
    await pulled.run()
    assert {each["kind"] for each in await pulled.runs()} == {"changes"}
