"""Answers of our clocks to the fields that a case expects."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from slm_calendar.errors import CalendarError
from tests.cases import clock_cases, hours, previews, ticket_courses, ticket_events
from tests.cases.clock_cases import LONG_ENOUGH, ask, minutes, whole
from tests.cases.reading import Case, Unmapped

Answer = Callable[[Case, str, Any], Any]
ASKED = frozenset({"from", "to", "at", "window", "date", "note"})
"""Fields of ``expected`` that are part of the question."""


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    found: dict[str, Any] = {}
    if "error" in case.expected:
        return {**case.expected, "error": is_refused(lambda: ask(case))}
    for name, theirs in case.expected.items():
        answer = _ANSWERS.get(name) or next((each for pattern, each in _PATTERNS if re.fullmatch(pattern, name)), None)
        if name in ASKED:
            found[name] = theirs
        elif answer is not None and isinstance(theirs, Mapping) and re.match(_OF_A_CLOCK, name):
            found[name] = {target: answer(_alone(case, target), name, value) for target, value in theirs.items()}
        elif answer is not None:
            found[name] = answer(case, name, theirs)
    return found


_OF_A_CLOCK = r"(elapsed|margin|paused|breached|met|verdict|escalation_at|started_at|stopped_at|.*left)"


def _alone(case: Case, target: str) -> Case:
    """The case reduced to one of its targets, for cases with an answer for each target."""
    return replace(case, data={**case.data, "targets": {target: clock_cases.targets_of(case)[target]}})


def is_refused(question: Callable[[], Any]) -> bool:
    """Whether our engine or the calendar rejects the question."""
    try:
        question()
    except (previews.Refused, CalendarError):
        return True
    return False


def one(case: Case, **more: Any) -> Mapping[str, Any]:
    """The last clock of the ticket, because a later clock replaces an earlier one."""
    found = ask(case, **_as_of(case), **more)["clocks"]
    if not found:
        raise Unmapped("no clock starts by these events")
    clock: Mapping[str, Any] = found[-1]
    return clock


def _as_of(case: Case) -> dict[str, Any]:
    at = case.expected.get("at") or case.setting("now", "as_of")
    return {"as_of": hours.instant(at, hours.zone_of(case))} if at else {}


def _is_measured(case: Case) -> bool:
    swaps = any(ticket_events.is_swap(case, event.get("type")) for event in case.events)
    return swaps or bool(clock_cases.targets_of(case))


def _due(case: Case, **more: Any) -> Mapping[str, Any]:
    """The clock whose deadline is asked about: there is one only where a case says how long it has."""
    if not _is_measured(case):
        raise Unmapped("a deadline without a duration")
    return one(case, **more)


def _deadline(case: Case, name: str, theirs: Any) -> Any:
    if _goes_back(case):
        return one(_measured(case), escalations=[_back(case)])["escalations"][0]["at"]
    if theirs is None:
        found = ask(case)["clocks"]
        return found[-1]["deadline_at"] if found and found[-1]["verdict"] != "cancelled" else None
    return _due(case)["deadline_at"]


def _goes_back(case: Case) -> bool:
    amounts = [case.data.get(name, 0) for name in ("working_seconds", "working_days", "business_days")]
    return min(amounts) < 0 or (not any(amounts) and case.described_as("backward", " back ", "last open"))


def _back(case: Case) -> dict[str, Any]:
    """A walk backward is an offset before a deadline: of no duration, so that it is the start."""
    if "working_seconds" in case.data or not clock_cases.targets_of(case):
        length = hours.iso(case.data.get("working_seconds", 0))
        return {"service_time": length if length.startswith("-") else f"-{length}"}
    return clock_cases.targets_of(case)["deadline"]


def _measured(case: Case) -> Case:
    left_out = ("working_seconds", "working_days", "business_days", "end_of_working_day")
    kept = {name: value for name, value in case.data.items() if name not in left_out}
    events = [{"type": "start", **event} for event in case.events]
    data = {**kept, "events": events, "target": {"amount": 0, "unit": "calendar"}}
    return Case(case.id, case.source, case.group, data, case.expected)


def _deadline_local(case: Case, name: str, theirs: Any) -> Any:
    return hours.local_text(case.data["timezone"], _deadline(case, name, theirs))


def _deadlines(case: Case, name: str, theirs: Mapping[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(theirs) | _by_name(ask(case))


def _by_name(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The deadline of the last clock of each target; None for one that was cancelled."""
    return {
        clock["target"]: None if clock["verdict"] == "cancelled" else clock["deadline_at"] for clock in answer["clocks"]
    }


def _before(case: Case, name: str, theirs: Mapping[str, Any]) -> dict[str, Any]:
    return _moment(case, theirs, changes=False)


def _after(case: Case, name: str, theirs: Mapping[str, Any]) -> dict[str, Any]:
    return _moment(case, theirs, changes=True)


def _moment(case: Case, theirs: Mapping[str, Any], changes: bool) -> dict[str, Any]:
    told = hours.told(case.described, "before")
    offsets = [{"service_time": f"-{told}"}] if told and "escalation_at" in theirs else []
    answer = ask(case, changes=changes, escalations=offsets)
    found = dict.fromkeys(theirs) | _by_name(answer)
    for last in answer["clocks"][-1:]:
        if "deadline" in theirs:
            found["deadline"] = None if last["verdict"] == "cancelled" else last["deadline_at"]
        if offsets:
            found["escalation_at"] = last["escalations"][0]["at"]
    return found


def _elapsed_minutes(case: Case, name: str, theirs: Any) -> Any:
    window = case.expected.get("window")
    if window is not None:
        inside = one(case, window={"from": window[0], "to": window[1]})["window"]
        return minutes(inside["sums"]["open"])
    return minutes(_elapsed(case)["service"])


def _elapsed_seconds(case: Case, name: str, theirs: Any) -> Fraction:
    window = case.expected.get("window")
    if window is not None:
        return whole(one(case, window={"from": window[0], "to": window[1]})["window"]["sums"]["open"])
    return whole(_elapsed(case)["calendar" if case.setting("days") is True else "service"])


def _elapsed(case: Case) -> Mapping[str, Any]:
    """Time used: by the ticket's events, or between two instants, of which a reversed pair has none."""
    spans = [case.expected, *case.events]
    span = next((each for each in spans if {"from", "to"} <= set(each) and each.get("type") != "pause"), None)
    if span is None:
        elapsed: Mapping[str, Any] = one(case)["elapsed"]
        return elapsed
    events = [{"type": "start", "at": span["from"]}, *(e for e in case.events if e.get("type") == "date_override")]
    asked = Case(case.id, case.source, case.group, {**case.data, "events": events, "target": LONG_ENOUGH}, {})
    found = ask(asked, as_of=hours.instant(span["to"], hours.zone_of(case)))["clocks"]
    return found[0]["elapsed"] if found else {"service": "PT0S", "calendar": "PT0S"}


def _margin(case: Case, name: str, theirs: Any) -> int:
    return minutes(one(case)["left"], up=True)


def _breached(case: Case, name: str, theirs: Any) -> bool:
    return bool(one(case)["verdict"] == "breached")


def _met(case: Case, name: str, theirs: Any) -> bool:
    return bool(one(case)["verdict"] == "met")


def _measure(*path: str) -> Answer:
    """A length of the clock, in the unit that its name ends on; whole minutes and hours as the sources round them."""

    def answer(case: Case, name: str, theirs: Any) -> Fraction | int:
        found: Any = one(case)
        for part in path:
            found = found[part]
        seconds = whole(found)
        if name.endswith("percent"):
            return seconds / whole(_within(case)) * 100
        unit = next((size for word, size in _UNITS if name.endswith(word)), 1)
        return seconds / unit if isinstance(theirs, Decimal) or unit == 1 else math.floor(seconds / unit)

    return answer


_UNITS = (("minutes", 60), ("_min", 60), ("hours", 3600), ("days", 86_400))


def _within(case: Case) -> str:
    (length,) = one(case)["within"].values()
    return str(length)


def _text(field: str) -> Answer:
    return lambda case, name, theirs: one(case)[field]


def _escalation(case: Case, name: str, theirs: Any) -> Any:
    offset: Mapping[str, Any] = case.data.get("escalation_offset") or {"relative_to": None}
    from_what = offset.get("relative_to", "deadline")
    if from_what in ("start", "created", "opened"):
        # So long after the opening is the deadline of a target of that length.
        target = {"objective": {"within": hours.within(offset["amount"], offset["unit"])}}
        return ask(case, targets=[target])["clocks"][-1]["deadline_at"]
    if from_what != "deadline":
        raise Unmapped(f"an escalation relative to {from_what}")
    return one(case, escalations=[hours.within(offset["amount"], offset["unit"])])["escalations"][0]["at"]


def _escalations(case: Case, name: str, theirs: Any) -> list[Any]:
    """The instants of several offsets from the deadline, in the given order."""
    offsets = [hours.within(each["amount"], each["unit"]) for each in case.data["escalation_offsets"]]
    return [each["at"] for each in one(case, escalations=offsets)["escalations"]]


def _shown(case: Case, name: str, theirs: Mapping[str, Any]) -> dict[str, Any]:
    return {at: ask(case, as_of=hours.instant(at))["clocks"][-1]["deadline_at"] for at in theirs}


def _threshold(case: Case, name: str, theirs: Any) -> Any:
    return _due(case, warn_at=[int(name.rsplit("_", 1)[1])])["warnings"][0]["at"]


def _elapsed_at(case: Case, name: str, theirs: Any) -> Fraction:
    at = name.removeprefix("elapsed_seconds_at_")
    return whole(ask(case, as_of=hours.instant(at))["clocks"][-1]["elapsed"]["service"])


def _moves(case: Case, name: str, theirs: Any) -> bool:
    """Whether the deadline differs from the one that the opening alone gives."""
    unchanged = {**case.data, "events": case.events[:1]}
    return bool(one(case)["deadline_at"] != one(Case(case.id, case.source, case.group, unchanged, {}))["deadline_at"])


_ANSWERS: dict[str, Answer] = {
    "deadline": _deadline,
    "due_at": _deadline,
    "result": _deadline,
    "deadline_local": _deadline_local,
    "deadlines": _deadlines,
    "before": _before,
    "after": _after,
    "elapsed_minutes": _elapsed_minutes,
    "elapsed_seconds": _elapsed_seconds,
    "margin_minutes": _margin,
    "breached": _breached,
    "met": _met,
    "escalation_at": _escalation,
    "escalations": _escalations,
    "escalations_at": _escalations,
    "shown_deadline_at": _shown,
    "started_at": _text("started_at"),
    "stopped_at": _text("stopped_at"),
    "breached_at": _text("breached_at"),
    "verdict": _text("verdict"),
    "deadline_moves": _moves,
    **ticket_courses.ANSWERS,
}
_LENGTH = r"(seconds|s|minutes|min|hours|days|percent)"
_PATTERNS: tuple[tuple[str, Answer], ...] = (
    (r"threshold_\d+", _threshold),
    (r"elapsed_seconds_at_.+", _elapsed_at),
    (r"(ola|sla)_start(ed_at)?", _text("started_at")),
    (rf"(paused_working|paused_business|paused|business_pause)_{_LENGTH}", _measure("paused", "service")),
    (
        rf"(total_)?(hold(_time)?|paused_actual|paused_calendar|actual_pause|waiting)_{_LENGTH}",
        _measure("paused", "calendar"),
    ),
    (rf"(business|working|service)(_elapsed)?_{_LENGTH}|elapsed_{_LENGTH}", _measure("elapsed", "service")),
    (rf"(actual|calendar|wall)(_elapsed)?_{_LENGTH}", _measure("elapsed", "calendar")),
    (rf"{_LENGTH}_left|(time_)?(left|remaining)_{_LENGTH}|margin_{_LENGTH}", _measure("left")),
)
