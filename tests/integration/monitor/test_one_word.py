"""All routes give the same verdict for a target at an instant; a warning lasts until it clears and is one event."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

from slm_chassis.clock import ScaledClock, real_now
from slm_chassis.identity import named_id
from slm_events.instants import from_text, to_text
from tests.support.monitor import PROVIDER, at, fast, finalized
from tests.support.monitor_service import NOW, Service, migrated_database, serving

AGREEMENT = named_id(PROVIDER, "agreement", "one-word")
LATENCY, BUSY = "one-word.latency", "one-word.busy"
MINUTE = 60_000_000


def named(target: dict[str, Any], of: str, **more: Any) -> dict[str, Any]:
    indicator = {"owner_party_id": PROVIDER, "key": of}
    return {**target, "target_id": named_id(AGREEMENT, "target", of), "indicator": indicator, **more}


SHARE = named(fast("90"), LATENCY)
BURNING = named(
    fast("90"), BUSY, key="burning", warn_at={"burn_rate": [{"long": "P1D", "short": "PT6H", "factor": "2"}]}
)


async def words(service: Service, target: dict[str, Any], position: str) -> dict[str, str]:
    """Door → the state it tells of a target."""
    asked = {"agreement_id": AGREEMENT, "min_position": position}
    listed = (await service.customer.get("/api/v1/targets", params=asked)).json()["items"]
    path = f"/api/v1/targets/{target['target_id']}"
    explained = (await service.customer.get(f"{path}/explain")).json()
    figures = (await service.customer.get("/api/v1/figures", params={"agreement_id": AGREEMENT})).json()
    known = (await service.customer.get(f"{path}/windows", params={"known_at": figures["as_of"]})).json()
    return {
        "targets": next(each for each in listed if each["key"] == target["key"])["window"]["verdict"],
        "explain": explained["verdict"],
        "figures": next(each for each in figures["windows"] if each["target_key"] == target["key"])["verdict"],
        "windows": known["items"][0]["verdict"],
    }


async def test_a_warning_that_lingers_is_told_by_every_door(service: Service) -> None:
    """Back at its objective, but not yet a tenth of the budget behind it: the warning has not cleared."""
    await service.register(LATENCY, "value", "ms")
    await service.register(BUSY, "value", "ms")
    await service.agree(finalized(SHARE, BURNING, agreement_id=AGREEMENT, agreement_key="one-word"))

    async def measured(first: int, *values: int) -> str:
        items = [
            {"indicator": LATENCY, "at": f"2026-11-02T10:00:{first + n:02}Z", "value": v} for n, v in enumerate(values)
        ]
        return str((await service.measure(*items))["position"])

    told = await words(service, SHARE, await measured(0, 900, 100, 100, 100, 100))
    assert set(told.values()) == {"at_risk"}, told
    told = await words(service, SHARE, await measured(5, 100, 100, 100, 100, 100))
    assert set(told.values()) == {"at_risk"}, told
    told = await words(service, SHARE, await measured(10, *[100] * 10))
    assert set(told.values()) == {"met"}, told


async def test_a_lasting_burn_rate_is_one_warning_over_many_minutes() -> None:
    """Guards against a fault: a warning was published as averted at each new minute, and reopened by the next fact."""
    clock = ScaledClock(at(NOW), real_now(), Fraction(600))
    async with serving(await migrated_database(), clock=clock) as service:
        await service.register(BUSY, "value", "ms")
        await service.agree(finalized(BURNING, agreement_id=AGREEMENT, agreement_key="one-word"))

        async def burnt(since: int, until: int) -> str:
            instants = range(since, until, 10_000_000)
            items = [
                {"indicator": BUSY, "at": to_text(instant), "value": (100, 900)[number % 2]}
                for number, instant in enumerate(instants)
            ]
            return str((await service.measure(*items))["position"])

        calm = [{"indicator": BUSY, "at": f"2026-11-0{day}T12:00:00Z", "value": 100} for day in (2, 3, 4)]
        await service.measure(*calm)
        since = at(NOW) - 60 * MINUTE
        position = ""
        for _ in range(12):
            until = clock.now()
            position = await burnt(since, until)
            since = until
            # Five minutes of the clock. So long a look back lets a slow machine stall without the rate ending.
            await asyncio.sleep(0.5)
        await service.customer.get(f"/api/v1/targets/{BURNING['target_id']}", params={"min_position": position})
        figures = (await service.customer.get("/api/v1/figures", params={"agreement_id": AGREEMENT})).json()
    assert from_text(figures["as_of"]) - at(NOW) > 5 * MINUTE
    risks = [each for each in figures["risks"] if each["cause"] == "burn_rate"]
    assert [(each["revision"], each["standing"]) for each in risks] == [(0, True)], risks
