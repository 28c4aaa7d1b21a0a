"""View models of tickets: the queue by time left, one ticket with a bar for each clock, and tickets without an
agreement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_console.views import durations
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import MINUTE, Reader
from slm_console.views.tables import Column

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A row of the queue, for one clock of a ticket. ``used`` is the used part of its time in percent."""

    source: str
    number: str
    priority: str
    clock: str
    customer: str
    held_by: str
    mark: str
    left: str
    deadline: str
    used: int
    tone: str


@dataclass(frozen=True, slots=True)
class Segment:
    """An interval of a clock, as it is drawn and as the table shows it.

    ``x`` and ``width`` are its start and length on the time axis, in percent.
    """

    kind: str
    x: str
    width: str
    span: str
    length: str
    why: str


@dataclass(frozen=True)
class ClockBar:
    """One clock of a ticket, drawn as a bar."""

    title: str
    agreement_id: str
    target_id: str
    company: str
    limit: str
    mark: str
    state: str
    left: str
    deadline: str
    deadline_at: int
    deadline_x: str
    ends_first: bool
    segments: list[Segment] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class TicketPage:
    """The page of one ticket."""

    number: str
    source: str
    facts: list[tuple[str, str]]
    bars: list[ClockBar]
    now_x: str
    axis: tuple[str, str]
    events: list[tuple[int, str, str]]
    """Events of the ticket: instant in microseconds since 1970, time in words, what happened."""
    problem: str


def queue_of(reader: Reader, directory: Directory, clocks: Sequence[Mapping[str, Any]]) -> list[ClockLine]:
    """Return the rows for clocks that have not stopped, the least time left first."""
    lines = [
        (_left(reader, clock), _line(reader, directory, clock)) for clock in clocks if clock.get("stopped_at") is None
    ]
    return [line for _, line in sorted(lines, key=lambda each: each[0])]


def queue_columns(reader: Reader) -> list[Column[ClockLine]]:
    """Return the columns of the queue of tickets."""
    return [
        Column("ticket", reader.gettext("Ticket"), lambda line: f"{line.number} {line.priority}".strip()),
        Column("left", reader.gettext("Time left"), lambda line: line.left, is_natural=True),
        Column("used", reader.gettext("Used")),
        Column("clock", reader.gettext("To do"), lambda line: line.clock),
        Column("by", reader.gettext("By"), lambda line: line.deadline, is_natural=True),
        Column("held", reader.gettext("Held by"), lambda line: line.held_by),
        Column("customer", reader.gettext("Customer"), lambda line: line.customer),
    ]


def clock_in_words(reader: Reader, clock: str) -> str:
    """Return what must be done before a clock's deadline: ``response`` → ``answer``."""
    names = {
        "response": reader.gettext("answer"),
        "resolution": reader.gettext("resolve"),
        "update": reader.gettext("reply"),
        "ownership": reader.gettext("solve or pass on"),
        "closure": reader.gettext("close"),
    }
    return names.get(clock, clock)


def _left(reader: Reader, clock: Mapping[str, Any]) -> int:
    """Return the time left in microseconds; negative if the clock is late.

    For a paused clock, it is the time that was left when the pause began.
    """
    deadline = read(clock.get("deadline_at")) or reader.now
    if clock["state"] == "paused":
        return deadline - (_last_pause(clock) or reader.now)
    return deadline - reader.now


def _last_pause(clock: Mapping[str, Any]) -> int | None:
    pauses = clock.get("pauses") or ()
    return read(pauses[-1][0]) if pauses and isinstance(pauses[-1], list) else read(clock.get("changed_at"))


def _line(reader: Reader, directory: Directory, clock: Mapping[str, Any]) -> ClockLine:
    left = _left(reader, clock)
    started, deadline = read(clock["started_at"]) or 0, read(clock["deadline_at"]) or 0
    used = 100 - max(0, min(100, round(100 * left / max(1, deadline - started))))
    mark = _mark(clock, left)
    return ClockLine(
        source=str(clock["source"]),
        number=str(clock["number"]),
        priority=str(clock.get("priority") or ""),
        clock=clock_in_words(reader, str(clock["clock"])),
        customer=directory.company(directory.other(clock)),
        held_by=str(clock.get("held_by") or ""),
        mark=mark,
        left=_left_in_words(reader, left, mark),
        deadline="–" if mark == "paused" else reader.moment(deadline),
        used=used,
        tone=mark if mark in ("at-risk", "breached") else "",
    )


def _mark(clock: Mapping[str, Any], left: int) -> str:
    if left < 0 or clock["state"] == "breached":
        return "breached"
    if clock["state"] == "paused":
        return "paused"
    started, deadline = read(clock["started_at"]) or 0, read(clock["deadline_at"]) or 0
    return "at-risk" if 2 * left < deadline - started or left < MINUTE * 30 else "on-track"


def _left_in_words(reader: Reader, left: int, mark: str) -> str:
    if left < 0:
        return reader.gettext("%(length)s late", length=reader.length(-left))
    if mark == "paused":
        return reader.gettext("paused, %(length)s left", length=reader.length(left))
    # Seconds only count in the last minutes, and make a column of times hard to read.
    rounded = left if left < 10 * MINUTE else left // MINUTE * MINUTE
    return reader.gettext("%(length)s left", length=reader.length(rounded))


def not_judged(reader: Reader, tickets: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows for tickets that are not evaluated, each with the reason."""
    return [
        {
            "source": str(each["source"]),
            "number": str(each["number"]),
            "priority": str(each.get("priority") or ""),
            "opened": reader.moment(read(each.get("opened_at")) or reader.now),
            "why": _why_not(reader, each),
        }
        for each in tickets
    ]


def _why_not(reader: Reader, ticket: Mapping[str, Any]) -> str:
    if ticket.get("inconsistent"):
        return reader.gettext("Its times contradict each other: %(what)s", what=str(ticket["inconsistent"]))
    for each in ticket.get("unjudgeable") or ():
        return str(each.get("reason") or each.get("cause") or each) if isinstance(each, Mapping) else str(each)
    return str(ticket.get("unmatched_cause") or reader.gettext("No agreement is about it."))


def ticket_page(
    reader: Reader, directory: Directory, ticket: Mapping[str, Any], explained: Mapping[str, Mapping[str, Any]]
) -> TicketPage:
    """Return the view model of a ticket's page.

    ``explained``: target id → explanation of its clock, without clocks whose explanation was not available.
    """
    clocks = ticket["clocks"]
    start = min([read(each["started_at"]) or reader.now for each in clocks], default=reader.now)
    end = max([read(each["deadline_at"]) or reader.now for each in clocks] + [reader.now], default=reader.now)
    axis = Axis(start, max(end, start + MINUTE))
    running = [read(each["deadline_at"]) or 0 for each in clocks if each.get("stopped_at") is None]
    first = min(running) if len(running) > 1 else None
    bars = [_bar(reader, clock, explained.get(str(clock["target_id"])), axis, first) for clock in clocks]
    return TicketPage(
        number=str(ticket["number"]),
        source=str(ticket["source"]),
        facts=_facts(reader, ticket),
        bars=sorted(bars, key=lambda bar: bar.deadline_at),
        now_x=axis.x(reader.now),
        axis=(reader.moment(axis.start), reader.moment(axis.end)),
        events=[
            (read(each["at"]) or 0, reader.moment(read(each["at"]) or 0), _event_in_words(reader, each))
            for each in ticket.get("events") or ()
        ],
        problem="" if clocks else _why_not(reader, ticket),
    )


@dataclass(frozen=True, slots=True)
class Axis:
    """The time axis of a ticket, from ``start`` to ``end`` in microseconds since 1970."""

    start: int
    end: int

    def x(self, instant: int) -> str:
        """Return the place of an instant on the axis in percent, with two decimals; instants outside are clipped to its
        ends.
        """
        share = (min(max(instant, self.start), self.end) - self.start) * 10_000 // (self.end - self.start)
        return f"{share / 100:.2f}"


def _bar(
    reader: Reader,
    clock: Mapping[str, Any],
    explanation: Mapping[str, Any] | None,
    axis: Axis,
    first: int | None,
) -> ClockBar:
    deadline = read(clock["deadline_at"]) or reader.now
    is_over = clock.get("stopped_at") is not None
    left = int(clock.get("time_left_seconds") or 0) * _SECOND
    mark = _ended_mark(clock) if is_over else _mark(clock, left)
    return ClockBar(
        title=str(clock["target_title"]),
        agreement_id=str(clock["agreement_id"]),
        target_id=str(clock["target_id"]),
        company="",
        limit=durations.limit_in_words(reader, clock["within"]),
        mark=mark,
        state=_state_in_words(reader, clock, mark),
        left="" if is_over else _left_in_words(reader, left, mark),
        deadline=reader.moment(deadline),
        deadline_at=deadline,
        deadline_x=axis.x(deadline),
        ends_first=not is_over and first == deadline,
        segments=[_segment(reader, each, axis) for each in (explanation or {}).get("intervals") or ()],
        held=[
            (str(each["by"] or reader.gettext("nobody yet")), reader.length(int(each["calendar_seconds"]) * _SECOND))
            for each in clock.get("held") or ()
        ],
    )


def _ended_mark(clock: Mapping[str, Any]) -> str:
    return "breached" if clock.get("breached_at") else "met"


def _state_in_words(reader: Reader, clock: Mapping[str, Any], mark: str) -> str:
    if clock.get("stopped_at") is not None:
        at = reader.moment(read(clock["stopped_at"]) or 0)
        if mark == "breached":
            return reader.gettext("late, done %(at)s", at=at)
        return reader.gettext("in time, done %(at)s", at=at)
    return ""


def _segment(reader: Reader, interval: Mapping[str, Any], axis: Axis) -> Segment:
    begin, end = read(interval["from"]) or 0, read(interval["to"]) or reader.now
    kinds = {"open": "runs", "paused": "paused", "closed": "closed"}
    x, to = axis.x(begin), axis.x(end)
    return Segment(
        kind=kinds.get(str(interval["kind"]), "closed"),
        x=x,
        width=f"{float(to) - float(x):.2f}",
        span=reader.span(begin, end),
        length=reader.length(end - begin),
        why=_cause_in_words(reader, str(interval["cause"]), str(interval["kind"])),
    )


def _cause_in_words(reader: Reader, cause: str, kind: str) -> str:
    event, _, state = cause.partition(" to ")
    if event == "state_changed" and state:
        words = reader.gettext("state became “%(state)s”", state=state.replace("_", " "))
    else:
        words = _event_name(reader, event)
    kinds = {
        "open": reader.gettext("runs"),
        "paused": reader.gettext("paused"),
        "closed": reader.gettext("out of hours"),
    }
    return f"{kinds.get(kind, kind)}: {words}"


def _event_name(reader: Reader, event: str) -> str:
    names = {
        "opened": reader.gettext("opened"),
        "assigned": reader.gettext("assigned"),
        "state_changed": reader.gettext("state changed"),
        "priority_changed": reader.gettext("priority changed"),
        "first_response": reader.gettext("first answer"),
        "customer_replied": reader.gettext("the customer wrote"),
        "agent_replied": reader.gettext("the desk replied"),
        "resolved": reader.gettext("resolved"),
        "fulfilled": reader.gettext("fulfilled"),
        "reopened": reader.gettext("opened again"),
        "closed": reader.gettext("closed"),
        "cancelled": reader.gettext("cancelled"),
    }
    return names.get(event, event.replace("_", " "))


def _event_in_words(reader: Reader, event: Mapping[str, Any]) -> str:
    words = _event_name(reader, str(event["event"]))
    words = words[:1].upper() + words[1:]
    attributes = event.get("attributes") or {}
    details = [str(event["state"]).replace("_", " ")] if event.get("state") else []
    details += [str(attributes[name]) for name in ("priority", "team", "assignee") if attributes.get(name)]
    return f"{words}: {', '.join(details)}" if details else words


def _facts(reader: Reader, ticket: Mapping[str, Any]) -> list[tuple[str, str]]:
    opened, ended = read(ticket.get("opened_at")), read(ticket.get("ended_at"))
    facts = [
        (reader.gettext("Priority"), str(ticket.get("priority") or "–")),
        (reader.gettext("State"), str(ticket.get("state") or reader.gettext("open")).replace("_", " ")),
        (reader.gettext("With"), str(ticket.get("held_by") or reader.gettext("nobody yet"))),
    ]
    if opened is not None:
        facts.append((reader.gettext("Opened"), reader.moment(opened)))
    if ended is not None:
        facts.append((reader.gettext("Ended"), reader.moment(ended)))
    return facts
