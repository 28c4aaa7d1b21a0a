"""Questions about a calendar alone: asked of a clock that begins then, whose derivation tells open and closed time."""

from __future__ import annotations

from typing import Any

from slm_events.instants import from_text, to_text
from tests.cases import clock_answers, hours, previews
from tests.cases.clock_cases import LONG_ENOUGH
from tests.cases.reading import Case


def answers(case: Case) -> dict[str, Any]:
    """Our answer to each expected field that we can ask for."""
    theirs = case.expected
    if "is_holiday" in theirs:
        return {**theirs, "is_holiday": _is_holiday(case, theirs["date"])}
    if "open_intervals" in theirs:
        return {"open_intervals": _open_intervals(case, len(theirs["open_intervals"]))}
    if "utc" in theirs:
        return {"local": theirs.get("local"), "utc": _instant_of_local(case, str(theirs["local"]))}
    return clock_answers.answers(case)


def _derived(case: Case, begins: str, ends: str) -> list[dict[str, Any]]:
    event = {"event": "opened", "at": begins}
    answer = previews.ask(
        "clock", targets=[{"objective": {"within": LONG_ENOUGH}}], events=[event],
        service_hours=hours.service_hours(case)[0], as_of=ends,
    )  # fmt: skip
    intervals: list[dict[str, Any]] = answer["clocks"][0]["derivation"]["intervals"]
    return intervals


def _is_holiday(case: Case, day: str) -> bool:
    """Whether that day is closed for being one, and not by the weekly hours."""
    zone = case.data["timezone"]
    told = _derived(case, hours.local_instant(zone, day, "00:00"), hours.local_instant(zone, day, "24:00"))
    return bool(told) and all(each["because"] == "holiday" for each in told)


def _open_intervals(case: Case, wanted: int) -> list[list[str]]:
    """The first open intervals from the instant asked: some sources list only those of a week."""
    begins = from_text(next(event["at"] for event in case.events if "at" in event))
    told = _derived(case, to_text(begins), to_text(begins + 60 * hours.DAY))
    return [[each["from"], each["to"]] for each in told if each["kind"] == "open"][:wanted]


def _instant_of_local(case: Case, local: str) -> str:
    """When hours open that open at that local minute, and the seconds after it."""
    day, clock = local.split(" ")
    opening = hours.local_instant(case.data["timezone"], day, clock[:5])
    return to_text(from_text(opening) + int(clock[6:] or 0) * hours.SECOND)
