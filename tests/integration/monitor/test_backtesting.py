"""Back-tests over HTTP and by workers: who sees them, that they survive restarts, and their results."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from slm_monitor.adapters.commands.sql_backtests import SqlBacktests
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.preview import backtests
from slm_monitor.application.preview.backtest_question import BacktestQuestion
from slm_monitor.application.preview.backtesting import BacktestWorker
from slm_monitor.application.preview.backtests import QUEUED, BacktestJob
from tests.support.judged import PARTITIONS, Monitor, monitor
from tests.support.monitor import PROVIDER
from tests.support.monitor_service import Service, problem

DAILY = {
    "aggregation": "availability",
    "objective": {"at_least": "99", "unit": "percent"},
    "window": {"calendar": "day"},
}


async def measured(service: Service, key: str) -> None:
    """Four days of history: down for 0, 10, 20 and 30 minutes."""
    await service.register(key, "availability")
    downs = [
        {"indicator": key, "outage": {"from": f"2026-11-0{day}T10:00:00Z", "to": f"2026-11-0{day}T10:{day}0:00Z"}}
        for day in (1, 2, 3)
    ]
    states = [{"indicator": key, "at": "2026-10-31T23:00:00Z", "state": "up"}]
    answer = await service.measure(*states, *downs)
    await service.provider.get("/api/v1/targets", params={"min_position": answer["position"]})


async def ended(service: Service, backtest_id: str) -> dict[str, Any]:
    while True:
        answer = (await service.provider.get(f"/api/v1/backtests/{backtest_id}")).json()
        if answer["state"] not in ("queued", "running"):
            return dict(answer)
        await asyncio.sleep(0.05)


async def test_a_draft_is_tried_on_what_was_measured(service: Service) -> None:
    await measured(service, "past.up")
    asked = {"terms": {**DAILY, "indicator": "past.up"}, "windows": {"last": 4}}
    answer = await service.provider.post("/api/v1/backtests", json=asked)
    assert answer.status_code == 202, answer.text
    told = await ended(service, answer.json()["backtest_id"])
    assert told["progress"] == {"windows": 4, "judged": 4, "percent": 100}
    assert [(each["window_id"], each["verdict"], each["figure"]) for each in told["windows"]] == [
        ("2026-11-01", "met", "3575/36"),
        ("2026-11-02", "breached", "1775/18"),
        ("2026-11-03", "breached", "1175/12"),
        ("2026-11-04", "met", "100/1"),
    ]
    assert told["result"]["attained_share"] == "1/2"
    assert told["result"]["worst"]["window_id"] == "2026-11-03"
    assert told["result"]["suggested_objective"]["at_least"] == "97.9166"
    listed = (await service.provider.get("/api/v1/backtests", params={"limit": 1})).json()
    assert listed["items"][0]["backtest_id"] == told["backtest_id"]


async def test_a_back_test_finds_what_was_measured_a_moment_ago(service: Service) -> None:
    """The back-test waits for the record, which may be up to a second behind the intake."""
    await service.register("fresh.latency", "value", "ms")
    items = [
        {"indicator": "fresh.latency", "at": f"2026-11-04T10:{minute:02}:00Z", "value": 100 + minute}
        for minute in range(60)
    ]
    await service.measure(*items)
    terms = {"aggregation": "max", "objective": {"at_most": "150", "unit": "ms"}, "window": {"calendar": "day"}}
    asked = {"terms": {**terms, "indicator": "fresh.latency"}, "windows": {"last": 1}}
    answer = await service.provider.post("/api/v1/backtests", json=asked)
    told = await ended(service, answer.json()["backtest_id"])
    assert [(each["window_id"], each["figure"]) for each in told["windows"]] == [("2026-11-04", "159/1")]


@pytest.mark.parametrize("sent", [{"value": 7}, {"values": [7]}])
@pytest.mark.parametrize("labels", [{}, {"labels": {"region": "eu"}}])
async def test_a_back_test_finds_what_is_not_put_away_yet(
    service: Service, sent: dict[str, Any], labels: dict[str, Any]
) -> None:
    """Whatever its labels, and whatever else the partition holds."""
    key = f"fresh.{next(iter(sent))}.{len(labels)}"
    await service.register(key, "value", "ms")
    await service.measure(*({"indicator": key, "at": f"2026-11-0{day}T10:00:00Z", **sent, **labels} for day in (2, 3)))
    terms = {"aggregation": "max", "objective": {"at_most": "150", "unit": "ms"}, "window": {"calendar": "day"}}
    asked = {"terms": {**terms, "indicator": key}, "windows": {"last": 2}}
    answer = await service.provider.post("/api/v1/backtests", json=asked)
    told = await ended(service, answer.json()["backtest_id"])
    assert [(each["window_id"], each["figure"]) for each in told["windows"]] == [
        ("2026-11-03", "7/1"),
        ("2026-11-04", None),
    ]


KINDS: list[tuple[str, Any, dict[str, str], str]] = [
    ("past.stars", "mean", {"at_least": "3"}, "7/2"),
    ("past.stars", "count", {"at_least": "2", "unit": "count"}, "2/1"),
    ("past.stars", {"nps": {"promoters": "5", "detractors": "2"}}, {"at_least": "0", "unit": "points"}, "0/1"),
    ("past.recoveries", "recovery_time", {"at_most": "60", "unit": "minutes"}, "90/1"),
    ("past.requests", "ratio", {"at_least": "99", "unit": "percent"}, "98/1"),
    ("past.latency", {"share_at_most": "300"}, {"at_least": "80", "unit": "percent"}, "90/1"),
]


async def test_drafts_of_ratings_recoveries_counters_and_histograms_are_tried(service: Service) -> None:
    scale = {"lowest": "1", "highest": "5"}
    for key, kind in (("stars", "rating"), ("recoveries", "recovery"), ("requests", "ratio"), ("latency", "value")):
        await service.register(f"past.{key}", kind, None, scale if kind == "rating" else None)
    at, later = "2026-11-03T10:00:00Z", "2026-11-03T11:30:00Z"
    answer = await service.measure(
        {"indicator": "past.stars", "at": at, "score": 5},
        {"indicator": "past.stars", "at": later, "score": 2},
        {"indicator": "past.recoveries", "recovery": {"outage_start": at, "service_restored": later}},
        {"indicator": "past.requests", "at": at, "cumulative": {"good": 7, "total": 7}},
        {"indicator": "past.requests", "at": later, "cumulative": {"good": 105, "total": 107}},
        {"indicator": "past.latency", "at": at, "histogram": {"bounds": [300], "counts": [9, 1]}},
    )
    assert answer["accepted"] == 6, answer
    await service.provider.get("/api/v1/targets", params={"min_position": answer["position"]})
    for key, aggregation, objective, figure in KINDS:
        terms = {"aggregation": aggregation, "objective": objective, "window": {"calendar": "day"}, "indicator": key}
        asked = {"terms": terms, "windows": {"from": "2026-11-03T00:00:00Z", "to": "2026-11-04T00:00:00Z"}}
        answer_ = await service.provider.post("/api/v1/backtests", json=asked)
        assert answer_.status_code == 202, answer_.text
        told = await ended(service, answer_.json()["backtest_id"])
        assert [each["figure"] for each in told["windows"]] == [figure], (key, aggregation, told)


async def test_indicators_and_answers_of_others_are_not_found(service: Service) -> None:
    await measured(service, "past.mine")
    asked = {"terms": {**DAILY, "indicator": "past.mine"}}
    assert problem(await service.foreigner.post("/api/v1/backtests", json=asked))["status"] == 404
    named = {**DAILY, "indicator": {"owner_party_id": PROVIDER, "key": "past.mine"}}
    assert problem(await service.customer.post("/api/v1/backtests", json={"terms": named}))["status"] == 404
    answer = await service.provider.post("/api/v1/backtests", json=asked)
    path = f"/api/v1/backtests/{answer.json()['backtest_id']}"
    assert problem(await service.foreigner.get(path))["status"] == 404
    assert problem(await service.foreigner.post(f"{path}/cancel"))["status"] == 404
    assert (await service.operator.get(path)).status_code == 200
    assert problem(await service.viewer.post(f"{path}/cancel"))["status"] == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"terms": {**DAILY, "indicator": 7}},
        {"terms": {**DAILY, "objective": {"at_least": "101"}}},
        {"windows": {"last": 0}},
        {"windows": {"last": 3, "from": "2026-11-01T00:00:00Z"}},
        {"timezone": "Nowhere"},
        {"windows": {"from": "noon"}},
        {"service_hours": {"weekly": 3}},
        {"terms": {**DAILY, "aggregation": {"compliance": "p1"}}},
    ],
)
async def test_what_means_nothing_is_refused(wrong: dict[str, Any], service: Service) -> None:
    await service.register("past.up", "availability")
    asked = {"terms": {**DAILY, "indicator": "past.up"}, **wrong}
    asked["terms"] = {"indicator": "past.up", **asked["terms"]}
    assert problem(await service.provider.post("/api/v1/backtests", json=asked))["status"] == 422


CLOCK = {
    "key": "p1",
    "aggregation": "clock",
    "clock": "resolution",
    "start": "opened",
    "stop": "resolved",
    "objective": {"within": {"calendar": "PT4H"}},
    "window": {"per": "ticket"},
}


async def tickets(service: Service) -> None:
    """A ticket of each of four days, resolved after one, three, five and seven hours."""
    told = [
        {
            "source": "past",
            "ticket": f"T-{day}",
            "type": "incident",
            "event": event,
            "at": f"2026-11-0{day}T{hour:02}:00:00Z",
        }
        for day in (1, 2, 3, 4)
        for event, hour in (("opened", 8), ("resolved", 7 + 2 * day))
    ]
    answer = await service.provider.post("/api/v1/ticket-events", json=told)
    answer.raise_for_status()
    await service.provider.get("/api/v1/targets", params={"min_position": answer.json()["position"]})


async def test_a_drafted_clock_is_tried_on_the_tickets_that_there_are(service: Service) -> None:
    await tickets(service)
    windows = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-05T00:00:00Z", "per": "day"}
    answer = await service.provider.post("/api/v1/backtests", json={"terms": CLOCK, "windows": windows})
    assert answer.status_code == 202, answer.text
    told = await ended(service, answer.json()["backtest_id"])
    assert [(each["window_id"], each["verdict"], each["tickets"]) for each in told["windows"]] == [
        ("2026-11-01", "met", {"judged": 1, "met": 1}),
        ("2026-11-02", "met", {"judged": 1, "met": 1}),
        ("2026-11-03", "breached", {"judged": 1, "met": 0}),
        ("2026-11-04", "breached", {"judged": 1, "met": 0}),
    ]
    assert (told["result"]["met"], told["result"]["suggested_objective"]["at_least"]) == (2, "0.0000")


async def test_a_drafted_share_of_tickets_is_backtested_with_its_clock(service: Service) -> None:
    await tickets(service)
    share = {
        "key": "share",
        "aggregation": {"compliance": "p1"},
        "objective": {"at_least": "50", "unit": "percent"},
        "window": {"calendar": "day"},
    }
    asked = {"terms": share, "members": [CLOCK], "windows": {"last": 3}}
    answer = await service.provider.post("/api/v1/backtests", json=asked)
    assert answer.status_code == 202, answer.text
    told = await ended(service, answer.json()["backtest_id"])
    assert [(each["figure"], each["verdict"], each["tickets"]["met"]) for each in told["windows"]] == [
        ("100/1", "met", 1),
        ("0/1", "breached", 0),
        ("0/1", "breached", 0),
    ]


async def test_a_drafted_composite_is_tried_on_its_members(service: Service) -> None:
    await measured(service, "past.left")
    await measured(service, "past.right")
    left, right = ({**DAILY, "key": key, "indicator": f"past.{key}"} for key in ("left", "right"))
    both = {
        "key": "both",
        "objective": {"at_least": "99", "unit": "percent"},
        "window": {"calendar": "day"},
        "aggregation": {
            "composite": {"of": "verdicts", "rule": "all_of", "members": [{"target": "left"}, {"target": "right"}]}
        },
    }
    answer = await service.provider.post("/api/v1/backtests", json={"terms": both, "members": [left, right]})
    assert answer.status_code == 202, answer.text
    told = await ended(service, answer.json()["backtest_id"])
    verdicts = {each["window_id"]: each["verdict"] for each in told["windows"]}
    assert (verdicts["2026-11-01"], verdicts["2026-11-02"]) == ("met", "breached")


# -- workers ----------------------------------------------------------------------------------------------------


async def queued(held: Monitor, name: str) -> SqlBacktests:
    """A job of four windows over an indicator with history."""
    await held.register("up", "availability")
    await held.measure({"indicator": "up", "at": "2026-11-01T00:00:00Z", "state": "up"})
    await held.settle()
    jobs, question = SqlBacktests(held.database), BacktestQuestion(DAILY, f"{PROVIDER}/up")
    record = SqlHistory(held.database, held.store, PARTITIONS)
    first, now = await record.first_at(f"{PROVIDER}/up"), held.clock.now()
    spans = backtests.list_backtest_windows(backtests.parse_backtest_target(question), now, first, 4, None)
    await jobs.add(BacktestJob(name, PROVIDER, question, spans, QUEUED, [], now), "somebody")
    return jobs


async def judged(held: Monitor, name: str) -> tuple[str, int]:
    async with held.database.read() as connection:
        query = text("SELECT state, jsonb_array_length(judged) FROM backtest WHERE backtest_id = :name")
        row = (await connection.execute(query, {"name": name})).one()
    return str(row[0]), int(row[1])


async def test_two_workers_and_a_restart_judge_each_window_once(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        jobs = await queued(held, "a")
        record = SqlHistory(held.database, held.store, PARTITIONS)
        workers = [BacktestWorker(jobs, record), BacktestWorker(jobs, record)]
        while await judged(held, "a") != ("done", 4):
            await asyncio.gather(*(worker.step() for worker in workers))
        assert not await workers[0].step()


async def test_an_expired_lease_is_taken_over_and_the_late_answer_dropped(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        jobs = await queued(held, "a")
        lost = await jobs.claim("first")
        assert lost is not None
        assert await jobs.claim("second") is None
        async with held.database.begin() as transaction:
            await transaction.execute(text("UPDATE backtest SET leased_until = clock_timestamp() - interval '1 s'"))
        taken = await jobs.claim("second")
        assert taken is not None
        assert not await jobs.judged(lost, "first", {"window_id": "x"})
        assert not await jobs.renew(lost, "first")
        assert await jobs.judged(taken, "second", {"window_id": "x"})
        assert await judged(held, "a") == ("running", 1)


async def test_a_cancelled_job_is_worked_on_no_more(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        jobs = await queued(held, "a")
        claimed = await jobs.claim("first")
        assert claimed is not None
        assert await jobs.cancel("a")
        assert not await jobs.judged(claimed, "first", {"window_id": "x"})
        assert await jobs.claim("second") is None
        assert not await jobs.cancel("a")
        assert await judged(held, "a") == ("cancelled", 0)


async def test_a_job_that_cannot_be_judged_fails_and_holds_up_no_other(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        jobs = await queued(held, "a")
        async with held.database.begin() as transaction:
            await transaction.execute(text("UPDATE backtest SET question = question || '{\"service_hours\": 3}'"))
        await queued(held, "b")
        worker = BacktestWorker(jobs, SqlHistory(held.database, held.store, PARTITIONS))
        while await worker.step():
            pass
        assert [await judged(held, name) for name in ("a", "b")] == [("failed", 0), ("done", 4)]
