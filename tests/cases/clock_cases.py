"""Cases about deadlines, elapsed time, pauses and escalations, answered by the clock preview."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from tests.cases import hours, previews, ticket_events
from tests.cases.reading import Case, Unmapped
from tests.cases.sources import Rules, rules_of
from tests.cases.ticket_events import ENDS, REPLIES

LONG_ENOUGH = {"service_time": "PT10000H"}
"""Of a clock that is only asked how much time has passed."""
_RESPONSE, _UPDATE, _RESOLUTION = (
    ("response", "first_response"),
    ("update", "agent_replied"),
    ("resolution", "resolved"),
)
_CLOCKS = {
    **dict.fromkeys(("first_response", "response", "tto", "time_to_own", "acknowledge"), _RESPONSE),
    **dict.fromkeys(("update", "next_response"), _UPDATE),
    **dict.fromkeys(("solution", "resolution", "close", "deadline", "ttr", "time_to_resolve"), _RESOLUTION),
}
_UNITS = ("seconds", "minutes", "hours", "days", "working_days", "business_days")
_REOPENED = {"resume": "resume", "continue": "resume", "restart": "new_clock", "new": "new_clock"}


def targets_of(case: Case) -> dict[str, dict[str, Any]]:
    """The durations of the case by the name under which its answer stands."""
    data, rules = case.data, rules_of(case)
    for name in ("target", "duration", "goal", "target_duration"):
        if name in data:
            return {"deadline": _written(data[name], rules)}
    if "targets" in data:
        return {name: _written(target, rules) for name, target in data["targets"].items()}
    for unit in _UNITS:
        if f"targets_{unit}" in data:
            return {name: hours.within(amount, unit, rules=rules) for name, amount in data[f"targets_{unit}"].items()}
        if f"target_{unit}" in data:
            return {"deadline": hours.within(data[f"target_{unit}"], unit, bool(data.get("end_of_working_day")), rules)}
    for unit in ("seconds", "minutes", "hours"):
        if f"working_{unit}" in data:
            return {"deadline": hours.within(data[f"working_{unit}"], unit)}
    for name in ("working_days", "business_days"):
        if name in data:
            return {"deadline": hours.within(data[name], name, bool(data.get("end_of_working_day")))}
    if any("due_date" in event for event in case.events):
        return {"deadline": {"due_at": "due_date"}}
    return _told(case, rules)


_DAYS = re.compile(r"(end of )?(same|next|this|\d+) business days?(?: by (\d+)(?::(\d\d))? ?(am|pm)?)?", re.IGNORECASE)


def _end_of_day(text: str) -> int | None:
    """``end of next business day``, ``next business day by 4pm``, ``2 business days by 16:00`` → how many days on."""
    match = _DAYS.search(text)
    if match is None or not (match[1] or match[3]):
        return None
    return {"same": 0, "this": 0, "next": 1}.get(match[2].lower()) if not match[2].isdigit() else int(match[2])


def _closing(case: Case) -> str | None:
    """The time of day by which a target in days is due, where it is not closing time."""
    match = _DAYS.search(str(case.data.get("target", case.described)))
    if match is None or match[3] is None:
        return None
    hour = int(match[3]) % 12 + 12 * (match[5].lower() == "pm") if match[5] else int(match[3])
    return f"{hour:02}:{match[4] or '00'}"


def _told(case: Case, rules: Rules) -> dict[str, dict[str, Any]]:
    """Durations that only the description gives, or that follow from the priority in it."""
    ends = _end_of_day(case.described)
    if ends is not None:
        return {"deadline": {"business_days_end": ends}}
    names = list(case.expected.get("deadlines") or ["deadline"])
    words = ("target", "duration", "goal", "SLA", "OLA")
    single = hours.told(case.described, *words) or hours.told_of(case.described, *words)
    if single is not None and len(names) == 1:
        return {names[0]: {"service_time": single}}
    bracketed = hours.bracketed(case.described)
    if len(bracketed) == len(names):
        each: dict[str, str | None] = dict(zip(names, bracketed, strict=True))
    else:
        each = {name: hours.told(case.described, name.replace("_", " "), name.rpartition("_")[2]) for name in names}
    by_priority = next((known for word, known in rules.priorities.items() if case.described_as(word)), {})
    each = {name: length or by_priority.get(_clock(case, name)[0]) for name, length in each.items()}
    return {name: {"service_time": length} for name, length in each.items() if length}


def _written(target: Any, rules: Rules) -> dict[str, Any]:
    """``{"amount": 4, "unit": "hour"}``, our own documents, or text: ``1d 4h``, ``PT4H``, ``2 business days``."""
    if isinstance(target, Mapping):
        if "amount" not in target:
            return dict(target)
        return hours.within(target["amount"], target["unit"], bool(target.get("end_of_working_day")), rules)
    days = re.fullmatch(r"(-?\d+) (working|business) days?", str(target))
    if days is not None:
        return {"business_days": int(days[1])}
    ends = _end_of_day(str(target))
    if ends is not None:
        return {"business_days_end": ends}
    return {
        "service_time": durations.to_iso(hours.written_length(str(target), (rules.hours_of_a_day or 24) * hours.HOUR))
    }


def ask(case: Case, *, changes: bool = True, **more: Any) -> dict[str, Any]:
    """The clocks of the case's ticket. ``changes`` False: as if no target or priority had been changed."""
    first, *others = hours.service_hours(_under(case, changes))
    closing = _closing(case)
    if closing is not None:
        first = {**first, "weekly": hours.until(first["weekly"], closing)}
    asked = {"targets": documents(case, changes), "events": ticket_events.events_of(case, changes)}
    return previews.ask("clock", **{**asked, "service_hours": first, "also_service_hours": others, **more})


def _under(case: Case, changes: bool) -> Case:
    """The case in the hours that hold: a calendar that takes another's place does so from the opening on."""
    named = case.data.get("calendar")
    swapped = [pair for pair in map(_calendars, case.events) if pair != (None, None)]
    if not swapped:
        return case
    chosen = swapped[-1][1] if changes else swapped[0][0]
    if isinstance(chosen, str) and isinstance(named, Mapping):
        chosen = named.get(chosen, chosen)
    return case if chosen is None else replace(case, data={**case.data, "calendar": chosen})


def _calendars(event: Mapping[str, Any]) -> tuple[Any, Any]:
    """The calendars before and after an event that changes the calendar; None where the event does not name one."""
    if event.get("type") in ticket_events.CALENDARS:
        return event.get("from"), event.get("to", event.get("calendar"))
    return event.get("from_calendar"), event.get("to_calendar", event.get("calendar"))


def documents(case: Case, changes: bool = True) -> list[dict[str, Any]]:
    """The case's targets as an agreement writes them."""
    rules = rules_of(case)
    swaps = [event for event in case.events if ticket_events.is_swap(case, event.get("type"))]
    if swaps:
        return _swapped(case, rules, swaps)
    found = (targets_of(case) or {"deadline": LONG_ENOUGH}) | _edited(case, changes)
    condition = case.data.get("policy_condition")
    applies = {} if condition is None else {"applies_to": {"priority": _priorities(case, str(condition))}}
    written = [_document(case, name, within, rules) | applies for name, within in found.items()]
    clocks = [each["clock"] for each in written]
    # Of two promises of one kind, a customer's and a team's, each has a clock.
    return [each if clocks.count(each["clock"]) == 1 else each | {"clock": each["key"]} for each in written]


def _edited(case: Case, changes: bool) -> dict[str, dict[str, Any]]:
    """Targets that were edited while the ticket ran, in the unit of the others: as they became, or as they were."""
    unit = next((unit for unit in _UNITS if f"targets_{unit}" in case.data or f"target_{unit}" in case.data), "minutes")
    edits = [event for event in case.events if event.get("type") == "policy_changed" and "field" in event]
    which = "to" if changes else "from"
    ordered = edits if changes else edits[::-1]
    return {event["field"]: hours.within(event[which], unit) for event in ordered if event.get(which) is not None}


def _priorities(case: Case, condition: str) -> list[str]:
    """Which priorities a condition names; of one that names what it is not, those of the ticket that are left."""
    named = re.findall(r"'([^']+)'", condition)
    if not condition.startswith("priority ") or not named:
        raise Unmapped(f"a condition {condition!r}")
    if " not " not in condition:
        return named
    had = {str(event.get(name)) for event in case.events for name in ("priority", "to") if name in event}
    return sorted(had - set(named)) or ["none"]


def _document(case: Case, name: str, within: dict[str, Any], rules: Rules) -> dict[str, Any]:
    clock, stop = _clock(case, name)
    kinds = ticket_events.kinds_of(case)
    unpaused = case.described_as("not affected by pauses") or "tto" in name.split("_")
    pauses = [] if unpaused else [ticket_events.PAUSED]
    if rules.closed_pauses and clock != "resolution" and _is_reopened(case):
        pauses.append("closed")
    is_ola = bool(kinds & {"ola_attached", "ola_added"}) and not name.startswith("sla")
    reopened = case.setting("on_reopen", "reopen")
    document = {
        "key": name,
        "clock": clock,
        "start": "assigned" if is_ola else "opened",
        "stop": stop,
        "objective": {"within": within},
        "pause": pauses,
        "on_priority_change": _on_change(case, rules),
        "carry_pauses": _carries_pauses(case),
    }
    return document if reopened is None else document | {"on_reopen": _REOPENED.get(str(reopened), str(reopened))}


def _clock(case: Case, name: str) -> tuple[str, str]:
    """Which clock is asked about; a single one by what ends it in the case."""
    kinds = ticket_events.kinds_of(case)
    if name == "deadline" and not kinds & ENDS:
        if kinds & {"first_response", "responded", "first_reply"}:
            return _RESPONSE
        if kinds & REPLIES and "customer_message" not in kinds:
            return _UPDATE
    short = name.removesuffix("_time").removesuffix("_by").removeprefix("sla_").removeprefix("ola_")
    return _CLOCKS.get(short, (name, "resolved"))


def _is_reopened(case: Case) -> bool:
    return any(event["event"] == "reopened" for event in ticket_events.events_of(case))


def _on_change(case: Case, rules: Rules) -> str:
    named = case.setting("on_priority_change")
    counts = case.setting("retroactive", "retroactive_start")
    if named is None and counts is not None:
        return "from_opening" if counts else "restart"
    return str(named or rules.on_priority_change)


def _carries_pauses(case: Case) -> bool:
    said = case.setting("retroactive_pause", "carry_pauses")
    return not case.described_as("without retroactive pause", "no retroactive pause") if said is None else bool(said)


def _swapped(case: Case, rules: Rules, swaps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One target for each that came to apply; the ticket's priority is made to choose it."""
    own = targets_of(case) if not any(_length(swap, "to") for swap in swaps) else {}
    told = hours.told(case.described, "swapped", "swaps", "replaced", "SLA")
    first = _length(swaps[0], "from") or ({"service_time": told} if told and not own else LONG_ENOUGH)
    lengths = [first, *(_length(swap, "to") or own.get("deadline") or LONG_ENOUGH for swap in swaps)]
    return [
        _document(case, "deadline", within, rules) | {"key": f"sla-{n}", "applies_to": {"priority": [f"sla-{n}"]}}
        for n, within in enumerate(lengths)
    ]


def _length(swap: Mapping[str, Any], which: str) -> dict[str, Any] | None:
    for unit in _UNITS:
        if f"{which}_{unit}" in swap:
            return hours.within(swap[f"{which}_{unit}"], unit)
    return None


def minutes(length: str, up: bool = False) -> int:
    """Whole minutes of a length, rounded down or up."""
    whole = hours.seconds(length) / 60
    return math.ceil(whole) if up else math.floor(whole)


def whole(length: str) -> Fraction:
    return hours.seconds(length)
