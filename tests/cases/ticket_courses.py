"""Cases about the course of a ticket: statuses, exchanges with the customer, raised priorities."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from slm_events.instants import from_text
from tests.cases import clock_cases, hours
from tests.cases.clock_cases import LONG_ENOUGH, ask, whole
from tests.cases.reading import Case, Unmapped

_ENDED = {"met": "Fulfilled", "breached": "Failed"}


def _last(case: Case, **more: Any) -> Mapping[str, Any]:
    found = ask(case, **more)["clocks"]
    if not found:
        raise Unmapped("no clock starts by these events")
    clock: Mapping[str, Any] = found[-1]
    return clock


def _priority_at(case: Case, name: str, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Each escalation raises the priority by one, from the opening's on."""
    told = re.search(r"((?:\d+[, and/]+)*\d+) ?(min|minutes|h|hours) before", case.described)
    if told is None:
        raise Unmapped("escalations whose offsets are not told")
    amounts = [int(text) for text in re.findall(r"\d+", told[1])]
    offsets = [hours.within(-amount, told[2]) for amount in amounts]
    fired = [from_text(each["at"]) for each in _last(case, escalations=offsets)["escalations"]]
    first = next(event["priority"] for event in case.events if "priority" in event)
    return {at: first + sum(each <= from_text(at) for each in fired) for at in theirs}


def _exchanges(which: str) -> Callable[[Case, str, Any], Fraction]:
    def answer(case: Case, name: str, theirs: Any) -> Fraction:
        target = {"key": "update", "clock": "update", "objective": {"within": LONG_ENOUGH}}
        return whole(ask(case, targets=[target])["exchanges"][which])

    return answer


def _resolution(case: Case, name: str, theirs: Any) -> Fraction:
    target = {"objective": {"within": LONG_ENOUGH}, "pause": []}
    return whole(ask(case, targets=[target])["clocks"][-1]["elapsed"]["service"])


def _without_waiting(case: Case, name: str, theirs: Any) -> Fraction:
    return whole(_last(case)["elapsed"]["service"])


def _statuses(case: Case, name: str, theirs: Any) -> list[str]:
    """A running clock is due for the response until something has been answered or paused, then for the resolution."""
    clock = _last(case)
    told: list[str] = []
    for each in clock["derivation"]["intervals"]:
        if each["kind"] == "paused":
            told.append("Paused")
        elif not told or told[-1] == "Paused":
            told.append("Resolution Due" if told else "First Response Due")
    return [*told, *({_ENDED[clock["verdict"]]} if clock["verdict"] in _ENDED else ())]


def _status(case: Case, name: str, theirs: Any) -> str:
    """How all of the ticket's clocks have ended, or what it is waiting for."""
    verdicts = {
        clock["verdict"] for clock in ask(case)["clocks"] if clock["clock"] == "resolution" or len(_names(case)) == 1
    }
    ended = next((word for verdict, word in reversed(_ENDED.items()) if verdict in verdicts), None)
    return ended or _statuses(case, name, theirs)[-1]


def _names(case: Case) -> list[str]:
    return [str(document["key"]) for document in clock_cases.documents(case)]


ANSWERS: dict[str, Callable[[Case, str, Any], Any]] = {
    "priority_at": _priority_at,
    "average_response_s": _exchanges("mean"),
    "longest_response_s": _exchanges("longest"),
    "resolution_s": _resolution,
    "resolution_minus_customer_wait_s": _without_waiting,
    "status_sequence": _statuses,
    "status": _status,
    "agreement_status": _status,
    "sla_status": _status,
}
