"""The last uses of keys, and dead letters over HTTP: who sees them, and when a use is stored."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

from sqlalchemy import text

from slm_chassis import dead_letters
from slm_chassis.access import Principal
from slm_chassis.clock import ManualClock, ScaledClock, real_now
from slm_chassis.database import Database
from slm_chassis.key_uses import KEPT, MINUTE, KeyUses, KeyUseWriter
from slm_chassis.log.port import StoredRecord
from slm_events.instants import from_text
from tests.support.api import BOOTSTRAP_KEY
from tests.support.monitor import CUSTOMER, PROVIDER, at
from tests.support.monitor_service import CUSTOMER_KEY, NOW, PROVIDER_KEY, VIEWER_KEY, Service, problem, serving

PATH, LETTERS = "/api/v1/monitor-key-uses", "/api/v1/monitor-dead-letters"


async def uses(service: Service, key: str, wanted: str) -> list[dict[str, Any]]:
    """The uses that the holder of ``key`` sees, as soon as that of ``wanted`` is stored."""
    async with asyncio.timeout(10):
        while True:
            items: list[dict[str, Any]] = (await service.client(key).get(PATH)).json()["items"]
            if any(each["key_id"] == f"id of {wanted}" for each in items):
                return items
            await asyncio.sleep(0.1)


async def test_each_party_sees_when_its_own_keys_were_used(service: Service) -> None:
    await service.viewer.get("/api/v1/indicators")
    seen = await uses(service, PROVIDER_KEY, VIEWER_KEY)
    assert {each["party_id"] for each in seen} == {PROVIDER}
    at_work = next(each for each in seen if each["key_id"] == f"id of {VIEWER_KEY}")
    assert abs(from_text(at_work["last_used_at"]) - service.clock.now()) < 60_000_000
    assert {each["party_id"] for each in await uses(service, CUSTOMER_KEY, CUSTOMER_KEY)} == {CUSTOMER}
    assert {PROVIDER, CUSTOMER} <= {each["party_id"] for each in await uses(service, BOOTSTRAP_KEY, PROVIDER_KEY)}


async def test_when_a_colleague_was_at_work_is_nobody_elses_matter(service: Service) -> None:
    assert problem(await service.viewer.get(PATH))["status"] == 403


async def test_uses_come_in_pages(service: Service) -> None:
    await service.viewer.get("/api/v1/indicators")
    all_of_them = await uses(service, PROVIDER_KEY, VIEWER_KEY)
    page = (await service.provider.get(PATH, params={"limit": 1})).json()
    assert page["items"] == all_of_them[:1]
    rest = (await service.provider.get(PATH, params={"cursor": page["next"]})).json()
    assert [each["key_id"] for each in rest["items"]] == [each["key_id"] for each in all_of_them[1:]]
    assert problem(await service.provider.get(PATH, params={"principal_id": "x"}))["status"] == 422


async def stored(database: Database) -> dict[str, int]:
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT key_id, last_used_at FROM key_use"))
        return {row.key_id: row.last_used_at for row in rows}


async def test_a_busy_key_is_stored_once_a_minute_and_old_uses_go(database_url: str) -> None:
    clock = ManualClock(at(NOW))
    database = await Database.open(database_url, clock=clock, source="/slm/test/monitor")
    known = KeyUses()
    keeper = KeyUseWriter(database, known)
    busy = Principal("p", PROVIDER, "probe", frozenset(), key_id="busy")
    try:
        known.note(busy)
        await keeper.look()
        first = clock.now()
        assert await stored(database) == {"busy": first}
        clock.move_to(first + MINUTE - 1)
        known.note(busy)
        await keeper.look()
        assert await stored(database) == {"busy": first}
        clock.move_to(first + MINUTE)
        await keeper.look()
        assert await stored(database) == {"busy": first + MINUTE - 1}
        # A replica that is behind takes nothing back.
        late = await Database.open(database_url, clock=ManualClock(first), source="/slm/test/monitor")
        known.note(busy)
        await KeyUseWriter(late, known).look()
        await late.close()
        assert await stored(database) == {"busy": first + MINUTE - 1}
        clock.move_to(first + KEPT + 2 * MINUTE)
        await keeper.look()
        assert await stored(database) == {}
    finally:
        await database.close()


async def test_only_operators_see_dead_letters_and_have_them_handled_again(database_url: str) -> None:
    async with serving(database_url, clock=ScaledClock(at(NOW), real_now(), Fraction(1))) as service:
        record = StoredRecord("slm.agreements", 0, 7, "k", b"\xff", {"ce_type": "slm.x.y.v1"}, 0)
        async with service.app.database.begin() as transaction:
            await dead_letters.store_failed_record(transaction, "gone", record, reason="it is no event", attempts=3)
            await dead_letters.park_record(transaction, "gone", record, behind="the first")
        for client in (service.provider, service.customer, service.viewer):
            assert problem(await client.get(LETTERS))["status"] == 403
        page = (await service.operator.get(LETTERS, params={"limit": 1})).json()
        (first,) = page["items"]
        assert (first["reason"], first["attempts"], first["state"]) == ("it is no event", 3, "failed")
        assert (first["event_type"], first["topic"]) == ("slm.x.y.v1", "slm.agreements")
        (second,) = (await service.operator.get(LETTERS, params={"cursor": page["next"]})).json()["items"]
        redrive = f"{LETTERS}/{first['dead_letter_id']}/redrive"
        assert problem(await service.provider.post(redrive))["status"] == 403
        waits = await service.operator.post(f"{LETTERS}/{second['dead_letter_id']}/redrive")
        assert problem(waits)["type"] == "/problems/waits-behind"
        assert problem(await service.operator.post(f"{LETTERS}/nobody/redrive"))["status"] == 404
        assert (await service.operator.post(redrive)).status_code == 202
        states = [each["state"] for each in (await service.operator.get(LETTERS)).json()["items"]]
        assert states == ["redriven", "parked"]
