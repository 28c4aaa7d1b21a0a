"""A transaction carries state and events together, or neither."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from slm_chassis import tracing
from slm_chassis.clock import ManualClock
from slm_chassis.database import Database
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.port import Record
from slm_events.envelope import from_record
from tests.support.service import count, party


async def test_state_and_events_commit_together(database: Database) -> None:
    async with database.begin() as transaction:
        await transaction.execute(text("INSERT INTO effect (name) VALUES ('kept')"))
        transaction.publish(party("a", "Acme"))
    assert (await count(database, "effect"), await count(database, "outbox")) == (1, 1)


async def test_an_exception_leaves_neither_state_nor_events(database: Database) -> None:
    with pytest.raises(RuntimeError, match="changed my mind"):
        async with database.begin() as transaction:
            await transaction.execute(text("INSERT INTO effect (name) VALUES ('lost')"))
            transaction.publish(party("a"))
            raise RuntimeError("changed my mind")
    assert (await count(database, "effect"), await count(database, "outbox")) == (0, 0)


async def test_the_envelope_is_added_on_the_way_out(database_url: str, database: Database) -> None:
    other = await Database.open(database_url, clock=ManualClock(1_000_000), source="/slm/test/x", new_id=lambda: "id-1")
    correlation = tracing.correlation_id.set("request-1")
    try:
        async with other.begin() as transaction:
            transaction.publish(party("a", "Ä"), at=500_000)
    finally:
        tracing.correlation_id.reset(correlation)
    async with other.read() as connection:
        row = (await connection.execute(text("SELECT topic, key, value, headers FROM outbox"))).one()
    await other.close()
    envelope = from_record(row.value, row.headers)
    assert (row.topic, row.key) == ("slm.catalogue", "a")
    assert (envelope.id, envelope.source, envelope.subject) == ("id-1", "/slm/test/x", "a")
    assert (envelope.time, envelope.recorded_at) == ("1970-01-01T00:00:00.500000Z", "1970-01-01T00:00:01.000000Z")
    assert (envelope.correlation_id, envelope.causation_id) == ("request-1", None)
    assert envelope.data == party("a", "Ä")


async def test_an_event_nothing_caused_begins_a_correlation_of_its_own(database: Database) -> None:
    async with database.begin() as transaction:
        transaction.publish(party("a"), event_id="first")
    async with database.read() as connection:
        headers = (await connection.execute(text("SELECT headers FROM outbox"))).scalar_one()
    assert headers["ce_correlationid"] == "first"


async def test_rows_are_numbered_in_the_order_of_publishing(database: Database) -> None:
    async with database.begin() as transaction:
        for number in range(500):
            transaction.append("slm.tickets", Record(str(number), b"{}"), partition=number % 2)
    async with database.read() as connection:
        keys = (await connection.execute(text("SELECT key FROM outbox ORDER BY seq"))).scalars().all()
    assert keys == [str(number) for number in range(500)]


async def test_the_driver_works_inside_the_transaction(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.begin() as transaction:
            driver = await transaction.driver()
            await driver.copy_records_to_table("effect", records=[("a",), ("b",)], columns=["name"])
            raise RuntimeError
    assert await count(database, "effect") == 0


async def test_commits_call_back_only_where_they_left_something_to_send(database: Database) -> None:
    calls: list[str] = []
    database.on_commit(lambda: calls.append("rung"))
    async with database.begin() as transaction:
        await transaction.execute(text("INSERT INTO effect (name) VALUES ('silent')"))
    assert calls == []
    async with database.begin() as transaction:
        transaction.publish(party("a"))
    assert calls == ["rung"]


async def test_reads_leave_nothing_behind(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(text("INSERT INTO effect (name) VALUES ('x')"))
    assert await count(database, "effect") == 0


async def test_a_read_only_server_is_an_infrastructure_fault_and_drops_pooled_connections(
    database: Database,
) -> None:
    async def backend() -> int:
        async with database.read() as connection:
            return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    before = await backend()
    with pytest.raises(Exception) as caught:
        async with database.begin() as transaction:
            await transaction.execute(text("SET TRANSACTION READ ONLY"))
            driver = await transaction.driver()
            await driver.execute("INSERT INTO effect (name) VALUES ('x')")
    assert is_infrastructure_fault(caught.value)
    assert await backend() != before


async def test_a_connection_the_server_ended_is_replaced_unnoticed(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(text("SELECT 1"))
    async with database.read() as connection, database.read() as other:
        pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(Exception) as caught:
            await connection.execute(text("SELECT pg_sleep(5)"))
    assert is_infrastructure_fault(caught.value)
    assert await count(database, "effect") == 0


async def test_a_violated_constraint_is_no_infrastructure_fault(database: Database) -> None:
    with pytest.raises(Exception) as caught:
        async with database.begin() as transaction:
            await transaction.execute(text("INSERT INTO outbox_relay (id) VALUES (1)"))
    assert not is_infrastructure_fault(caught.value)


async def test_headers_keep_every_character(database: Database) -> None:
    headers = {"name": 'quote " backslash \\ ä 中'}
    async with database.begin() as transaction:
        transaction.append("slm.tickets", Record("k", b"\x00\xff", headers))
    async with database.read() as connection:
        row = (await connection.execute(text("SELECT value, headers::text AS headers FROM outbox"))).one()
    assert (row.value, json.loads(row.headers)) == (b"\x00\xff", headers)


async def test_an_error_does_not_tell_the_values_it_was_about(database: Database) -> None:
    with pytest.raises(DBAPIError) as error:
        async with database.begin() as transaction:
            await transaction.execute(text("SELECT CAST(:name AS text) FROM nowhere"), {"name": "Ada Byron"})
    assert "Ada Byron" not in str(error.value)
