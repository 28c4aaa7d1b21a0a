"""Cursor pagination: ``?limit=&cursor=`` in, ``{"items": […], "next": "…" | null}`` out."""

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
    """The part of a list that a request asks for: at most ``limit`` items, from the start or after the item with the
    sort values ``after``.

    A query must fetch ``fetch`` rows, one more than ``limit``, so that ``shape`` knows whether there are more.
    """

    limit: int
    after: tuple[Any, ...] | None

    @property
    def fetch(self) -> int:
        """The number of rows to fetch: one more than ``limit``."""
        return self.limit + 1

    def beyond(self, *columns: ColumnElement[Any], descending: bool = False) -> ColumnElement[bool]:
        """Return the WHERE clause that selects the rows after the cursor, for a query ordered by the columns.

        Raises 422 if the cursor belongs to another list.
        """
        if self.after is None:
            return true()
        self.values(*(column.type.python_type for column in columns))
        values = tuple_(*(literal(value, column.type) for value, column in zip(self.after, columns, strict=True)))
        return tuple_(*columns) < values if descending else tuple_(*columns) > values

    def values(self, *kinds: type) -> tuple[Any, ...] | None:
        """Return the cursor's sort values, for a query that compares them itself; None for the first page.

        Raises 422 if the cursor belongs to another list: it needs one value for each of ``kinds``. For the kinds
        ``int`` and ``str`` the value must have this type or be None; a value of another kind is not checked.
        """
        if self.after is None:
            return None
        fits = len(self.after) == len(kinds) and all(
            value is None or kind not in (int, str) or type(value) is kind
            for value, kind in zip(self.after, kinds, strict=True)
        )
        if not fits:
            raise _wrong_cursor("")
        return self.after

    def within(self, items: Sequence[Item], key: Callable[[Item], Sequence[Any]]) -> Sequence[Item]:
        """Return the items of this page, taken from a list in memory.

        If more items follow, the first of them is returned, too, so that ``shape`` knows that there is a next page.

        Raises 422 if the list has no item with the cursor's sort values.
        """
        if self.after is None:
            return items[: self.fetch]
        place = next((n for n, item in enumerate(items) if tuple(key(item)) == self.after), None)
        if place is None:
            raise _wrong_cursor("")
        return items[place + 1 : place + 1 + self.fetch]

    def shape(
        self, rows: Sequence[Item], key: Callable[[Item], Sequence[Any]], show: Callable[[Item], Any] = lambda row: row
    ) -> dict[str, Any]:
        """Return the JSON of the page from up to ``limit + 1`` rows; ``key`` gives a row's sort values, ``show`` its
        JSON.
        """
        more = len(rows) > self.limit
        shown = rows[: self.limit]
        return {"items": [show(row) for row in shown], "next": cursor_of(key(shown[-1])) if more else None}


def cursor_of(values: Sequence[Any]) -> str:
    """Return an opaque cursor that holds the sort values of a page's last row."""
    return base64.urlsafe_b64encode(json.dumps(list(values), separators=(",", ":")).encode()).decode().rstrip("=")


def sort_values_of(cursor: str) -> tuple[Any, ...]:
    """Return the sort values that a cursor holds, each text, an integer or None; raises 422 for an invalid cursor."""
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
    return Page(limit, sort_values_of(cursor) if cursor else None)


Paging = Annotated[Page, Depends(_page)]
"""Type of a route's parameter: the request may have the query parameters ``limit`` and ``cursor``."""
