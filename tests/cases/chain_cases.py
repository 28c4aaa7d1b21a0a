"""Cases about chains: whether supporting agreements suffice for availability, durations, hours, terms and recovery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from tests.cases import hours, previews
from tests.cases.reading import Case, Unmapped

_SAID = frozenset({"note", "why"})
"""Fields of ``expected`` that only explain the answer."""
_YEAR = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    ask = next((question for part, question in _QUESTIONS if part in case.data), None)
    if ask is None:
        raise Unmapped(f"nothing of a chain in {sorted(case.data)}")
    return {name: case.expected[name] for name in _SAID & set(case.expected)} | ask(case)


def _availability(case: Case) -> dict[str, Any]:
    supports = {name: _promised(each) for name, each in case.data["supports"].items()}
    asked = {"at_least": _promised(case.data["sla"]), "structure": case.data["structure"], "supports": supports}
    answer = previews.ask_chain(availability=asked)["availability"]
    reached, theirs = Fraction(answer["achievable_percent"]), case.expected.get("achievable_percent")
    # A number is compared, however many digits it is written with.
    answer["achievable_percent"] = theirs if theirs is not None and Fraction(theirs) == reached else str(reached)
    return {**answer, "needed": {**answer.get("needed", {}), **_said(case.expected.get("needed", {}))}}


def _promised(written: Any) -> str:
    """A percent, by itself or by one of its names."""
    if not isinstance(written, Mapping):
        return str(written).rstrip("%").strip()
    return _promised(next(written[name] for name in ("at_least", "availability", "percent") if name in written))


def _iso(length: Any) -> str:
    return durations.to_iso(hours.written_length(str(length)))


def _said(expected: Mapping[str, Any]) -> dict[str, Any]:
    return {name: expected[name] for name in _SAID & set(expected)}


def _durations(case: Case) -> dict[str, Any]:
    supports = {name: _iso(each) for name, each in case.data["supports"].items()}
    asked = {"at_most": _iso(case.data["sla"]["at_most"]), "path": case.data["path"], "supports": supports}
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


_EXCEPTIONS = ("overrides", "breaks")


def _weekly(written: Any) -> Any:
    """The hours with their days side by side, as cases write them, or as our own document."""
    if not isinstance(written, Mapping):
        return written
    days = written.get("weekly") or {
        day: each for day, each in written.items() if day not in ("timezone", "holidays", *_EXCEPTIONS)
    }
    document = {"timezone": written.get("timezone", "UTC"), "weekly": hours.weekly(days)}
    document["holidays"] = hours.holidays(written.get("holidays"))
    return document | {name: written[name] for name in _EXCEPTIONS if name in written}


_OPEN_ENDED = "9999-12-31"


def _term(case: Case) -> dict[str, Any]:
    """One supporting term or several. A term without a last day goes on."""
    written = case.data.get("support_terms") or [case.data["support_term"]]
    supports = [[first, last or _OPEN_ENDED] for first, last in written]
    asked = {"required": [case.data["sla_term"][0], case.data["sla_term"][1] or _OPEN_ENDED], "supports": supports}
    answer: dict[str, Any] = previews.ask_chain(term=asked)["term"]
    return answer


def _recovery(case: Case) -> dict[str, Any]:
    order, way = str(case.data.get("recovery_order", "one after the other")).lower(), "one_after_the_other"
    if any(word in order for word in ("parallel", "at once", "same time", "simultaneous", "together", "side by side")):
        way = "side_by_side"
    elif "after" not in order and "sequen" not in order and "serial" not in order:
        raise Unmapped(f"a recovery {order}")
    sla = {"rto_at_most": "P3650D", "rpo_at_most": "P3650D", **case.data["sla"]}
    supports = {name: {"rto": "PT0S", "rpo": "PT0S", **each} for name, each in case.data["supports"].items()}
    asked = {**sla, "order": way, "structure": case.data["structure"], "supports": supports}
    answer: dict[str, Any] = previews.ask_chain(recovery=asked)["recovery"]
    return answer


def _structured(case: Case) -> dict[str, Any]:
    each = next(iter(case.data["supports"].values()))
    return _recovery(case) if isinstance(each, Mapping) and {"rto", "rpo"} & set(each) else _availability(case)


_QUESTIONS: tuple[tuple[str, Callable[[Case], dict[str, Any]]], ...] = (
    ("path", _durations),
    ("sla_hours", _hours),
    ("sla_term", _term),
    ("structure", _structured),
)
