"""Exclusions at work: open windows at once, closed ones restated, silence decides, restarts change nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from slm_chassis.identity import named_id
from slm_events.agreement import PartiesRelated
from slm_monitor.adapters.commands.sql_exclusions import SilenceDecider, SqlExclusions
from slm_monitor.application.commands import exclusions
from slm_monitor.application.commands.exclusions import ExclusionRequest
from slm_monitor.domain.exclusions.exclusion_workflow import Actor
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, CUSTOMER, PROVIDER, at, available, fast, finalized
from tests.support.monitor_service import FOREIGNER, Service, problem, publish

UP, LATENCY = "payments.checkout", "payments.checkout-latency"
TARGET = available()["target_id"]


async def ready(held: Monitor, *targets: dict[str, Any], **changed: Any) -> None:
    await held.register(UP, "availability")
    await held.hear(finalized(*(targets or (available(),)), **changed))
    await held.settle()


async def down(held: Monitor, start: str, end: str, **more: Any) -> None:
    await held.measure({"indicator": UP, "outage": {"from": f"{start}:00Z", "to": f"{end}:00Z"}, **more})
    await held.settle()


async def ask(held: Monitor, start: str, end: str, **more: Any) -> str:
    wanted = ExclusionRequest(
        AGREEMENT, more.pop("kind", "force_majeure"), "a storm", interval=(at(start), at(end)), **more
    )
    async with held.database.begin() as transaction:
        name = named_id(AGREEMENT, "exclusion", start, end)
        await exclusions.request_exclusion(
            SqlExclusions(transaction), wanted, name, Actor(PROVIDER, "p"), transaction.now
        )
    return name


async def approve(held: Monitor, name: str) -> None:
    async with held.database.begin() as transaction:
        now = transaction.now
        await exclusions.decide_exclusion(SqlExclusions(transaction), name, "approved", Actor(CUSTOMER, "c"), "", now)
    await held.settle()


async def revoke(held: Monitor, name: str) -> None:
    async with held.database.begin() as transaction:
        await exclusions.revoke_exclusion(
            SqlExclusions(transaction), name, Actor(PROVIDER, "p"), "off", transaction.now
        )
    await held.settle()


async def test_an_approved_exclusion_withdraws_the_breach_it_undoes_at_once(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        name = await ask(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await held.settle()
        assert [breach["standing"] for breach in await held.breaches()] == [True]
        await approve(held, name)
        assert [breach["standing"] for breach in await held.breaches()] == [False]
        (withdrawn,) = [data for kind, data in await held.published() if kind == "breach-withdrawn"]
        assert withdrawn["cause"] == "exclusion"
        await revoke(held, name)
        (breach,) = await held.breaches()
        assert (breach["standing"], breach["revision"]) == (True, 1)


async def test_a_closed_window_is_restated_with_both_figures(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await held.settle("2026-12-02T00:00")
        await approve(held, await ask(held, "2026-11-05T10:00", "2026-11-05T12:00"))
        (restated,) = [data for kind, data in await held.published() if kind == "window-restated"]
        assert (restated["cause"], restated["verdict"], restated["before"]["verdict"]) == (
            "exclusion",
            "met",
            "breached",
        )
        assert (restated["figure"], restated["raw_figure"], restated["excluded_seconds"]) == (
            "100/1",
            "1795/18",
            7200,
        )
        assert (restated["good"], restated["total"]) == ("2584800000000", "2584800000000")
        assert [(each["kind"], each["seconds"]) for each in restated["exclusions"]] == [("force_majeure", 7200)]


@pytest.mark.parametrize(
    ("kind", "aggregation", "objective", "figure", "raw"),
    [
        ("value", "mean", {"at_most": "300"}, "100/1", "500/1"),
        ("value", "max", {"at_most": "1000"}, "100/1", "900/1"),
        ("count", {"count": "A"}, {"at_most": "50"}, "10/1", "20/1"),
        (
            "ratio",
            {"time_slices": {"width": "PT10M", "good_if": "0.5"}},
            {"at_least": "50", "unit": "percent"},
            "100/1",
            "50/1",
        ),
    ],
)
async def test_whatever_is_counted_has_its_figure_before_exclusions_too(
    database_url: str, kind: str, aggregation: Any, objective: dict[str, str], figure: str, raw: str
) -> None:
    said = {
        "value": lambda n: {"value": n},
        "count": lambda n: {"category": "A"},
        "ratio": lambda n: {"good": 1000 - n, "total": 1000},
    }[kind]
    target = fast() | {"aggregation": aggregation, "objective": objective, "target_id": "counted", "key": "counted"}
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await held.register(LATENCY, kind)
            await held.hear(finalized(target))
            await held.settle()
            await held.measure(
                *(
                    {"indicator": LATENCY, "at": f"2026-11-05T{hour}:00:{second:02}Z", **said(value)}
                    for hour, value in (("10", 100), ("12", 900))
                    for second in range(10)
                )
            )
            await held.settle()
            await approve(held, await ask(held, "2026-11-05T12:00", "2026-11-05T13:00"))
            await held.save()
        async with judging(database, log, clock) as again:
            await again.settle("2026-12-02T00:00")
            (closed,) = [data for kind, data in await again.published() if kind == "window-closed"]
            assert (closed["figure"], closed["raw_figure"]) == (figure, raw)


async def test_a_window_that_no_exclusion_touches_is_not_restated(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await held.settle("2026-12-02T00:00")
        await approve(held, await ask(held, "2026-12-01T10:00", "2026-12-01T12:00"))
        assert "window-restated" not in await held.names()


async def test_a_restart_knows_what_is_excluded_and_publishes_nothing_again(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held)
            await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
            await approve(held, await ask(held, "2026-11-05T11:00", "2026-11-05T12:00"))
            before = await held.published()
            figure = (await held.windows(TARGET))["2026-11"]["figure"]
        async with judging(database, log, clock) as again:
            await again.settle()
            await down(again, "2026-11-05T11:30", "2026-11-05T12:00", id="inside")
            assert await again.published() == before
            assert (await again.windows(TARGET))["2026-11"]["figure"] == figure


async def test_what_was_decided_while_nobody_judged_restates_closed_windows_all_the_same(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held)
            await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
            await held.settle("2026-12-02T00:00")
        async with judging(database, log, clock) as again:
            # Its partitions are taken over with the first turn, and find the approval there already.
            await approve(again, await ask(again, "2026-11-05T10:00", "2026-11-05T12:00"))
            (restated,) = [data for kind, data in await again.published() if kind == "window-restated"]
            assert (restated["cause"], restated["verdict"]) == ("exclusion", "met")
            assert [breach["standing"] for breach in await again.breaches()] == [False]


async def test_an_exclusion_before_the_downtime_gives_what_one_after_it_gives(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await approve(held, await ask(held, "2026-11-05T10:00", "2026-11-05T11:30"))
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        assert await held.breaches() == []
        window = (await held.windows(TARGET))["2026-11"]
        assert window["detail"]["down"] == 30 * 60 * 1_000_000


async def test_silence_decides_at_its_instant_once_though_two_replicas_look(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await ask(
            held, "2026-11-05T10:00", "2026-11-05T12:00", decide_by_at=at("2026-11-12T00:00"), if_silent="approved"
        )
        lookers = [SilenceDecider(held.database, held.clock) for _ in range(2)]
        assert [await each.step() for each in lookers] == [0, 0]
        held.clock.move_to(at("2026-11-12T00:00:01Z"))
        assert sum([await each.step() for each in lookers]) == 1
        await held.settle()
        (told,) = [data for kind, data in await held.published() if kind == "exclusion-decided"]
        assert (told["decision"], told["decided_by_party_id"]) == ("approved", None)
        assert told["decided_at"] == "2026-11-12T00:00:00.000000Z"
        assert [breach["standing"] for breach in await held.breaches()] == [False]


async def test_planned_time_without_its_notice_is_approved_and_does_not_count(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, planned_maintenance={"notice": "P5D"})
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await approve(held, await ask(held, "2026-11-05T10:00", "2026-11-05T12:00", kind="planned"))
        (told,) = [data for kind, data in await held.published() if kind == "exclusion-decided"]
        assert [each["cause"] for each in told["uncounted"]] == ["announced_late"]
        assert [breach["standing"] for breach in await held.breaches()] == [True]


async def test_values_in_excluded_minutes_leave_the_figure_for_each_region_and_after_a_restart(
    database_url: str,
) -> None:
    values = [
        {"indicator": LATENCY, "at": f"2026-11-05T10:0{minute}:30Z", "value": value, "labels": {"region": region}}
        for region, slow in (("eu", 3), ("us", 1))
        for minute, value in enumerate([100] * (4 - slow) + [900] * slow)
    ]
    grouped = fast(group_by=["region"])
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await held.register(LATENCY, "value")
            await held.hear(finalized(grouped))
            await held.settle()
            await held.measure(*values)
            await held.settle("2026-12-02T00:00")
            name = await ask(held, "2026-11-05T10:03", "2026-11-05T10:04", targets=[grouped["key"]])
            await approve(held, name)
            figures = [
                (data["before"]["figure"], data["figure"], data["raw_figure"], len(data["exclusions"]))
                for kind, data in await held.published()
                if kind == "window-restated"
            ]
            assert sorted(figures) == [("25/1", "100/3", "25/1", 1), ("75/1", "100/1", "75/1", 1)]
            told = await held.published()
        async with judging(database, log, clock) as again:
            await again.settle("2026-12-02T00:30")
            assert await again.published() == told


# -- over HTTP --------------------------------------------------------------------------------------------------

HTTP_AGREEMENT = named_id(PROVIDER, "agreement", "excluding")
PATH = "/api/v1/exclusions"


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.register("excluding.up", "availability")
    target = {
        **available(),
        "target_id": named_id(PROVIDER, "target", "excluding"),
        "indicator": {"owner_party_id": PROVIDER, "key": "excluding.up"},
    }
    await service.agree(finalized(target, agreement_id=HTTP_AGREEMENT, agreement_key="excluding"))


def given(**changed: Any) -> dict[str, Any]:
    interval = {"from": "2026-11-05T06:00:00Z", "to": "2026-11-05T09:00:00Z"}
    return {"agreement_id": HTTP_AGREEMENT, "kind": "claim", "text": "their cable", "interval": interval, **changed}


async def asked(client: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json=given(**changed))
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_one_party_asks_and_the_other_one_approves(service: Service) -> None:
    entry = await asked(service.provider, targets=["availability"], evidence=[{"system": "change", "id": "C1"}])
    assert (entry["state"], entry["waits_for_party_id"]) == ("requested", CUSTOMER)
    assert entry["targets"] == [named_id(PROVIDER, "target", "excluding")]
    path = f"{PATH}/{entry['exclusion_id']}"
    approved = (await service.customer.post(f"{path}/approve", json={"reason": "agreed"})).json()
    assert (approved["state"], approved["decided_by_party_id"]) == ("approved", CUSTOMER)
    assert (await service.provider.get(path)).json()["uncounted"] == []
    again = problem(await service.customer.post(f"{path}/reject"))
    assert (again["status"], "it is approved" in again["detail"]) == (409, True)
    revoked = (await service.customer.post(f"{path}/revoke", json={"reason": "it was not"})).json()
    assert (revoked["state"], revoked["revoked_by_party_id"]) == ("revoked", CUSTOMER)


async def test_a_rule_without_an_end_runs_on_by_the_wall_clock(service: Service) -> None:
    """A reboot each Saturday at 14:00 in New York, of an agreement that has no end itself."""
    rule = {
        "rule": "FREQ=WEEKLY;BYDAY=SA",
        "from": "2026-09-05T18:00:00Z",
        "duration": "PT2H",
        "timezone": "America/New_York",
    }
    entry = await asked(service.provider, kind="planned", interval=None, recurrence=rule)
    begins = [each["from"] for each in entry["intervals"]]
    assert "2026-10-31T18:00:00.000000Z" in begins
    assert "2026-11-07T19:00:00.000000Z" in begins
    assert begins[-1] > "2036-08-01"


async def test_whoever_asked_and_an_operator_do_not_decide(service: Service) -> None:
    entry = await asked(service.customer)
    path = f"{PATH}/{entry['exclusion_id']}"
    assert problem(await service.customer.post(f"{path}/approve"))["type"] == "/problems/not-your-turn"
    assert problem(await service.operator.post(f"{path}/approve"))["type"] == "/problems/no-party"
    assert problem(await service.operator.post(PATH, json=given()))["type"] == "/problems/no-party"
    assert problem(await service.viewer.post(PATH, json=given()))["type"] == "/problems/missing-role"
    assert (await service.operator.get(path)).status_code == 200


async def acquainted(service: Service) -> None:
    """The customer and the foreigner come to know one another."""
    pair = {"first_party_id": CUSTOMER, "second_party_id": FOREIGNER}
    await publish(
        service.log, PartiesRelated(relation_id="r", made_how="operator", made_at="2026-11-01T00:00:00.000000Z", **pair)
    )
    async with asyncio.timeout(10):
        while True:
            async with service.app.database.read() as connection:
                if (await connection.execute(text("SELECT count(*) FROM party_relation"))).scalar_one():
                    return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("named", [FOREIGNER, "11111111-1111-4111-8111-111111111111", "nobody"])
async def test_a_delegate_that_the_party_does_not_know_is_refused_like_none_at_all(
    service: Service, named: str
) -> None:
    other = {"agreement_id": HTTP_AGREEMENT, "delegate_party_id": named, "reason": "they run it for us"}
    refused = problem(await service.customer.post(f"{PATH}/delegates", json=other))
    assert (refused["status"], [each["field"] for each in refused["errors"]]) == (422, ["delegate_party_id"])
    assert refused["errors"][0]["remedy"] == "write the id of a party that yours has a relation with"


async def test_a_delegate_decides_in_a_partys_place_until_it_is_dismissed(service: Service) -> None:
    await acquainted(service)
    wanted = {"agreement_id": HTTP_AGREEMENT, "delegate_party_id": FOREIGNER, "reason": "they run it for us"}
    first, second = await asked(service.provider), await asked(service.provider)
    of_customer = await asked(service.customer)
    answer = await service.customer.post(f"{PATH}/delegates", json=wanted)
    assert answer.status_code == 201, answer.text
    delegate = answer.json()
    assert (delegate["party_id"], delegate["delegate_party_id"]) == (CUSTOMER, FOREIGNER)
    assert (await service.foreigner.get(f"{PATH}/{first['exclusion_id']}")).status_code == 200
    approved = (await service.foreigner.post(f"{PATH}/{first['exclusion_id']}/approve")).json()
    assert (approved["state"], approved["decided_by_party_id"]) == ("approved", FOREIGNER)
    assert approved["decided_for_party_id"] == CUSTOMER
    # Not what the customer itself asked for: that is the provider's to decide.
    path = f"{PATH}/{of_customer['exclusion_id']}/approve"
    assert problem(await service.foreigner.post(path))["status"] == 404
    listed = (await service.foreigner.get(f"{PATH}/delegates")).json()["items"]
    assert delegate["delegate_id"] in [each["delegate_id"] for each in listed]
    path = f"{PATH}/delegates/{delegate['delegate_id']}/dismiss"
    assert problem(await service.foreigner.post(path))["status"] == 404
    assert (await service.customer.post(path)).json()["dismissed_at"] is not None
    assert problem(await service.customer.post(path))["status"] == 409
    assert problem(await service.foreigner.post(f"{PATH}/{second['exclusion_id']}/approve"))["status"] == 404
    assert problem(await service.foreigner.get(f"{PATH}/{first['exclusion_id']}"))["status"] == 404


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"delegate_party_id": PROVIDER}, 422),
        ({"ends_at": "2026-01-01T00:00:00Z"}, 422),
        ({"agreement_id": "another"}, 404),
    ],
)
async def test_only_somebody_else_is_a_delegate(service: Service, changed: dict[str, Any], status: int) -> None:
    wanted = {"agreement_id": HTTP_AGREEMENT, "delegate_party_id": FOREIGNER, **changed}
    assert problem(await service.customer.post(f"{PATH}/delegates", json=wanted))["status"] == status


async def test_what_belongs_to_others_is_not_there(service: Service) -> None:
    entry = await asked(service.provider)
    path = f"{PATH}/{entry['exclusion_id']}"
    assert problem(await service.foreigner.get(path))["status"] == 404
    assert problem(await service.foreigner.post(PATH, json=given()))["status"] == 404
    assert (await service.foreigner.get(PATH)).json()["items"] == []
    assert problem(await service.provider.get(f"{PATH}/{AGREEMENT}"))["status"] == 404


async def test_the_same_request_under_the_same_key_asks_once(service: Service) -> None:
    answers = [
        await service.provider.post(PATH, json=given(text="once"), headers={"Idempotency-Key": "excluding-once"})
        for _ in range(3)
    ]
    assert len({answer.json()["exclusion_id"] for answer in answers}) == 1
    page = (await service.provider.get(PATH, params={"agreement_id": HTTP_AGREEMENT, "limit": 1000})).json()
    assert sum(each["text"] == "once" for each in page["items"]) == 1


async def test_a_recurrence_is_resolved_when_it_is_asked_for(service: Service) -> None:
    rule = {"rule": "FREQ=WEEKLY;COUNT=3", "from": "2026-11-08T01:00:00Z", "duration": "PT2H"}
    entry = await asked(service.provider, interval=None, recurrence=rule)
    assert [each["from"][:13] for each in entry["intervals"]] == ["2026-11-08T01", "2026-11-15T01", "2026-11-22T01"]
    assert entry["recurrence"]["timezone"] == "UTC"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"interval": None}, "interval"),
        ({"interval": {"from": "2026-11-05T09:00:00Z", "to": "2026-11-05T09:00:00Z"}}, "interval.to"),
        ({"interval": {"from": "yesterday", "to": "2026-11-05T09:00:00Z"}}, "interval.from"),
        ({"targets": ["availability", "unheard-of"]}, "targets[1]"),
        ({"indicators": ["unheard-of"]}, "indicators[0]"),
        ({"services": ["unheard-of"]}, "services[0]"),
        ({"announced_at": "2036-11-05T09:00:00Z"}, "announced_at"),
        ({"decide_by_at": "2036-11-05T09:00:00Z"}, "if_silent"),
        ({"decide_by_at": "2016-11-05T09:00:00Z", "if_silent": "approved"}, "decide_by_at"),
        (
            {
                "interval": None,
                "recurrence": {"rule": "FREQ=NEVER", "from": "2026-11-08T01:00:00Z", "duration": "PT2H"},
            },
            "recurrence.rule",
        ),
        (
            {
                "interval": None,
                "recurrence": {"rule": "FREQ=WEEKLY;COUNT=2", "from": "2026-11-08T01:00:00Z", "duration": "P1M"},
            },
            "recurrence.duration",
        ),
        (
            {
                "interval": None,
                "recurrence": {
                    "rule": "FREQ=WEEKLY;COUNT=2",
                    "from": "2026-11-08T01:00:00Z",
                    "duration": "PT1H",
                    "timezone": "Mars/Olympus",
                },
            },
            "timezone",
        ),
    ],
)
async def test_a_request_that_means_nothing_is_refused_with_field_value_and_remedy(
    service: Service, changed: dict[str, Any], field: str
) -> None:
    refused = problem(await service.provider.post(PATH, json=given(**changed)))
    assert refused["status"] == 422
    (error,) = refused["errors"]
    assert error["field"] == field
    assert error["remedy"]
