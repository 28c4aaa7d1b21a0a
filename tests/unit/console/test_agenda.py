"""The agenda of a meeting has one line for each promise and period, in groups, marked by the verdict."""

from __future__ import annotations

from typing import Any

from slm_console.views.agenda import agenda_groups
from slm_console.views.directory import Directory
from slm_console.views.reviews import meeting_line
from tests.unit.console import alder_answers as alder
from tests.unit.console.negotiated import READER
from tests.unit.console.stub_api import StubApi, browser_of

PROMISED = {"at_least": "99.9", "unit": "percent"}


def item(kind: str, at: str, title: str, **detail: Any) -> dict[str, Any]:
    """An item as review-svc answers it."""
    return {
        "item_id": at, "kind": kind, "ref_id": f"ref-{at}", "at": f"{at}T10:00:00Z", "state": "standing",
        "title": title, "detail": {"target_id": "t", "target_key": "up", "objective": PROMISED, **detail},
    }  # fmt: skip


ITEMS = [
    item("window", "2026-11-01", "Checkout is up: 99.9500 in 2026-10, met", window_id="2026-10", verdict="met",
         figure_display="99.9500"),
    item("breach", "2026-11-09", "Checkout is up: breached in 2026-11", window_id="2026-11", ticket=None,
         figure_display="99.6470"),
    item("window", "2026-12-01", "Checkout is up: 99.8360 in 2026-11, breached", window_id="2026-11",
         verdict="breached", figure_display="99.8360"),
    item("restatement", "2026-11-05", "Checkout is up: 99.9600 in 2026-10, met", window_id="2026-10", verdict="met",
         figure_display="99.9600"),
    item("proposal", "2026-11-20", "Proposed for Checkout is up, Fast: Kept for a year.", targets=[
        {"target_id": "t", "target_key": "up", "target_title": "Checkout is up", "present_objective": PROMISED,
         "objective": {"at_least": "99.95", "unit": "percent"}, "reason": "Kept for a year."},
        {"target_id": "u", "target_key": "fast", "target_title": "Fast",
         "present_objective": {"at_least": "95", "unit": "percent"},
         "objective": {"at_least": "97", "unit": "percent"}, "reason": ""},
    ]),
    item("action", "2026-11-19", "Open action of Ops: desk: Add a second line: now", owner="Ops: desk",
         due_at="2027-03-31T12:00:00Z"),
    item("report", "2026-11-02", "Service report 2026-10: met, breaches 0", period="2026-10", verdict="met"),
]  # fmt: skip


def test_each_promise_and_period_is_one_line_in_its_group_the_newest_first() -> None:
    found = {group.title: group.lines for group in agenda_groups(READER, ITEMS)}
    assert list(found) == ["Breaches", "Figures", "Proposals and actions"]
    space = "\N{NO-BREAK SPACE}"
    [breach] = found["Breaches"]
    assert breach.title == f"Checkout is up, November 2026: 99.836{space}%, promised at least 99.9 %"
    assert (breach.mark, breach.link) == ("breached", "/breaches/ref-2026-11-09")
    figure, report = found["Figures"]
    assert figure.title == f"Checkout is up, October 2026: 99.960{space}%, promised at least 99.9 %"
    assert (figure.mark, figure.link, figure.note.startswith("corrected")) == ("met", "/targets/t", True)
    assert (report.title, report.mark) == ("Report of October 2026", "met")
    assert report.link == "/reviews/reports/ref-2026-11-02"


def test_proposals_and_actions_are_said_in_words() -> None:
    [group] = [group for group in agenda_groups(READER, ITEMS) if group.key == "proposals"]
    assert [(line.title, line.link) for line in group.lines] == [
        ("New target proposed for Checkout is up: at least 99.95 % instead of at least 99.9 %", "/targets/t"),
        ("New target proposed for Fast: at least 97 % instead of at least 95 %", "/targets/u"),
        ("Ops: desk: Add a second line: now", "/reviews/actions"),
    ]
    assert group.lines[0].note.endswith("Kept for a year.") and group.lines[2].note == "until 31 Mar 2027"


def test_the_exact_figure_and_the_whole_title_of_a_target_are_used() -> None:
    found = item("window", "2026-11-01", "Checkout: till: 99.8999 in 2026-10, breached", window_id="2026-10",
                 verdict="breached", target_title="Checkout: till", figure="9989999999/100000000",
                 figure_display="99.9000")  # fmt: skip
    [group] = agenda_groups(READER, [found])
    space = "\N{NO-BREAK SPACE}"
    expected = f"Checkout: till, October 2026: 99.89999999{space}%, promised at least 99.9 %"
    assert group.lines[0].title == expected


def test_a_withdrawn_breach_and_the_figure_are_both_kept() -> None:
    withdrawn = {**ITEMS[1], "state": "withdrawn"}
    groups = agenda_groups(READER, [withdrawn, {**ITEMS[2], "detail": {**ITEMS[2]["detail"], "verdict": "met"}}])
    assert [[line.mark for line in group.lines] for group in groups] == [["withdrawn"], ["met"]]
    assert groups[0].lines[0].note == "withdrawn: it did not happen", "the mark alone is a riddle"


def test_a_ticket_is_named_by_its_number() -> None:
    ticket = {"source": "desk", "number": "INC-1"}
    late = item("breach", "2026-11-09", "P1 is resolved: breached in desk/INC-1", window_id="desk/INC-1", ticket=ticket)
    [group] = agenda_groups(READER, [late])
    assert (group.lines[0].title, group.lines[0].link) == ("INC-1: P1 is resolved", "/tickets/desk/INC-1")


def test_a_period_without_a_figure_says_so() -> None:
    nothing = item("window", "2026-11-01", "Checkout is up: – in 2026-10, no_data", window_id="2026-10",
                   verdict="no_data", figure_display="–")  # fmt: skip
    [group] = agenda_groups(READER, [nothing])
    assert ": –, promised" in group.lines[0].title


def test_figures_and_reports_stand_in_the_order_of_their_periods_however_late_they_came() -> None:
    """After an import all figures are published on one day, in any order."""
    windows = [
        item("window", f"2026-12-0{day}", "Checkout is up", window_id=month, verdict="met", figure_display="100.0000")
        for day, month in ((1, "2026-09"), (3, "2026-10"), (2, "2026-11"))
    ]
    reports = [
        item("report", f"2026-12-0{day}", "Service report", period=month, verdict="met")
        for day, month in ((3, "2026-09"), (1, "2026-11"))
    ]
    [group] = agenda_groups(READER, [*windows, *reports])
    assert [line.title.partition(":")[0] for line in group.lines] == [
        "Checkout is up, November 2026", "Checkout is up, October 2026", "Checkout is up, September 2026",
        "Report of November 2026", "Report of September 2026",
    ]  # fmt: skip
    assert {line.note for line in group.lines} == {""}, "when a figure was published says nothing to a meeting"


async def test_the_page_of_a_meeting_shows_the_groups() -> None:
    review = {
        "review_id": "r", "agreement_id": "a-shop", "agreement_title": "Checkout", "reason": "cadence",
        "period": "2026-11", "state": "open", "provider_party_id": alder.ALDER, "customer_party_id": alder.SHOP,
        "start_at": "2026-11-01T00:00:00Z", "end_at": None, "due_at": None, "concluded_at": None, "summary": None,
        "attendees": [], "agenda": ITEMS, "agenda_count": len(ITEMS) + 1,
    }  # fmt: skip
    async with browser_of(StubApi({**alder.answers(), "/api/v1/reviews/r": review})) as browser:
        page = (await browser.get("/reviews/meetings/r")).text
    assert "<h3>Breaches</h3>" in page and "<h3>Figures</h3>" in page and "and 1 more" in page


def test_a_list_of_meetings_says_the_day_and_no_time_of_the_night() -> None:
    review = {
        "review_id": "r", "agreement_id": "a", "agreement_title": "Checkout", "reason": "breach", "state": "open",
        "provider_party_id": alder.ALDER, "customer_party_id": alder.SHOP, "due_at": "2027-01-01T00:10:00Z",
    }  # fmt: skip
    assert meeting_line(READER, Directory(alder.ALDER), review).when == "1 Jan 2027"
