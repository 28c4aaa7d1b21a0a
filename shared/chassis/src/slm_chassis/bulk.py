"""Bulk writes: one statement that inserts or replaces hundreds of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, DateTime, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from slm_chassis.database import Transaction

_ARRAYS: tuple[tuple[type[Any], str], ...] = (
    (JSONB, "text[]"),
    (BigInteger, "bigint[]"),
    (Integer, "int[]"),
    (Boolean, "boolean[]"),
    (DateTime, "timestamptz[]"),
    (Text, "text[]"),
)
"""The PostgreSQL array type for each column type. BigInteger comes before Integer because it is a subclass of Integer.
"""


def to_json(value: Any) -> str | None:
    """Return the text of a value for a JSONB column; None stays None, which is SQL's NULL."""
    return None if value is None else msgspec.json.encode(value).decode()


def from_json(text: str) -> Any:
    """Return the value of a JSONB column's text."""
    return msgspec.json.decode(text)


async def upsert(
    transaction: Transaction, table: Table, rows: Sequence[Mapping[str, Any]], *, newer: tuple[str, str] | None = None
) -> None:
    """Insert rows, or replace those with the same primary key, in one statement and in the order of their keys.

    Every row has the same columns, and no two rows share a primary key. JSONB columns take text (see ``to_json``). If
    ``newer`` is None, a stored row is always replaced. Otherwise ``newer`` is (JSONB column, field): a stored row is
    kept if its field has a higher value than the new row's. If the field is missing in one of the two rows, the stored
    row is replaced.
    """
    if not rows:
        return
    key = tuple(column.name for column in table.primary_key)
    # The same order in all writers prevents deadlocks between them.
    ordered = sorted(rows, key=itemgetter(*key))
    names = tuple(ordered[0])
    driver = await transaction.driver()
    await driver.execute(_statement(table, names, newer), *([row[name] for row in ordered] for name in names))


def newest_rows(rows: Iterable[Mapping[str, Any]], table: Table, order: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Return one row for each primary key: the row with the highest rank or, if several have it, the last of them.

    ``order`` holds the rank of each row.
    """
    key = [column.name for column in table.primary_key]
    found: dict[tuple[Any, ...], tuple[Any, Mapping[str, Any]]] = {}
    for row, rank in zip(rows, order, strict=True):
        identity = tuple(row[name] for name in key)
        known = found.get(identity)
        if known is None or rank >= known[0]:
            found[identity] = (rank, row)
    return [row for _, row in found.values()]


@cache
def _statement(table: Table, names: tuple[str, ...], newer: tuple[str, str] | None) -> str:
    key = [column.name for column in table.primary_key]
    arrays = ", ".join(f"${number}::{_array(table, name)}" for number, name in enumerate(names, 1))
    given = ", ".join(_given(table, name) for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    others = [name for name in names if name not in key]
    action = "DO NOTHING"
    if others:
        action = "DO UPDATE SET " + ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    if newer is not None and others:
        column, field = newer
        action += f" WHERE coalesce(excluded.\"{column}\"->'{field}' >= kept.\"{column}\"->'{field}', true)"
    keys = ", ".join(f'"{name}"' for name in key)
    return (
        f'INSERT INTO "{table.name}" AS kept ({listed}) SELECT {given} FROM unnest({arrays}) AS row ({listed})'
        f" ON CONFLICT ({keys}) {action}"
    )


def _array(table: Table, name: str) -> str:
    kind = table.c[name].type
    return next(array for known, array in _ARRAYS if isinstance(kind, known))


def _given(table: Table, name: str) -> str:
    return f'row."{name}"::jsonb' if isinstance(table.c[name].type, JSONB) else f'row."{name}"'
