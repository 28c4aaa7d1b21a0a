"""Tickets: what they are about, how much time is left, and why a clock runs or stands still."""

from __future__ import annotations

from typing import Any

from slm_console.views.directory import directory_of
from slm_console.views.reader import Reader
from slm_console.views.ticket_pages import TicketPage, ticket_page
from slm_console.views.tickets import queue_of
from tests.unit.console import alder_answers as alder
from tests.unit.console.stub_api import StubApi, StubClock, browser_of, listed

READER = Reader(StubClock().at)
DIRECTORY = directory_of(
    alder.answers()["/api/v1/me"], alder.answers()["/api/v1/parties"]["items"], list(alder.SERVICES)
)
CLOCK: dict[str, Any] = {
    "target_id": "t-p1", "target_key": "p1", "target_title": "P1 incidents are resolved within 4 hours", "ordinal": 0,
    "agreement_id": "a-shop", "version": 1, "clock": "resolution", "state": "running", "within": {"calendar": "PT4H"},
    "started_at": "2026-11-26T06:23:00Z", "deadline_at": "2026-11-26T10:23:00Z", "stopped_at": None,
    "breached_at": None, "changed_at": "2026-11-26T09:00:00Z", "time_left_seconds": 2_460, "held": [],
}  # fmt: skip
TICKET: dict[str, Any] = {
    "source": "desk", "number": "INC-20417", "owner_party_id": alder.ALDER, "type": "incident", "priority": "P1",
    "state": "awaiting_customer", "held_by": "Application desk", "opened_at": "2026-11-26T06:23:00Z", "ended_at": None,
    "clocks": [CLOCK], "events": [],
}  # fmt: skip
TARGETS = {"t-p1": {"service_id": "checkout", "provider_party_id": alder.ALDER, "customer_party_id": alder.SHOP}}


def interval(kind: str, cause: str, begin: str = "2026-11-26T09:00:00Z") -> dict[str, Any]:
    return {"from": begin, "to": "2026-11-26T09:42:00Z", "kind": kind, "cause": cause, "event_id": None}


def page_of(*intervals: dict[str, Any], events: tuple[Any, ...] = (), **changes: Any) -> TicketPage:
    explained = {("t-p1", 0): {"intervals": intervals}} if intervals else {}
    ticket = {**TICKET, "clocks": [{**CLOCK, **changes}], "events": events}
    return ticket_page(READER, DIRECTORY, ticket, explained, TARGETS)


def why(*intervals: dict[str, Any], **changes: Any) -> str:
    [bar] = page_of(*intervals, **changes).bars
    return bar.why


def test_a_clock_says_why_it_stands_or_runs_and_since_when() -> None:
    opened = interval("open", "opened", "2026-11-26T06:23:00Z")
    waiting = interval("paused", "state_changed to awaiting_customer")
    assert why(opened, waiting, state="paused") == "Paused since 09:00: state became “awaiting customer”"
    assert why(opened) == "Runs since 06:23: opened"
    assert why(opened, interval("open", "customer_replied")) == "Runs since 09:00: the customer wrote"
    assert why(opened, interval("closed", "weekly")) == "Stands still since 09:00: outside the service hours"
    assert why(interval("open", "service hours open")) == "Runs since 09:00: the service hours began"


def test_a_clock_that_has_stopped_says_by_which_event() -> None:
    stop = "2026-11-26T09:30:00Z"
    resolved = {"event": "resolved", "at": stop, "state": None, "attributes": {}}
    assert why(events=(resolved,), stopped_at=stop) == "Stopped 09:30: Resolved"
    assert why(stopped_at=stop) == "Stopped 09:30", "a supporting party does not read the events"


def test_without_an_explanation_a_pause_still_has_its_beginning() -> None:
    assert why(state="paused") == "Paused since 09:00"
    assert why() == ""


def test_each_clock_of_one_target_has_its_own_explanation() -> None:
    second = {**CLOCK, "ordinal": 1, "deadline_at": "2026-11-26T11:00:00Z"}
    explained = {
        ("t-p1", 0): {"intervals": [interval("open", "opened")]},
        ("t-p1", 1): {"intervals": [interval("open", "reopened")]},
    }
    page = ticket_page(READER, DIRECTORY, {**TICKET, "clocks": [CLOCK, second]}, explained, TARGETS)
    assert [bar.why.partition(": ")[2] for bar in page.bars] == ["opened", "opened again"]


def test_a_ticket_says_whose_it_is_and_about_which_service() -> None:
    page = page_of()
    assert page.facts[:2] == [("Customer", "Corner Shop Group"), ("Service", "Checkout")]
    assert page.bars[0].about == "Checkout, for Corner Shop Group"
    bought = {"t-p1": {**TARGETS["t-p1"], "provider_party_id": alder.CLOUD, "customer_party_id": alder.ALDER}}
    assert ticket_page(READER, DIRECTORY, TICKET, {}, bought).bars[0].about == "Checkout, by Greyline Cloud"
    both = {**TARGETS, "t-uc": {**bought["t-p1"], "service_id": "cloud"}}
    assert ticket_page(READER, DIRECTORY, TICKET, {}, both).facts[:2] == page.facts[:2], "not the own company"
    assert ticket_page(READER, DIRECTORY, TICKET, {}, {}).facts[0] == ("Priority", "P1")


def test_time_left_says_if_it_is_service_time() -> None:
    assert page_of().bars[0].left == "41 min left"
    assert page_of(within={"service_time": "PT4H"}).bars[0].left == "41 min of service time left"


def test_the_queue_says_service_and_customer_and_a_paused_clock_keeps_its_time() -> None:
    common = {"source": "desk", "number": "INC-1", "provider_party_id": alder.ALDER, "customer_party_id": alder.SHOP,
              "service_id": "checkout", "pauses": [[1_000_000, 2_000_000]]}  # fmt: skip
    late = {"deadline_at": "2026-11-26T09:40:00Z", "state": "breached", "breached_at": "2026-11-26T09:40:00Z"}
    clocks = [{**CLOCK, **common}, {**CLOCK, **common, "state": "paused"}, {**CLOCK, **common, **late}]
    lines = queue_of(READER, DIRECTORY, clocks)
    assert [line.left for line in lines] == ["2 min late", "41 min", "paused, 1 h 23 min left"]
    assert {(line.service, line.customer) for line in lines} == {("Checkout", "Corner Shop Group")}
    assert [line.running is None for line in lines] == [False, False, True]


async def test_the_page_of_a_ticket_shows_it_all() -> None:
    known = {
        **alder.answers(),
        "/api/v1/tickets/desk/INC-20417": TICKET,
        "/api/v1/targets/t-p1": TARGETS["t-p1"],
        "/api/v1/clocks/explain": {"intervals": [interval("paused", "state_changed to awaiting_customer")]},
        "/api/v1/clocks": listed(),
    }
    async with browser_of(StubApi(known)) as browser:
        page = (await browser.get("/tickets/desk/INC-20417")).text
    assert "Paused since 10:00: state became “awaiting customer”" in page and "segment<" not in page
    assert "Corner Shop Group" in page and "Checkout, for Corner Shop Group" in page
