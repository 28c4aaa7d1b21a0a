"""A failed target does not affect others: they are evaluated, no record is lost, and the target can return."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from slm_chassis import dead_letters
from slm_chassis.http.paging import Page
from slm_chassis.log.partitioner import partition_of
from slm_chassis.outbox import OutboxRelay
from slm_monitor.adapters.commands.sql_quarantine import SqlQuarantinedFacts
from slm_monitor.adapters.formats.wire_formats import IntakeFormat
from slm_monitor.adapters.queries.target_queries import TargetQueries
from slm_monitor.adapters.store.sql_failed_targets import FailedTargetQueries
from slm_monitor.application.intake.quarantine import QuarantineDecisions
from tests.support.judged import EVERYTHING, INTEGRATOR, PARTITIONS, Monitor, ground, judging, monitor
from tests.support.monitor import PROVIDER, available, fast, finalized

UP, LATENCY, OTHER = "payments.checkout", "payments.checkout-latency", "payments.other"
HOME = partition_of(f"{PROVIDER}/{LATENCY}", PARTITIONS)
BESIDE = next(
    key for key in (f"beside-{n}" for n in range(99)) if partition_of(f"{PROVIDER}/{key}", PARTITIONS) == HOME
)
OUTAGE = {"from": "2026-11-05T10:00:00Z", "to": "2026-11-05T12:00:00Z"}
BROKEN_FACT = """
INSERT INTO fact (subject, key, at, revision, recorded_at, received_at, body)
VALUES (:subject, 'broken', 1762300000000000, 0, 0, 0, '{"from": 1762300000000000, "to": "never"}')
"""


def other() -> dict[str, Any]:
    return available() | {
        "key": "other",
        "target_id": "other-target",
        "indicator": {"owner_party_id": PROVIDER, "key": OTHER},
    }


async def execute(held: Monitor, statement: str, **given: Any) -> None:
    async with held.database.begin() as transaction:
        await transaction.execute(text(statement), given)


async def registered(held: Monitor) -> None:
    held.may_set_aside = True
    await held.register(UP, "availability")
    await held.register(OTHER, "availability")
    await held.register(LATENCY, "value")


async def listed(held: Monitor) -> dict[str, str]:
    """Failed target → reason."""
    aside = FailedTargetQueries(held.database)
    rows = await aside.targets(INTEGRATOR, Page(100, None))
    told = await aside.failures_of([row["target_id"] for row in rows])
    return {row["key"]: told[row["target_id"]]["reason"] for row in rows}


async def test_a_failed_target_does_not_stop_the_others_of_its_record(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await registered(held)
        await execute(held, BROKEN_FACT, subject=f"{PROVIDER}/{UP}")
        await held.hear(finalized(available(), other()))
        await held.measure({"indicator": UP, "outage": OUTAGE}, {"indicator": OTHER, "outage": OUTAGE})
        await held.settle()
        assert [row["target_key"] for row in await held.breaches()] == ["other"]
        assert "TypeError" in (await listed(held))["availability"]
        assert (await listed(held)).keys() == {"availability"}
        assert await dead_letters.fetch_dead_letters(held.database) == []


@pytest.mark.parametrize("how", ["restart", "terms"])
async def test_it_is_judged_again_after_a_restart_and_after_new_terms(database_url: str, how: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as where:
        async with judging(*where) as held:
            await registered(held)
            await execute(held, BROKEN_FACT, subject=f"{PROVIDER}/{UP}")
            await held.hear(finalized(available()))
            await held.measure({"indicator": UP, "outage": OUTAGE})
            await held.settle()
            assert await held.breaches() == [] and await listed(held)
            await execute(held, "DELETE FROM fact WHERE key = 'broken'")
            if how == "terms":
                await held.hear(finalized(available("99.8"), version=2, effective_at="2026-12-01T00:00:00Z"))
                await held.settle()
                assert len(await held.breaches()) == 1
                assert await listed(held) == {}
        async with judging(*where) as held:
            await held.settle()
            assert len(await held.breaches()) == 1
            assert await listed(held) == {}
            assert (await held.names()).count("target-breached") == 1


async def test_an_unreadable_record_of_facts_stops_only_the_target_of_its_values(
    database_url: str,
) -> None:
    async with ground(database_url, "2026-11-10T00:00") as where:
        async with judging(*where) as held:
            await registered(held)
            await held.measure(
                *({"indicator": LATENCY, "at": f"2026-11-05T08:00:0{n}Z", "value": 400} for n in range(5))
            )
            await held.settle()
            await held.save()
            await execute(held, "UPDATE fact_segment SET data = 'broken'")
        async with judging(*where) as held:
            held.may_set_aside = True
            await held.hear(finalized(fast(), other()))
            await held.measure({"indicator": OTHER, "outage": OUTAGE})
            await held.settle()
            assert [row["target_key"] for row in await held.breaches()] == ["other"]
            assert (await listed(held)).keys() == {"fast-month"}
            await held.measure({"indicator": OTHER, "outage": OUTAGE}, {"indicator": UP, "outage": OUTAGE})
            await held.settle()
            assert await dead_letters.fetch_dead_letters(held.database) == []


async def test_only_the_unacceptable_part_of_a_record_is_quarantined_until_released(
    database_url: str,
) -> None:
    beside = other() | {"indicator": {"owner_party_id": PROVIDER, "key": BESIDE}}
    late = {"indicator": LATENCY, "at": "2026-11-05T08:00:30Z", "value": 100}
    async with ground(database_url, "2026-11-10T00:00") as where:
        async with judging(*where) as held:
            await registered(held)
            await held.register(BESIDE, "availability")
            await held.hear(finalized(fast(), beside))
            await held.measure({"indicator": LATENCY, "at": "2026-11-05T08:00:00Z", "value": 400})
            await held.settle()
            await held.save()
            await execute(held, "CREATE TABLE kept AS SELECT * FROM fact_segment")
            await execute(held, "UPDATE fact_segment SET data = 'broken'")
        async with judging(*where) as held:
            held.may_set_aside = True
            for _ in range(3):
                await held.measure(late, {"indicator": BESIDE, "outage": OUTAGE})
            await held.settle()
            assert [row["target_key"] for row in await held.breaches()] == ["other"]
            assert await dead_letters.fetch_dead_letters(held.database) == []
            # The same row three times is one fact, and kept once.
            (aside,) = (await TargetQueries(held.database).quarantine(INTEGRATOR, EVERYTHING, {}))["items"]
            assert (aside["subject"], aside["reason"].partition(":")[0]) == (f"{PROVIDER}/{LATENCY}", "not_judged")
            await execute(
                held, "UPDATE fact_segment SET data = kept.data FROM kept WHERE kept.hour = fact_segment.hour"
            )
            discharge = QuarantineDecisions(IntakeFormat(), held.store, PARTITIONS)
            async with held.database.begin() as transaction:
                ward = SqlQuarantinedFacts(transaction)
                await discharge.release(ward, aside["quarantine_id"], INTEGRATOR, transaction.now)
            while await OutboxRelay(held.database, held.log).step():
                pass
        async with judging(*where) as held:
            await held.settle()
            await held.save()
            assert (await held.windows(fast()["target_id"]))["2026-11"]["total"] == 2


BREAK = "UPDATE agreement_terms SET document = jsonb_set(document, '{targets,0,aggregation}', '\"sum\"')"
MEND = "UPDATE agreement_terms SET document = jsonb_set(document, '{targets,0,aggregation}', '\"availability\"')"


async def turns(held: Monitor) -> list[tuple[str, str]]:
    """The published events about failed and recovered targets."""
    told = await held.published()
    return [(name, data["target_key"]) for name, data in told if name in ("target-unjudgeable", "target-judgeable")]


async def test_unreadable_stored_terms_stop_no_other_target_and_no_reader(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await registered(held)
            await held.hear(finalized(available(), other()))
            await held.settle()
            await execute(held, BREAK)
        async with judging(database, log, clock) as again:
            again.may_set_aside = True
            await again.measure({"indicator": OTHER, "outage": OUTAGE}, {"indicator": UP, "outage": OUTAGE})
            await again.settle()
            assert (await again.windows("other-target"))["2026-11"]["verdict"] == "breached"
            assert await turns(again) == [("target-unjudgeable", available()["key"])]
            (reason,) = (await listed(again)).values()
            assert "cannot be read" in reason
        async with judging(database, log, clock) as still:
            still.may_set_aside = True
            await still.settle()
            assert len(await turns(still)) == 1
            await execute(still, MEND)
        async with judging(database, log, clock) as mended:
            mended.may_set_aside = True
            await mended.settle()
            assert (await turns(mended))[1:] == [("target-judgeable", available()["key"])]
            assert await listed(mended) == {}
            assert (await mended.windows(available()["target_id"]))["2026-11"]["verdict"] == "breached"


async def test_a_target_that_fails_is_published_and_so_is_its_return(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await registered(held)
            await execute(held, BROKEN_FACT, subject=f"{PROVIDER}/{UP}")
            await held.hear(finalized(available()))
            await held.measure({"indicator": UP, "outage": OUTAGE})
            await held.settle()
            assert await turns(held) == [("target-unjudgeable", available()["key"])]
            await execute(held, "DELETE FROM fact WHERE key = 'broken'")
        async with judging(database, log, clock) as again:
            again.may_set_aside = True
            await again.settle()
            assert (await turns(again))[1:] == [("target-judgeable", available()["key"])]
