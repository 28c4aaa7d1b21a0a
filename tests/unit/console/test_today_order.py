"""The order and the headings of Today are true: nothing in 29 days is of this week, nothing old hides what is new."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views.directory import Directory
from slm_console.views.reader import Reader
from slm_console.views.today.needs import need_row
from slm_console.views.today.rows import UrgentRow
from slm_console.views.today.urgency import rows_of
from slm_events.instants import from_text
from tests.unit.console import alder_answers as alder

READER = Reader(from_text("2026-11-26T09:42:00Z"))
DIRECTORY = Directory(alder.ALDER, alder.NAMES, {each["service_id"]: each for each in alder.SERVICES})
EMPTY: dict[str, Any] = {**alder.SUMMARY, "down": [], "breaches": [], "risks": [], "exclusions": [], "stale": []}


def rows(*causes: dict[str, Any], **summary: Any) -> list[UrgentRow]:
    return rows_of(READER, DIRECTORY, {**EMPTY, "tickets": [], **summary}, causes, ())


@pytest.mark.parametrize(
    ("deadline", "bucket"),
    [
        (None, "this_week"),
        ("2026-11-27T09:00:00Z", "today"),
        ("2026-12-03T09:00:00Z", "this_week"),
        ("2026-12-04T09:00:00Z", "later"),
        ("2026-12-25T09:42:00Z", "later"),
    ],
)
def test_an_act_stands_under_the_heading_of_its_deadline(deadline: str | None, bucket: str) -> None:
    assert need_row(READER, {**alder.NEED, "deadline": deadline}).bucket == bucket


def past(cause_id: str, start: str, breaches: int, responsible: str = alder.ALDER) -> dict[str, Any]:
    """A cause that is over and that nobody has acknowledged."""
    states = {**alder.CAUSE["breach_states"], "open": breaches}
    return {**alder.CAUSE, "cause_id": cause_id, "start_at": start, "end_at": "2026-11-26T09:00:00Z",
            "urgency": "unacknowledged", "breaches": breaches, "breach_states": states, "breach_ids": [cause_id],
            "responsible_party_ids": [responsible]}  # fmt: skip


def test_what_waits_for_the_reader_is_above_what_another_company_answers_and_the_newest_is_first() -> None:
    june = past("june", "2026-06-17T10:00:00Z", 4, alder.CLOUD)
    today = past("today", "2026-11-26T08:00:00Z", 4, alder.CLOUD)
    night = past("night", "2026-11-26T02:53:00Z", 1)
    found = [row.key for row in rows(june, today, past("evening", "2026-11-25T20:00:00Z", 2), night)]
    assert found == ["cause/night", "cause/evening", "cause/today", "cause/june"]


def test_what_lasts_is_above_what_is_over_and_the_widest_is_first() -> None:
    lasts = [
        {**alder.CAUSE, "cause_id": f"c{count}", "breaches": count, "urgency": "unacknowledged"} for count in (1, 3)
    ]
    found = [row.key for row in rows(past("night", "2026-11-26T02:53:00Z", 9), *lasts)]
    assert found == ["cause/c3", "cause/c1", "cause/night"]


@pytest.mark.parametrize(
    ("started", "mark"),
    [("2026-11-26T09:00:00Z", "on-track"), ("2026-11-26T02:00:00Z", "at-risk"), (None, "at-risk")],
)
def test_a_ticket_has_the_same_mark_on_today_and_in_the_queue(started: str | None, mark: str) -> None:
    ticket = {**alder.SUMMARY["tickets"][0], "state": "in_progress", "started_at": started,
              "deadline_at": "2026-11-26T12:00:00Z"}  # fmt: skip
    [row] = rows(tickets=[ticket])
    assert row.mark == mark
