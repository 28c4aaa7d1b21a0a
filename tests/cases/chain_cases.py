"""Supporting promises under what is promised: availability, durations, hours, terms and recovery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.cases import hours, previews
from tests.cases.reading import Case, Unmapped

_SAID = frozenset({"note", "why"})
"""What stands in ``expected`` to explain it."""
_YEAR = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}


def answers(case: Case) -> dict[str, Any]:
    """Our answer to each expected field that we can ask for."""
    ask = _QUESTIONS.get(case.group.removeprefix("chain "))
    if ask is None:
        raise Unmapped(f"no group {case.group!r}")
    return {name: case.expected[name] for name in _SAID & set(case.expected)} | ask(case)


def _availability(case: Case) -> dict[str, Any]:
    asked = {"at_least": case.data["sla"]["at_least"], "structure": case.data["structure"],
             "supports": case.data["supports"]}  # fmt: skip
    answer = previews.ask_chain(availability=asked)["availability"]
    reached, theirs = Fraction(answer["achievable_percent"]), case.expected.get("achievable_percent")
    # A number is compared, however many digits it is written with.
    answer["achievable_percent"] = theirs if theirs is not None and Fraction(theirs) == reached else str(reached)
    return {**answer, "needed": {**answer.get("needed", {}), **_said(case.expected.get("needed", {}))}}


def _said(expected: Mapping[str, Any]) -> dict[str, Any]:
    return {name: expected[name] for name in _SAID & set(expected)}


def _durations(case: Case) -> dict[str, Any]:
    asked = {"at_most": case.data["sla"]["at_most"], "path": case.data["path"], "supports": case.data["supports"]}
    answer: dict[str, Any] = previews.ask_chain(durations=asked)["durations"]
    return answer


def _hours(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, theirs in case.expected.items():
        if name.startswith("week_of_"):
            begins = date.fromisoformat(name.removeprefix("week_of_"))
            zone = case.data["sla_hours"]["timezone"]
            span = {
                "from": hours.local_instant(zone, str(begins), "00:00"),
                "to": hours.local_instant(zone, str(begins + timedelta(days=7)), "00:00"),
            }
            found[name] = {**_uncovered(case, span), **_said(theirs)}
    whole = _uncovered(case, _YEAR)
    normal = whole["normal_week"]
    return found | {
        "contained": whole["contained"],
        "uncovered_seconds_per_normal_week": normal["uncovered_seconds"],
        "uncovered": normal["uncovered"],
    }


def _uncovered(case: Case, span: Mapping[str, str]) -> dict[str, Any]:
    asked = {"required": _weekly(case.data["sla_hours"]), "provided": _weekly(case.data["support_hours"]), **span}
    answer: dict[str, Any] = previews.ask_chain(hours=asked)["hours"]
    return answer


def _weekly(written: Any) -> Any:
    if not isinstance(written, Mapping):
        return written
    return {
        "timezone": written["timezone"],
        "weekly": {day: each for day, each in written.items() if day != "timezone"},
    }


def _term(case: Case) -> dict[str, Any]:
    asked = {"required": case.data["sla_term"], "supports": [case.data["support_term"]]}
    answer: dict[str, Any] = previews.ask_chain(term=asked)["term"]
    return answer


def _recovery(case: Case) -> dict[str, Any]:
    if case.data.get("recovery_order", "one after the other") != "one after the other":
        raise Unmapped(f"a recovery {case.data['recovery_order']}")
    asked = {**case.data["sla"], "structure": case.data["structure"], "supports": case.data["supports"]}
    answer: dict[str, Any] = previews.ask_chain(recovery=asked)["recovery"]
    return answer


_QUESTIONS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "availability": _availability, "duration": _durations, "hours": _hours, "term": _term, "recovery": _recovery,
}  # fmt: skip
