"""What can never be handled is set aside, alone and whole; what depends on it waits; both can be put back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import pytest
from sqlalchemy import text

from slm_chassis import dead_letters
from slm_chassis.database import Database, Transaction
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Record
from slm_chassis.outbox import OutboxRelay
from slm_chassis.subscriptions import Subscriptions
from slm_chassis.workers import Halt
from slm_events.agreement import AmendmentDrafted, PartyRegistered
from slm_events.envelope import Envelope
from tests.support.service import amendment, count, effects, in_batches, keep, party, records

broken: set[str] = set()
"""Names the handler cannot keep, until somebody repairs it."""


async def keep_unless_broken(transaction: Transaction, envelope: Envelope) -> None:
    # The effect first: a failure must take it back.
    await keep(transaction, envelope)
    event = envelope.data
    if (event.name if isinstance(event, PartyRegistered) else event.revision_hash) in broken:
        raise ValueError("broken")


@pytest.fixture(params=["one at a time", "in batches"])
async def subscriptions(
    database: Database, log: MemoryEventLog, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Subscriptions]:
    broken.clear()
    # A hundred records that are tried four times each would be waited for half a minute.
    monkeypatch.setattr("slm_chassis.subscriptions._RETRY_SECONDS", 0.0001)
    handlers = {PartyRegistered: keep_unless_broken, AmendmentDrafted: keep_unless_broken}
    batched = request.param == "in batches"
    given = in_batches(handlers, keep_unless_broken) if batched else handlers
    subscriptions = Subscriptions("slm-test", database, log, given)
    yield subscriptions
    await subscriptions.close()


async def relay(database: Database, log: MemoryEventLog) -> None:
    while await OutboxRelay(database, log).step():
        pass


async def send(database: Database, log: MemoryEventLog, events: Iterable[object]) -> None:
    async with database.begin() as transaction:
        for event in events:
            transaction.publish(event)
    await relay(database, log)


async def drain(database: Database, log: MemoryEventLog, subscriptions: Subscriptions) -> None:
    """Until nothing moves any more, records put back included."""
    while await subscriptions.step(0.0):
        await relay(database, log)


async def test_one_bad_record_is_set_aside_and_the_others_are_handled(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    broken.update({"7", "8", "19"})
    await send(database, log, [party("k", str(number)) for number in range(20)])
    await drain(database, log, subscriptions)
    assert await effects(database) == [str(number) for number in range(20) if str(number) not in broken]
    letters = await dead_letters.fetch_dead_letters(database)
    assert [(letter.state, letter.reason) for letter in letters] == [("failed", "ValueError: broken")] * 3
    assert all(letter.attempts > 3 for letter in letters)
    assert await count(database, "inbox") == 17


async def test_a_dead_letter_tells_the_others_and_keeps_the_original_bytes(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    broken.add("x")
    await send(database, log, [party("k", "x")])
    original = next(record for record in records(log, "slm.catalogue"))
    await drain(database, log, subscriptions)
    (told,) = records(log, "slm.dead-letters")
    (kept,) = await dead_letters.fetch_dead_letters(database)
    assert told.value == kept.value == original.value
    assert (kept.topic, kept.partition, kept.offset, kept.key) == original_place(original)
    assert told.headers["ce_id"] == original.headers["ce_id"]
    assert told.headers["slm_dead_letter_reason"] == "ValueError: broken"
    assert told.headers["slm_dead_letter_topic"] == "slm.catalogue"


def original_place(record: object) -> tuple[object, ...]:
    return tuple(getattr(record, name) for name in ("topic", "partition", "offset", "key"))


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b"\xff\x00", {}),
        (b"not json", {"ce_id": "1", "ce_source": "/x", "ce_type": "slm.agreement.party-registered.v1"}),
        (b"{}", {"ce_id": "1", "ce_source": "/x", "ce_type": "slm.agreement.party-registered.v1"}),
        (b"{}", {"ce_source": "/x", "ce_type": "slm.agreement.party-registered.v1"}),
    ],
)
async def test_a_record_that_is_no_event_is_set_aside_at_once(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions, value: bytes, headers: dict[str, str]
) -> None:
    await log.append("slm.catalogue", [Record("k", value, headers)])
    await send(database, log, [party("k", "good")])
    await drain(database, log, subscriptions)
    assert await effects(database) == ["good"]
    (letter,) = await dead_letters.fetch_dead_letters(database)
    assert (letter.value, letter.attempts) == (value, 1)


async def test_a_record_the_database_cannot_store_is_set_aside_too(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    nasty = {"ce_id": "i\0d", "ce_source": "/\ud800", "ce_type": "slm.agreement.party-registered.v1"}
    await log.append("slm.catalogue", [Record("k\0", b'{"party_id": "a", "key": "a", "name": "n"}', nasty)])
    await send(database, log, [party("k", "good")])
    await drain(database, log, subscriptions)
    assert await effects(database) == ["good"]
    assert [letter.key for letter in await dead_letters.fetch_dead_letters(database)] == ["k\ufffd"]


async def test_redrive_puts_a_record_back_under_its_own_id(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    broken.add("x")
    await send(database, log, [party("k", "x"), party("k", "y")])
    await drain(database, log, subscriptions)
    (letter,) = await dead_letters.fetch_dead_letters(database)
    broken.clear()
    await dead_letters.redrive_record(database, letter.dead_letter_id)
    assert [each.state for each in await dead_letters.fetch_dead_letters(database)] == ["redriven"]
    await relay(database, log)
    await drain(database, log, subscriptions)
    assert await effects(database) == ["y", "x"]
    assert await dead_letters.fetch_dead_letters(database) == []
    async with database.read() as connection:
        ids = (await connection.execute(text("SELECT event_id FROM effect"))).scalars().all()
    assert letter.headers["ce_id"] in ids


async def test_a_redriven_record_that_fails_again_is_still_the_same_dead_letter(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    broken.add("x")
    await send(database, log, [party("k", "x")])
    await drain(database, log, subscriptions)
    (before,) = await dead_letters.fetch_dead_letters(database)
    await dead_letters.redrive_record(database, before.dead_letter_id)
    await relay(database, log)
    await drain(database, log, subscriptions)
    (after,) = await dead_letters.fetch_dead_letters(database)
    assert (after.dead_letter_id, after.state) == (before.dead_letter_id, "failed")
    assert after.attempts > before.attempts


async def test_later_records_of_a_key_wait_for_its_dead_letter_in_order(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    broken.add("a2")
    await send(database, log, [amendment("a", f"a{number}") for number in range(1, 5)])
    await send(database, log, [amendment("b", "b1")])
    await drain(database, log, subscriptions)
    await send(database, log, [amendment("a", "a5")])
    await drain(database, log, subscriptions)
    assert sorted(await effects(database)) == ["a1", "b1"]
    letters = await dead_letters.fetch_dead_letters(database)
    assert [letter.state for letter in letters] == ["failed", "parked", "parked", "parked"]
    assert len(records(log, "slm.dead-letters")) == 1

    with pytest.raises(dead_letters.NotFirstOfKey, match=letters[0].dead_letter_id):
        await dead_letters.redrive_record(database, letters[1].dead_letter_id)
    broken.clear()
    await dead_letters.redrive_record(database, letters[0].dead_letter_id)
    # Comes while the others are under way, and has to wait its turn behind them.
    await send(database, log, [amendment("a", "a6")])
    await drain(database, log, subscriptions)
    assert [name for name in await effects(database) if name[0] == "a"] == ["a1", "a2", "a3", "a4", "a5", "a6"]
    assert await count(database, "dead_letter") == 0
    await send(database, log, [amendment("a", "a7")])
    await drain(database, log, subscriptions)
    assert (await effects(database))[-1] == "a7"


async def test_a_parked_record_that_is_bad_itself_holds_the_rest_back(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    broken.update({"a1", "a2"})
    await send(database, log, [amendment("a", f"a{number}") for number in range(1, 4)])
    await drain(database, log, subscriptions)
    broken.remove("a1")
    await dead_letters.redrive_record(database, (await dead_letters.fetch_dead_letters(database))[0].dead_letter_id)
    await relay(database, log)
    await drain(database, log, subscriptions)
    letters = await dead_letters.fetch_dead_letters(database)
    assert [letter.state for letter in letters] == ["failed", "parked"]
    assert await effects(database) == ["a1"]
    broken.clear()
    await dead_letters.redrive_record(database, letters[0].dead_letter_id)
    await relay(database, log)
    await drain(database, log, subscriptions)
    assert await effects(database) == ["a1", "a2", "a3"]


async def test_redriving_twice_has_one_effect(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    broken.add("a1")
    await send(database, log, [amendment("a", "a1"), amendment("a", "a2")])
    await drain(database, log, subscriptions)
    broken.clear()
    head = (await dead_letters.fetch_dead_letters(database))[0].dead_letter_id
    await dead_letters.redrive_record(database, head)
    await dead_letters.redrive_record(database, head)
    await relay(database, log)
    await drain(database, log, subscriptions)
    assert await effects(database) == ["a1", "a2"]
    assert await count(database, "dead_letter") == 0
    with pytest.raises(KeyError):
        await dead_letters.redrive_record(database, head)


async def test_what_is_put_back_for_one_consumer_concerns_no_other(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    other = Subscriptions("slm-other", database, log, {PartyRegistered: keep_unless_broken})
    await log.append("slm.catalogue", [Record("k", b"junk")])
    try:
        for each in (subscriptions, other):
            await drain(database, log, each)
        letters = await dead_letters.fetch_dead_letters(database)
        assert [letter.consumer for letter in letters] == ["slm-test", "slm-other"]
        await dead_letters.redrive_record(database, letters[0].dead_letter_id)
        await relay(database, log)
        for each in (subscriptions, other):
            await drain(database, log, each)
    finally:
        await other.close()
    assert [(letter.consumer, letter.attempts) for letter in await dead_letters.fetch_dead_letters(database)] == [
        ("slm-test", 2),
        ("slm-other", 1),
    ]


async def test_more_than_a_hundred_bad_records_in_a_row_stop_the_consumer(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    broken.add("bad")
    await send(database, log, [party("k", "bad") for _ in range(150)])
    with pytest.raises(Halt, match="100 records in a row"):
        await drain(database, log, subscriptions)
    assert await count(database, "dead_letter") == 100
    # Nor does it go on when it is started again.
    with pytest.raises(Halt):
        await drain(database, log, subscriptions)
    assert await count(database, "dead_letter") == 100


async def test_any_number_of_records_that_are_no_events_stops_nobody(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    await log.append("slm.catalogue", [Record("k", b"junk") for _ in range(150)])
    await send(database, log, [party("k", "good")])
    await drain(database, log, subscriptions)
    assert await effects(database) == ["good"]
    assert await count(database, "dead_letter") == 150


@pytest.mark.parametrize("key", ["k" * 100_000, "\0" * 5_000, "…" * 3_000])
async def test_a_key_too_long_for_an_index_stops_nobody(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions, key: str
) -> None:
    headers = {"ce_id": "1", "ce_source": "/x", "ce_type": "slm.agreement.amendment-drafted.v1"}
    await log.append("slm.agreements", [Record(key, b"[" * 100_000, headers), Record(key, b"{}", headers)], 0)
    await send(database, log, [party("k", "good")])
    await drain(database, log, subscriptions)
    assert await effects(database) == ["good"]
    first, second = await dead_letters.fetch_dead_letters(database)
    assert (first.state, second.state) == ("failed", "parked")
    await dead_letters.redrive_record(database, first.dead_letter_id)
    await relay(database, log)
    await drain(database, log, subscriptions)
    assert [letter.attempts for letter in await dead_letters.fetch_dead_letters(database)] == [2, 0]


async def test_the_listing_goes_on_where_it_ended(
    database: Database, log: MemoryEventLog, subscriptions: Subscriptions
) -> None:
    await log.append("slm.catalogue", [Record("k", str(number).encode()) for number in range(5)])
    await drain(database, log, subscriptions)
    first = await dead_letters.fetch_dead_letters(database, limit=3)
    rest = await dead_letters.fetch_dead_letters(database, after=first[-1].seq)
    assert [letter.value for letter in [*first, *rest]] == [b"0", b"1", b"2", b"3", b"4"]
