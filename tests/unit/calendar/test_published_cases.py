"""The published known answers that are pure time arithmetic: deadlines, elapsed time, calendar questions, hours."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from slm_calendar import coverage, durations, service_hours, windows
from slm_calendar.durations import Duration
from slm_calendar.local_time import SECOND, zone_named
from slm_calendar.local_time import instant_of as local_instant
from slm_calendar.service_hours import ServiceHours
from slm_events.instants import from_text, to_text
from tests.unit.calendar.published import cases, document, expected

FILE = "clocks_and_availability.json"


HOUR = 3600 * SECOND

TOLD_IN_WORDS = (
    ("SN-03", "deadline", Duration("calendar", 10 * HOUR)),
    ("SN-05", "deadline", Duration("due_at", "due_date")),
    ("ZNU-S1", "deadline", Duration("service_time", 2 * HOUR)),
    ("ISS-1", "deadline", Duration("service_time", 4 * HOUR)),
    ("FHD-8", "resolution", Duration("service_time", 4 * HOUR)),
    ("GLPI-10", "deadline", Duration("service_time", 2 * HOUR)),
)
"""Durations that stand in a case's description only."""

NEEDS_A_TICKET = {"ERP-M", "SN-01"}
"""Figures of exchanges and of two clocks at once."""


def hours_of(case: dict[str, Any], calendar: Any = None) -> ServiceHours:
    return service_hours.parse_service_hours(document(case, calendar))


def pauses_of(case: dict[str, Any]) -> list[tuple[int, int]]:
    return [(from_text(e["from"]), from_text(e["to"])) for e in case["events"] if e.get("type") == "pause"]


def durations_of(case: dict[str, Any]) -> dict[str, Duration]:
    """The target durations of a case by the name under which its answer stands."""
    if "target" in case:
        return {"deadline": glpi_duration(case["target"])}
    for unit, seconds in (("seconds", 1), ("minutes", 60), ("hours", 3600)):
        if f"targets_{unit}" in case:
            given = case[f"targets_{unit}"]
            return {name: Duration("service_time", int(n * seconds * SECOND)) for name, n in given.items()}
        if f"target_{unit}" in case:
            return {"deadline": Duration("service_time", case[f"target_{unit}"] * seconds * SECOND)}
    if "working_seconds" in case:
        n = case["working_seconds"]
        return {"deadline": Duration("service_time", n * SECOND, n < 0)}
    return {name: duration for case_id, name, duration in TOLD_IN_WORDS if case_id == case["id"]}


def glpi_duration(target: dict[str, Any]) -> Duration:
    if target["unit"] == "day":
        kind = "business_days_end" if target.get("end_of_working_day") else "business_days"
        return Duration(kind, target["amount"], target["amount"] < 0)  # type: ignore[arg-type]
    amount = target["amount"] * {"minute": 60, "hour": 3600}[target["unit"]] * SECOND
    return Duration("service_time", amount, amount < 0)


def answers_of(case: dict[str, Any]) -> dict[str, str]:
    answer = expected(case)
    return answer.get("deadlines") or answer.get("after") or {"deadline": answer["deadline"]}


@pytest.mark.parametrize("case", cases(FILE, "deadline"))
def test_a_published_deadline_is_met_exactly(case: dict[str, Any]) -> None:
    if case["id"] == "ITOP-1":
        dues = [deadline_of(case, hours_of(case, each), "deadline") for each in case["calendar"].values()]
        assert min(dues) == from_text(case["expected"]["deadline"])
        return
    answers = answers_of(case)
    for name in durations_of(case).keys() & answers.keys():
        assert to_text(deadline_of(case, hours_of(case), name)) == to_text(from_text(answers[name])), name
    assert durations_of(case).keys() & answers.keys()
    if "escalation_offset" in case:
        offset = glpi_duration(case["escalation_offset"])
        due = deadline_of(case, hours_of(case), "deadline")
        escalation = durations.compute_deadline(offset, due, hours_of(case))
        assert to_text(escalation) == to_text(from_text(expected(case)["escalation_at"]))


def deadline_of(case: dict[str, Any], hours: ServiceHours, name: str) -> int:
    """The deadline moved on by every pause that begins before it, unless the clock of the case never pauses."""
    duration = durations_of(case)[name]
    start = from_text(case.get("start") or next(e["at"] for e in case["events"] if "at" in e))
    fields = {key: from_text(e[key]) for e in case["events"] for key in ("due_date",) if key in e}
    due = durations.compute_deadline(duration, start, hours, fields)
    never_pauses = case["id"].endswith("-TTO")
    for begins, ends in [] if never_pauses else pauses_of(case):
        if begins < due:
            due = durations.extend_deadline(duration, due, hours.open_time(max(begins, start), ends), hours)
    return due


@pytest.mark.parametrize("case", cases(FILE, "elapsed"))
def test_published_elapsed_time_is_met_exactly(case: dict[str, Any]) -> None:
    hours, answer = hours_of(case), expected(case)
    paused = sum(hours.open_time(*pause) for pause in pauses_of(case))
    if "paused_working_seconds" in answer:
        assert paused == answer["paused_working_seconds"] * SECOND
    if case["id"] in NEEDS_A_TICKET or ("paused_working_seconds" in answer and "elapsed_seconds" not in answer):
        return
    if any("state" in event for event in case["events"]):
        assert elapsed_in_states(case, hours) == answer["elapsed_minutes"] * 60 * SECOND
        return
    ends = [answer] if "from" in answer else case["events"]
    if "from" in ends[0] and ends[0].get("type") != "pause":
        start, end = from_text(ends[0]["from"]), from_text(ends[0]["to"])
    else:
        dated = [from_text(e["at"]) for e in case["events"] if "at" in e]
        start, end = dated[0], dated[-1]
    elapsed = hours.open_time(start, end) - paused
    if "elapsed_minutes" in answer:
        assert elapsed // (60 * SECOND) == answer["elapsed_minutes"]
    else:
        assert elapsed == answer["elapsed_seconds"] * SECOND


def elapsed_in_states(case: dict[str, Any], hours: ServiceHours) -> int:
    """Time in new and open states inside the case's window."""
    opens, closes = (from_text(text) for text in case["expected"]["window"])
    stretches = zip(case["events"], case["events"][1:], strict=False)
    return sum(
        hours.open_time(max(opens, from_text(a["at"])), min(closes, from_text(b["at"])))
        for a, b in stretches
        if a["state"] in ("new", "open")
    )


def test_business_time_and_calendar_time_differ_as_published() -> None:
    hours = service_hours.parse_service_hours({"timezone": "UTC", "weekly": {"mon-fri": [["09:00", "17:00"]]}})
    start, end = from_text("2024-04-09T14:00:00Z"), from_text("2024-04-10T09:00:00Z")
    assert durations.measure_elapsed_time(Duration("service_time", 0), start, end, hours) == 10800 * SECOND
    assert durations.measure_elapsed_time(Duration("calendar", 0), start, end, hours) == 68400 * SECOND


@pytest.mark.parametrize("case", cases(FILE, "calendar_query"))
def test_a_published_calendar_question_has_its_answer(case: dict[str, Any]) -> None:
    hours, answer = hours_of(case), expected(case)
    if "is_holiday" in answer:
        assert hours.definition.is_holiday(date.fromisoformat(answer["date"])) is answer["is_holiday"]
    elif "open_intervals" in answer:
        wanted = [(from_text(opens), from_text(closes)) for opens, closes in answer["open_intervals"]]
        start = from_text(case["events"][0]["at"])
        found = hours.intervals(start, wanted[-1][1] + 14 * 86400 * SECOND)
        # Some sources list only the first intervals of a week.
        assert found[: len(wanted)] == wanted
    elif "utc" in answer:
        clock = answer["local"].split(" ")[1].split(":")
        since_midnight = sum(int(n) * size for n, size in zip(clock, (3600, 60, 1), strict=True)) * SECOND
        day = date.fromisoformat(answer["local"].split(" ")[0])
        assert local_instant(zone_named(case["timezone"]), day, since_midnight) == from_text(answer["utc"])
    else:
        assert to_text(asked_of(case, hours)) == to_text(from_text(answer["result"]))


def asked_of(case: dict[str, Any], hours: ServiceHours) -> int:
    start = from_text(case["events"][0]["at"])
    days = case.get("working_days", case.get("business_days"))
    if days is None:
        return durations.compute_deadline(
            durations.parse_duration({"service_time": "-PT0S"}, offset=True), start, hours
        )
    kind = "business_days_end" if case.get("end_of_working_day") else "business_days"
    return durations.compute_deadline(Duration(kind, days, days < 0), start, hours)  # type: ignore[arg-type]


def chain_hours(written: dict[str, Any]) -> ServiceHours:
    weekly = {key: pairs for key, pairs in written.items() if key != "timezone"}
    return service_hours.parse_service_hours({"timezone": written["timezone"], "weekly": weekly})


@pytest.mark.parametrize("case", cases("chain.json", "hours"))
def test_the_chain_finds_the_published_gap_in_hours(case: dict[str, Any]) -> None:
    required, provided = chain_hours(case["sla_hours"]), chain_hours(case["support_hours"])
    year = windows.window_of_id("2026", required.timezone)
    answer = case["expected"]
    if "uncovered" in answer:
        normal = coverage.compare_normal_week(required, provided, year.start, year.end)
        assert coverage.covers_all_hours(provided, required, year.start, year.end) is answer["contained"]
        assert normal.uncovered_time == answer["uncovered_seconds_per_normal_week"] * SECOND
        assert normal.to_document() == answer["uncovered"]
        return
    for week, wanted in answer.items():
        monday = from_text(f"{week.removeprefix('week_of_')}T12:00:00Z")
        window = windows.window_at("week", required.timezone, monday)
        gaps = coverage.uncovered_intervals(required, provided, window.start, window.end)
        assert sum(end - start for start, end in gaps) == wanted["uncovered_seconds"] * SECOND
        assert coverage.covers_all_hours(provided, required, window.start, window.end) is wanted["contained"]
