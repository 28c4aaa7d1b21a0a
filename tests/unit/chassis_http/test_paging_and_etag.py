"""Lists in pages by cursor, and edits that name the version they were made on."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, Text, select
from sqlalchemy.dialects.postgresql.base import PGDialect

from slm_chassis.http import etag, paging
from slm_chassis.http.problems import Problem


def test_following_the_cursor_visits_every_row_once() -> None:
    rows = [(at, name) for at in range(4) for name in "ab"]
    seen: list[tuple[int, str]] = []
    cursor: str | None = None
    while True:
        page = paging.Page(3, paging.sort_values_of(cursor) if cursor else None)
        left = [row for row in rows if page.after is None or row > page.after][: page.fetch]
        shaped = page.shape(left, key=lambda row: row)
        seen.extend(shaped["items"])
        cursor = shaped["next"]
        if cursor is None:
            break
    assert seen == rows


@pytest.mark.parametrize("cursor", ["!", "eyJhIjoxfQ", "WzEuNV0", "é", "W1tdXQ", "A" * 5_001])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Problem, match="use a cursor exactly") as refused:
        paging.sort_values_of(cursor)
    assert refused.value.status == 422


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Problem):
        paging.Page(3, (1, 2)).beyond(Column("a", Integer))


def test_rows_beyond_a_cursor_are_compared_as_a_whole() -> None:
    at, name = Column("at", Integer), Column("name", Text)
    clause = paging.Page(3, (1, "a")).beyond(at, name, descending=True)
    text = str(select(at).where(clause).compile(dialect=PGDialect()))  # type: ignore[no-untyped-call]
    assert "(at, name) <" in text


def test_a_list_in_memory_is_paged_in_its_own_order() -> None:
    names = ["sla", "ola", "uc"]
    seen: list[str] = []
    cursor: str | None = None
    for _ in names:
        page = paging.Page(1, paging.sort_values_of(cursor) if cursor else None)
        shaped = page.shape(page.within(names, lambda name: [name]), lambda name: [name])
        seen += shaped["items"]
        cursor = shaped["next"]
    assert (seen, cursor) == (names, None)


def test_a_cursor_that_names_nothing_in_a_list_in_memory_is_refused() -> None:
    with pytest.raises(Problem, match="use a cursor exactly"):
        paging.Page(1, ("gone",)).within(["sla"], lambda name: [name])


def test_an_edit_must_name_the_version_it_was_made_on() -> None:
    etag.check_if_match('"7"', 7)
    etag.check_if_match('"6", "7"', 7)
    etag.check_if_match("*", 7)
    for stale in ('"6"', 'W/"7"', "7"):
        with pytest.raises(Problem) as refused:
            etag.check_if_match(stale, 7)
        assert refused.value.status == 412
