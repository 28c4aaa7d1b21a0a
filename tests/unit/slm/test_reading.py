"""What ``slm status``, ``breaches``, ``explain`` and ``watch`` say, and how it looks in a terminal and in a pipe."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import httpx
import pytest
from rich.console import Console

from slm.reading import breaches, status
from slm.reading.api_reader import ApiReader, NoAnswer
from slm.reading.explain import ExplainedThing, show_explanation
from slm.reading.finding import NamedThing, find_thing
from slm.reading.names import Names, choose_agreement, choose_service
from slm.reading.screen import Cell, Screen, TableColumn, printable
from slm.reading.watch_lines import line_of
from slm.reading.watching import TYPES
from slm_console.views.directory import Directory
from slm_console.views.marks import MARKS
from slm_console.views.reader import Reader
from slm_events.instants import from_text, to_text

ROOT = Path(__file__).resolve().parents[3]
ANSWERS = json.loads((ROOT / "services/monitor-svc/src/slm_monitor/api/answers.json").read_text(encoding="utf-8"))
READER = Reader(from_text("2026-11-02T15:30:00Z"), zone=ZoneInfo("Europe/Zurich"))
SERVICE, AGREEMENT = "0193a5c0-7a00-7000-8000-000000000020", "0193a5c0-7a00-7000-8000-000000000023"
PROVIDER, CUSTOMER = "0193a5c0-7a00-7000-8000-000000000002", "0193a5c0-7a00-7000-8000-000000000003"
NAMES = Names(
    Directory(PROVIDER, {CUSTOMER: "The Corner Shop"}, {SERVICE: {"name": "Checkout", "key": "checkout"}}),
    {AGREEMENT: {"title": "Checkout for the shop", "key": "checkout-2027"}},
)
TARGETS: list[dict[str, Any]] = ANSWERS["list_targets"]["items"]


def screen_of(
    width: int, *, is_terminal: bool, colours: Literal["standard"] | None = "standard"
) -> tuple[Screen, io.StringIO]:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=is_terminal, highlight=False, color_system=colours)
    return Screen(console), file


def target_like(number: int, **changed: Any) -> dict[str, Any]:
    return {**TARGETS[number], "title": f"target {number}", "no_data": None, **changed}


def test_the_worst_comes_first_in_the_words_of_the_console() -> None:
    calm = {**TARGETS[0]["window"], "verdict": "met"}
    risk = {**TARGETS[0]["window"], "verdict": "at_risk"}
    rows = status.rows_of(
        READER,
        NAMES,
        [
            target_like(0, target_id="a", title="calm", window=calm),
            target_like(0, target_id="b", title="without data", no_data={"since_at": None, "never_measured": True}),
            target_like(0, target_id="c", title="at risk", window=risk),
            target_like(0, target_id="d", title="broken"),
        ],
    )
    assert [(row.target, row.mark) for row in rows] == [
        ("broken", "breached"),
        ("at risk", "at-risk"),
        ("without data", "no-data"),
        ("calm", "on-track"),
    ]
    broken = rows[0]
    assert (broken.service, broken.agreement, broken.other) == ("Checkout", "Checkout for the shop", "The Corner Shop")
    assert printable(broken.figure) == "95.7113 % so far"
    assert broken.left == "9 min 22 s over"
    assert status.is_any_breached(rows)
    assert not status.is_any_breached(rows[1:])
    assert status.document_of(rows)["counts"] == {"breached": 1, "at_risk": 1, "no_data": 1, "on_track": 1, "met": 0}
    assert status.document_of(rows)["targets"][0]["figure"] == "45080/471"


@pytest.mark.parametrize(
    ("states", "warned", "mark"),
    [
        ({"met": 5, "completed_late": 2}, (), "on-track"),
        ({"met": 5, "running": 1}, ("t",), "at-risk"),
        ({"met": 5, "breached": 1}, ("t",), "breached"),
    ],
)
def test_a_target_of_tickets_is_broken_while_a_ticket_is_late(
    states: dict[str, int], warned: tuple[str, ...], mark: str
) -> None:
    tickets = {"judged": 7, "met": 5, "inconsistent": 0, "states": states}
    target = target_like(0, target_id="t", window=None, tickets=tickets)
    [row] = status.rows_of(READER, NAMES, [target], warned)
    assert (row.mark, row.figure) == (mark, "5 of 7 in time")


def test_a_target_divided_by_labels_stands_only_for_its_instances() -> None:
    parent = target_like(0, target_id="p", window=None)
    north = target_like(0, target_id="n", instance_of="p", labels={"region": "north"})
    [row] = status.rows_of(READER, NAMES, [parent, north])
    assert row.target == "target 0 [north]"


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_table_is_never_wider_than_the_terminal(width: int) -> None:
    screen, file = screen_of(width, is_terminal=True, colours=None)
    status.show_status(screen, READER, status.rows_of(READER, NAMES, TARGETS))
    lines = file.getvalue().splitlines()
    assert max(len(line) for line in lines) <= width
    assert ("With" in lines[0]) is (width >= 120)
    assert "1 breached" in lines[-1]


def test_a_terminal_gets_colours() -> None:
    screen, file = screen_of(120, is_terminal=True)
    status.show_status(screen, READER, status.rows_of(READER, NAMES, TARGETS))
    assert "\x1b[1;31m■ breached" in file.getvalue()


def test_in_a_pipe_a_row_is_a_line_without_colours(capsys: pytest.CaptureFixture[str]) -> None:
    screen, file = screen_of(40, is_terminal=False)
    rows = status.rows_of(READER, NAMES, TARGETS)
    status.show_status(screen, READER, rows)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(rows)
    assert lines[0].startswith("State")
    assert "\x1b" not in "".join(lines) + file.getvalue()
    assert any("■ breached" in line and "95.7113 % so far" in line for line in lines)


def test_names_of_others_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[2Jb\rc\u202ed\x9b") == "a�[2Jb�c�d�"
    screen, file = screen_of(80, is_terminal=True)
    screen.table([TableColumn("Name")], [[Cell("\x1b]0;owned\x07 [bold]x[/bold]")]])
    assert "\x1b]0" not in file.getvalue()
    assert "[bold]x[/bold]" in file.getvalue()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-01T08:00:00Z", "2026-11-01T08:00:00Z"),
        ("2026-11-01", "2026-10-31T23:00:00Z"),
        ("7d", "2026-10-26T15:30:00Z"),
        ("90 min", "2026-11-02T14:00:00Z"),
    ],
)
def test_since_takes_a_day_an_instant_or_a_length(text: str, instant: str) -> None:
    found = breaches.since_of(READER, text)
    assert found is not None
    assert to_text(found) == to_text(from_text(instant))


def test_since_that_cannot_be_read_is_refused_with_an_example() -> None:
    with pytest.raises(NoAnswer, match="write a day like 2026-11-01"):
        breaches.since_of(READER, "yesterday-ish")


def test_a_name_or_a_part_of_it_chooses_one() -> None:
    assert choose_service(NAMES, "CHECKOUT") == SERVICE
    assert choose_agreement(NAMES, "for the shop") == AGREEMENT
    assert choose_agreement(NAMES, AGREEMENT) == AGREEMENT
    with pytest.raises(NoAnswer, match=r"there is no service 'mail': name one of 'Checkout'"):
        choose_service(NAMES, "mail")
    twins = Names(NAMES.directory, {"1": {"title": "Mail A", "key": "a"}, "2": {"title": "Mail B", "key": "b"}})
    with pytest.raises(NoAnswer, match=r"may be 2 of them: name one by its id, 1 \(Mail A\), 2 \(Mail B\)"):
        choose_agreement(twins, "mail")


def test_an_explained_figure_has_its_sentence_its_sum_and_its_facts() -> None:
    screen, file = screen_of(200, is_terminal=False)
    thing = NamedThing("target", TARGETS[0])
    show_explanation(screen, READER, NAMES, ExplainedThing(thing, {"explanation": ANSWERS["explain_target"]}))
    said = file.getvalue()
    for part in ("November 2026 has", "In a sentence", "The sum", "The facts", "promised: at least 99.99 %"):
        assert part in said
    assert "50.6667 %" in said


def test_an_explained_ticket_shows_each_clock() -> None:
    ticket = ANSWERS["read_ticket"]
    clocks = [None, ANSWERS["explain_clock_of_ticket"]]
    screen, file = screen_of(200, is_terminal=False)
    found = ExplainedThing(NamedThing("ticket", ticket), {"clocks": clocks, "targets": {}})
    show_explanation(screen, READER, NAMES, found)
    said = file.getvalue()
    assert "desk/INC8" in said
    assert said.count("P1 incidents are resolved within 4 hours of service time") == 2
    assert "within 4 h of service time" in said


def test_an_explained_breach_says_when_the_promise_was_broken() -> None:
    screen, file = screen_of(200, is_terminal=False)
    found = ExplainedThing(NamedThing("breach", ANSWERS["read_breach"]), {"explanation": None}, "No longer known.")
    show_explanation(screen, READER, NAMES, found)
    said = printable(file.getvalue().replace("\n", "|"))
    assert "promise broken 12:19" in said
    assert "Short by" in said
    assert "40.00 percentage points" in said
    assert "No longer known." in said


EVENT = {
    "agreement_id": AGREEMENT, "service_id": SERVICE, "target_title": "Checkout is available", "target_id": "t",
    "provider_party_id": PROVIDER, "customer_party_id": CUSTOMER, "window_id": "2026-11", "import_id": None,
    "catch_up": None, "published_at": "2026-11-02T15:29:00Z", "breach_id": "0123456789abcdef", "level": "objective",
    "objective": {"at_least": "99.99", "unit": "percent"}, "figure": "199/2", "certain_at": "2026-11-02T15:20:00Z",
    "recovered_at": "2026-11-02T15:25:00Z", "cause": "budget_consumed", "threshold": "75", "outcome": "averted",
    "projected_breach_at": "2026-11-02T17:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_every_watched_event_has_a_line_with_time_state_and_promise(name: str) -> None:
    mark, line = line_of(READER, NAMES, {"name": name, "data": EVENT})
    assert mark in MARKS
    assert line.startswith("2026-11-02 16:29:00  ")
    assert "Checkout  Checkout is available: " in line
    assert line.endswith("89abcdef")
    assert "\n" not in line


def test_a_breach_says_figure_promise_and_instant() -> None:
    _, line = line_of(READER, NAMES, {"name": "TargetBreached", "data": EVENT})
    assert "■ breached" in line
    assert "99.5000 %, promised at least 99.99 %, promise broken 16:20" in printable(line)
    _, line = line_of(READER, NAMES, {"name": "TargetBreached", "data": {**EVENT, "import_id": "i"}})
    assert "(imported history)" in line


def test_a_risk_says_why_and_until_when() -> None:
    _, line = line_of(READER, NAMES, {"name": "TargetAtRisk", "data": EVENT})
    assert "▲ at risk" in line
    assert "75 % of what is allowed used, used up by 18:00" in line


def api_of(answers: dict[str, Any]) -> ApiReader:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        found = answers.get(path.partition("?")[0], answers.get(path))
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(404, json={"title": "Not found"}) if found is None else httpx.Response(200, json=found)

    return ApiReader("http://slm.example/", "key", transport=httpx.MockTransport(answer))


def test_a_thing_is_found_by_the_end_of_its_id_as_tables_show_it() -> None:
    breach = {**ANSWERS["read_breach"], "breach_id": "0193a5c0-7a00-5000-8000-0000deadbeef"}
    none: dict[str, Any] = {"items": [], "next": None}
    lists = {"/api/v1/tickets": none, "/api/v1/targets": none, "/api/v1/risks": none}
    api = api_of(
        {
            **lists,
            "/api/v1/breaches": {"items": [breach], "next": None},
            f"/api/v1/breaches/{breach['breach_id']}": breach,
        }
    )
    assert find_thing(api, "deadbeef") == NamedThing("breach", breach)
    with pytest.raises(NoAnswer, match="there is no target, breach or ticket 'deadbee0'"):
        find_thing(api, "deadbee0")


def test_a_number_of_two_tickets_is_asked_back() -> None:
    tickets = [{"source": "desk", "number": "7"}, {"source": "net", "number": "7"}, {"source": "net", "number": "77"}]
    with pytest.raises(NoAnswer, match="name one of desk/7, net/7"):
        find_thing(api_of({"/api/v1/tickets": {"items": tickets, "next": None}}), "7")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(401, json={"title": "Unknown key"}), "the server does not know this key"),
        (
            httpx.Response(403, json={"title": "No", "detail": "Ask an\noperator."}),
            "No (403). Ask an operator.",
        ),
        (httpx.Response(200, text="<html>"), "answers without a JSON object"),
        (httpx.Response(500, text="oops"), "answers 500 and no reason"),
        (
            httpx.Response(422, json={"title": "Wrong", "errors": [{"field": "query.from", "remedy": "write it so"}]}),
            "Wrong (422). query.from: write it so",
        ),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(answer: httpx.Response, said: str) -> None:
    with pytest.raises(NoAnswer) as refused:
        api_of({"/api/v1/me": answer}).read("/api/v1/me")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_list_is_read_to_its_last_page() -> None:
    pages = iter([{"items": [{"n": 1}], "next": "c"}, {"items": [{"n": 2}], "next": None}])
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.params.get("cursor")))
        return httpx.Response(200, json=next(pages))

    api = ApiReader("http://slm.example", "key", transport=httpx.MockTransport(answer))
    assert [each["n"] for each in api.items("/api/v1/targets")] == [1, 2]
    assert asked == ["None", "c"]
