"""The terms of a target that is evaluated for each ticket: its clock and the conditions to start, stop and pause it."""

from __future__ import annotations

from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import target_warnings, target_windows, ticket_conditions
from slm_agreement.domain.terms.reading import FieldReader
from slm_calendar import durations
from slm_calendar.errors import CalendarError

CLOCKS: dict[str, str | list[str]] = {
    "response": ["first_response", "resolved", "closed"],
    "resolution": ["resolved", "closed"],
    "update": "agent_replied",
    "ownership": ["resolved", "closed"],
    "closure": "closed",
}
"""Kind of clock → the ticket events that stop it by default. Every clock stops when its ticket ends."""
ASSIGNMENT = "assignment"
ON_REOPEN = ("resume", "resume_counting_gap", "new_clock")
ON_PRIORITY_CHANGE = ("carry_elapsed", "restart", "from_opening")
ON_TERMS_CHANGE = ("keep", "from_opening", "carry_elapsed")
LEVELS = ("functional", "hierarchical")
_NONE = {"calendar": "PT0S"}
_MOST_ESCALATIONS = 20


def read_clock_terms(reader: FieldReader) -> dict[str, Any]:
    """Read the terms that only clock targets have; all other terms are read elsewhere. The indicator is always null."""
    for name, remedy in _NOT_OF_CLOCKS.items():
        if reader.raw(name) is not None:
            reader.fault(name, reader.raw(name), remedy)
    clock = reader.choice("clock", tuple(CLOCKS), "resolution")
    start = ticket_conditions.read_conditions(reader, "start", "assigned" if clock == "ownership" else "opened")
    return {
        "indicator": None,
        "objective": {"within": _within(reader)},
        "window": target_windows.read_ticket_window(reader.raw("window"), reader.at("window"), reader.findings),
        "warn_at": target_warnings.read_clock_warnings(reader),
        "clock": clock,
        "applies_to": ticket_conditions.read_applies_to(reader),
        "start": start,
        "stop": ticket_conditions.read_conditions(reader, "stop", CLOCKS[clock]),
        "each": _each(reader, clock, start),
        "pause": ticket_conditions.read_conditions(reader, "pause", plain="state"),
        "reset": ticket_conditions.read_conditions(reader, "reset"),
        "cancel": ticket_conditions.read_conditions(reader, "cancel"),
        "on_priority_change": reader.choice("on_priority_change", ON_PRIORITY_CHANGE, "carry_elapsed"),
        "on_reopen": reader.choice("on_reopen", ON_REOPEN, "resume"),
        "on_terms_change": reader.choice("on_terms_change", ON_TERMS_CHANGE, "keep"),
        "carry_pauses": reader.flag("carry_pauses", True),
        "after_first_response": _after_first_response(reader, clock),
        "notify_past_due": reader.flag("notify_past_due", False),
        "escalations": _escalations(reader),
    }


_NOT_OF_CLOCKS = {
    "indicator": "leave it out: a clock is judged by ticket events",
    "unacceptable": "leave it out: write a second clock with a longer time for it",
    "group_by": "leave it out: each ticket is judged by itself; write one target for each group with applies_to",
    "expected_volume": "leave it out: each ticket is judged by itself",
    "min_coverage": "leave it out: each ticket is judged by itself; write it at a target of compliance",
    "ignore_outages_shorter_than": "leave it out: only availability has outages, as time in a state",
    "short_outages": "leave it out: only availability has outages, as time in a state",
}


def _within(reader: FieldReader) -> dict[str, Any]:
    objective = FieldReader(reader.raw("objective"), reader.at("objective"), reader.findings)
    within = objective.raw("within")
    objective.done()
    return read_duration(within, objective.at("within"), reader.findings)


def read_duration(written: Any, path: str, findings: Findings, *, offset: bool = False) -> dict[str, Any]:
    """Read a duration in service time, calendar time or business days, such as ``{"service_time": "PT4H"}``.

    A duration may also end at an instant in a field of the ticket (``due_at``). An ``offset`` may be negative, but may
    not use ``due_at``.
    """
    try:
        parsed = durations.parse_duration(written, path, offset=offset)
    except CalendarError as error:
        for fault in error.errors:
            findings.add(fault["field"], fault["value"], fault["remedy"])
        return dict(_NONE)
    if offset and parsed.kind == "due_at":
        findings.add(path, written, 'write an offset from the deadline, like {"service_time": "-PT30M"}')
        return dict(_NONE)
    return dict(written)


def _each(reader: FieldReader, clock: str, start: Any) -> str | None:
    """Read whether each assignment to a team starts a clock of its own: ``assignment`` or None.

    ``assignment`` is the default of an ownership clock that starts at assignments.
    """
    at_assignment = ticket_conditions.condition_events(start) == {"assigned"}
    written = reader.raw("each", ASSIGNMENT if clock == "ownership" and at_assignment else None)
    if written in (None, ASSIGNMENT) and (written is None or at_assignment):
        return None if written is None else ASSIGNMENT
    reader.fault("each", written, f"write {ASSIGNMENT} for a clock that starts at assigned, or leave it out")
    return None


def _after_first_response(reader: FieldReader, clock: str) -> bool:
    value = reader.flag("after_first_response", False)
    if value and clock != "update":
        reader.fault("after_first_response", value, "leave it out: it says which exchanges an update clock times")
    return value


def _escalations(reader: FieldReader) -> list[dict[str, Any]]:
    """Read the escalations: whom to escalate to, and when.

    ``at`` is an offset from the clock's deadline. A negative offset lies before the deadline.
    """
    raw = reader.raw("escalations", [])
    if not isinstance(raw, list) or len(raw) > _MOST_ESCALATIONS:
        remedy = f'write up to {_MOST_ESCALATIONS} like {{"at": {{"service_time": "-PT30M"}}, "level": "functional"}}'
        reader.fault("escalations", raw, remedy)
        return []
    return [
        _escalation(item, f"{reader.at('escalations')}[{index}]", reader.findings) for index, item in enumerate(raw)
    ]


def _escalation(raw: Any, path: str, findings: Findings) -> dict[str, Any]:
    escalation = FieldReader(raw, path, findings)
    resolved = {
        "at": read_duration(escalation.raw("at"), escalation.at("at"), findings, offset=True),
        "level": escalation.choice("level", LEVELS, "functional"),
        "to": escalation.text("to", "", longest=200) or None,
    }
    escalation.done()
    return resolved
