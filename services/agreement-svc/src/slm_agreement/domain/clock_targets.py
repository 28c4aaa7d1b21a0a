"""The terms of a target that is judged ticket by ticket: its clock, what starts, stops and pauses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_agreement.domain import target_windows
from slm_agreement.domain.reading import Reader

CLOCKS = {"response": "first_response", "resolution": "resolved"}
"""Clock → the event that stops it by default."""
STARTS = ("opened", "assigned")
STOPS = ("first_response", "resolved", "fulfilled", "closed")
TYPES = ("incident", "service_request", "problem", "change")
ON_REOPEN = ("resume", "resume_counting_gap")
ON_PRIORITY_CHANGE = ("carry_elapsed", "restart", "from_opening")


def terms(reader: Reader) -> dict[str, Any]:
    """What a per-ticket target has beside the common terms; its indicator is null."""
    if reader.raw("indicator") is not None:
        reader.fault("indicator", reader.raw("indicator"), "leave it out: a clock is judged by ticket events")
    clock = reader.choice("clock", tuple(CLOCKS), "resolution")
    path, findings = reader.path, reader.findings
    return {
        "indicator": None,
        "objective": {"within": _within(reader)},
        "window": target_windows.ticket_window(reader.raw("window"), f"{path}.window", findings),
        "warn_at": target_windows.ticket_warnings(reader.explicit("warn_at", {}), f"{path}.warn_at", findings),
        "clock": clock,
        "applies_to": _applies_to(reader),
        "start": reader.choice("start", STARTS, "opened"),
        "stop": reader.choice("stop", STOPS, CLOCKS[clock]),
        "pause": reader.texts("pause"),
        "on_priority_change": reader.choice("on_priority_change", ON_PRIORITY_CHANGE, "carry_elapsed"),
        "on_reopen": reader.choice("on_reopen", ON_REOPEN, "resume"),
    }


def _within(reader: Reader) -> dict[str, str]:
    objective = Reader(reader.raw("objective"), reader.at("objective"), reader.findings)
    within = objective.raw("within")
    objective.done()
    if isinstance(within, Mapping) and len(within) == 1:
        ((measure, duration),) = within.items()
        if measure in ("service_time", "calendar") and (target_windows.length(duration) or -1) >= 0:
            return {measure: duration}
    remedy = 'write {"service_time": "PT4H"} or {"calendar": "PT4H"}; business_days and due_at are not supported yet'
    objective.fault("within", within, remedy)
    return {"calendar": "PT0S"}


def _applies_to(reader: Reader) -> dict[str, Any]:
    applies = Reader(reader.raw("applies_to", {}), reader.at("applies_to"), reader.findings)
    resolved: dict[str, Any] = {"type": applies.choice("type", TYPES, "incident")}
    for name in ("priority", "source", "service"):
        if applies.has(name):
            resolved[name] = applies.texts(name)
    for name in ("priority", "source", "service"):
        applies.raw(name)
    applies.done()
    return resolved
