"""Cases about calendars, answered by the derivation of a clock that starts at the instant in question."""

from __future__ import annotations

from typing import Any

from slm_events.instants import from_text, to_text
from tests.cases import clock_answers, hours, previews
from tests.cases.clock_cases import LONG_ENOUGH
from tests.cases.reading import Case

_OPEN = frozenset({"is_open", "is_working_hour", "is_working_time", "in_working_hours", "active", "open"})


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    theirs = case.expected
    asked = {name: theirs[name] for name in clock_answers.ASKED & set(theirs)}
    if "is_holiday" in theirs:
        return {**asked, "is_holiday": _is_holiday(case, _date(case))}
    if "is_working_day" in theirs:
        return {**asked, "is_working_day": any(each["kind"] == "open" for each in _of_day(case, _date(case)))}
    if set(theirs) & _OPEN:
        return {**asked, **dict.fromkeys(_OPEN & set(theirs), _is_open(case))}
    if "open_intervals" in theirs:
        return {"open_intervals": _open_intervals(case, len(theirs["open_intervals"]))}
    local = next((event["local"] for event in case.events if "local" in event and "at" not in event), None)
    if local is not None or {"utc", "local"} <= set(theirs):
        return _local(case, str(local or theirs["local"]))
    return clock_answers.answers(case)


def _derived(case: Case, begins: str, ends: str) -> list[dict[str, Any]]:
    event = {"event": "opened", "at": begins}
    answer = previews.ask(
        "clock",
        targets=[{"objective": {"within": LONG_ENOUGH}}],
        events=[event],
        service_hours=hours.service_hours(case)[0],
        as_of=ends,
    )
    intervals: list[dict[str, Any]] = answer["clocks"][0]["derivation"]["intervals"]
    return intervals


def _of_day(case: Case, day: str) -> list[dict[str, Any]]:
    zone = hours.zone_of(case)
    return _derived(case, hours.local_instant(zone, day, "00:00"), hours.local_instant(zone, day, "24:00"))


def _date(case: Case) -> str:
    return str(case.expected.get("date") or case.setting("date") or case.setting("at"))[:10]


def _is_holiday(case: Case, day: str) -> bool:
    """Whether a day is closed as a holiday, and not by the weekly hours."""
    told = _of_day(case, day)
    return bool(told) and all(each["cause"] == "holiday" for each in told)


def _is_open(case: Case) -> bool:
    at = hours.instant(case.expected.get("at") or case.setting("at"), hours.zone_of(case))
    told = _derived(case, at, to_text(from_text(at) + hours.SECOND))
    return bool(told) and told[0]["kind"] == "open"


def _open_intervals(case: Case, wanted: int) -> list[list[str]]:
    """The first open intervals from the instant asked: some sources list only those of a week."""
    asked = next(event for event in case.events if "at" in event)
    at, reach = from_text(asked["at"]), 60 * hours.DAY
    is_backward = str(asked.get("type", "")).endswith(("_before", "_until", "_to", "_backward"))
    begins, ends = (at - reach, at) if is_backward else (at, at + reach)
    told = [each for each in _derived(case, to_text(begins), to_text(ends)) if each["kind"] == "open"]
    return [[each["from"], each["to"]] for each in (reversed(told) if is_backward else told)][:wanted]


def _local(case: Case, local: str) -> dict[str, Any]:
    """The instant of a local time, and that instant as local text; an error if the date does not exist."""
    zone = hours.zone_of(case)
    try:
        utc = hours.of_local(zone, local)
    except ValueError:
        return {"error": True, "valid": False}
    return {"local": hours.local_text(zone, utc), "utc": utc, "error": False, "valid": True}
