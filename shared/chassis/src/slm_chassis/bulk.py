"""Rows by the hundred: one statement that inserts or replaces them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
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
"""The array that carries a column's values. BigInteger stands before Integer, which it is a kind of."""


def to_json(value: Any) -> str | None:
    """A value of a JSONB column as its text; None stays None, SQL's null."""
    return None if value is None else msgspec.json.encode(value).decode()


def from_json(text: str) -> Any:
    """The value that a JSONB column's text stands for."""
    return msgspec.json.decode(text)


async def upsert(
    transaction: Transaction, table: Table, rows: Sequence[Mapping[str, Any]], *, newer: tuple[str, str] | None = None
) -> None:
    """Insert rows or replace those of the same primary key, in one statement and in the order of their keys.

    Every row has the same columns. ``newer`` is (JSONB column, field): a row is replaced only by one whose field is
    at least as high, or where the column is null. JSONB columns take text, see ``to_json``. No two rows may have one
    primary key.
    """
    if not rows:
        return
    key = tuple(column.name for column in table.primary_key)
    # The order keeps two writers from waiting for each other crosswise.
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in key))
    names = tuple(ordered[0])
    driver = await transaction.driver()
    await driver.execute(_statement(table, names, newer), *([row[name] for row in ordered] for name in names))


def newest(rows: Iterable[Mapping[str, Any]], table: Table, order: Sequence[Any]) -> list[Mapping[str, Any]]:
    """One row for each primary key: the one of the highest ``order``, of equals the last."""
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
