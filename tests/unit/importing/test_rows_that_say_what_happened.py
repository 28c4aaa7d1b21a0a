"""Rows that name their event, who holds the ticket, and attributes of the first and of following rows."""

from __future__ import annotations

from typing import Any

import pytest

from slm_events.instants import from_text
from slm_mappings import mapping, tickets
from slm_mappings.messages import ImportRefused, Oddities
from slm_mappings.records import Record
from slm_mappings.ticket_mapping import TicketMapping

EVENTS = {
    "Created": "opened",
    "Taken": "assigned",
    "Mail sent": "agent_replied",
    "Solved": "resolved",
}
DOCUMENT: dict[str, Any] = {
    "kind": "tickets",
    "source": "desk",
    "records": {"format": "csv"},
    "columns": {"ticket": "number", "at": "at"},
    "event": {"column": "what", "values": EVENTS, "others": "drop"},
    "team": {"column": "team", "others": "keep"},
    "assignee": {"column": "person", "others": "keep"},
    "attributes": {"site": "site", "vip": "vip"},
}
ROWS = [
    ("08:00", "Created", "", "", "Bonn", "no"),
    ("08:05", "Taken", "Desk", "anna", "Bonn", "no"),
    ("08:10", "Note", "Desk", "anna", "Bonn", "no"),
    ("08:20", "Mail sent", "Desk", "bert", "Bonn", "yes"),
    ("09:00", "Solved", "Desk", "bert", "Rome", ""),
]


def mapped(**changes: Any) -> TicketMapping:
    document = DOCUMENT | changes
    read = mapping.parse_mapping({name: value for name, value in document.items() if value is not None}, "tickets")
    assert isinstance(read, TicketMapping)
    return read


def converted(by: TicketMapping) -> tuple[list[dict[str, Any]], Oddities]:
    oddities = Oddities()
    records = [
        Record(
            line,
            {"number": "7", "at": f"2026-11-23T{at}:00Z", "what": what, "team": team, "person": person, "site": site,
             "vip": vip, "state": "Open"},
            True,
        )
        for line, (at, what, team, person, site, vip) in enumerate(ROWS, start=2)
    ]  # fmt: skip
    return list(tickets.ticket_events(records, by, oddities, from_text("2026-12-01T00:00:00Z"))), oddities


def short(items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(each["id"], each["event"], each["at"][11:16], each.get("attributes", {})) for each in items]


def test_each_row_is_the_event_that_it_names_and_assignments_are_taken_from_columns() -> None:
    items, oddities = converted(mapped())
    assert short(items) == [
        ("opened", "opened", "08:00", {"site": "Rome"}),
        ("2", "assigned", "08:05", {"team": "Desk", "assignee": "anna"}),
        ("4", "agent_replied", "08:20", {}),
        ("4/assigned", "assigned", "08:20", {"team": "Desk", "assignee": "bert"}),
        ("5", "resolved", "09:00", {}),
    ]
    assert oddities.lines() == ["rows left out: what names no event: 1 (first: line 4)"]


def test_a_state_beside_the_event_is_sent_with_it() -> None:
    by = mapped(columns={"ticket": "number", "at": "at", "state": "state"}, states={"Open": {"state": "open"}})
    items, _ = converted(by)
    assert [(each["event"], each.get("state")) for each in items] == [
        ("opened", "open"),
        ("assigned", "open"),
        ("state_changed", "open"),  # the note: its row has a state
        ("agent_replied", "open"),
        ("assigned", None),
        ("resolved", "open"),
    ]


def test_attributes_are_those_of_the_first_row_or_follow_each_row() -> None:
    items, _ = converted(mapped(policies={"attributes": "first_row"}, team=None, assignee=None))
    assert [attributes for *_, attributes in short(items)] == [{"site": "Bonn", "vip": "no"}, {}, {}, {}]
    items, _ = converted(mapped(policies={"attributes": "each_row"}, team=None, assignee=None))
    assert [attributes for *_, attributes in short(items)] == [
        {"site": "Bonn", "vip": "no"},
        {},
        {"vip": "yes"},
        {"site": "Rome", "vip": None},
    ]


def test_the_holder_of_a_list_is_known_from_the_moment_of_assignment() -> None:
    by = mapped(columns={"ticket": "number", "opened_at": "at"}, event=None, moments={"assigned": "at"})
    [opened, assigned] = converted(by)[0]
    assert (opened["event"], assigned["attributes"]) == ("opened", {"team": "Desk", "assignee": "bert"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"event": {"column": "what", "values": {"Solved": "solved"}}}, "event.values has solved; use opened"),
        ({"event": {"column": "what", "values": EVENTS, "others": "keep"}}, "event.others is refuse or drop"),
        ({"moments": {"resolved": "at"}}, "give resolved once"),
        ({"event": None}, "give columns.state, changes or event"),
        (
            {"changes": {"field": "f", "to": "t", "of": {"s": "state"}}, "states": {"Open": {"state": "open"}}},
            "give event, or changes",
        ),
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        mapped(**changes)


def test_an_event_that_is_not_listed_is_refused_by_name() -> None:
    with pytest.raises(ImportRefused, match=r"what 'Note': event\.values does not list it"):
        converted(mapped(event={"column": "what", "values": EVENTS}))
