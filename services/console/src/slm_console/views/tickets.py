"""View models of tickets: the queue of clocks by time left, and tickets without an agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.clocks import RunningClock, time_since, time_until
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import MINUTE, Reader
from slm_console.views.tables import Column


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A row of the queue, for one clock of a ticket. ``used`` is the used part of its time in percent."""

    source: str
    number: str
    priority: str
    clock: str
    service: str
    customer: str
    held_by: str
    mark: str
    left: str
    deadline: str
    used: int
    tone: str
    running: RunningClock | None
    """The clock whose present text is ``left``; None while it is paused."""


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
        Column("service", reader.gettext("Service"), lambda line: line.service),
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

    For a paused clock, the time that was left when the pause began.
    """
    deadline = read(clock.get("deadline_at")) or reader.now
    if clock["state"] == "paused":
        return deadline - (read(clock.get("changed_at")) or reader.now)
    return deadline - reader.now


def _line(reader: Reader, directory: Directory, clock: Mapping[str, Any]) -> ClockLine:
    left = _left(reader, clock)
    started, deadline = read(clock["started_at"]) or 0, read(clock["deadline_at"]) or 0
    used = 100 - max(0, min(100, round(100 * left / max(1, deadline - started))))
    mark = mark_of_clock(clock, left)
    running = None
    if left < 0:
        running = time_since(reader, deadline, lambda length: reader.gettext("%(length)s late", length=length))
    elif mark != "paused":
        # The heading of the column says that it is time left.
        running = time_until(reader, deadline, str, reader.gettext("past the deadline"))
    return ClockLine(
        source=str(clock["source"]),
        number=str(clock["number"]),
        priority=str(clock.get("priority") or ""),
        clock=clock_in_words(reader, str(clock["clock"])),
        service=directory.service(clock.get("service_id")),
        customer=directory.company(directory.other(clock)),
        held_by=str(clock.get("held_by") or ""),
        mark=mark,
        left=running.text if running else left_in_words(reader, left, mark),
        deadline="–" if mark == "paused" else reader.moment(deadline),
        used=used,
        tone=mark if mark in ("at-risk", "breached") else "",
        running=running,
    )


def mark_of_clock(clock: Mapping[str, Any], left: int) -> str:
    """Return the state mark of a clock that has not stopped, with ``left`` microseconds to its deadline."""
    if left < 0 or clock["state"] == "breached":
        return "breached"
    if clock["state"] == "paused":
        return "paused"
    started, deadline = read(clock["started_at"]) or 0, read(clock["deadline_at"]) or 0
    return "at-risk" if 2 * left < deadline - started or left < MINUTE * 30 else "on-track"


def left_in_words(reader: Reader, left: int, mark: str, *, is_service_time: bool = False) -> str:
    """Return the time that a clock has left: ``41 min left``, ``2 h of service time left``, ``5 min late``."""
    if left < 0:
        return reader.gettext("%(length)s late", length=reader.length(-left))
    if mark == "paused":
        return reader.gettext("paused, %(length)s left", length=reader.running(left))
    if is_service_time:
        return reader.gettext("%(length)s of service time left", length=reader.running(left))
    return reader.gettext("%(length)s left", length=reader.running(left))


def not_judged(reader: Reader, tickets: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows for tickets that are not evaluated, each with the reason."""
    return [
        {
            "source": str(each["source"]),
            "number": str(each["number"]),
            "priority": str(each.get("priority") or ""),
            "opened": reader.moment(read(each.get("opened_at")) or reader.now),
            "why": why_not_judged(reader, each),
        }
        for each in tickets
    ]


def why_not_judged(reader: Reader, ticket: Mapping[str, Any]) -> str:
    """Return the reason why no agreement judges a ticket, in words."""
    if ticket.get("inconsistent"):
        return reader.gettext("Its times contradict each other: %(what)s", what=str(ticket["inconsistent"]))
    for each in ticket.get("unjudgeable") or ():
        return str(each.get("reason") or each.get("cause") or each) if isinstance(each, Mapping) else str(each)
    return str(ticket.get("unmatched_cause") or reader.gettext("No agreement is about it."))
