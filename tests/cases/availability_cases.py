"""Cases about availability, downtime budgets, outages and reliability, answered by the window preview."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from slm_calendar import windows
from slm_calendar.local_time import SECOND
from slm_events.instants import from_text, to_text
from tests.cases import hours, previews
from tests.cases.reading import Case, Unmapped, share_of
from tests.cases.sources import SEVERITIES, Rules, number_of, rules_of

_ASKED = frozenset({"period", "time_unit", "slo_percent", "period_seconds", "note"})
_DOWNTIMES = frozenset({"planned_downtime", "excluded_downtime", "downtime", "maintenance"})
_EPOCH = "2024-01-01T00:00:00Z"


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    theirs = case.expected
    asked = {name: theirs[name] for name in _ASKED & set(theirs)}
    if theirs.get("error"):
        return {**asked, "error": _is_refused(case)}
    kinds = set().union(*(set(event) for event in case.events)) if case.events else set()
    if "outages_minutes" in kinds:
        return {**asked, **_combined(case)}
    if "status_hours" in kinds:
        return {**asked, **_by_threshold(case, theirs["sli_percent"])}
    if _begins_too_late(case):
        return {**asked, **_NOTHING}
    return {**asked, **figures(window(case), theirs), **_zabbix_budget(case)}


def _begins_too_late(case: Case) -> bool:
    """Whether the service began only after the period, so that there is nothing to evaluate."""
    created = case.setting("service_created_at")
    return created is not None and hours.instant(created) >= _span(case)["to"]


_NOTHING: dict[str, Any] = {
    "sli_percent": -1,
    **dict.fromkeys(("uptime_s", "downtime_s", "scheduled_s", "allowed_downtime_s", "budget_left_s"), 0),
    "zabbix_error_budget_s": 0,
}


def _zabbix_budget(case: Case) -> dict[str, Any]:
    """Zabbix's budget: what may still be lost for the share to hold as it stands, and no more than the time to come."""
    if "zabbix_error_budget_s" not in case.expected:
        return {}
    sums, objective = window(case)["derivation"]["sums"], Fraction(case.expected["slo_percent"]) / 100
    events = [event for event in case.events if "now" not in event]
    unfinished = Case(case.id, case.source, case.group, {**case.data, "events": events}, case.expected)
    up, down = Fraction(sums["up"], SECOND), Fraction(sums["down"], SECOND)
    whole = window(unfinished)["derivation"]["sums"]["service_time"]
    to_come = Fraction(whole, SECOND) - up - down
    return {"zabbix_error_budget_s": min(to_come, math.floor(up / objective) - up - down)}


def _is_refused(case: Case) -> bool:
    try:
        window(case)
    except previews.Refused:
        return True
    return False


def window(case: Case, **more: Any) -> dict[str, Any]:
    """The evaluated window of the case."""
    rules = rules_of(case)
    body: dict[str, Any] = {
        "terms": _terms(case, rules),
        "window": _span(case),
        "service_hours": hours.service_hours(case)[0],
        "initial_state": rules.initial_state,
        "facts": [],
        "exclusions": [],
    }
    for event in case.events:
        _take(case, event, rules, body)
    if body["facts"] and all("outage" in fact for fact in body["facts"]):
        body["initial_state"] = "up"
    return previews.ask("window", **{**body, **more})


def _terms(case: Case, rules: Rules) -> dict[str, Any]:
    percent = case.expected.get("slo_percent", share_of(case.asked.get("target", Fraction(99, 100))) * 100)
    return {
        "aggregation": "availability",
        "objective": {"at_least": str(percent), "unit": "percent"},
        "planned_downtime": case.setting("planned_downtime") or rules.planned_downtime,
        "unknown": case.setting("unknown") or "removed",
        **{name: case.setting(name) for name in ("degraded", "unacceptable") if case.setting(name) is not None},
    }


def _span(case: Case) -> dict[str, str]:
    """The period asked about; of cases that give only a length, so long from any instant on."""
    period = case.expected.get("period")
    zone = hours.zone_of(case)
    if isinstance(period, str):
        named = windows.window_of_id(period, zone)
        return {"from": to_text(named.start), "to": to_text(named.end)}
    if period is not None:
        return {"from": hours.instant(period[0], zone), "to": hours.instant(period[1], zone)}
    length = case.expected.get("period_seconds") or case.asked.get("days", 0) * 86_400 or _measured(case)
    dated = [from_text(event["from"]) for event in case.events if event.get("type") == "outage"]
    start = min(dated) // hours.DAY * hours.DAY if dated else from_text(_EPOCH)
    ends = max((from_text(event["to"]) for event in case.events if event.get("type") == "outage"), default=0)
    end = max(start + int(length) * SECOND, -(-ends // hours.DAY) * hours.DAY)
    if end == start:
        raise Unmapped("no period")
    return {"from": to_text(start), "to": to_text(end)}


def _measured(case: Case) -> Any:
    return sum(amount * 3600 for event in case.events for name, amount in event.items() if name.endswith("_hours"))


def _take(case: Case, event: dict[str, Any], rules: Rules, body: dict[str, Any]) -> None:
    """Add one event to the question, as a fact, an exclusion, or a setting."""
    kind = event.get("type")
    at = event.get("at", event.get("t"))
    if kind in _DOWNTIMES:
        body["exclusions"].append({"from": hours.instant(event["from"]), "to": hours.instant(event["to"])})
    elif kind == "outage":
        body["facts"].append({"outage": {"from": hours.instant(event["from"]), "to": hours.instant(event["to"])}})
    elif kind == "current_state":
        body["initial_state"] = _state(event["state"], rules)
    elif "state" in event and at is not None:
        body["facts"].append(_fact(event, at, rules))
    elif "up_hours" in event:
        _take_lengths(event, rules, body)
    elif not _set(event, rules, body):
        raise Unmapped(f"an event {sorted(event)}")


def _take_lengths(event: Mapping[str, Any], rules: Rules, body: dict[str, Any]) -> None:
    """Add the given number of hours in each state, one after the other."""
    at = from_text(body["window"]["from"])
    for name, amount in event.items():
        state, begins = name.removesuffix("_hours"), to_text(at)
        at += int(amount * hours.HOUR)
        if state in _DOWNTIMES:
            body["exclusions"].append({"from": begins, "to": to_text(at)})
        else:
            body["facts"].append({"at": begins, "state": _state(state, rules)})


def _set(event: Mapping[str, Any], rules: Rules, body: dict[str, Any]) -> bool:
    """Events that say since when, up to when and from which state on there is something to judge."""
    if "service_created_at" in event and hours.instant(event["service_created_at"]) > body["window"]["from"]:
        body["effective_at"] = hours.instant(event["service_created_at"])
    if "status_at_period_start" in event:
        body["initial_state"] = _state(event["status_at_period_start"], rules)
    if "now" in event:
        body["as_of"] = hours.instant(event["now"])
    return bool(set(event) & {"service_created_at", "status_at_period_start", "now"})


def _fact(event: Mapping[str, Any], at: Any, rules: Rules) -> dict[str, Any]:
    fact = {"at": hours.instant(at), "state": _state(event["state"], rules)}
    previous = event.get("previous_state")
    if previous is not None:
        is_none = str(previous).lower().startswith("none") or previous == _NEVER
        fact["previous"] = "none" if is_none else _state(previous, rules)
    return fact


_NEVER = 99
"""Icinga's number for a state before the first check."""


def _state(written: str, rules: Rules) -> str:
    state = rules.states.get(str(written).lower())
    if state is None:
        raise Unmapped(f"a state {written!r}")
    return state


def figures(answer: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a window, under the names that the sources use."""
    sums, budget, means = answer["derivation"]["sums"], answer["budget"], answer["reliability"]
    share = answer["figure"]
    allowed, left = Fraction(budget["whole"]) / SECOND, Fraction(budget["left"]) / SECOND
    return {
        # Some write a window without a value as -1.
        "sli_percent": (-1 if "sli_percent" in theirs and theirs["sli_percent"] is not None else None)
        if share is None
        else Fraction(share) * 100,
        "uptime_s": Fraction(sums["up"], SECOND),
        "downtime_s": Fraction(sums["down"], SECOND),
        "scheduled_s": Fraction(sums["service_time"], SECOND),
        "allowed_downtime_s": allowed,
        "allowed_downtime_seconds": allowed,
        "minutes": allowed / 60,
        "budget_left_s": left,
        "seconds": allowed,
        "hours": allowed / 3600,
        "sli": None if share is None else Fraction(share),
        "met": answer["verdict"] == "met",
        "breached": answer["verdict"] == "breached",
        "verdict": answer["verdict"],
        **_means(means),
    }


def _means(means: Mapping[str, str | None]) -> dict[str, Fraction | None]:
    """By each name and in each unit that sources write them in; repairing and restoring is the same to them."""
    found = {}
    for name, ours in (("mtrs", "mtrs"), ("mttr", "mtrs"), ("mtbf", "mtbf"), ("mtbsi", "mtbsi")):
        mean = means[ours]
        for unit, size in (("seconds", 1), ("s", 1), ("minutes", 60), ("hours", 3600)):
            found[f"{name}_{unit}"] = None if mean is None else Fraction(mean) / SECOND / size
    return found


_SHARE = re.compile(r"(?:at least|minimum|>=|≥) ?(\d+(?:\.\d+)?) ?%")
_NUMBER = re.compile(
    r"(?:at most|no more than|maximum|up to|<=|≤) ?(\w+) (?:\w+ )?outages? (?:of|longer than|over|>=?) ?(\d+) ?"
    r"(s|sec|min|h)\b"
)


def _combined(case: Case) -> dict[str, Any]:
    """A share and a number of outages at once, each day of the case by itself."""
    share, number = _SHARE.search(case.described), _NUMBER.search(case.described)
    if share is None and number is None:
        raise Unmapped("a combined target whose terms are not told")
    percent = share[1] if share else "0"
    members: list[dict[str, Any]] = [
        {"terms": {"aggregation": "availability", "objective": {"at_least": percent, "unit": "percent"}}},
    ]
    if number is not None:
        length = hours.within(int(number[2]), number[3])["service_time"]
        counted = {
            "aggregation": {"outages": {"at_least": length}},
            "objective": {"at_most": str(number_of(number[1]))},
        }
        members.append({"terms": counted})
    start = from_text(_EPOCH)
    span = {"from": to_text(start), "to": to_text(start + hours.DAY)}
    answered = []
    for event in case.events:
        facts, at = [], start
        for length in event["outages_minutes"]:
            facts.append({"outage": {"from": to_text(at), "to": to_text(at + length * hours.MINUTE)}})
            at += (length + 1) * hours.MINUTE
        each = [{**member, "facts": facts, "initial_state": "up"} for member in members]
        terms = {"aggregation": {"composite": {"of": "verdicts", "rule": "all_of"}}}
        answered.append(previews.ask("window", terms=terms, window=span, members=each))
    return {
        "results": [{"met": "met", "breached": "broken"}[answer["verdict"]] for answer in answered],
        "ok_percent": [Fraction(answer["members"][0]["figure"]) * 100 for answer in answered],
    }


def _by_threshold(case: Case, theirs: Any) -> dict[str, Any]:
    if isinstance(theirs, Mapping):
        return {"sli_percent": {name: _by_severity(case, name) for name in theirs}}
    return {"sli_percent": _by_severity(case, str(case.setting("min_down", "severity_threshold") or "WARNING"))}


def _by_severity(case: Case, threshold: str) -> Fraction:
    """The availability if every status counts as down that is at least as severe as ``threshold``.

    Severities have Zabbix's order or, if some are not Zabbix's, the order in which the case names them.
    """
    lengths = next(event["status_hours"] for event in case.events)
    order = list(lengths)
    if all(name.lower() in SEVERITIES for name in order):
        order = [name.upper() for name in SEVERITIES]
    least = order.index(threshold.removeprefix("min_down="))
    at = from_text(_EPOCH)
    facts = []
    for name, amount in lengths.items():
        facts.append({"at": to_text(at), "state": "down" if order.index(name) >= least else "up"})
        at += int(amount * hours.HOUR)
    terms = {"aggregation": "availability", "objective": {"at_least": "99", "unit": "percent"}}
    answer = previews.ask("window", terms=terms, window={"from": _EPOCH, "to": to_text(at)}, facts=facts)
    return Fraction(answer["figure"]) * 100
