"""The terms of a ticket's clock: what starts, stops and pauses it, and to which tickets it applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_calendar import durations


@dataclass(frozen=True)
class ClockTerms:
    """What starts, stops and pauses a ticket's clock, and to which tickets it applies."""

    clock: str
    within: durations.Duration
    applies_to: Mapping[str, frozenset[str]]
    start: str
    stop: str
    pause: frozenset[str]
    on_priority_change: str
    on_reopen: str
    carry_pauses: bool = True
    """With ``from_opening``: whether what paused the clock of the target before pauses this one's too."""
    after_first_response: bool = False
    """Of an ``update`` clock: whether the exchanges before the first response are left to the response clock."""


def parse(target: Mapping[str, Any]) -> ClockTerms:
    """The clock of a target's document. Raises KeyError, CalendarError."""
    applies = {
        field: frozenset([wanted] if isinstance(wanted, str) else wanted)
        for field, wanted in (target.get("applies_to") or {}).items()
    }
    return ClockTerms(
        clock=target.get("clock") or "resolution",
        within=durations.parse(target["objective"]["within"]),
        applies_to=applies,
        start=target.get("start") or "opened",
        stop=target.get("stop") or "resolved",
        pause=frozenset(target.get("pause") or ()),
        on_priority_change=target.get("on_priority_change") or "carry_elapsed",
        on_reopen=target.get("on_reopen") or "resume",
        carry_pauses=target.get("carry_pauses") is not False,
        after_first_response=target.get("after_first_response") is True,
    )
