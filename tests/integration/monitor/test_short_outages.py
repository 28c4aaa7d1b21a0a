"""Short outages on the real database: restated once they grew, also after a restart, and told the same everywhere.

The arithmetic is written out beside each answer.
"""

from __future__ import annotations

from typing import Any

from slm_chassis.identity import named_id
from slm_events.agreement import SupportsSigned
from tests.integration.monitor.test_backtesting import ended
from tests.support.checkout import down, ready, turns
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import MINUTE, PROVIDER, available, finalized
from tests.support.monitor_service import Service, problem, publish

FIFTEEN = {"ignore_outages_shorter_than": "PT15M"}
DAILY = available("99.9", window="day", **FIFTEEN)
TARGET = DAILY["target_id"]


async def closed(held: Monitor, day: str) -> tuple[str, int, int]:
    """Return the verdict of a day, its minutes down, and its revision."""
    window = (await held.windows(TARGET))[f"2026-11-{day}"]
    return window["verdict"], window["detail"]["down"] // MINUTE, window["revision"]


async def told(held: Monitor, *kinds: str) -> list[tuple[str, str]]:
    return [(kind, str(data["window_id"])) for kind, data in await held.published() if kind in kinds]


async def test_an_outage_that_grows_after_the_close_restates_the_window(database_url: str) -> None:
    """Down from 23:56 of the 3rd: 14 minutes at the close at 00:10. At 00:11 it has 15, and 4 of them are on the 3rd.

    0.1 percent of 1,440 minutes are 1.44: both days are breached from 00:11 on.
    """
    async with ground(database_url, "2026-11-03T12:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held, DAILY, effective_at="2026-11-03T00:00:00Z")
            await held.settle("2026-11-03T23:57")
            await turns(held, "2026-11-03T23:56", "down")
            await held.settle("2026-11-04T00:10")
            assert await closed(held, "03") == ("met", 0, 0)
            assert await held.breaches() == []
        async with judging(database, log, clock) as again:
            await again.settle("2026-11-04T00:10:59.999999")
            assert await again.breaches() == []
            await again.settle("2026-11-04T00:11")
            assert await closed(again, "03") == ("breached", 4, 1)
            assert [each["certain_at"][:19] for each in await again.breaches()] == ["2026-11-04T00:11:00"] * 2
            assert await told(again, "window-restated") == [("window-restated", "2026-11-03")]
            # It lasts until 02:00: 120 minutes on the 4th, and nothing more on the 3rd.
            await again.settle("2026-11-04T02:00")
            await turns(again, "2026-11-04T02:00", "up")
            await again.settle("2026-11-05T00:10")
            assert (await closed(again, "03"), await closed(again, "04")) == (("breached", 4, 1), ("breached", 120, 0))


async def test_a_correction_that_shortens_an_outage_withdraws_the_breach(database_url: str) -> None:
    """Reported from 10:00 to 10:20, 20 minutes; corrected to end at 10:14, which is too short."""
    async with monitor(database_url, "2026-11-03T12:00") as held:
        await ready(held, DAILY, effective_at="2026-11-03T00:00:00Z")
        await down(held, "2026-11-03T10:00", "2026-11-03T10:20", id="x")
        assert [each["standing"] for each in await held.breaches()] == [True]
        await held.settle("2026-11-04T00:10")
        assert await closed(held, "03") == ("breached", 20, 0)
        await down(held, "2026-11-03T10:00", "2026-11-03T10:14", id="x", revision=1)
        assert await closed(held, "03") == ("met", 0, 1)
        assert await told(held, "breach-withdrawn") == [("breach-withdrawn", "2026-11-03")]


async def test_a_later_fact_prolongs_an_outage_over_midnight(database_url: str) -> None:
    """23:50 to 00:01 are 11 minutes, too short. With 00:01 to 00:06 it is one outage of 16: 10 and 6 minutes count.

    The later fact is about the 4th alone, and restates the 3rd too.
    """
    async with monitor(database_url, "2026-11-03T12:00") as held:
        await ready(held, DAILY, effective_at="2026-11-03T00:00:00Z")
        await held.settle("2026-11-04T00:09")
        await down(held, "2026-11-03T23:50", "2026-11-04T00:01")
        await held.settle("2026-11-05T00:10")
        assert [await closed(held, day) for day in ("03", "04")] == [("met", 0, 0), ("met", 0, 0)]
        await down(held, "2026-11-04T00:01", "2026-11-04T00:06")
        assert [await closed(held, day) for day in ("03", "04")] == [("breached", 10, 1), ("breached", 6, 1)]


async def test_no_warning_is_published_of_an_outage_too_short(database_url: str) -> None:
    """0.1 percent of 24 hours are 1.44 minutes, half of it 43.2 seconds: four outages of 14 minutes warn of nothing."""
    target = {**DAILY, "warn_at": {"budget_consumed": ["50"], "projected": True, "time_to_exhaustion": ["PT6H"]}}
    async with monitor(database_url, "2026-11-03T00:00") as held:
        await ready(held, target, effective_at="2026-11-03T00:00:00Z")
        for hour in ("05", "09", "12", "17"):
            await held.settle(f"2026-11-03T{hour}:00")
            await turns(held, f"2026-11-03T{hour}:00", "down")
            for minute in ("05", "14"):
                await held.settle(f"2026-11-03T{hour}:{minute}")
            await turns(held, f"2026-11-03T{hour}:14", "up")
        await held.settle("2026-11-04T00:10")
        assert await told(held, "target-at-risk", "target-breached") == []
        assert await closed(held, "03") == ("met", 0, 0)


# -- over HTTP --------------------------------------------------------------------------------------------------------

KEY = "short.checkout"
AGREEMENT = named_id(PROVIDER, "agreement", "short")
SHORT = {
    **DAILY,
    "target_id": named_id(PROVIDER, "target", "short"),
    "service_id": "short",
    "indicator": {"owner_party_id": PROVIDER, "key": KEY},
}
UPS = {"at": "2026-11-01T00:00:00Z", "state": "up"}
DOWNS = [("10:00", "10:10"), ("12:00", "12:20")]


def outages(key: str, *spans: tuple[str, str]) -> list[dict[str, Any]]:
    day = "2026-11-03T"
    return [{"indicator": key, "outage": {"from": f"{day}{a}:00Z", "to": f"{day}{b}:00Z"}} for a, b in spans]


async def test_explanation_attribution_preview_and_back_test_say_the_same(service: Service) -> None:
    """Down for 10 and for 20 minutes: 10 are ignored, 20 count. The support was down 10:00 to 12:05: 5 of the 20."""
    supporting, support = named_id(PROVIDER, "agreement", "short-support"), "support-1"
    for key in (KEY, "short.network"):
        await service.register(key, "availability")
    await service.measure(*({"indicator": key, **UPS} for key in (KEY, "short.network")))
    await service.measure(*outages(KEY, *DOWNS), *outages("short.network", ("10:00", "12:05")))
    about: dict[str, Any] = {"service_id": "short", "agreement_key": "short", "effective_at": "2026-11-01T00:00:00Z"}
    rests_on = {
        **available("99"),
        "target_id": named_id(PROVIDER, "target", "short-support"),
        "indicator": {"owner_party_id": PROVIDER, "key": "short.network"},
    }
    await service.agree(finalized(rests_on, agreement_id=supporting, **{**about, "agreement_key": "short-support"}))
    named = {"support_id": support, "agreement_id": supporting, "kind": "ola", "service_id": "network"}
    await publish(
        service.log,
        SupportsSigned(
            agreement_id=AGREEMENT,
            version=1,
            party_id=PROVIDER,
            side="provider",
            supports=[named],
            structure={"serial": [support]},
            signed_at="2026-10-20T00:00:00Z",
        ),
    )
    disclosed = [{"support_id": support, "side": "provider", "disclose": "terms"}]
    await service.agree(finalized(SHORT, agreement_id=AGREEMENT, supports=disclosed, **about))
    path = f"/api/v1/targets/{SHORT['target_id']}"

    explained = (await service.provider.get(f"{path}/explain", params={"window": "2026-11-03"})).json()
    derivation = explained["derivation"]
    assert (derivation["sums"]["down"], derivation["sums"]["ignored"]) == (20 * MINUTE, 10 * MINUTE)
    # 1,420 of 1,440 minutes, in percent.
    assert explained["figure"] == "1775/18"
    [first, second] = [each for each in derivation["intervals"] if each["state"] == "down"]
    assert (first["counts_as"], second["counts_as"]) == ("up", "down")
    said = "outage from 2026-11-03T10:00:00.000000Z to 2026-11-03T10:10:00.000000Z: PT10M of counted time, shorter than"
    assert f"{said} PT15M, does not count" in derivation["arithmetic"]
    text = await service.provider.get(f"{path}/explain", params={"window": "2026-11-03", "format": "text"})
    assert "ignore_outages_shorter_than: PT15M" in text.text and said in text.text

    split = (await service.provider.get(f"{path}/attribution", params={"window": "2026-11-03"})).json()
    assert split["downtime_microseconds"] == f"{20 * MINUTE}/1"
    assert (split["own_microseconds"], split["supports"][0]["microseconds"]) == (f"{15 * MINUTE}/1", f"{5 * MINUTE}/1")

    terms = {name: SHORT[name] for name in ("aggregation", "objective", "window", "ignore_outages_shorter_than")}
    facts = [{"outage": each["outage"]} for each in outages(KEY, *DOWNS)]
    asked = {"terms": terms, "window": "2026-11-03", "initial_state": "up", "facts": facts}
    seen = await service.provider.post("/api/v1/previews/window", json=asked)
    assert seen.status_code == 200, seen.text
    assert seen.json()["derivation"]["sums"]["ignored"] == 10 * MINUTE
    assert seen.json()["figure"] == "71/72"

    wanted: dict[str, Any] = {"terms": {**terms, "indicator": KEY}, "windows": {"last": 4}}
    queued = (await service.provider.post("/api/v1/backtests", json=wanted)).json()
    result = await ended(service, queued["backtest_id"])
    assert {each["window_id"]: each["verdict"] for each in result["windows"]}["2026-11-03"] == "breached"
    # With ``excess``, 5 of the 20 minutes count: more than the 1.44 of the budget, so the verdict is the same.
    assert "short_outages" not in {each["policy"] for each in result["result"]["open_readings"]}
    wanted["terms"]["objective"] = {"at_least": "99", "unit": "percent"}
    queued = (await service.provider.post("/api/v1/backtests", json=wanted)).json()
    # 1 percent are 14.4 minutes: breached by 20, met with 5.
    [left_open] = (await ended(service, queued["backtest_id"]))["result"]["open_readings"]
    assert (left_open["policy"], left_open["changed"]) == ("short_outages", 1)
    assert left_open["sentence"] == "left open: how an outage counts that is not too short; costs 1 breach"


async def test_a_composite_of_states_ignores_short_joint_outages(service: Service) -> None:
    """Down together 10:00 to 10:10, and one after the other 12:00 to 12:20: in series 10 and 20 minutes."""
    members = {"a": [("10:00", "10:10"), ("12:00", "12:12")], "b": [("10:05", "10:08"), ("12:12", "12:20")]}
    for name, spans in members.items():
        await service.register(f"short.{name}", "availability")
        await service.measure({"indicator": f"short.{name}", **UPS}, *outages(f"short.{name}", *spans))
    target = {
        **SHORT,
        "target_id": named_id(PROVIDER, "target", "short-composite"),
        "indicator": None,
        "aggregation": {
            "composite": {
                "of": "states",
                "rule": "serial",
                "members": [{"indicator": {"owner_party_id": PROVIDER, "key": f"short.{name}"}} for name in members],
            }
        },
    }
    about: dict[str, Any] = {
        "service_id": "short",
        "agreement_key": "short-composite",
        "effective_at": "2026-11-01T00:00:00Z",
    }
    await service.agree(finalized(target, agreement_id=named_id(PROVIDER, "agreement", "short-composite"), **about))
    explained = await service.provider.get(
        f"/api/v1/targets/{target['target_id']}/explain", params={"window": "2026-11-03"}
    )
    sums = explained.json()["derivation"]["sums"]
    assert (sums["down"], sums["ignored"]) == (20 * MINUTE, 10 * MINUTE)


async def test_previews_refuse_terms_that_have_no_outages(service: Service) -> None:
    terms: dict[str, Any] = {
        "aggregation": "ratio",
        "objective": {"at_least": "99"},
        "window": {"calendar": "day"},
        **FIFTEEN,
    }
    refused = await service.provider.post("/api/v1/previews/window", json={"terms": terms, "window": "2026-11-03"})
    assert "only availability has outages" in str(problem(refused))
    terms = {**terms, "aggregation": "availability", "ignore_outages_shorter_then": "PT5M"}
    refused = await service.provider.post("/api/v1/previews/window", json={"terms": terms, "window": "2026-11-03"})
    assert "did you mean ignore_outages_shorter_than?" in str(problem(refused))
