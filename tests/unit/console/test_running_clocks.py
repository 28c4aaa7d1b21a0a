"""Clocks say what they count, and their text and instant are enough for the browser to count on."""

from __future__ import annotations

import re

import pytest

from slm_console.views.clocks import time_since, time_to_deadline
from slm_console.views.reader import DAY, HOUR, MINUTE, SECOND, Reader
from tests.unit.console.alder_answers import answers
from tests.unit.console.stub_api import StubApi, browser_of

NOW = 1_800_000_000_000_000
READER = Reader(NOW)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (41 * MINUTE + 59 * SECOND, "41 min"),
        (10 * MINUTE, "10 min"),
        (10 * MINUTE - 1, "9 min 59 s"),
        (3 * MINUTE + 5 * SECOND + 999_999, "3 min 5 s"),
        (4 * HOUR + 32 * MINUTE + 30 * SECOND, "4 h 32 min"),
        (3 * DAY + 20 * MINUTE, "3 days"),
        (900_000, "0 min"),
    ],
)
def test_a_clock_is_rounded_down_and_shows_seconds_only_at_the_end(left: int, said: str) -> None:
    assert READER.running(left) == said
    assert time_to_deadline(READER, NOW + left).text == f"{said} to the deadline"


def test_a_deadline_that_has_passed_says_so() -> None:
    assert time_to_deadline(READER, NOW - SECOND).text == "past the deadline"


def test_a_length_that_grows_has_its_beginning() -> None:
    clock = time_since(READER, NOW - 40 * MINUTE, lambda length: f"down for {length}")
    assert (clock.text, clock.says, clock.milliseconds) == (
        "down for 40 min",
        "down for {length}",
        (NOW - 40 * MINUTE) // 1000,
    )


async def test_the_browser_gets_instants_units_and_the_time_of_the_page() -> None:
    async with browser_of(StubApi(answers())) as browser:
        page = (await browser.get("/")).text
    at = re.search(r'data-at="(\d+)"', page)
    until = re.search(r'data-until="(\d+)" data-says="{length} to the deadline" data-over="past the deadline"', page)
    assert at and until and int(until[1]) - int(at[1]) == 41 * 60_000
    assert 'data-unit-days="{count} days"' in page and 'data-unit-min="{count} min"' in page
    assert re.search(r'data-since="\d+" data-says="down for {length}"', page)


async def test_each_number_on_top_links_exactly_that_many_rows() -> None:
    async with browser_of(StubApi(answers())) as browser:
        page = (await browser.get("/")).text
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
        assert heading is not None
        links = re.findall(r'<a[^>]* href="([^"]+)"[^>]*>(.*?)</a>', heading[1], re.DOTALL)
        assert len(links) >= 7
        for address, text in links:
            narrowed = (await browser.get(address.replace("&amp;", "&"))).text
            shown = re.findall(r'<li data-row="', narrowed)
            number = re.match(r"\d+", text)
            assert len(shown) == (int(number[0]) if number else 1), text
            assert "Show all" in narrowed and 'aria-current="true"' in narrowed
