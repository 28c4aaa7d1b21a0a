"""The promises of a document that the chain check compares: availability, times to act on tickets, and recovery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from slm_agreement.domain.terms import composites, objectives, target_windows
from slm_calendar import durations, intervals, iso_durations
from slm_calendar.local_time import DAY
from slm_calendar.service_hours import parse_service_hours

AVAILABILITY, RECOVERY_TIME, RECOVERY_POINT = "availability", "recovery_time", "recovery_point"
CLOCKS = ("response", "resolution", "closure")
"""Clocks whose times are added along the path of supports."""
_ALWAYS = "24x7"
_CONTINUITY = "continuity"
_MINUTE = 60_000_000
_NAMES = frozenset({"service", "customer"})
"""Ticket attributes that a support takes from the agreement above it: conditions on them are not compared."""
_MONDAY = date(2026, 1, 5)


@dataclass(frozen=True, slots=True)
class Promise:
    """One number that a target promises, with the service hours in which it is promised."""

    question: str
    """``availability``, ``recovery_time``, ``recovery_point``, or the kind of a ticket clock."""
    amount: Fraction
    """A share of time from 0 to 1 for an availability, microseconds for everything else."""
    calendars: tuple[Any, ...]
    """Documents of service hours: ``24x7`` or an object; a clock may have several."""
    most: Fraction
    """The longest time that the amount can be. A business day is longer on some weekdays than on others; ``amount`` is
    then the shortest.
    """
    days: Fraction | None = None
    """The number of business days, if the time is promised in them."""
    applies_to: Mapping[str, Any] | None = None
    """Which tickets a clock is about."""

    def is_worse_than(self, other: Promise) -> bool:
        """Return whether this promise is weaker than ``other``, which has the same ``question``."""
        return self.amount < other.amount if self.question == AVAILABILITY else self.most > other.most


@dataclass(frozen=True, slots=True)
class PlacedPromise:
    """A promise with its place in the document: the key of its target, or ``continuity`` for that clause."""

    key: str
    field: str
    promise: Promise


def promises_in(document: Mapping[str, Any]) -> Iterator[PlacedPromise]:
    """Yield the promises that the chain check compares: of the document's targets, and of its clause ``continuity``."""
    for index, target in enumerate(document["targets"]):
        for promise in _promises_of(document, target):
            yield PlacedPromise(target["key"], f"targets[{index}].objective", promise)
    written = document["clauses"].get(_CONTINUITY)
    for name, question in (("rto", RECOVERY_TIME), ("rpo", RECOVERY_POINT)) if isinstance(written, Mapping) else ():
        length = target_windows.parse_duration(written.get(name))
        if length is not None and length >= 0:
            yield PlacedPromise(_CONTINUITY, f"clauses.{_CONTINUITY}.{name}", _whole_time(question, Fraction(length)))


def _promises_of(document: Mapping[str, Any], target: Mapping[str, Any]) -> Iterator[Promise]:
    name = composites.aggregation_name(target)
    objective = target["objective"]
    hours = target["service_hours"]
    calendars = tuple(document["service_hours"][each] for each in (hours if isinstance(hours, list) else [hours]))
    if name == "clock":
        if target["clock"] in CLOCKS:
            yield from _time_to_act(target, calendars)
    elif name == AVAILABILITY or (name == "composite" and target["aggregation"][name]["of"] == "states"):
        share = Fraction(objective[objectives.AT_LEAST]) / 100
        yield Promise(AVAILABILITY, share, calendars, share)
    elif name in (RECOVERY_TIME, RECOVERY_POINT):
        yield _whole_time(name, Fraction(objective[objectives.AT_MOST]) * _MINUTE)
    elif name == "recovered_within":
        parts = target["aggregation"][name]
        for part, question in (("time", RECOVERY_TIME), ("point", RECOVERY_POINT)):
            if parts.get(part) is not None:
                yield _whole_time(question, Fraction(iso_durations.from_iso(parts[part])))


def worst_counterpart(promise: Promise, documents: Sequence[Mapping[str, Any]]) -> Promise | None:
    """Return the weakest promise in these documents that is comparable to ``promise``; None if there is none.

    Comparable promises have the same ``question``, and both can apply to the same ticket.
    """
    found = [
        each.promise
        for document in documents
        for each in promises_in(document)
        if each.promise.question == promise.question
        and _may_be_about_one_ticket(promise.applies_to, each.promise.applies_to)
    ]
    worst = None
    for each in found:
        if worst is None or each.is_worse_than(worst):
            worst = each
    return worst


def _whole_time(question: str, amount: Fraction) -> Promise:
    return Promise(question, amount, (_ALWAYS,), amount)


def _time_to_act(target: Mapping[str, Any], calendars: tuple[Any, ...]) -> Iterator[Promise]:
    """Yield the promise of a clock target; none if its deadline is a date in the ticket."""
    within = durations.parse_duration(target["objective"]["within"])
    clock, applies_to = str(target["clock"]), target["applies_to"]
    if within.kind == "calendar":
        time = Fraction(int(within.amount))
        yield Promise(clock, time, (_ALWAYS,), time, applies_to=applies_to)
    elif within.kind == "service_time":
        time = Fraction(int(within.amount))
        yield Promise(clock, time, calendars, time, applies_to=applies_to)
    elif within.kind != "due_at":
        days = Fraction(int(within.amount)) + (1 if within.kind == "business_days_end" else 0)
        lengths = [length for each in calendars for length in _working_days(each)] or [DAY]
        yield Promise(clock, days * min(lengths), calendars, days * max(lengths), days, applies_to)


def _working_days(calendar: Any) -> list[int]:
    hours = parse_service_hours(calendar).without_exceptions()
    lengths = [intervals.total_length(hours.open_on(_MONDAY + timedelta(days=day))) for day in range(7)]
    return [length for length in lengths if length]


def _may_be_about_one_ticket(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Return whether a ticket can fulfil both conditions."""
    if one is None or other is None:
        return one is other
    return all(_written_values(one[name]) & _written_values(other[name]) for name in one.keys() & other.keys() - _NAMES)


def _written_values(written: Any) -> set[str]:
    return {written} if isinstance(written, str) else set(written)
