"""View models of pulls, by which the product asks tools for data: the tools, the pulls, and the runs of a pull."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.connections.hooks import Fault, faults_of
from slm_console.views.connections.sources import moment_of
from slm_console.views.instants import read
from slm_console.views.reader import SECOND, Reader
from slm_console.views.tables import Column

_OUTCOME_MARKS = {
    "done": "met", "partial": "on-track", "held": "paused", "failed": "breached", "interrupted": "at-risk",
    "running": "on-track",
}  # fmt: skip
_SHOWN_NUMBERS = 20
"""At most this many numbers are shown of the tickets that a comparison did not find."""


@dataclass(frozen=True, slots=True)
class PulledTool:
    """A tool that a pull can ask. ``name`` is the name of its connector; ``reads`` is the API's word for the data."""

    name: str
    title: str
    reads: str
    brings: str
    proof: str


@dataclass(frozen=True, slots=True)
class PullLine:
    """A pull, as a row or as the head of its page."""

    pull_id: str
    title: str
    tool: str
    reads: str
    brings: str
    address: str
    mark: str
    state: str
    problem: str
    """Why the last run failed; empty if it did not."""
    succeeded: str
    """When a run last read everything; ``succeeded_at`` is the same instant in UTC, empty if no run did so yet."""
    succeeded_at: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run of a pull. ``left`` is the number of samples or outages that belong to no registered indicator."""

    run_id: str
    at: str
    kind: str
    mark: str
    outcome: str
    count: str
    new: str
    left: str
    refused: str
    why: str
    faults: Sequence[Fault]


def pulled_tool(reader: Reader, tool: Mapping[str, Any]) -> PulledTool:
    """Return a tool as a row: what a pull can read from it, and how the pull can log in at the tool."""
    reads = str(tool["reads"])
    return PulledTool(
        name=str(tool["name"]),
        title=str(tool["title"]),
        reads=reads,
        brings=brings_in_words(reader, reads),
        proof=" · ".join(proof_in_words(reader, str(each)) for each in tool["authentication"]),
    )


def brings_in_words(reader: Reader, reads: str) -> str:
    """Return in words what a tool is asked for."""
    known = {
        "tickets": reader.gettext("Tickets"),
        "samples": reader.gettext("Samples"),
        "outages": reader.gettext("Outages"),
    }
    return known.get(reads, reads)


def proof_in_words(reader: Reader, kind: str) -> str:
    """Return in words how a pull logs in at the tool."""
    known = {
        "none": reader.gettext("no proof"),
        "basic": reader.gettext("user and password"),
        "bearer": reader.gettext("a token, after “Bearer”"),
        "token": reader.gettext("a token, after “Token token=”"),
        "oauth": reader.gettext("client id and client secret (OAuth 2.0)"),
    }
    return known.get(kind, kind)


def pull_line(reader: Reader, pull: Mapping[str, Any], tools: Mapping[str, PulledTool]) -> PullLine:
    """Return a pull as a row. ``tools``: name of the connector → tool."""
    connector, state = str(pull["connector"]), pull["state"]
    tool = tools.get(connector)
    reads = tool.reads if tool else "samples" if pull["query"] else "tickets"
    mark, said = _state_in_words(reader, pull)
    return PullLine(
        pull_id=str(pull["pull_id"]),
        title=str(pull["title"]),
        tool=tool.title if tool else connector,
        reads=reads,
        brings=brings_in_words(reader, reads),
        address=str(pull["address"]),
        mark=mark,
        state=said,
        problem=str(state["problem"]),
        succeeded=moment_of(reader, state["succeeded_at"]),
        succeeded_at=str(state["succeeded_at"] or ""),
        is_paused=bool(pull["paused"]),
    )


def _state_in_words(reader: Reader, pull: Mapping[str, Any]) -> tuple[str, str]:
    """Return the state mark of a pull, and its state in words."""
    state = pull["state"]
    if pull["paused"]:
        return "paused", reader.gettext("paused, nothing is asked")
    if failures := int(state["failures"]):
        return "breached", reader.ngettext("failed once", "failed %(count)s times in a row", failures)
    if state["waits_for_tool"]:
        return "at-risk", reader.gettext("waits, as the tool asked")
    if state["succeeded_at"] is None:
        return "no-data", reader.gettext("asks for the first time")
    every = reader.length(int(pull["every_seconds"]) * SECOND)
    return "on-track", reader.gettext("asks every %(length)s", length=every)


def pull_columns(reader: Reader) -> list[Column[PullLine]]:
    """Return the columns of the list of pulls."""
    return [
        Column("title", reader.gettext("Name"), lambda line: line.title),
        Column("tool", reader.gettext("Tool"), lambda line: line.tool),
        Column("brings", reader.gettext("Brings"), lambda line: line.brings),
        Column("address", reader.gettext("Address"), lambda line: line.address, is_shown=False),
        Column("state", reader.gettext("State"), lambda line: line.state),
        Column(
            "last",
            reader.gettext("Everything read"),
            lambda line: line.succeeded,
            order=lambda line: line.succeeded_at,
        ),
        Column("problem", reader.gettext("What is wrong"), lambda line: line.problem),
    ]


def facts_of(reader: Reader, pull: Mapping[str, Any], reads: str) -> list[tuple[str, str]]:
    """Return the facts of a pull for its page, as pairs of name and value; empty values are left out.

    They say how the pull logs in, what it asks for, up to which instant it has read, and when it asks next.
    """
    state, query, way = pull["state"], pull["query"] or {}, pull["authentication"]
    proof = proof_in_words(reader, str(way["kind"]))
    found = [
        (reader.gettext("Proves itself by"), f"{proof}: {way['user']}" if way["user"] else proof),
        (reader.gettext("Source"), str(pull["source"])),
        (reader.gettext("Asked for"), str(query.get("expression") or pull["filter"])),
        (reader.gettext("Name of the series"), str(query.get("record") or "")),
        (reader.gettext("Everything read"), moment_of(reader, state["succeeded_at"])),
        (reader.gettext("Read until"), _gap(reader, state["read_until"]) if reads == "samples" else ""),
        (reader.gettext("Asks next"), "" if pull["paused"] else moment_of(reader, state["due_at"])),
        (reader.gettext("Compared last"), "" if reads == "samples" else moment_of(reader, state["reconciled_at"])),
    ]
    return [(name, value) for name, value in found if value]


def _gap(reader: Reader, read_until: object) -> str:
    """Return the instant up to which samples were read, and how long ago that is."""
    until = read(read_until)
    if until is None:
        return ""
    behind = max(0, reader.now - until)
    return reader.gettext(
        "%(moment)s, %(length)s ago", moment=reader.moment(until), length=reader.length(behind, parts=1)
    )


def run_line(reader: Reader, run: Mapping[str, Any], reads: str) -> RunLine:
    """Return a run as a row: how much it read, and how much of that was left out or refused."""
    outcome, faults = str(run["outcome"]), faults_of(run["errors"])
    first = f"{faults[0].field}: {faults[0].remedy}" if faults else ""
    is_tickets = reads == "tickets"
    return RunLine(
        run_id=str(run["run_id"]),
        at=moment_of(reader, run["started_at"]),
        kind=reader.gettext("everything compared")
        if run["kind"] == "reconciliation"
        else reader.gettext("what has changed"),
        mark=_OUTCOME_MARKS.get(outcome, "no-data"),
        outcome=_outcome_in_words(reader, outcome),
        count=reader.whole(int(run["tickets"] if is_tickets else run["samples"])),
        new=reader.whole(int(run["changed"])),
        left=reader.whole(int(run["ignored"])),
        refused=reader.whole(int(run["refused"])),
        why=str(run["problem"]) or first,
        faults=faults,
    )


def _outcome_in_words(reader: Reader, outcome: str) -> str:
    known = {
        "running": reader.gettext("runs"),
        "done": reader.gettext("everything read"),
        "partial": reader.gettext("goes on at once"),
        "held": reader.gettext("asked to wait"),
        "failed": reader.gettext("failed"),
        "interrupted": reader.gettext("cut short, the next one went on"),
    }
    return known.get(outcome, outcome)


def missing_of(reader: Reader, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the numbers of the tickets that the tool did not show in the latest finished comparison.

    Empty if the tool showed all tickets, or if no comparison has finished.
    """
    last = next((each for each in runs if each["kind"] == "reconciliation" and each["outcome"] == "done"), None)
    numbers = [str(each) for each in last["missing"]] if last else []
    shown = ", ".join(numbers[:_SHOWN_NUMBERS])
    if more := max(0, len(numbers) - _SHOWN_NUMBERS):
        return reader.ngettext("%(shown)s and %(count)s more", "%(shown)s and %(count)s more", more, shown=shown)
    return shown
