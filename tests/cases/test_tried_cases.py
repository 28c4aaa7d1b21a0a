"""Every tried case has a test, which is named here; cases that the previews can answer are tested here."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from slm_calendar import durations, recurrences
from slm_events.instants import from_text, to_text
from tests.cases.previews import ask
from tests.cases.tried import TRIED, tried

TESTS = Path(__file__).resolve().parents[1]
HELD_BY = {
    "B01": ("integration/report/test_publishing.py", "test_a_withdrawn_breach_makes_a_revision"),
    "B02": ("integration/monitor/test_tried_clocks.py", ""),
    "B03": ("integration/monitor/test_tried_clocks.py", ""),
    "B04": ("integration/monitor/test_tried_clocks.py", ""),
    "B05": ("integration/monitor/test_tried_clocks.py", ""),
    "B08": ("cases/test_tried_cases.py", "test_a_weekly_reboot_keeps_its_local_hour_across_the_clock_change"),
    "B11": ("integration/agreement/test_calendars.py", "test_an_all_day_event_of_any_program_is_a_holiday"),
    "B12": ("e2e/test_tried_imports.py", "test_status_page_outages_follow_their_components_and_end_with_the_page"),
    "B14": ("e2e/test_tried_imports.py", "test_tickets_of_jira_are_judged_from_the_changelog_and_from_the_list"),
    "B15": ("integration/monitor/test_open_telemetry.py", "test_units_without_a_dimension_are_one"),
    "B17": ("cases/test_tried_cases.py", "test_one_bad_event_or_second_breaches_an_objective_of_100_percent"),
    "B19": ("integration/report/test_interim.py", "test_one_page_shows_one_count_of_tickets"),
    "B24": ("integration/monitor/test_tried_clocks.py", ""),
}
"""Case → the file of its test, and the test's name; an empty name: the file names the case itself."""


def test_every_tried_case_is_held_by_a_test() -> None:
    cases = {path.name.partition("-")[0] for path in TRIED.glob("B*.json")}
    if not cases:
        pytest.skip(f"no cases under {TRIED}")
    assert cases <= HELD_BY.keys()


@pytest.mark.parametrize("case", sorted(HELD_BY))
def test_the_test_of_a_tried_case_exists(case: str) -> None:
    file, name = HELD_BY[case]
    text = (TESTS / file).read_text(encoding="utf-8")
    assert re.search(rf"def {name}\(" if name else rf"\b{case}\b", text), f"{case}: {file} {name}"


def test_a_weekly_reboot_keeps_its_local_hour_across_the_clock_change() -> None:
    given = tried("B08")["input"]
    recurrence = given["recurrence"]
    length = durations.from_iso(recurrence["duration"])
    excluded = recurrences.occurrences(recurrence["rule"], given["timezone"], from_text(recurrence["from"]), length)
    asked = {
        "terms": {"key": "up", "aggregation": "availability", "objective": {"at_least": "99.9", "unit": "percent"}},
        "initial_state": "up",
        "timezone": "UTC",
        "facts": [{"outage": {"from": start, "to": end}} for start, end in given["outages"]],
        "exclusions": [{"from": to_text(start), "to": to_text(end)} for start, end in excluded],
    }
    october, november = (ask("window", **asked, window=f"2026-{month}") for month in (10, 11))
    assert (october["figure_display"], october["verdict"]) == ("99.9296", "met")
    assert (november["figure_display"], november["verdict"]) == ("100.0000", "met")
    assert sum(end - start for start, end in excluded if to_text(start).startswith("2026-10")) == 36_000_000_000


def test_one_bad_event_or_second_breaches_an_objective_of_100_percent() -> None:
    ratio, availability = tried("B17")["input"]["targets"]
    facts = tried("B17")["input"]["facts"]
    found = [
        ask("window", terms=ratio, facts=facts[:1], window="2026-10"),
        ask("window", terms=availability, facts=facts[1:], window="2026-10", initial_state="up"),
    ]
    for answer in found:
        assert answer["verdict"] == "breached"
        assert Decimal(answer["figure_display"]) < 100
