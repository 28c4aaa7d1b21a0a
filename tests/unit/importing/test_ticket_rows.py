"""Rows of a ticket system's log become events: one for each row, and what the policies say."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from slm_events.instants import from_text
from slm_mappings import mapping, records, tickets
from slm_mappings.messages import ImportRefused, Oddities
from slm_mappings.records import Record
from slm_mappings.ticket_mapping import TicketMapping

EXPORTED = from_text("2026-12-01T00:00:00Z")
EXAMPLES = Path(__file__).resolve().parents[3] / "deploy" / "standalone" / "examples"

DOCUMENT: dict[str, Any] = {
    "kind": "tickets",
    "source": "desk",
    "records": {"format": "csv"},
    "times": {"format": "iso", "zone": "UTC"},
    "missing": ["?"],
    "columns": {"ticket": "number", "state": "state", "at": "at", "opened_at": "opened"},
    "priority": {"column": "priority", "values": {"1": "P1", "2": "P2"}},
    "states": {
        "New": {"state": "new"},
        "Waiting": {"state": "awaiting_customer", "pauses": True},
        "Done": {"state": "resolved", "event": "resolved"},
        "Closed": {"state": "closed", "event": "closed"},
    },
}


def mapped(**changes: Any) -> TicketMapping:
    read = mapping.parse_mapping(copy.deepcopy(DOCUMENT) | changes, "tickets")
    assert isinstance(read, TicketMapping)
    return read


def row(
    number: str, state: str, at: str, priority: str = "1", opened: str = "08:00", done: str = "?"
) -> dict[str, str]:
    day = "2026-11-23T"
    ended = done if done == "?" else day + done
    return {
        "number": number,
        "state": state,
        "at": day + at,
        "priority": priority,
        "opened": day + opened,
        "done": ended,
    }


def told(rows: list[dict[str, str]], by: TicketMapping, oddities: Oddities | None = None) -> list[dict[str, Any]]:
    numbered = [Record(line, values, True) for line, values in enumerate(rows, start=2)]
    return list(tickets.ticket_events(numbered, by, oddities or Oddities(), EXPORTED))


def short(item: dict[str, Any]) -> tuple[str, str, str]:
    return item["id"], item["event"], item["at"][11:16]


def test_rows_within_one_minute_stay_apart() -> None:
    items = told([row("A", "New", "09:00")] * 3, mapped())
    assert [short(item) for item in items] == [
        ("opened", "opened", "08:00"),
        ("1", "state_changed", "09:00"),
        ("2", "state_changed", "09:00"),
        ("3", "state_changed", "09:00"),
    ]
    assert [item["sequence"] for item in items] == [0, 1, 2, 3]


def test_the_first_state_holds_from_the_opening() -> None:
    rows = [row("A", "Waiting", "09:00"), row("A", "New", "10:00")]
    assert told(rows, mapped())[0]["state"] == "awaiting_customer"


@pytest.mark.parametrize("state", ["Waiting", "Done"])
def test_the_only_row_of_a_ticket_implies_nothing_about_earlier_time(state: str) -> None:
    oddities = Oddities()
    opened, only = told([row("A", state, "09:00")], mapped(), oddities)
    assert "state" not in opened
    assert only["state"] == {"Waiting": "awaiting_customer", "Done": "resolved"}[state]
    assert oddities.lines() == ["tickets with a single state in the file: pauses before it do not count: 1 (first: A)"]
    assert told([row("A", state, "08:00")], mapped())[0]["state"] == only["state"]


def test_one_resolution_stands_at_the_time_of_the_last_rows_column() -> None:
    by = mapped(policies={"resolution": {"column": "done", "of": "last_row"}})
    rows = [
        row("A", "New", "09:00", done="17:00"),
        row("A", "Done", "10:00", done="11:30"),
        row("A", "Closed", "12:00", done="11:30"),
    ]
    assert [short(item) for item in told(rows, by)][1:] == [
        ("1", "state_changed", "09:00"),
        ("2", "state_changed", "10:00"),
        ("3", "closed", "12:00"),
        ("resolved", "resolved", "11:30"),
    ]


def test_without_such_a_column_entering_and_leaving_a_state_resolves_and_reopens() -> None:
    rows = [
        row("A", state, f"{9 + n}:00".zfill(5))
        for n, state in enumerate(("New", "Done", "Done", "New", "Done", "Closed"))
    ]
    assert [item["event"] for item in told(rows, mapped())] == [
        "opened",
        "state_changed",
        "resolved",
        "state_changed",
        "reopened",
        "resolved",
        "closed",
    ]


def test_the_final_priority_holds_from_the_opening_where_the_policy_says_so() -> None:
    rows = [row("A", "New", "09:00", "2"), row("A", "New", "10:00", "1")]
    final = told(rows, mapped(policies={"priority": "final"}))
    assert [item.get("priority") for item in final] == ["P1", None, None]
    recorded = told(rows, mapped())
    assert [(item["event"], item.get("priority")) for item in recorded] == [
        ("opened", "P2"),
        ("state_changed", None),
        ("priority_changed", "P1"),
    ]


def test_a_row_dated_before_the_opening_counts_from_it_with_its_date() -> None:
    oddities = Oddities()
    rows = [row("A", "Waiting", "07:55"), row("A", "New", "09:00")]
    opened, early, _ = told(rows, mapped(), oddities)
    assert opened["at"] == early["at"] and early["attributes"] == {"dated_at": "2026-11-23T07:55:00.000000Z"}
    assert oddities.lines() == ["rows dated before the ticket was opened: 1 (first: A)"]
    kept = told(rows, mapped(policies={"before_opening": "keep"}))
    assert kept[1]["at"] == "2026-11-23T07:55:00.000000Z"


def test_an_excluded_ticket_is_imported_without_what_targets_apply_to() -> None:
    oddities = Oddities()
    by = mapped(exclude_where=[{"column": "done", "missing": True}])
    judged, excluded = (told([row("A", "New", "08:00", done=done)], by, oddities) for done in ("10:00", "?"))
    assert (judged[0]["type"], judged[0]["priority"]) == ("incident", "P1")
    assert "type" not in excluded[0] and all("priority" not in item for item in excluded)
    assert excluded[0]["attributes"] == {
        "not_judged": "done missing",
        "recorded_type": "incident",
        "recorded_priority": "P1",
    }
    assert len(judged) == len(excluded)
    assert oddities.lines() == ["tickets not judged: done missing: 1 (first: A)"]


def test_rows_out_of_order_are_told_and_lost_nowhere() -> None:
    oddities = Oddities()
    items = told([row("A", "New", "10:00"), row("A", "Waiting", "09:00")], mapped(), oddities)
    assert len(items) == 3 and list(oddities.counts) == ["tickets with rows out of order"]


@pytest.mark.parametrize(
    ("rows", "changes", "said"),
    [
        ([row("A", "On hold", "09:00")], {}, "line 2, state 'On hold': states does not list it"),
        ([row("A", "New", "9 o'clock")], {}, 'line 2, at "2026-11-23T9 o\'clock": it is not a time in'),
        ([row("A", "New", "09:00", "3")], {}, "line 2, priority '3': priority.values does not list it"),
        ([row("A", "New", "09:00") | {"at": "?"}], {}, "line 2, at '': every row of a history needs its own time"),
        ([row("?", "New", "09:00")], {}, "line 2, number '': every row must name its ticket"),
        ([row(each, "New", "09:00") for each in "ABA"], {}, "line 4, number 'A': its rows are not adjacent"),
        ([row("A", "New", "09:00")], {"service": {"column": "x"}}, "'x': the file has no such column; it has number"),
    ],
)
def test_a_row_that_the_mapping_does_not_cover_is_named(rows: Any, changes: Any, said: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        told(rows, mapped(**changes))
    assert said in str(refused.value)


def test_local_times_go_through_the_zone() -> None:
    by = mapped(times={"format": "iso", "zone": "Europe/Berlin"})
    assert told([row("A", "New", "09:00")], by)[0]["at"] == "2026-11-23T07:00:00.000000Z"


def test_the_shipped_example_reads_as_its_comments_say() -> None:
    by = mapping.read_mapping(EXAMPLES / "servicenow-incidents.yaml", "tickets")
    assert isinstance(by, TicketMapping)
    oddities = Oddities()
    items = list(
        tickets.ticket_events(
            records.read_records(EXAMPLES / "servicenow-incidents.csv", by.records), by, oddities, EXPORTED
        )
    )
    assert len({(item["ticket"], item["id"]) for item in items}) == len(items) == 28
    assert by.pauses == ["awaiting_customer", "awaiting_evidence", "awaiting_problem", "awaiting_vendor"]
    assert set(oddities.counts) == {
        "rows dated before the ticket was opened",
        "tickets not judged: resolved_at missing",
    }
    assert items[0]["state"] == "new"
