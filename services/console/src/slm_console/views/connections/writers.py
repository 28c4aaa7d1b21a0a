"""View models of ticket writers: their tools, how they are doing, and what they wrote into each ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from slm_console.views.connections.pulls import proof_in_words
from slm_console.views.connections.sources import moment_of
from slm_console.views.reader import Reader
from slm_console.views.tables import Column, number_in

FIGURES = ("due_at", "state", "breached")
"""The figures that can be written, as the API names them."""
_WRITE_MARKS = {"written": "met", "waiting": "on-track", "failed": "breached"}


@dataclass(frozen=True, slots=True)
class WritingTool:
    """A ticket tool whose fields can be written. ``name`` is the connector's name, ``title`` the tool's.

    ``fields`` are the names of the fields that are written unless a writer names others, ``dates`` those of them that
    hold a date without time.
    """

    name: str
    title: str
    source: str
    proof: str
    fields: Mapping[str, str]
    dates: Sequence[str]


@dataclass(frozen=True, slots=True)
class WriterLine:
    """A writer, as a row or as the head of its page."""

    writer_id: str
    title: str
    tool: str
    address: str
    source: str
    mark: str
    state: str
    problem: str
    """Why the latest request failed, or why the writer was stopped; empty if all is well."""
    written: str
    waiting: str
    failed: str
    last: str
    """When a ticket was written last; ``last_at`` is the same instant in UTC, empty if none ever was."""
    last_at: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class WrittenField:
    """A field of the tool, the figure that is written into it, and what the figure says."""

    field: str
    figure: str
    says: str


@dataclass(frozen=True, slots=True)
class WriteLine:
    """A ticket with the figures that a writer keeps up to date in it. ``path`` is the ticket's page."""

    ticket: str
    path: str
    due: str
    state: str
    breached: str
    mark: str
    outcome: str
    at: str
    answer: str


@dataclass(frozen=True, slots=True)
class WriterTest:
    """The result of a test: what was sent to which field, and what the tool answered."""

    ticket: str
    mark: str
    outcome: str
    values: Sequence[tuple[str, str]]
    answer: str
    excerpt: str
    is_sample: bool


def writing_tool(reader: Reader, tool: Mapping[str, Any]) -> WritingTool:
    """Return a tool as a row: the fields that are written, and how a writer can prove itself."""
    return WritingTool(
        name=str(tool["name"]),
        title=str(tool["title"]),
        source=str(tool["source"]),
        proof=" · ".join(proof_in_words(reader, str(each)) for each in tool["authentication"]),
        fields={name: str(tool["fields"][name]) for name in FIGURES if tool["fields"][name]},
        dates=[str(each) for each in tool["dates"]],
    )


def writer_line(reader: Reader, writer: Mapping[str, Any], titles: Mapping[str, str]) -> WriterLine:
    """Return a writer as a row. ``titles``: name of the connector → title of the tool."""
    connector = str(writer["connector"])
    mark, said = _writer_state(reader, writer)
    return WriterLine(
        writer_id=str(writer["writer_id"]),
        title=str(writer["title"]),
        tool=titles.get(connector, connector),
        address=str(writer["address"]),
        source=str(writer["source"]),
        mark=mark,
        state=said,
        problem=str(writer["state_reason"] or writer["problem"]),
        written=reader.whole(int(writer["written"])),
        waiting=reader.whole(int(writer["waiting"])),
        failed=reader.whole(int(writer["failed"])),
        last=moment_of(reader, writer["last_written_at"]),
        last_at=str(writer["last_written_at"] or ""),
        is_active=writer["state"] == "active",
    )


def _writer_state(reader: Reader, writer: Mapping[str, Any]) -> tuple[str, str]:
    """Return mark and words for what a writer does now."""
    state = str(writer["state"])
    if state == "paused":
        return "paused", reader.gettext("paused, changes wait")
    if state == "suspended":
        return "breached", reader.gettext("stopped: the tool accepted nothing for days")
    if writer["failing_since"]:
        since = moment_of(reader, writer["failing_since"])
        return "breached", reader.gettext("fails since %(since)s", since=since)
    return "on-track", reader.gettext("writes every change")


def writer_columns(reader: Reader) -> list[Column[WriterLine]]:
    """Return the columns of the list of writers."""
    return [
        Column("title", reader.gettext("Name"), lambda line: line.title),
        Column("tool", reader.gettext("Tool"), lambda line: line.tool),
        Column("address", reader.gettext("Address"), lambda line: line.address, is_shown=False),
        Column("state", reader.gettext("State"), lambda line: line.state),
        Column(
            "written",
            reader.gettext("Written"),
            lambda line: line.written,
            order=lambda line: number_in(line.written),
            is_number=True,
        ),
        Column(
            "waiting",
            reader.gettext("Waiting"),
            lambda line: line.waiting,
            order=lambda line: number_in(line.waiting),
            is_number=True,
        ),
        Column(
            "failed",
            reader.gettext("Given up"),
            lambda line: line.failed,
            order=lambda line: number_in(line.failed),
            is_number=True,
        ),
        Column("last", reader.gettext("Last written"), lambda line: line.last, order=lambda line: line.last_at),
        Column("problem", reader.gettext("What is wrong"), lambda line: line.problem),
    ]


def writer_facts(reader: Reader, writer: Mapping[str, Any], tool: WritingTool | None) -> list[tuple[str, str]]:
    """Return the facts about a writer as pairs of name and value. Facts without a value are left out."""
    way = writer["authentication"]
    proof = proof_in_words(reader, str(way["kind"]))
    has_date = tool is None or any(each in tool.dates for each in writer["fields"].values())
    found = [
        (reader.gettext("Proves itself by"), f"{proof}: {way['user']}" if way["user"] else proof),
        (reader.gettext("Source"), str(writer["source"])),
        (reader.gettext("Clocks that count"), clocks_in_words(reader, writer["clocks"])),
        (reader.gettext("Time zone of dates"), str(writer["time_zone"]) if has_date else ""),
        (reader.gettext("Tickets written"), reader.whole(int(writer["written"]))),
        (reader.gettext("Tickets waiting"), reader.whole(int(writer["waiting"]))),
        (reader.gettext("Tickets given up"), reader.whole(int(writer["failed"]))),
        (reader.gettext("Last written"), moment_of(reader, writer["last_written_at"])),
        (
            reader.gettext("Next attempt"),
            moment_of(reader, writer["next_attempt_at"]) if writer["next_attempt_at"] else "",
        ),
    ]
    return [(name, value) for name, value in found if value]


def clock_names(reader: Reader) -> Mapping[str, str]:
    """Return kind of clock, as the API names it → its words."""
    return {
        "response": reader.gettext("first response"),
        "update": reader.gettext("updates"),
        "resolution": reader.gettext("resolution"),
        "ownership": reader.gettext("ownership"),
        "closure": reader.gettext("closure"),
    }


def clocks_in_words(reader: Reader, clocks: Sequence[str]) -> str:
    """Return in words which kinds of clocks count; none named: all."""
    names = clock_names(reader)
    return ", ".join(names.get(each, each) for each in clocks) or reader.gettext("all")


def written_fields(reader: Reader, fields: Mapping[str, Any]) -> list[WrittenField]:
    """Return the fields of the tool that are written, and what each says."""
    figures = {
        "due_at": (reader.gettext("Due date"), reader.gettext("The soonest deadline that can still be kept.")),
        "state": (
            reader.gettext("State of the clock"),
            reader.gettext("running, paused, breached, met, completed_late or cancelled."),
        ),
        "breached": (reader.gettext("Breach"), reader.gettext("Whether a breach of one of the clocks stands.")),
    }
    return [WrittenField(str(fields[name]), *figures[name]) for name in FIGURES if fields.get(name)]


def write_line(reader: Reader, write: Mapping[str, Any]) -> WriteLine:
    """Return a ticket that a writer keeps up to date as a row: the figures, and how the latest attempt ended."""
    outcomes = {
        "written": reader.gettext("written"),
        "waiting": reader.gettext("waits"),
        "failed": reader.gettext("given up"),
    }
    state, figures, number = str(write["state"]), write["figures"], str(write["ticket"])
    breached = {True: reader.gettext("yes"), False: reader.gettext("no")}
    attempted = write["last_attempt_at"] or write["changed_at"]
    return WriteLine(
        ticket=number,
        path=f"/tickets/{quote(str(write['source']), safe='')}/{quote(number, safe='')}",
        due=moment_of(reader, figures["due_at"]) if figures["due_at"] else "",
        state=_clock_states(reader).get(str(figures["state"] or ""), str(figures["state"] or "")),
        breached=breached.get(figures["breached"], ""),
        mark=_WRITE_MARKS.get(state, "no-data"),
        outcome=outcomes.get(state, state),
        at=moment_of(reader, attempted),
        answer="" if state == "written" else _answer(reader, write),
    )


def _clock_states(reader: Reader) -> Mapping[str, str]:
    """Return the state of a ticket's clocks, as it is written → its words."""
    return {
        "running": reader.gettext("running"),
        "paused": reader.gettext("paused"),
        "breached": reader.gettext("breached"),
        "met": reader.gettext("met"),
        "completed_late": reader.gettext("completed late"),
        "cancelled": reader.gettext("cancelled"),
    }


def _answer(reader: Reader, answered: Mapping[str, Any]) -> str:
    """Return why an attempt failed: the reason, or else the status of the answer."""
    status = answered["status"]
    said = str(answered["problem"]) or (reader.gettext("answer %(status)s", status=status) if status else "")
    return " · ".join(each for each in (said, str(answered["excerpt"])) if each)


def writer_test(reader: Reader, test: Mapping[str, Any]) -> WriterTest:
    """Return the result of a test in words."""
    is_done, status = bool(test["succeeded"]), test["status"]
    answer = [reader.gettext("answer %(status)s", status=status) if status else "", str(test["problem"])]
    return WriterTest(
        ticket=str(test["ticket"]),
        mark="met" if is_done else "breached",
        outcome=reader.gettext("written") if is_done else reader.gettext("not written"),
        values=[(str(name), _value_in_words(reader, value)) for name, value in test["values"].items()],
        answer=" · ".join(each for each in answer if each),
        excerpt="" if is_done else str(test["excerpt"]),
        is_sample=bool(test["sample"]),
    )


def _value_in_words(reader: Reader, value: object) -> str:
    if value is None:
        return reader.gettext("empty")
    return str(value).lower() if isinstance(value, bool) else str(value)
