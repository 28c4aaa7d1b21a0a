"""The ledger in PostgreSQL: values as rows, and what somebody did written down with the rest of the transaction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import JSONB

from slm_chassis.access import Principal
from slm_chassis.database import Database, Transaction
from slm_chassis.sql_ledger import SqlLedgerOfTransaction, SqlRepository
from slm_chassis.tables import audit

NOTES = Table(
    "note_of_test",
    MetaData(),
    Column("note_id", Text, primary_key=True),
    Column("of", Text),
    Column("at", BigInteger),
    Column("lines", JSONB),
)


@dataclass(frozen=True)
class Line:
    text: str


@dataclass(frozen=True)
class Note:
    note_id: str
    of: str
    at: int | None
    lines: list[Line]


def loaded(lines: list[dict[str, Any]], **row: Any) -> Note:
    return Note(lines=[Line(**line) for line in lines], **row)


async def kept_in(transaction: Transaction) -> SqlRepository[Note]:
    await transaction.connection.run_sync(NOTES.create)
    return SqlRepository(transaction, NOTES, loaded, asdict)


async def test_a_value_is_kept_with_the_values_inside_it(database: Database) -> None:
    async with database.begin() as transaction:
        kept = await kept_in(transaction)
        first, second = Note("1", "a", None, [Line("x"), Line("y")]), Note("2", "a", 7, [])
        await kept.put(second, first)
        assert await kept.get("1") == first
        assert await kept.get("3") is None
        assert await kept.find(of="a") == [first, second]


async def test_a_field_asked_for_as_none_finds_documents_without_it(database: Database) -> None:
    async with database.begin() as transaction:
        kept = await kept_in(transaction)
        await kept.put(Note("1", "a", None, []), Note("2", "a", 7, []), Note("3", "b", None, []))
        assert [note.note_id for note in await kept.find(of="a", at=None)] == ["1"]


async def test_a_value_takes_the_place_of_the_one_with_its_id(database: Database) -> None:
    async with database.begin() as transaction:
        kept = await kept_in(transaction)
        await kept.put(Note("1", "a", 1, [Line("x")]))
        await kept.put(Note("1", "b", None, []))
        assert await kept.find() == [Note("1", "b", None, [])]


async def test_a_note_names_who_did_it_or_nobody_for_the_product(database: Database) -> None:
    async with database.begin() as transaction:
        ledger = SqlLedgerOfTransaction(transaction)
        await ledger.note(Principal("p", "party", "somebody", frozenset({"viewer"})), "thing.edit", "t", {"name": "n"})
        await ledger.note(None, "thing.end", "t")
        columns = (audit.c.action, audit.c.principal_id, audit.c.party_id, audit.c.subject, audit.c.detail)
        rows = (await transaction.execute(select(*columns).order_by(audit.c.seq))).all()
    assert rows == [("thing.edit", "p", "party", "t", {"name": "n"}), ("thing.end", None, None, "t", {})]
