"""What our clocks answer to each thing that a case expects of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from slm_events.instants import from_text
from tests.cases import clock_cases, hours
from tests.cases.clock_cases import ask, minutes, whole
from tests.cases.reading import Case, Unmapped

Answer = Callable[[Case, str, Any], Any]
ASKED = frozenset({"from", "to", "at", "window", "date"})
"""What stands in ``expected`` and is part of the question."""


def answers(case: Case) -> dict[str, Any]:
    """Our answer to each expected field that we can ask for."""
    found: dict[str, Any] = {}
    for name, theirs in case.expected.items():
        answer = _ANSWERS.get(name) or next((each for pattern, each in _PATTERNS if re.fullmatch(pattern, name)), None)
        if name in ASKED:
            found[name] = theirs
        elif answer is not None:
            found[name] = answer(case, name, theirs)
    return found


def one(case: Case, **more: Any) -> Mapping[str, Any]:
    """The clock that stands at the end: a later one takes an earlier one's place."""
    found = ask(case, **_as_of(case), **more)["clocks"]
    if not found:
        raise Unmapped("no clock starts by these events")
    clock: Mapping[str, Any] = found[-1]
    return clock


def _as_of(case: Case) -> dict[str, Any]:
    at = case.expected.get("at")
    return {"as_of": hours.instant(at)} if at else {}


def _deadline(case: Case, name: str, theirs: Any) -> Any:
    if _goes_back(case):
        return one(_measured(case), escalations=[_back(case)])["escalations"][0]["at"]
    return one(case)["deadline_at"]


def _goes_back(case: Case) -> bool:
    amounts = [case.data.get(name, 0) for name in ("working_seconds", "working_days", "business_days")]
    return min(amounts) < 0 or (not any(amounts) and case.described_as("backward"))


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
    return _by_name(ask(case))


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
    found = _by_name(answer)
    last = answer["clocks"][-1]
    if "deadline" in theirs:
        found["deadline"] = last["deadline_at"]
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
    return whole(_elapsed(case)["service"])


def _elapsed(case: Case) -> Mapping[str, Any]:
    """Time used: by the ticket's events, or between two instants, of which a reversed pair has none."""
    spans = [case.expected, *case.events]
    span = next((each for each in spans if {"from", "to"} <= set(each) and each.get("type") != "pause"), None)
    if span is None:
        elapsed: Mapping[str, Any] = one(case)["elapsed"]
        return elapsed
    events = [{"type": "start", "at": span["from"]}, *(e for e in case.events if e.get("type") == "date_override")]
    asked = Case(case.id, case.source, case.group, {**case.data, "events": events}, {})
    found = ask(asked, as_of=hours.instant(span["to"]))["clocks"]
    return found[0]["elapsed"] if found else {"service": "PT0S", "calendar": "PT0S"}


def _margin(case: Case, name: str, theirs: Any) -> int:
    return minutes(one(case)["left"], up=True)


def _breached(case: Case, name: str, theirs: Any) -> bool:
    return bool(one(case)["verdict"] == "breached")


def _paused(case: Case, name: str, theirs: Any) -> Fraction:
    return whole(one(case)["paused"]["service"])


def _business(case: Case, name: str, theirs: Any) -> Fraction:
    return whole(one(case)["elapsed"]["service"])


def _actual(case: Case, name: str, theirs: Any) -> Fraction:
    return whole(one(case)["elapsed"]["calendar"])


def _left(case: Case, name: str, theirs: Any) -> Fraction:
    return whole(one(case)["left"])


def _escalation(case: Case, name: str, theirs: Any) -> Any:
    offset: Mapping[str, Any] = case.data.get("escalation_offset") or {"relative_to": None}
    from_what = offset.get("relative_to", "deadline")
    if from_what in ("start", "created", "opened"):
        # So long after the opening is the deadline of a target of that length.
        target = {"objective": {"within": hours.within(offset["amount"], offset["unit"])}}
        return ask_targets(case, [target])["clocks"][-1]["deadline_at"]
    if from_what != "deadline":
        raise Unmapped(f"an escalation relative to {from_what}")
    return one(case, escalations=[hours.within(offset["amount"], offset["unit"])])["escalations"][0]["at"]


def _shown(case: Case, name: str, theirs: Mapping[str, Any]) -> dict[str, Any]:
    return {at: ask(case, as_of=hours.instant(at))["clocks"][-1]["deadline_at"] for at in theirs}


def _threshold(case: Case, name: str, theirs: Any) -> Any:
    return one(case, warn_at=[int(name.rsplit("_", 1)[1])])["warnings"][0]["at"]


def _elapsed_at(case: Case, name: str, theirs: Any) -> Fraction:
    at = name.removeprefix("elapsed_seconds_at_")
    return whole(ask(case, as_of=hours.instant(at))["clocks"][-1]["elapsed"]["service"])


def _started(case: Case, name: str, theirs: Any) -> Any:
    return one(case)["started_at"]


def _moves(case: Case, name: str, theirs: Any) -> bool:
    """Whether the deadline is another one than by the opening alone."""
    unchanged = {**case.data, "events": case.events[:1]}
    return bool(one(case)["deadline_at"] != one(Case(case.id, case.source, case.group, unchanged, {}))["deadline_at"])


def _priority_at(case: Case, name: str, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Each escalation raises the priority by one, from the opening's on."""
    told = re.search(r"\(([\d, and]+) (min|h) before", case.described)
    if told is None:
        raise Unmapped("escalations whose offsets are not told")
    amounts = [int(text) for text in re.findall(r"\d+", told[1])]
    offsets = [hours.within(-amount, told[2]) for amount in amounts]
    fired = [from_text(each["at"]) for each in one(case, escalations=offsets)["escalations"]]
    first = next(event["priority"] for event in case.events if "priority" in event)
    return {at: first + sum(each <= from_text(at) for each in fired) for at in theirs}


def _exchanges(case: Case, name: str, theirs: Any) -> Fraction:
    target = {"key": "update", "clock": "update", "objective": {"within": clock_cases.LONG_ENOUGH}}
    return whole(ask_targets(case, [target])["exchanges"]["mean"])


def ask_targets(case: Case, targets: list[dict[str, Any]]) -> dict[str, Any]:
    return ask(case, targets=targets)


def _resolution(case: Case, name: str, theirs: Any) -> Fraction:
    target = {"objective": {"within": clock_cases.LONG_ENOUGH}, "pause": []}
    return whole(ask_targets(case, [target])["clocks"][-1]["elapsed"]["service"])


def _statuses(case: Case, name: str, theirs: Any) -> list[str]:
    """A running clock is due for the response until something has been answered or paused, then for the resolution."""
    clock = one(case)
    told: list[str] = []
    for each in clock["derivation"]["intervals"]:
        if each["kind"] == "paused":
            told.append("Paused")
        elif not told or told[-1] == "Paused":
            told.append("Resolution Due" if told else "First Response Due")
    return [*told, *{"met": ["Fulfilled"], "breached": ["Failed"]}.get(clock["verdict"], [])]


_ANSWERS: dict[str, Answer] = {
    "deadline": _deadline,
    "result": _deadline,
    "deadline_local": _deadline_local,
    "deadlines": _deadlines,
    "before": _before,
    "after": _after,
    "elapsed_minutes": _elapsed_minutes,
    "elapsed_seconds": _elapsed_seconds,
    "margin_minutes": _margin,
    "breached": _breached,
    "paused_working_seconds": _paused,
    "business_seconds": _business,
    "actual_seconds": _actual,
    "seconds_left": _left,
    "escalation_at": _escalation,
    "shown_deadline_at": _shown,
    "ola_start": _started,
    "deadline_moves": _moves,
    "priority_at": _priority_at,
    "average_response_s": _exchanges,
    "resolution_s": _resolution,
    "resolution_minus_customer_wait_s": _business,
    "status_sequence": _statuses,
}
_PATTERNS: tuple[tuple[str, Answer], ...] = (
    (r"threshold_\d+", _threshold),
    (r"elapsed_seconds_at_.+", _elapsed_at),
)
