"""The events that a snapshot of a ticket implies beyond known facts; a repeated snapshot implies none."""

from __future__ import annotations

from typing import Any

from slm_monitor.application.intake import ticket_snapshots
from slm_monitor.application.intake.ticket_snapshots import ListedOpenTicket
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.tickets import ticket_snapshot, ticket_target
from slm_monitor.domain.tickets.ticket_snapshot import TicketSnapshot
from tests.support.monitor import at


class Ticket:
    """A ticket known by its snapshots alone."""

    def __init__(self) -> None:
        self.facts: dict[str, Fact] = {}

    def show(self, updated_at: str, state: str | None = None, opened_at: str | None = None, **said: Any) -> list[str]:
        """The events that the snapshot implies."""
        ends: dict[str, int | None] = {
            name: None if said[name] is None else at(said[name])
            for name in ("resolved", "closed", "cancelled", "first_response")
            if name in said
        }
        attributes = {name: value for name, value in said.items() if name not in ends}
        snapshot = TicketSnapshot(at(updated_at), state, None if opened_at is None else at(opened_at), ends, attributes)
        events = ticket_events.sort_ticket_events(
            [ticket_target.convert_fact_to_ticket_event(fact) for fact in self.facts.values()]
        )
        told = ticket_snapshot.derive_events_from_snapshot(snapshot, self.facts, events)
        for each in told:
            body = {"event": each.event, "state": each.state, "sequence": each.sequence, "attributes": each.attributes}
            key = f"desk\x1f{each.id}"
            self.facts[key] = Fact("p/desk/1", key, each.at, body, each.revision)
        return [each.event for each in told]

    @property
    def life(self) -> list[tuple[str, int]]:
        events = ticket_events.sort_ticket_events(
            [ticket_target.convert_fact_to_ticket_event(fact) for fact in self.facts.values()]
        )
        return [(event.event, event.at) for event in events]


def test_the_first_snapshot_opens_the_ticket_as_of_its_opening() -> None:
    ticket = Ticket()
    told = ticket.show("2026-11-02T09:30", "active", "2026-11-02T09:00", priority="P1", team="network")
    assert told == ["opened", "state_changed"]
    assert ticket.life[0] == ("opened", at("2026-11-02T09:00"))


def test_the_same_snapshot_again_tells_of_nothing() -> None:
    ticket = Ticket()
    shown = {"state": "active", "opened_at": "2026-11-02T09:00", "priority": "P1", "first_response": "2026-11-02T09:10"}
    ticket.show("2026-11-02T09:30", **shown)
    assert ticket.show("2026-11-02T09:30", **shown) == []
    assert ticket.show("2026-11-02T10:30", **shown) == []


def test_each_change_is_the_event_that_it_is() -> None:
    ticket = Ticket()
    ticket.show("2026-11-02T09:00", "new", priority="P2", team="desk")
    assert ticket.show("2026-11-02T10:00", "new", priority="P1") == ["priority_changed"]
    assert ticket.show("2026-11-02T10:10", "new", team="network") == ["assigned"]
    assert ticket.show("2026-11-02T10:20", "waiting", site="Berlin") == ["state_changed"]
    assert ticket.show("2026-11-02T10:30", first_response="2026-11-02T10:25") == ["first_response"]
    assert ticket.show("2026-11-02T11:00", "done", resolved="2026-11-02T10:55") == ["resolved", "state_changed"]
    assert ticket.show("2026-11-02T12:00", "active", resolved=None) == ["reopened"]
    assert ticket.show("2026-11-02T13:00", "done", resolved="2026-11-02T12:55") == ["resolved", "state_changed"]


def test_another_instant_of_what_a_snapshot_told_of_corrects_it() -> None:
    ticket = Ticket()
    ticket.show("2026-11-02T09:00", "new")
    ticket.show("2026-11-02T11:00", resolved="2026-11-02T10:55")
    assert ticket.show("2026-11-02T11:30", resolved="2026-11-02T10:50") == ["resolved"]
    assert [instant for name, instant in ticket.life if name == "resolved"] == [at("2026-11-02T10:50")]
    assert [fact.revision for fact in ticket.facts.values() if fact.body["event"] == "resolved"] == [1]


def test_a_snapshot_that_comes_late_is_compared_with_what_was_known_then() -> None:
    ticket = Ticket()
    ticket.show("2026-11-02T09:00", "new", priority="P1")
    ticket.show("2026-11-02T12:00", "active", priority="P1")
    assert ticket.show("2026-11-02T10:00", "waiting", priority="P1") == ["state_changed"]
    assert [name for name, _ in ticket.life] == ["opened", "state_changed", "state_changed"]
    assert ticket.show("2026-11-02T12:00", "active", priority="P1") == []


def test_an_edited_opening_date_is_told_as_one() -> None:
    ticket = Ticket()
    ticket.show("2026-11-02T09:30", "new", "2026-11-02T09:00")
    assert ticket.show("2026-11-02T10:00", "new", "2026-11-02T08:00") == ["state_changed"]
    assert ticket.show("2026-11-02T10:00", "new", "2026-11-02T08:00") == []


def test_a_tool_without_dates_of_ends_tells_of_them_by_its_states() -> None:
    ticket = Ticket()
    ticket.show("2026-11-02T09:00", "open")
    assert ticket.show("2026-11-02T10:00", "Resolved") == ["resolved"]


def test_a_reconciliation_names_what_is_missing_stale_and_open_only_to_us() -> None:
    ours = [
        {"number": "1", "state": "active", "last_at": 10, "ended_at": None},
        {"number": "9", "state": "active", "last_at": 10, "ended_at": None},
    ]
    known = {"1": ours[0], "2": {"number": "2", "state": "resolved", "last_at": 10, "ended_at": 10}}
    listed = [ListedOpenTicket("1", 10, "active"), ListedOpenTicket("2", 5), ListedOpenTicket("3")]
    told = ticket_snapshots.compare_open_tickets(listed, known, ours)
    assert (told["missing"], [each["number"] for each in told["wrongly_open"]]) == (["3"], ["9"])
    assert [(each["number"], each["causes"]) for each in told["stale"]] == [("2", ["we saw it end"])]
    moved = ticket_snapshots.compare_open_tickets([ListedOpenTicket("1", 11, "waiting")], known, [])["stale"][0][
        "causes"
    ]
    assert moved == ["it was updated after our last event", "its state is active to us"]
