"""The terms of a ticket clock: the conditions that start, stop and pause it, and the tickets to which it applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.service_hours import ServiceHours
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.terms import conditions
from slm_monitor.domain.terms.conditions import Conditions, TicketCondition

RESPONSE, UPDATE, RESOLUTION, OWNERSHIP, CLOSURE = "response", "update", "resolution", "ownership", "closure"
_STOPS = {
    RESPONSE: ("first_response", "resolved", "closed"),
    UPDATE: ("agent_replied",),
    CLOSURE: ("closed",),
}
"""Clock → the events that stop it by default. Any other clock stops at the events in ``_END``."""
_END = ("resolved", "closed")
ASSIGNMENT = "assignment"
_ANSWERS = TicketCondition(frozenset({"agent_replied", "first_response", "resolved", "fulfilled", "closed"}))
"""The events that answer the customer: each stops an ``update`` clock, whatever ``stop`` its terms name."""
_WARN_AT = ("50", "75", "90")


@dataclass(frozen=True)
class EscalationStep:
    """One escalation of a ticket's clock: whom it notifies, and when.

    ``offset`` is the time between the clock's deadline and the escalation: calendar time, service time or working days.
    The escalation comes after the deadline, or before it if ``offset.backward`` is set. ``to`` is who is notified; None
    if the terms name nobody.
    """

    level: str
    """``functional`` (to specialists) | ``hierarchical`` (to managers)."""
    offset: durations.Duration
    to: str | None = None


@dataclass(frozen=True)
class TicketClockTerms:
    """The conditions that start, stop and pause a ticket's clock, and the tickets to which the clock applies."""

    clock: str
    within: durations.Duration
    applies_to: Mapping[str, frozenset[str]]
    start: Conditions
    stop: Conditions
    pause: Conditions
    on_priority_change: str
    on_reopen: str
    reset: Conditions = ()
    """Conditions that end the clock and start a new clock of the same target."""
    cancel: Conditions = ()
    """Conditions that cancel the clock. The cancellation of the ticket always cancels it."""
    on_terms_change: str = "keep"
    """``keep`` | ``from_opening`` | ``carry_elapsed``: what happens to a running clock when these terms take effect."""
    carry_pauses: bool = True
    """With ``from_opening``: whether the pauses of the replaced clock also pause the new one."""
    after_first_response: bool = False
    """Whether an ``update`` clock starts only after the first response. The response clock covers earlier replies."""
    warn_at: tuple[Fraction, ...] = ()
    """The shares of ``within`` at which a warning is published, in percent, ascending."""
    escalations: tuple[EscalationStep, ...] = ()
    notify_past_due: bool = False
    """Whether a breach is published for a clock that was attached after its deadline."""
    each_assignment: bool = False
    """Whether every assignment to a team has its own clock, which ends when the ticket is assigned to another team."""
    also_hours: tuple[ServiceHours, ...] = ()
    """Further service hours of the same target. Of all its service hours, the earliest deadline and the longest elapsed
    time apply.
    """

    @property
    def starts_at_opening(self) -> bool:
        return any("opened" in each.events for each in self.start)

    @property
    def keeps_after_resolution(self) -> bool:
        """Whether the clock keeps running after the ticket is resolved or fulfilled."""
        return not any(conditions.EQUIVALENT_END_EVENTS & each.events for each in self.stop if each.events)


_ALWAYS_ENDS = TicketCondition(frozenset({"closed", "cancelled"}))


def find_events_that_start_and_stop(terms: TicketClockTerms) -> list[str]:
    """Return the events that would both start and stop a clock at the same instant, so that it would never run.

    A clock per assignment has no such events: the next assignment stops it.
    """
    if terms.each_assignment:
        return []
    ends = (*terms.stop, *terms.cancel, _ALWAYS_ENDS)
    single = [(event, replace(start, events=frozenset({event}))) for start in terms.start for event in start.events]
    return sorted(event for event, start in single if any(start.implies(end) for end in ends))


def parse_clock_terms(target: Mapping[str, Any], also_hours: Sequence[ServiceHours] = ()) -> TicketClockTerms:
    """Parse the clock in a target's document. Raises KeyError, ValueError, CalendarError."""
    clock = target.get("clock") or RESOLUTION
    stop = conditions.parse_ticket_conditions(target.get("stop") or list(_STOPS.get(clock, _END)), "event")
    start = conditions.parse_ticket_conditions(
        target.get("start") or ("assigned" if clock == OWNERSHIP else "opened"), "event"
    )
    return TicketClockTerms(
        clock=clock,
        within=durations.parse_duration(target["objective"]["within"]),
        applies_to={
            field: ticket_events.list_attribute_values_as_text(wanted)
            for field, wanted in (target.get("applies_to") or {}).items()
        },
        start=start,
        stop=(*stop, _ANSWERS) if clock == UPDATE else stop,
        pause=conditions.parse_ticket_conditions(target.get("pause"), "state"),
        on_priority_change=target.get("on_priority_change") or "carry_elapsed",
        on_reopen=target.get("on_reopen") or "resume",
        reset=conditions.parse_ticket_conditions(target.get("reset"), "event"),
        cancel=conditions.parse_ticket_conditions(target.get("cancel"), "event"),
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
    """Whether each assignment has its own clock under these terms.

    This is so for a clock that starts at ``assigned`` and either measures ownership or has ``each: assignment``. Raises
    ValueError for another value of ``each``, and for ``each`` on a clock that starts at another event.
    """
    at_assignment = all(each.events == frozenset({"assigned"}) for each in start)
    if target.get("each") not in (None, ASSIGNMENT) or (target.get("each") and not at_assignment):
        raise ValueError(f"each {target['each']!r}; write {ASSIGNMENT}, of a clock that starts at assigned")
    return at_assignment and (clock == OWNERSHIP or target.get("each") == ASSIGNMENT)


def _shares(written: Mapping[str, Any] | None) -> tuple[Fraction, ...]:
    """Parse the percentages of ``{"elapsed": [50, 75, 90]}``.

    A document without ``elapsed`` gives the defaults. ``elapsed: null``, or None instead of a document, means no
    warnings.
    """
    if written is None:
        return ()
    # Some agreements write budget_consumed for a clock too, the word that all other targets use.
    shares = written.get("elapsed", written.get("budget_consumed", _WARN_AT))
    return tuple(sorted({Fraction(str(share)) for share in shares or ()}))


def _escalation(written: Mapping[str, Any]) -> EscalationStep:
    level, to = written.get("level") or "functional", written.get("to")
    offset = durations.parse_duration(written["at"], "escalations.at", offset=True)
    if level not in ("functional", "hierarchical") or offset.kind == "due_at":
        raise ValueError(f"escalation {dict(written)!r}; a level is functional or hierarchical, and at an offset")
    return EscalationStep(level, offset, None if to is None else str(to))
