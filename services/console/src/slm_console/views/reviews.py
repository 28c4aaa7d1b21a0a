"""View models of reviews: reports, meetings with their agenda, improvement actions, lessons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_console.views.agenda import AgendaGroup, agenda_groups
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.marks import MARKS, mark_of
from slm_console.views.reader import Reader
from slm_console.views.tables import Column


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A row of the list of reports."""

    report_id: str
    title: str
    service: str
    period: str
    mark: str
    breaches: int
    is_final: bool


@dataclass(frozen=True, slots=True)
class MeetingLine:
    """A row of the list of review meetings."""

    review_id: str
    title: str
    company: str
    why: str
    when: str
    state: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class ActionLine:
    """A row of the list of improvement actions."""

    action_id: str
    text: str
    owner: str
    due: str
    is_late: bool
    is_open: bool
    change: str


@dataclass(frozen=True, slots=True)
class LessonLine:
    """A row of the list of lessons, with the day on which the lesson was recorded."""

    text: str
    day: str
    review_id: str


@dataclass(frozen=True)
class Meeting:
    """The page of a review meeting with its agenda."""

    line: MeetingLine
    agreement_id: str
    span: str
    agenda: list[AgendaGroup]
    more: int
    summary: str
    attendees: list[str] = field(default_factory=list)


def report_lines(reader: Reader, reports: Sequence[Mapping[str, Any]]) -> list[ReportLine]:
    """Return the rows for reports in the API's order: the latest period first."""
    return [
        ReportLine(
            report_id=str(each["report_id"]),
            title=str(each["agreement_title"]),
            service=str(each["service_name"]),
            period=period_in_words(reader, str(each["period"]), read(each["period_start_at"])),
            mark=mark_of(each["verdict"], is_open=each["state"] != "published"),
            breaches=int(each["breaches"]),
            is_final=each["state"] == "published",
        )
        for each in reports
    ]


def report_columns(reader: Reader) -> list[Column[ReportLine]]:
    """Return the columns of the list of reports."""
    state = {True: reader.gettext("final"), False: reader.gettext("so far")}
    return [
        Column("agreement", reader.gettext("Agreement"), lambda line: line.title),
        Column("period", reader.gettext("Period"), lambda line: line.period, is_natural=True),
        Column("service", reader.gettext("Service"), lambda line: line.service),
        Column("result", reader.gettext("Result"), lambda line: MARKS[line.mark].word(reader)),
        Column(
            "breaches",
            reader.gettext("Breaches"),
            lambda line: reader.whole(line.breaches),
            order=lambda line: line.breaches,
            is_number=True,
        ),
        Column("state", reader.gettext("State"), lambda line: state[line.is_final], is_shown=False),
    ]


def period_in_words(reader: Reader, period: str, start: int | None) -> str:
    """Return a period's name: ``2026-11`` → ``November 2026``, ``2026-Q4`` → ``Q4 2026``; any other is unchanged."""
    year, _, rest = period.partition("-")
    if rest.isdigit() and len(rest) == 2 and len(year) == 4:
        # A period begins at midnight of the agreement's zone, which may be the evening before in the reader's.
        noon = (start or reader.now) + 36 * 3_600 * 1_000_000
        return reader.month(noon)
    if rest.startswith("Q"):
        return f"{rest} {year}"
    return period


def meeting_line(reader: Reader, directory: Directory, review: Mapping[str, Any]) -> MeetingLine:
    """Return the row for a review meeting."""
    due = read(review.get("concluded_at")) or read(review.get("due_at"))
    states = {
        "scheduled": reader.gettext("planned"),
        "open": reader.gettext("open"),
        "concluded": reader.gettext("held"),
        "cancelled": reader.gettext("cancelled"),
        "lapsed": reader.gettext("did not take place"),
    }
    if review["reason"] == "breach":
        why = reader.gettext("because of a breach")
    else:
        why = period_in_words(reader, str(review.get("period") or ""), read(review.get("start_at")))
    return MeetingLine(
        review_id=str(review["review_id"]),
        title=str(review["agreement_title"]),
        company=directory.company(directory.other(review)),
        why=why,
        when=reader.day(due) if due is not None else "",
        state=states.get(str(review["state"]), str(review["state"])),
        is_open=review["state"] == "open",
    )


def meeting_columns(reader: Reader) -> list[Column[MeetingLine]]:
    """Return the columns of the list of review meetings."""
    return [
        Column("agreement", reader.gettext("Agreement"), lambda line: line.title),
        Column("with", reader.gettext("With"), lambda line: line.company),
        Column("about", reader.gettext("About"), lambda line: line.why),
        Column("when", reader.gettext("When"), lambda line: line.when, is_natural=True),
        Column("state", reader.gettext("State"), lambda line: line.state),
    ]


def meeting_of(reader: Reader, directory: Directory, review: Mapping[str, Any]) -> Meeting:
    """Return the view model of a review meeting's page."""
    start, end = read(review.get("start_at")), read(review.get("end_at"))
    until = reader.day(end) if end is not None else reader.gettext("now")
    items = list(review.get("agenda") or ())
    return Meeting(
        line=meeting_line(reader, directory, review),
        agreement_id=str(review["agreement_id"]),
        span=f"{reader.day(start)} – {until}" if start is not None else until,
        agenda=agenda_groups(reader, items),
        more=max(0, int(review.get("agenda_count") or 0) - len(items)),
        summary=str(review.get("summary") or ""),
        attendees=[str(each) for each in review.get("attendees") or ()],
    )


def action_lines(reader: Reader, actions: Sequence[Mapping[str, Any]]) -> list[ActionLine]:
    """Return the rows for improvement actions: open ones first, then by due date."""
    ordered = sorted(actions, key=lambda each: (each["state"] != "open", str(each.get("due_at") or "")))
    return [
        ActionLine(
            action_id=str(each["action_id"]),
            text=str(each["text"]),
            owner=str(each["owner"]),
            due=reader.day(read(each["due_at"]) or 0),
            is_late=each["state"] == "open" and (read(each["due_at"]) or 0) < reader.now,
            is_open=each["state"] == "open",
            change=str(each.get("expected_change") or ""),
        )
        for each in ordered
    ]


def action_columns(reader: Reader) -> list[Column[ActionLine]]:
    """Return the columns of the list of improvement actions."""
    state = {True: reader.gettext("open"), False: reader.gettext("done")}
    return [
        Column("what", reader.gettext("What"), lambda line: line.text),
        Column("who", reader.gettext("Who"), lambda line: line.owner),
        Column("until", reader.gettext("Until"), lambda line: line.due, is_natural=True),
        Column("change", reader.gettext("Should change"), lambda line: line.change),
        Column("state", reader.gettext("State"), lambda line: state[line.is_open]),
    ]


def lesson_lines(reader: Reader, lessons: Sequence[Mapping[str, Any]]) -> list[LessonLine]:
    """Return the rows for lessons in the API's order: the latest first."""
    return [
        LessonLine(str(each["text"]), reader.day(read(each["recorded_at"]) or 0), str(each["review_id"]))
        for each in lessons
    ]


def lesson_columns(reader: Reader) -> list[Column[LessonLine]]:
    """Return the columns of the list of lessons."""
    return [
        Column("day", reader.gettext("Recorded"), lambda line: line.day, is_natural=True),
        Column("lesson", reader.gettext("Lesson"), lambda line: line.text),
    ]
