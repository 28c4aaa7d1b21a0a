"""Find anything: pages by their names, tickets by their numbers, everything else as the API ranks it."""

from __future__ import annotations

from slm_console.views.navigation import entries
from slm_console.views.reader import Reader
from slm_console.views.search import hits_of
from tests.unit.console.stub_api import StubClock

READER = Reader(StubClock().at)


def test_pages_and_tickets_come_before_what_the_api_found() -> None:
    found = [{"kind": "agreement", "id": "7", "title": "Ticketing", "subtitle": "Corner Shop", "agreement_id": "7"}]
    tickets = [{"source": "desk", "number": "INC-2"}, {"source": "desk", "number": "TICK-1", "priority": "P1"}]
    hits = hits_of(READER, "tick", found, tickets, entries(READER, ""))
    assert [(hit.kind, hit.name, hit.path) for hit in hits] == [
        ("Page", "Tickets", "/tickets"),
        ("Ticket", "TICK-1", "/tickets/desk/TICK-1"),
        ("Agreement", "Ticketing", "/agreements/7"),
        ("Ticket", "INC-2", "/tickets/desk/INC-2"),
    ]


def test_tickets_of_a_team_do_not_hide_what_is_called_so() -> None:
    found = [{"kind": "agreement", "id": "7", "title": "Mail", "subtitle": "Corner Shop", "agreement_id": "7"}]
    tickets = [{"source": "desk", "number": f"INC-{number}", "team": "Mail desk"} for number in range(20)]
    assert [hit.name for hit in hits_of(READER, "mail", found, tickets, [])][:2] == ["Mail", "INC-0"]


def test_a_person_without_a_page_is_left_out() -> None:
    person = {"kind": "person", "id": "7", "title": "Ada", "subtitle": "ada@example", "agreement_id": None}
    assert hits_of(READER, "ada", [person], [], []) == []
