"""Occurrences of critical periods on the real database: over HTTP, after a restart, and in retention."""

from __future__ import annotations

from typing import Any

from slm_chassis.identity import named_id
from tests.integration.monitor.test_retention import rows, swept
from tests.support.judged import ground, judging, monitor
from tests.support.monitor import PROVIDER, available, finalized
from tests.support.monitor_service import Service, problem

UP = "payments.checkout"
NIGHTLY = {**available(), "window": {"occurrences_of": "night"}}


def night(*dates: tuple[str, str]) -> dict[str, Any]:
    spans = [{"from": start, "to": end} for start, end in dates]
    return {"key": "night", "title": "Election night", "occurrences": {"dates": spans}, "freeze": False}


FIRST, SECOND = ("2026-11-03T18:00", "2026-11-04T02:00"), ("2026-11-10T18:00", "2026-11-11T02:00")


async def test_occurrences_are_judged_again_after_a_restart_only_if_facts_say_so(database_url: str) -> None:
    async with ground(database_url, "2026-11-01T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await held.register(UP, "availability")
            await held.hear(finalized(NIGHTLY, critical_periods=[night(FIRST, SECOND)]))
            await held.settle("2026-11-05T00:00")
            assert list(await held.windows(NIGHTLY["target_id"])) == ["night/2026-11-03"]
            told = await held.published()
        async with judging(database, log, clock) as again:
            await again.settle("2026-11-06T00:00")
            assert await again.published() == told
            outage = {"from": "2026-11-03T17:00:00Z", "to": "2026-11-03T19:00:00Z"}
            await again.measure({"indicator": UP, "outage": outage})
            await again.settle("2026-11-12T00:00")
            windows = await again.windows(NIGHTLY["target_id"])
            # 1 of 8 h is down in the first night, nothing in the second.
            assert {name: (row["verdict"], row["figure"]) for name, row in windows.items()} == {
                "night/2026-11-03": ("breached", "175/2"),
                "night/2026-11-10": ("met", "100/1"),
            }
            assert [kind for kind, _ in await again.published()].count("window-restated") == 1


async def test_facts_of_an_open_occurrence_are_not_deleted(database_url: str) -> None:
    async with monitor(database_url, "2026-11-01T00:00") as held:
        await held.register(UP, "availability")
        await held.hear(finalized(NIGHTLY, critical_periods=[night(("2026-11-02T00:00", "2027-01-20T00:00"))]))
        await held.settle("2026-11-05T11:00")
        for day in ("03", "04"):
            outage = {"from": f"2026-11-{day}T10:00:00Z", "to": f"2026-11-{day}T10:50:00Z"}
            await held.measure({"indicator": UP, "outage": outage, "id": day})
        # Received now, and not at the instant to which the clock moves next.
        await held.settle()
        await held.settle("2027-01-10T00:00")
        await held.save()
        assert await swept(held) == 0
        assert len(await rows(held, "SELECT key FROM fact")) == 2


async def test_an_occurrence_is_read_by_its_id_over_http(service: Service) -> None:
    target = {**NIGHTLY, "target_id": named_id(PROVIDER, "target", "nightly")}
    target["indicator"] = {"owner_party_id": PROVIDER, "key": "nightly.up"}
    await service.register("nightly.up", "availability")
    agreement_id = named_id(PROVIDER, "agreement", "nightly")
    await service.agree(
        finalized(target, agreement_id=agreement_id, agreement_key="nightly", critical_periods=[night(FIRST)])
    )
    path = f"/api/v1/targets/{target['target_id']}"
    found = await service.provider.get(f"{path}/explain", params={"window": "night/2026-11-03"})
    assert (found.status_code, found.json()["window"]["id"]) == (200, "night/2026-11-03")
    missing = await service.provider.get(f"{path}/explain", params={"window": "night/2026-11-04"})
    assert problem(missing)["status"] in (404, 422)
