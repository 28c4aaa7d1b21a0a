"""Deadlines, elapsed time, pauses, escalations: a ticket's events asked of the clock preview."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from slm_calendar import intervals
from slm_events.instants import from_text, to_text
from tests.cases import hours, previews
from tests.cases.reading import Case, Unmapped
from tests.cases.sources import Rules, rules_of

LONG_ENOUGH = {"service_time": "PT10000H"}
"""Of a clock that is only asked how much time has passed."""
_CLOCKS = {
    "first_response": ("response", "first_response"), "response": ("response", "first_response"),
    "update": ("update", "agent_replied"), "solution": ("resolution", "resolved"),
    "resolution": ("resolution", "resolved"), "deadline": ("resolution", "resolved"),
}  # fmt: skip
_EVENTS = {
    "created": "opened", "start": "opened", "started": "opened", "opened": "opened", "closed": "resolved",
    "resolved": "resolved", "solved": "resolved", "first_response": "first_response", "reopened": "reopened",
    "ola_attached": "assigned", "assigned": "assigned", "customer_message": "customer_replied",
    "agent_reply": "agent_replied", "priority_changed": "priority_changed", "sla_changed": "priority_changed",
    "opening_date_edited": "state_changed", "cancelled": "cancelled",
}  # fmt: skip
_CHANGES = frozenset({"priority_changed", "sla_changed", "policy_changed"})
_SETTINGS = frozenset({"policy_changed", "date_override", "breaks"})
"""Events that say how the clock is set up, not what happened to the ticket."""


def targets_of(case: Case) -> dict[str, dict[str, Any]]:
    """The durations of the case by the name under which its answer stands."""
    data = case.data
    if isinstance(data.get("target"), Mapping):
        target = data["target"]
        return {"deadline": hours.within(target["amount"], target["unit"], bool(target.get("end_of_working_day")))}
    for unit in ("seconds", "minutes", "hours", "days"):
        if f"targets_{unit}" in data:
            return {name: hours.within(amount, unit) for name, amount in data[f"targets_{unit}"].items()}
        if f"target_{unit}" in data:
            return {"deadline": hours.within(data[f"target_{unit}"], unit)}
    if "working_seconds" in data:
        return {"deadline": {"service_time": hours.iso(data["working_seconds"])}}
    for name in ("working_days", "business_days"):
        if name in data:
            return {"deadline": hours.within(data[name], "days", bool(data.get("end_of_working_day")))}
    if any("due_date" in event for event in case.events):
        return {"deadline": {"due_at": "due_date"}}
    told = hours.told(case.described, "target", "duration", "goal", "SLA") or _in_brackets(case.described)
    names = case.expected.get("deadlines") or {"deadline": None}
    return {name: {"service_time": told} for name in names} if told else {}


def _in_brackets(described: str) -> str | None:
    """``High (4 h), pause …``."""
    match = re.search(r"\((\d+) (h|min)\)", described)
    return None if match is None else hours.within(int(match[1]), match[2])["service_time"]


def ask(case: Case, *, changes: bool = True, **more: Any) -> dict[str, Any]:
    """The clocks of the case's ticket; without ``changes`` as if no target or priority had been changed."""
    first, *others = hours.service_hours(case)
    body = {"targets": documents(case), "events": events_of(case, changes), "service_hours": first,
            "also_service_hours": others, **more}  # fmt: skip
    return previews.ask("clock", **body)


def documents(case: Case) -> list[dict[str, Any]]:
    """The case's targets as an agreement writes them."""
    rules = rules_of(case)
    changed = [event for event in case.events if event.get("type") == "sla_changed"]
    if changed:
        return _swapped(case, rules, changed)
    found = targets_of(case) or {"deadline": LONG_ENOUGH}
    condition = re.search(r"priority is '([^']+)'", str(case.data.get("policy_condition", "")))
    applies = {"applies_to": {"priority": [condition[1]]}} if condition else {}
    return [_document(case, name, within, rules) | applies for name, within in found.items()]


def _document(case: Case, name: str, within: dict[str, Any], rules: Rules) -> dict[str, Any]:
    clock, stop = _CLOCKS.get(name, (name, "resolved"))
    kinds = {event.get("type") for event in case.events}
    if name == "deadline" and "first_response" in kinds and not kinds & {"closed", "resolved", "solved"}:
        clock, stop = "response", "first_response"
    pauses = () if case.described_as("not affected by pauses") else rules.pause
    return {
        "key": name, "clock": clock, "start": "assigned" if "ola_attached" in kinds else "opened", "stop": stop,
        "objective": {"within": within}, "pause": list(pauses), "on_priority_change": rules.on_priority_change,
    }  # fmt: skip


def _swapped(case: Case, rules: Rules, changed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One target for each that came to apply; the ticket's priority is made to choose it."""
    before = changed[0].get("from_hours")
    first = (
        hours.within(before, "hours") if before is not None else {"service_time": hours.told(case.described, "swapped")}
    )
    lengths = [first, *(hours.within(event["to_hours"], "hours") for event in changed)]
    return [
        _document(case, "deadline", within, rules) | {"key": f"sla-{n}", "applies_to": {"priority": [f"sla-{n}"]}}
        for n, within in enumerate(lengths)
    ]


def events_of(case: Case, changes: bool = True) -> list[dict[str, Any]]:
    """The case's events as a tool would send them, each with its place as the order within an instant."""
    found: list[dict[str, Any]] = []
    swaps = 0
    start = case.data.get("start")
    for event in case.events:
        kind = event.get("type")
        if kind in _SETTINGS or kind == "pause" or not ({"at", "type", "state"} & set(event)):
            continue
        swaps += kind == "sla_changed"
        if kind in _CHANGES and not changes:
            continue
        found.append(_event(case, event, found, swaps))
    if start is not None:
        found = _from_start(found, start)
    for number, event in enumerate(found):
        event["sequence"] = 2 * number
    return found + _pauses(case, found)


def _event(case: Case, event: dict[str, Any], before: list[dict[str, Any]], swaps: int) -> dict[str, Any]:
    kind = event.get("type")
    at = event.get("at") or (before[-1]["at"] if before else None)
    if at is None:
        raise Unmapped(f"an event without an instant: {event}")
    if kind is None:
        name = "opened" if not before else {"closed": "resolved", "cancelled": "cancelled"}.get(
            str(event.get("state")), "state_changed"
        )  # fmt: skip
    elif kind in _EVENTS:
        name = "opened" if not before and kind == "customer_message" else _EVENTS[kind]
    else:
        raise Unmapped(f"an event {kind!r}")
    document = {"event": name, "at": hours.instant(at)}
    if "state" in event:
        document["state"] = event["state"]
    priority = f"sla-{swaps}" if _is_swapped(case) else event.get("to" if kind == "priority_changed" else "priority")
    if priority is not None:
        document["priority"] = str(priority)
    due = [other["due_date"] for other in case.events if "due_date" in other]
    attributes = {"due_date": due[0]} if due else {}
    if kind == "opening_date_edited":
        attributes["opened_at"] = event["to"]
    if kind in ("customer_message", "agent_reply"):
        document["state"] = "active" if kind == "customer_message" else "awaiting_customer"
    return document | ({"attributes": attributes} if attributes else {})


def _is_swapped(case: Case) -> bool:
    return any(event.get("type") == "sla_changed" for event in case.events)


def _from_start(found: list[dict[str, Any]], start: str) -> list[dict[str, Any]]:
    """A clock that begins in the ticket's life: in the state it had then, stopped by nothing that comes after."""
    begins = from_text(start)
    earlier = [event for event in found if from_text(event["at"]) <= begins]
    state = next((event["state"] for event in reversed(earlier) if "state" in event), None)
    opening = {"event": "opened", "at": start} | ({"state": state} if state else {})
    later = [event | {"event": "state_changed"} for event in found if from_text(event["at"]) > begins]
    return [opening, *later]


def _pauses(case: Case, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pauses as changes of state; those that overlap are one. A case may tell of nothing but a pause."""
    ends = [event for event in case.events if event.get("type") == "pause"]
    far = 2**60
    pairs = intervals.union((from_text(e["from"]), from_text(e["to"]) if e.get("to") else far) for e in ends)
    events = []
    if pairs and not found:
        events.append({"event": "opened", "at": to_text(pairs[0][0]), "sequence": 0})
    for number, (start, end) in enumerate(pairs):
        events.append({"event": "state_changed", "state": "paused", "at": to_text(start), "sequence": 2 * number + 1})
        if end != far:
            events.append({"event": "state_changed", "state": "active", "at": to_text(end), "sequence": 2 * number + 1})
    return events


def minutes(length: str, up: bool = False) -> int:
    """Whole minutes of a length, rounded down or up."""
    whole = hours.seconds(length) / 60
    return math.ceil(whole) if up else math.floor(whole)


def whole(length: str) -> Fraction:
    return hours.seconds(length)
