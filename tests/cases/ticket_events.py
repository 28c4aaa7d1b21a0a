"""The ticket of a case as a tool would send it, with our names for events and states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_calendar import intervals
from slm_events.instants import from_text, to_text
from tests.cases import hours
from tests.cases.reading import Case, Unmapped
from tests.cases.sources import rules_of

ATTACHED = frozenset({"sla_attached", "sla_added"})
SWAPPED = frozenset({"sla_changed"}) | ATTACHED
REPLIES = frozenset(
    {"agent_reply", "agent_replied", "agent_contact", "agent_response", "agent_message", "reply", "update"}
)
ENDS = frozenset({"closed", "resolved", "solved", "fulfilled", "completed", "done"})
_EVENTS = {
    **dict.fromkeys(("created", "start", "started", "opened", "submitted"), "opened"),
    **dict.fromkeys(ENDS, "resolved"),
    **dict.fromkeys(("first_response", "responded", "first_reply"), "first_response"),
    **dict.fromkeys(("ola_attached", "ola_added", "assigned"), "assigned"),
    **dict.fromkeys(REPLIES, "agent_replied"),
    **dict.fromkeys(("customer_message", "customer_reply", "customer_contact", "customer_replied"), "customer_replied"),
    **dict.fromkeys(("priority_changed", "urgency_changed", *SWAPPED), "priority_changed"),
    **dict.fromkeys(("reopened", "reopen"), "reopened"),
    **dict.fromkeys(("cancelled", "canceled", "withdrawn"), "cancelled"),
    "opening_date_edited": "state_changed",
}
_STATES = frozenset({"status", "state", "status_changed", "state_changed", "status_change", "state_change"})
_CHANGES = frozenset({"priority_changed", "urgency_changed", "policy_changed"}) | SWAPPED
CALENDARS = frozenset({"calendar_changed", "schedule_changed", "hours_changed"})
_SETTINGS = frozenset({"policy_changed", "date_override", "breaks"}) | CALENDARS
"""Events that set up the clock and do not happen to the ticket."""
_STARTS = {"pause": "resume", "hold": "unhold", "paused": "resumed", "suspended": "resumed"}
_NOTHING = frozenset(
    {"note", "internal_note", "comment", "private_comment", "escalated", "forwarded", "edited", "tagged"}
)
"""Events that clocks ignore."""
_RUNNING = frozenset({"new", "open", "active", "in progress", "work in progress", "processing", "working", "running"})
_RESUMED = frozenset({"resume", "unhold", "resumed", "resumed_from_hold"})
PAUSED = "paused"
_FAR = 2**60


def events_of(case: Case, changes: bool = True) -> list[dict[str, Any]]:
    """The case's events, each with its place as the order within an instant."""
    found: list[dict[str, Any]] = []
    swaps = 0
    for event in _single(case):
        kind = event.get("type")
        swaps += is_swap(case, kind)
        if kind in _CHANGES and not changes:
            continue
        found.append(_event(case, event, found, swaps))
    start = case.data.get("start")
    if start is not None:
        found = _from_start(found, hours.instant(start, hours.zone_of(case)))
    for number, event in enumerate(found):
        event["sequence"] = 2 * number
    return found + _pauses(case, found)


def kinds_of(case: Case) -> set[str]:
    return {str(event.get("type") or event.get("state") or event.get("status")).lower() for event in case.events}


def is_swap(case: Case, kind: Any) -> bool:
    """Whether events of this kind make another target apply to the ticket.

    A change of priority or urgency does so only if the case says from when the new target counts.
    """
    return kind in SWAPPED or (kind in ("priority_changed", "urgency_changed") and _counts_from(case) is not None)


def _counts_from(case: Case) -> Any:
    return case.setting("retroactive", "retroactive_start")


def _single(case: Case) -> list[dict[str, Any]]:
    """The case's events, each at one instant. A time of being closed becomes an end and a reopening."""
    found = []
    for event in case.events:
        kind = event.get("type")
        if kind is None and {"from", "to"} <= set(event):
            found += [{"type": "start", "at": event["from"]}, {"type": "resolved", "at": event["to"]}]
        if kind in _SETTINGS or _is_pause(case, event) or not ({"at", "local", "type", "state", "status"} & set(event)):
            continue
        if kind in ENDS and {"from", "to"} <= set(event):
            found += [{"type": kind, "at": event["from"]}, {"type": "reopened", "at": event["to"]}]
        elif kind not in _STARTS and kind not in _RESUMED:
            found.append(event)
    return found


def _is_pause(case: Case, event: Mapping[str, Any]) -> bool:
    kind = str(event.get("type", "")).replace("_", " ")
    return "from" in event and (kind in _STARTS or kind.startswith(rules_of(case).pause))


def _event(case: Case, event: Mapping[str, Any], before: list[dict[str, Any]], swaps: int) -> dict[str, Any]:
    kind, zone = event.get("type"), hours.zone_of(case)
    at = event.get("at") or event.get("local") or (before[-1]["at"] if before else None)
    if at is None:
        raise Unmapped(f"an event without an instant: {event}")
    written = event.get("state", event.get("status", event.get("to") if kind in _STATES else None))
    state = None if written is None else _state(case, str(written))
    if kind is None or kind in _STATES:
        name = "opened" if not before else _by_state(case, state, before)
    elif kind in _EVENTS:
        name = "opened" if not before and kind.startswith("customer_") else _EVENTS[kind]
    elif kind in _NOTHING:
        name = "state_changed"
    else:
        state = _state(case, kind)
        if state not in (PAUSED, *_RUNNING):
            raise Unmapped(f"an event {kind!r}")
        name = "opened" if not before else _by_state(case, state, before)
    document = {"event": name, "at": hours.instant(at, zone)}
    if name == "resolved" and kind is not None:
        state = state or "closed"
    if name == "reopened":
        state = state or "active"
    if name in ("customer_replied", "agent_replied") and "customer_message" in kinds_of(case):
        state = state or ("active" if name == "customer_replied" else _waiting(case))
    if name == "opened" and kind is not None and kind.startswith("customer_"):
        state = state or "active"
    if state is not None:
        document["state"] = state
    priority = _priority(case, event, swaps)
    due = [each["due_date"] for each in case.events if each.get("due_date")]
    attributes = {"due_date": due[0]} if due else {}
    if kind == "opening_date_edited":
        attributes["opened_at"] = event["to"]
    return (
        document
        | ({"priority": str(priority)} if priority is not None else {})
        | ({"attributes": attributes} if attributes else {})
    )


def _waiting(case: Case) -> str:
    return PAUSED if rules_of(case).pause else "awaiting_customer"


def _priority(case: Case, event: Mapping[str, Any], swaps: int) -> Any:
    """The ticket's priority; where targets are swapped it is what chooses among them."""
    if any(is_swap(case, each.get("type")) for each in case.events):
        return f"sla-{swaps}"
    changed = event.get("type") in ("priority_changed", "urgency_changed")
    return event.get("to", event.get("priority")) if changed else event.get("priority")


def _state(case: Case, written: str) -> str:
    """A ticket state by what it is to clocks: standing still, over, or running."""
    pausing = case.setting("pause_states", "paused_states", "pause_on", "pause_set", "pausing_states")
    name = written.lower().replace("_", " ")
    if pausing is not None:
        stands = name in [str(each).lower().replace("_", " ") for each in pausing]
    else:
        stands = name.startswith(rules_of(case).pause)
    if stands:
        return PAUSED
    return "closed" if name in ENDS else name


def _by_state(case: Case, state: str | None, before: list[dict[str, Any]]) -> str:
    last = next((each["state"] for each in reversed(before) if "state" in each), None)
    if state == "closed":
        return "resolved" if last != "closed" else "state_changed"
    if state in ("cancelled", "canceled"):
        return "cancelled"
    return "reopened" if last == "closed" else "state_changed"


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
    pairs = intervals.union(iter(_stretches(case)))
    events = []
    if pairs and not found:
        events.append({"event": "opened", "at": to_text(pairs[0][0]), "sequence": 0})
    for number, (start, end) in enumerate(pairs):
        events.append({"event": "state_changed", "state": PAUSED, "at": to_text(start), "sequence": 2 * number + 1})
        if end != _FAR:
            events.append({"event": "state_changed", "state": "active", "at": to_text(end), "sequence": 2 * number + 1})
    return events


def _stretches(case: Case) -> list[tuple[int, int]]:
    """From and to of each pause, or its begin and end as events of their own; one that is not over is open-ended."""
    zone = hours.zone_of(case)
    found = []
    begun: int | None = None
    for event in case.events:
        kind = event.get("type")
        if _is_pause(case, event):
            end = event.get("to")
            found.append((_at(event["from"], zone), _at(end, zone) if end else _FAR))
        elif kind in _STARTS and begun is None:
            begun = _at(event["at"], zone)
        elif kind in _RESUMED and begun is not None:
            found.append((begun, _at(event["at"], zone)))
            begun = None
    return found if begun is None else [*found, (begun, _FAR)]


def _at(written: Any, zone: str) -> int:
    return from_text(hours.instant(written, zone))
