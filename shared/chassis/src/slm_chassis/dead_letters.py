"""Dead letters: records that a consumer could not handle, and the records of the same key that wait behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

from sqlalchemy import ARRAY, Row, Text, any_, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from slm_chassis.database import Database, Transaction
from slm_chassis.identity import new_id
from slm_chassis.log.port import Record, StoredRecord
from slm_chassis.tables import dead_letter as table
from slm_events.catalogue import DEAD_LETTERS
from slm_events.instants import UtcMicroseconds

_LONGEST_REASON = 2_000
_LONGEST_KEY = 600
_SHOWN_OF_KEY = 500
"""How many characters are kept of a key that is too long. With the key's digest appended they fit the index."""

REDRIVEN = "slm_dead_letter"
"""Header of a redriven record: the id of its dead letter."""

MEANT_FOR = "slm_dead_letter_for"
"""Header of a redriven record: the consumer that could not handle it. Other consumers have handled the record before
and skip it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that a consumer could not handle.

    ``state`` is one of these:

    - ``failed``: a consumer could not handle the record,
    - ``parked``: the record waits behind an earlier dead letter with the same key,
    - ``redriven``: the record was appended to its topic again and is not handled yet.
    """

    dead_letter_id: str
    seq: int
    """A number that rises in the order in which dead letters were stored."""
    consumer: str
    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]
    state: str
    reason: str
    attempts: int
    at: UtcMicroseconds


RELAY = "relay"
"""The outbox relay's name as the ``consumer`` of its dead letters: events that the log refused to accept."""
_BY_KEY = -1
"""Stored as the partition of a refused event whose partition follows from its key."""


class NotFirstOfKey(ValueError):
    """The dead letter waits behind an earlier one of the same key, which must be redriven first."""


async def fetch_dead_letters(database: Database, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
    """Return at most ``limit`` dead letters whose ``seq`` is above ``after``, in the order of ``seq``."""
    query = select(table).where(table.c.seq > after).order_by(table.c.seq).limit(limit)
    async with database.read() as connection:
        return [_shape(row) for row in await connection.execute(query)]


async def redrive_record(database: Database, dead_letter_id: str) -> None:
    """Append a dead letter's record to its topic again; the dead letter stays listed until the record is handled.

    The records parked behind it follow one by one. Raises KeyError for an unknown id, and NotFirstOfKey.
    """
    async with database.begin() as transaction:
        found = await transaction.execute(
            select(table).where(table.c.dead_letter_id == dead_letter_id).with_for_update()
        )
        row = found.one_or_none()
        if row is None:
            raise KeyError(f"there is no dead letter {dead_letter_id}")
        letter = _shape(row)
        if letter.state == "parked":
            raise NotFirstOfKey(f"{dead_letter_id} waits: {letter.reason}; redrive that one, the others follow")
        await _put_back(transaction, letter)


def must_handle(consumer: str, headers: Mapping[str, str]) -> bool:
    """Whether a consumer must handle a record with these headers. False if it was redriven for another consumer."""
    return headers.get(MEANT_FOR, consumer) == consumer


async def store_failed_record(
    transaction: Transaction, consumer: str, record: StoredRecord, *, reason: str, attempts: int
) -> None:
    """Store a failed dead letter: a record that a consumer could not handle. Publish it to the dead letters' topic,
    too.

    ``transaction`` is the one that moves the consumer's position past the record.
    """
    reason = _storable(reason)[:_LONGEST_REASON]
    await _keep(transaction, consumer, record, state="failed", reason=reason, attempts=attempts)
    own_headers = {
        "slm_dead_letter_consumer": consumer,
        "slm_dead_letter_topic": record.topic,
        "slm_dead_letter_partition": str(record.partition),
        "slm_dead_letter_offset": str(record.offset),
        "slm_dead_letter_reason": reason,
        "slm_dead_letter_attempts": str(attempts),
    }
    headers = _storable_headers(record.headers)
    transaction.append(DEAD_LETTERS.name, Record(storable_key(record.key), record.value, {**headers, **own_headers}))


async def store_refused_event(
    connection: AsyncConnection, topic: str, partition: int | None, record: Record, reason: str, *, at: UtcMicroseconds
) -> None:
    """Store a dead letter of the outbox relay: an event that the log will never accept.

    ``connection`` is in the transaction that deletes the event from the outbox. If ``partition`` is None, the
    record's key decides on the partition. ``at`` is in microseconds UTC.
    """
    row = {
        "dead_letter_id": new_id(),
        "consumer": RELAY,
        "topic": topic,
        "partition": _BY_KEY if partition is None else partition,
        "offset": 0,
        "key": storable_key(record.key),
        "value": record.value,
        "headers": _storable_headers(record.headers),
        "attempts": 1,
        "state": "failed",
        "reason": _storable(reason)[:_LONGEST_REASON],
        "at": at,
    }
    await connection.execute(insert(table).values(row))


async def park_record(transaction: Transaction, consumer: str, record: StoredRecord, *, behind: str) -> None:
    """Store a record that must wait, because an earlier record with the same key is a dead letter (its id is
    ``behind``).
    """
    await _keep(transaction, consumer, record, state="parked", reason=f"parked behind {behind}", attempts=0)


async def first_dead_letters(
    transaction: Transaction, consumer: str, topic: str, keys: Collection[str]
) -> dict[str, str]:
    """Return key → id of the key's first dead letter, for the keys that have one.

    A later record of such a key must not be handled before the first dead letter.
    """
    rows = await transaction.execute(
        select(table.c.key, table.c.dead_letter_id)
        .ext(distinct_on(table.c.key))
        .where(table.c.consumer == consumer, table.c.topic == topic)
        .where(table.c.key == any_(bindparam("keys", list(keys), ARRAY(Text))))
        .order_by(table.c.key, table.c.seq)
    )
    return {row.key: row.dead_letter_id for row in rows}


async def resolve_dead_letter(transaction: Transaction, consumer: str, dead_letter_id: str) -> str | None:
    """Delete the dead letter of a redriven record that was handled, and redrive the first record parked behind it.

    Returns the id of the next dead letter of the same key; None if there is none, or if this one was deleted before.
    """
    gone = await transaction.execute(
        delete(table)
        .where(table.c.dead_letter_id == dead_letter_id, table.c.consumer == consumer)
        .returning(table.c.topic, table.c.key)
    )
    row = gone.one_or_none()
    if row is None:
        return None
    rest = await transaction.execute(
        select(table)
        .where(table.c.consumer == consumer, table.c.topic == row.topic, table.c.key == row.key)
        .order_by(table.c.seq)
        .limit(1)
        .with_for_update()
    )
    follower = rest.one_or_none()
    if follower is None:
        return None
    letter = _shape(follower)
    if letter.state == "parked":
        await _put_back(transaction, letter)
    return letter.dead_letter_id


async def _put_back(transaction: Transaction, letter: DeadLetter) -> None:
    if letter.consumer == RELAY:
        # No consumer has seen it, so it is for all of them. If the log refuses it again, it comes back.
        await transaction.execute(delete(table).where(table.c.dead_letter_id == letter.dead_letter_id))
        record = Record(letter.key, letter.value, letter.headers)
        transaction.append(letter.topic, record, None if letter.partition == _BY_KEY else letter.partition)
        return
    await transaction.execute(
        update(table).where(table.c.dead_letter_id == letter.dead_letter_id).values(state="redriven")
    )
    marks = {REDRIVEN: letter.dead_letter_id, MEANT_FOR: letter.consumer}
    record = Record(letter.key, letter.value, {**letter.headers, **marks})
    transaction.append(letter.topic, record, letter.partition)


async def _keep(
    transaction: Transaction, consumer: str, record: StoredRecord, *, state: str, reason: str, attempts: int
) -> None:
    headers = _storable_headers(record.headers)
    verdict = {"state": state, "reason": reason, "at": transaction.now}
    known = headers.pop(REDRIVEN, None)
    headers.pop(MEANT_FOR, None)
    if known is not None:
        # A redriven record keeps its dead letter, and so its place before the records parked behind it.
        again = await transaction.execute(
            update(table)
            .where(table.c.dead_letter_id == known, table.c.consumer == consumer)
            .values(attempts=table.c.attempts + attempts, **verdict)
        )
        if again.rowcount:
            return
    row = {
        "dead_letter_id": new_id(),
        "consumer": consumer,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": storable_key(record.key),
        "value": record.value,
        "headers": headers,
        "attempts": attempts,
        **verdict,
    }
    await transaction.execute(insert(table).values(row))


def storable_key(key: str) -> str:
    """Return a record's key as a dead letter stores it: valid text, short enough for the index, and unique for each
    key.
    """
    key = _storable(key)
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:_SHOWN_OF_KEY]}…{hashlib.sha256(key.encode()).hexdigest()}"


def _storable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {_storable(name): _storable(value) for name, value in headers.items()}


def _storable(words: str) -> str:
    """Replace every character that PostgreSQL cannot store, and return the text.

    A dead letter that cannot be stored would stop its consumer for ever.
    """
    return words.replace("\0", "\ufffd").encode(errors="replace").decode()


def _shape(row: Row[tuple[object, ...]]) -> DeadLetter:
    return DeadLetter(**{field.name: getattr(row, field.name) for field in fields(DeadLetter)})
