"""View model of one ticket: a bar for each agreement's clock, why each runs or stands still, and what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slm_console.views import durations
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import MINUTE, SECOND, Reader
from slm_console.views.tickets import left_in_words, mark_of_clock, why_not_judged


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
    target_key: str
    about: str
    """The service and the companies of the agreement: ``Checkout, for Corner Shop Group``."""
    limit: str
    mark: str
    state: str
    left: str
    deadline: str
    deadline_at: int
    deadline_x: str
    ends_first: bool
    why: str
    """Why the clock runs, is paused or has stopped: by which event, and since when."""
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


ClockKey = tuple[str, int]
"""A clock of a ticket: its target and its number among the target's clocks."""


def clock_key_of(clock: Mapping[str, Any]) -> ClockKey:
    """Return the key of a clock of a ticket."""
    return str(clock["target_id"]), int(clock["ordinal"])


def ticket_page(
    reader: Reader,
    directory: Directory,
    ticket: Mapping[str, Any],
    explained: Mapping[ClockKey, Mapping[str, Any]],
    targets: Mapping[str, Mapping[str, Any]],
) -> TicketPage:
    """Return the view model of a ticket's page.

    ``explained``: clock → its explanation. ``targets``: target id → target. Both may be incomplete, because the API may
    not have answered every request.
    """
    clocks = ticket["clocks"]
    start = min([read(each["started_at"]) or reader.now for each in clocks], default=reader.now)
    end = max([read(each["deadline_at"]) or reader.now for each in clocks] + [reader.now], default=reader.now)
    axis = Axis(start, max(end, start + MINUTE))
    running = [read(each["deadline_at"]) or 0 for each in clocks if each.get("stopped_at") is None]
    first = min(running) if len(running) > 1 else None
    bars = []
    for clock in clocks:
        bar = _bar(reader, clock, explained.get(clock_key_of(clock)), axis, first)
        about = _about(reader, directory, targets.get(str(clock["target_id"])))
        bars.append(replace(bar, about=about, why=_why(reader, ticket, clock, bar, explained.get(clock_key_of(clock)))))
    return TicketPage(
        number=str(ticket["number"]),
        source=str(ticket["source"]),
        facts=_facts(reader, directory, ticket, list(targets.values())),
        bars=sorted(bars, key=lambda bar: bar.deadline_at),
        now_x=axis.x(reader.now),
        axis=(reader.moment(axis.start), reader.moment(axis.end)),
        events=[
            (read(each["at"]) or 0, reader.moment(read(each["at"]) or 0), _event_in_words(reader, each))
            for each in ticket.get("events") or ()
        ],
        problem="" if clocks else why_not_judged(reader, ticket),
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


def clock_standing(reader: Reader, clock: Mapping[str, Any]) -> tuple[str, str]:
    """Return how a clock of a ticket stands: the key of its state mark, and the time left or when it stopped."""
    left = int(clock.get("time_left_seconds") or 0) * SECOND
    if clock.get("stopped_at") is not None:
        mark = _ended_mark(clock)
        return mark, _state_in_words(reader, clock, mark)
    mark = mark_of_clock(clock, left)
    return mark, left_in_words(reader, left, mark, is_service_time="service_time" in clock["within"])


def _bar(
    reader: Reader,
    clock: Mapping[str, Any],
    explanation: Mapping[str, Any] | None,
    axis: Axis,
    first: int | None,
) -> ClockBar:
    deadline = read(clock["deadline_at"]) or reader.now
    is_over = clock.get("stopped_at") is not None
    left = int(clock.get("time_left_seconds") or 0) * SECOND
    mark = _ended_mark(clock) if is_over else mark_of_clock(clock, left)
    return ClockBar(
        title=str(clock["target_title"]),
        agreement_id=str(clock["agreement_id"]),
        target_key=str(clock["target_key"]),
        about="",
        limit=durations.limit_in_words(reader, clock["within"]),
        mark=mark,
        state=_state_in_words(reader, clock, mark),
        left="" if is_over else left_in_words(reader, left, mark, is_service_time="service_time" in clock["within"]),
        deadline=reader.moment(deadline),
        deadline_at=deadline,
        deadline_x=axis.x(deadline),
        ends_first=not is_over and first == deadline,
        why="",
        segments=[_segment(reader, each, axis) for each in (explanation or {}).get("intervals") or ()],
        held=[
            (str(each["by"] or reader.gettext("nobody yet")), reader.length(int(each["calendar_seconds"]) * SECOND))
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


def _about(reader: Reader, directory: Directory, target: Mapping[str, Any] | None) -> str:
    """Return the service and the other company of the agreement that judges a clock; empty if they are not known."""
    if target is None:
        return ""
    service, other = directory.service(target.get("service_id")), directory.company(directory.other(target))
    if directory.side(target) == "provider":
        return reader.gettext("%(service)s, for %(company)s", service=service, company=other)
    return reader.gettext("%(service)s, by %(company)s", service=service, company=other)


def _why(
    reader: Reader,
    ticket: Mapping[str, Any],
    clock: Mapping[str, Any],
    bar: ClockBar,
    explanation: Mapping[str, Any] | None,
) -> str:
    """Return a sentence that says why a clock runs, is paused or has stopped, and since when."""
    stopped = read(clock.get("stopped_at"))
    if stopped is not None:
        ends = [_event_in_words(reader, each) for each in ticket.get("events") or () if read(each["at"]) == stopped]
        moment = reader.moment(stopped)
        if ends:
            return reader.gettext("Stopped %(moment)s: %(event)s", moment=moment, event=ends[-1])
        return reader.gettext("Stopped %(moment)s", moment=moment)
    intervals = (explanation or {}).get("intervals") or ()
    if not intervals:
        since = reader.moment(read(clock.get("changed_at")) or reader.now)
        return reader.gettext("Paused since %(moment)s", moment=since) if bar.mark == "paused" else ""
    last = intervals[-1]
    since = reader.moment(read(last["from"]) or reader.now)
    event = _event_of_cause(reader, str(last["cause"]))
    return {
        "paused": reader.gettext("Paused since %(moment)s: %(event)s", moment=since, event=event),
        "closed": reader.gettext("Stands still since %(moment)s: %(event)s", moment=since, event=event),
    }.get(str(last["kind"])) or reader.gettext("Runs since %(moment)s: %(event)s", moment=since, event=event)


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
    kinds = {
        "open": reader.gettext("runs"),
        "paused": reader.gettext("paused"),
        "closed": reader.gettext("out of hours"),
    }
    return f"{kinds.get(kind, kind)}: {_event_of_cause(reader, cause)}"


def _event_of_cause(reader: Reader, cause: str) -> str:
    """Return in words what began an interval of a clock: an event of the ticket, or a rule of the service hours."""
    event, _, state = cause.partition(" to ")
    if event == "state_changed" and state:
        return reader.gettext("state became “%(state)s”", state=state.replace("_", " "))
    rules = {
        "service hours open": reader.gettext("the service hours began"),
        "the opening": reader.gettext("opened"),
        "weekly": reader.gettext("outside the service hours"),
        "holiday": reader.gettext("a holiday"),
        "override": reader.gettext("a day with other hours"),
        "break": reader.gettext("an agreed break of the service"),
    }
    return rules.get(cause) or event_name(reader, event)


def event_name(reader: Reader, event: str) -> str:
    """Return in words what happened to a ticket."""
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
    words = event_name(reader, str(event["event"]))
    words = words[:1].upper() + words[1:]
    attributes = event.get("attributes") or {}
    details = [str(event["state"]).replace("_", " ")] if event.get("state") else []
    details += [str(attributes[name]) for name in ("priority", "team", "assignee") if attributes.get(name)]
    return f"{words}: {', '.join(details)}" if details else words


def _facts(
    reader: Reader, directory: Directory, ticket: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    opened, ended = read(ticket.get("opened_at")), read(ticket.get("ended_at"))
    # If the reader's company provides the service of a target, that target's customer is the ticket's customer. In the
    # targets of suppliers, the customer is the reader's own company.
    sold = [each for each in targets if directory.side(each) == "provider"] or targets
    customers = dict.fromkeys(directory.company(each["customer_party_id"]) for each in sold)
    services = dict.fromkeys(directory.service(each.get("service_id")) for each in sold)
    facts = [(reader.gettext("Customer"), reader.names(list(customers)))] if customers else []
    facts += [(reader.gettext("Service"), reader.names(list(services)))] if any(services) else []
    facts += [
        (reader.gettext("Priority"), str(ticket.get("priority") or "–")),
        (reader.gettext("State"), str(ticket.get("state") or reader.gettext("open")).replace("_", " ")),
        (reader.gettext("With"), str(ticket.get("held_by") or reader.gettext("nobody yet"))),
    ]
    if opened is not None:
        facts.append((reader.gettext("Opened"), reader.moment(opened)))
    if ended is not None:
        facts.append((reader.gettext("Ended"), reader.moment(ended)))
    return facts
