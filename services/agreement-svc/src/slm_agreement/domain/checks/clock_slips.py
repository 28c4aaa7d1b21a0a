"""A check for ticket clocks that can never run because the event that starts them also stops them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slm_agreement.domain.errors import SLIP, Finding

_SAME = frozenset({"resolved", "fulfilled"})
_ALWAYS = ({"event": ["closed", "cancelled"]},)
"""Closing and cancelling a ticket end every clock, whatever the terms say."""


def find_clock_slips(targets: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Return a slip for each start condition of a ticket clock that is also a stop condition.

    Clocks that restart at each assignment are not checked, because the next assignment stops them.
    """
    return [
        Finding(
            f"targets[{place}].start",
            _condition_text(start),
            "this stops the clock as well, so that it never runs: write another start, or another stop, or waive this",
            "slip.start-implies-stop",
            SLIP,
        )
        for place, target in enumerate(targets)
        if target["aggregation"] == "clock" and not target.get("each")
        for start in _implied(target)
    ]


def _implied(target: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    stops = [*_conditions(target["stop"]), *_conditions(target["cancel"]), *_ALWAYS]
    for start in _conditions(target["start"]):
        for event in start.get("event", ()):
            one = {**start, "event": [event]}
            if any(_implies(one, stop) for stop in stops):
                yield one


def _conditions(written: Any) -> Iterator[Mapping[str, Any]]:
    for item in [written] if isinstance(written, str) else written:
        yield {"event": [item]} if isinstance(item, str) else item


def _implies(start: Mapping[str, Any], stop: Mapping[str, Any]) -> bool:
    """Return whether every ticket event that fulfils ``start`` also fulfils ``stop``."""
    if not stop.keys() <= start.keys():
        return False
    return all(_alike(start[name], name) <= _alike(values, name) for name, values in stop.items())


def _alike(values: Any, name: str) -> set[str]:
    listed = {values} if isinstance(values, str) else set(values or ())
    return listed | _SAME if name == "event" and listed & _SAME else listed


def _condition_text(start: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {'|'.join(sorted(_alike(values, '')))}" for name, values in start.items())
