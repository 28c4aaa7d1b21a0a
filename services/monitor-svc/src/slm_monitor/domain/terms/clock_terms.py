"""The terms of a ticket's clock: what starts, stops and pauses it, and to which tickets it applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.service_hours import ServiceHours
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.terms import conditions
from slm_monitor.domain.terms.conditions import Condition, Conditions

RESPONSE, UPDATE, RESOLUTION, OWNERSHIP, CLOSURE = "response", "update", "resolution", "ownership", "closure"
_STOPS = {
    RESPONSE: ("first_response", "resolved", "closed"),
    UPDATE: ("agent_replied",),
    CLOSURE: ("closed",),
}
"""Clock → the events that stop it by default; of any other clock the end of the ticket."""
_END = ("resolved", "closed")
ASSIGNMENT = "assignment"
_ANSWERS = Condition(frozenset({"agent_replied", "first_response", "resolved", "fulfilled", "closed"}))
"""What ends an exchange with the customer."""
_WARN_AT = ("50", "75", "90")


@dataclass(frozen=True)
class Escalation:
    """Who is called upon, and when: ``offset`` is counted from the deadline, backward where it is negative."""

    level: str
    """``functional`` | ``hierarchical``."""
    offset: durations.Duration
    to: str | None = None


@dataclass(frozen=True)
class ClockTerms:
    """What starts, stops and pauses a ticket's clock, and to which tickets it applies."""

    clock: str
    within: durations.Duration
    applies_to: Mapping[str, frozenset[str]]
    start: Conditions
    stop: Conditions
    pause: Conditions
    on_priority_change: str
    on_reopen: str
    reset: Conditions = ()
    """The clock is over, and another of the same target begins."""
    cancel: Conditions = ()
    """Beside the cancellation of the ticket."""
    on_terms_change: str = "keep"
    """``keep`` | ``from_opening`` | ``carry_elapsed``: what these terms do to a clock that ran as they took effect."""
    carry_pauses: bool = True
    """With ``from_opening``: whether what paused the clock of the target before pauses this one's too."""
    after_first_response: bool = False
    """Of an ``update`` clock: whether the exchanges before the first response are left to the response clock."""
    warn_at: tuple[Fraction, ...] = ()
    """Shares of the duration, percent, ascending."""
    escalations: tuple[Escalation, ...] = ()
    notify_past_due: bool = False
    """Whether a clock that was past its deadline when it was attached is told as a breach."""
    each_assignment: bool = False
    """Whether every assignment to a team starts a clock of its own, which ends as the team hands the ticket on."""
    also_hours: tuple[ServiceHours, ...] = ()
    """Further service hours that match at once: the earliest deadline and the longest elapsed time count."""

    @property
    def starts_at_opening(self) -> bool:
        return any("opened" in each.events for each in self.start)

    @property
    def keeps_after_resolution(self) -> bool:
        """Whether the resolution of a ticket leaves it running."""
        return not any(conditions.SAME_END & each.events for each in self.stop if each.events)


_ALWAYS_ENDS = Condition(frozenset({"closed", "cancelled"}))


def starts_that_stop(terms: ClockTerms) -> list[str]:
    """The events that are to start a clock and stop it at the same moment, so that it never runs. A clock that runs
    for each assignment is stopped by the next one."""
    if terms.each_assignment:
        return []
    ends = (*terms.stop, *terms.cancel, _ALWAYS_ENDS)
    single = [(event, replace(start, events=frozenset({event}))) for start in terms.start for event in start.events]
    return sorted(event for event, start in single if any(start.implies(end) for end in ends))


def parse_clock(target: Mapping[str, Any], also_hours: Sequence[ServiceHours] = ()) -> ClockTerms:
    """The clock of a target's document. Raises KeyError, ValueError, CalendarError."""
    clock = target.get("clock") or RESOLUTION
    stop = conditions.parse_conditions(target.get("stop") or list(_STOPS.get(clock, _END)), "event")
    start = conditions.parse_conditions(
        target.get("start") or ("assigned" if clock == OWNERSHIP else "opened"), "event"
    )
    return ClockTerms(
        clock=clock,
        within=durations.parse(target["objective"]["within"]),
        applies_to={
            field: ticket_events.values_of(wanted) for field, wanted in (target.get("applies_to") or {}).items()
        },
        start=start,
        stop=(*stop, _ANSWERS) if clock == UPDATE else stop,
        pause=conditions.parse_conditions(target.get("pause"), "state"),
        on_priority_change=target.get("on_priority_change") or "carry_elapsed",
        on_reopen=target.get("on_reopen") or "resume",
        reset=conditions.parse_conditions(target.get("reset"), "event"),
        cancel=conditions.parse_conditions(target.get("cancel"), "event"),
        on_terms_change=target.get("on_terms_change") or "keep",
        carry_pauses=target.get("carry_pauses") is not False,
        after_first_response=target.get("after_first_response") is True,
        warn_at=_shares(target.get("warn_at", {})),
        escalations=tuple(_escalation(each) for each in target.get("escalations") or ()),
        notify_past_due=target.get("notify_past_due") is True,
        each_assignment=_each_assignment(target, clock, start),
        also_hours=tuple(also_hours),
    )


def _each_assignment(target: Mapping[str, Any], clock: str, start: Conditions) -> bool:
    """``each: assignment``, the default of an ownership clock that starts at assignment."""
    at_assignment = all(each.events == frozenset({"assigned"}) for each in start)
    if target.get("each") not in (None, ASSIGNMENT) or (target.get("each") and not at_assignment):
        raise ValueError(f"each {target['each']!r}; write {ASSIGNMENT}, of a clock that starts at assigned")
    return at_assignment and (clock == OWNERSHIP or target.get("each") == ASSIGNMENT)


def _shares(written: Mapping[str, Any] | None) -> tuple[Fraction, ...]:
    """``{"elapsed": [50, 75, 90]}``, which is also the default; null: never."""
    if written is None:
        return ()
    # Agreements call the same shares a budget, as they do of other targets.
    shares = written.get("elapsed", written.get("budget_consumed", _WARN_AT))
    return tuple(sorted({Fraction(str(share)) for share in shares or ()}))


def _escalation(written: Mapping[str, Any]) -> Escalation:
    level, to = written.get("level") or "functional", written.get("to")
    offset = durations.parse(written["at"], "escalations.at", offset=True)
    if level not in ("functional", "hierarchical") or offset.kind == "due_at":
        raise ValueError(f"escalation {dict(written)!r}; a level is functional or hierarchical, and at an offset")
    return Escalation(level, offset, None if to is None else str(to))
