"""Cursor pagination: ``?limit=&cursor=`` → ``{"items": […], "next": "…" | null}``."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, literal, true, tuple_

from slm_chassis.http.problems import invalid

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is asked for: at most ``limit`` items after the sort values ``after`` (None: from the start).

    A query fetches ``limit + 1`` rows, so that ``shape`` can tell whether there are more.
    """

    limit: int
    after: tuple[Any, ...] | None

    @property
    def fetch(self) -> int:
        """Rows to ask the database for."""
        return self.limit + 1

    def beyond(self, *columns: ColumnElement[Any], descending: bool = False) -> ColumnElement[bool]:
        """The WHERE clause of a query ordered by the columns. Raises 422 where the cursor is of another list."""
        if self.after is None:
            return true()
        if len(self.after) != len(columns):
            raise _wrong_cursor("")
        values = tuple_(*(literal(value, column.type) for value, column in zip(self.after, columns, strict=True)))
        return tuple_(*columns) < values if descending else tuple_(*columns) > values

    def shape(
        self, rows: Sequence[Item], key: Callable[[Item], Sequence[Any]], show: Callable[[Item], Any] = lambda row: row
    ) -> dict[str, Any]:
        """Up to ``limit + 1`` rows → the answer; ``key`` gives a row's sort values, ``show`` its JSON."""
        more = len(rows) > self.limit
        shown = rows[: self.limit]
        return {"items": [show(row) for row in shown], "next": cursor_of(key(shown[-1])) if more else None}


def cursor_of(values: Sequence[Any]) -> str:
    """Sort values of the last row seen → an opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(list(values), separators=(",", ":")).encode()).decode().rstrip("=")


def values_of(cursor: str) -> tuple[Any, ...]:
    """A cursor → sort values, strings and integers only. Raises 422 on what is no cursor."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise _wrong_cursor(cursor) from None
    if not isinstance(values, list) or not all(isinstance(value, str | int) or value is None for value in values):
        raise _wrong_cursor(cursor)
    return tuple(values)


def _wrong_cursor(cursor: str) -> Exception:
    return invalid("query.cursor", cursor, "use a cursor exactly as it came in `next`, or leave it out")


async def _page(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items a page")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> Page:
    return Page(limit, values_of(cursor) if cursor else None)


Paging = Annotated[Page, Depends(_page)]
"""A parameter of this type gives a route the two query parameters."""
