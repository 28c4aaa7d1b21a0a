"""How a figure is worked out: the lines of the sum add up, and the sentence says the same."""

from __future__ import annotations

import re
from typing import Any

from slm_console.views.explained.facts import facts_of
from slm_console.views.explained.worked_out import WorkedOut, worked_out_of
from slm_console.views.reader import Reader
from tests.unit.console import alder_answers as alder
from tests.unit.console.stub_api import StubClock

READER = Reader(StubClock().at)


def worked(**changes: Any) -> WorkedOut:
    return worked_out_of(READER, {**alder.EXPLANATION, **changes})


def seconds(amount: str) -> int:
    units = {"h": 3_600, "min": 60, "s": 1}
    return sum(int(number.replace(",", "")) * units[unit] for number, unit in re.findall(r"([\d,]+) (h|min|s)", amount))


def test_the_lines_of_an_availability_add_up() -> None:
    running = 0
    for line in worked().lines[:-1]:
        amount = seconds(line.amount)
        if line.sign == "=":
            assert amount == running, line
        running = running - amount if line.sign == "−" else amount
    assert running


def test_the_sentence_says_what_the_sum_says() -> None:
    said = " ".join(worked().sentences)
    assert said == (
        "November 2026 has 720 h of service time. 1 h of it does not count: announced maintenance. "
        "Of 600 h 41 min 10 s so far it was down 41 min 10 s. That is 99.886\N{NO-BREAK SPACE}%."
    )


def test_facts_have_their_time_length_and_source() -> None:
    facts = worked().facts
    assert [(fact.what, fact.lasted) for fact in facts] == [
        ("down", "12 min"),
        ("does not count: announced maintenance", "1 h"),
        ("down", "29 min 10 s"),
    ]
    assert facts[0].source == "measurement d73e1954" and facts[1].path == "/maintenance/e-0"


def test_a_measurement_that_its_sender_numbered_is_named_as_there() -> None:
    lasted = {"from": "2026-11-04T10:00:00Z", "to": "2026-11-04T10:12:00Z", "state": "down", "service_time": "PT12M"}
    explained = {"derivation": {"intervals": [{**lasted, "cause": "fact probe-zurich-7"}]}, "exclusions": []}
    assert [fact.source for fact in facts_of(READER, explained)] == ["measurement probe-zurich-7"]


def test_tickets_are_counted_as_tickets() -> None:
    sums = {"judged": 40, "met": 38, "missed": 2, "inconsistent": 0}
    terms = {"aggregation": {"compliance": {"target": "p1"}}, "objective": {"at_least": "95", "unit": "percent"}}
    found = worked(terms=terms, figure="95/1", derivation={"sums": sums, "intervals": [], "arithmetic": []})
    assert found.sentences[0] == "November 2026 so far: 38 of 40 tickets were in time: 95.00\N{NO-BREAK SPACE}%."
    assert [line.amount for line in found.lines] == ["40", "2", "38", "95.00\N{NO-BREAK SPACE}%"]


def test_a_figure_that_was_rounded_has_its_exact_fraction() -> None:
    assert worked().exact == "3600000 ÷ 36041"
    assert worked(figure="1998/20").exact == ""


RAGGED = {
    **alder.EXPLANATION["derivation"]["sums"],
    "down": 2_559_714_736, "up": 5_311_285_511, "excluded": 3_600_400_000, "unknown": 30_600_000,
}  # fmt: skip


def test_lengths_are_rounded_once_so_that_the_lines_add_up_and_their_titles_are_exact() -> None:
    found = worked(derivation={"sums": RAGGED, "intervals": [], "arithmetic": []})
    amounts = {line.label: (seconds(line.amount), line.exact) for line in found.lines}
    assert amounts["down"] == (2_560, "42 min 39.714736 s")
    assert amounts["time that counts"] == (7_871, "2 h 11 min 11.000247 s")
    running = 0
    for line in found.lines[:-1]:
        assert line.sign != "=" or seconds(line.amount) == running, line
        running = running - seconds(line.amount) if line.sign == "−" else seconds(line.amount)
    assert not re.search(r"\d\.\d+ s", " ".join([*found.sentences, *(line.amount for line in found.lines)]))


def test_a_period_that_has_ended_adds_up_after_rounding() -> None:
    ended = {**RAGGED, "service_time": sum(RAGGED[name] for name in ("down", "up", "unknown"))}
    found = worked(derivation={"sums": ended, "intervals": [], "arithmetic": []})
    running = 0
    for line in found.lines[:-1]:
        assert line.sign != "=" or seconds(line.amount) == running, line
        running = running - seconds(line.amount) if line.sign == "−" else seconds(line.amount)
    assert running


def test_a_fact_lasts_whole_seconds_and_its_title_is_exact() -> None:
    down = {"from": "2026-11-04T10:00:00Z", "to": None, "state": "down", "cause": "", "service_time": "PT12M39.714736S"}
    [fact] = facts_of(READER, {"derivation": {"intervals": [down]}, "exclusions": []})
    assert (fact.lasted, fact.exact) == ("12 min 40 s", "12 min 39.714736 s")
    [fact] = facts_of(READER, {"derivation": {"intervals": [{**down, "service_time": "PT0.2S"}]}, "exclusions": []})
    assert fact.lasted == "less than 1 s"
