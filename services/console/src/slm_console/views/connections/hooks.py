"""View models of hooks: the addresses that other tools call, their calls, and what a mapping reads in a payload."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from slm_console.views.connections.sources import moment_of
from slm_console.views.reader import Reader
from slm_console.views.tables import Column

_OUTCOME_MARKS = {
    "accepted": "met", "ignored": "on-track", "refused": "breached", "unsigned": "at-risk", "paused": "paused",
    "test": "on-track",
}  # fmt: skip
_REGISTERING = "POST /api/v1/indicators"
"""Part of the remedy for a fact of an indicator that is not registered."""
_REPEATED = ("accepted", "ignored", "refused", "paused")
"""Outcomes of calls whose payload can be read again."""


@dataclass(frozen=True, slots=True)
class ToolLine:
    """A tool that can call hooks. ``name`` is the connector's name; ``title`` is the tool's name."""

    name: str
    title: str
    brings: str
    proof: str


@dataclass(frozen=True, slots=True)
class HookLine:
    """An address that a tool calls, as a row or as the head of its page."""

    hook_id: str
    title: str
    tool: str
    source: str
    mark: str
    state: str
    last: str
    """When the last call came; ``last_at`` is the same instant in UTC, empty without a call."""
    last_at: str
    outcome_mark: str
    """Mark of the last call; empty if there was none."""
    outcome: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong field: its name, the value that was sent, and what to send instead."""

    field: str
    value: str
    remedy: str


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call that a tool made, as a row or as the head of its page."""

    call_id: str
    at: str
    mark: str
    outcome: str
    status: int
    said: str
    """The result of the call, in one line."""
    tickets: Sequence[tuple[str, str]]
    """Number and page of each ticket that the call brought; empty for a test, which brings none."""
    has_measurements: bool
    unregistered: Sequence[str]
    """Names that the call brought facts of, although no measurement is registered under them."""
    faults: Sequence[Fault]
    notes: Sequence[str]
    payload: str
    has_payload: bool
    can_repeat: bool
    is_missing: bool
    """Whether the call was refused and its payload can still be read again."""


def tool_line(reader: Reader, connector: Mapping[str, Any]) -> ToolLine:
    """Return a connector as a row: whether it reads tickets or outages, and how a caller proves that it is the tool."""
    is_tickets = connector["kind"] == "tickets"
    return ToolLine(
        name=str(connector["name"]),
        title=str(connector["title"]),
        brings=reader.gettext("Tickets") if is_tickets else reader.gettext("Outages"),
        proof=way_in_words(reader, connector["authentication"]),
    )


def way_in_words(reader: Reader, way: Mapping[str, Any]) -> str:
    """Return in words how a caller proves that it is the tool."""
    kind, header, user = str(way["kind"]), str(way["header"]), str(way["user"])
    if kind == "basic":
        return reader.gettext(
            "user %(user)s with the secret as password, in the header %(header)s", user=user, header=header
        )
    if kind == "query":
        return reader.gettext("the secret at the end of the address, after “?secret=”")
    if kind == "bearer":
        return reader.gettext("the secret after “Bearer”, in the header %(header)s", header=header)
    if kind == "hmac-sha1":
        return reader.gettext("a signature made with the secret (HMAC-SHA1), in the header %(header)s", header=header)
    return reader.gettext("a signature made with the secret (HMAC-SHA256), in the header %(header)s", header=header)


def hook_line(reader: Reader, hook: Mapping[str, Any], tools: Mapping[str, str]) -> HookLine:
    """Return a hook as a row. ``tools``: name of the connector → title of the tool."""
    connector, is_paused, last = str(hook["connector"]), bool(hook["paused"]), hook.get("last_call")
    return HookLine(
        hook_id=str(hook["hook_id"]),
        title=str(hook["title"]),
        tool=tools.get(connector, connector),
        source=str(hook["source"]),
        mark="paused" if is_paused else "on-track",
        state=reader.gettext("paused, calls are refused") if is_paused else reader.gettext("takes calls"),
        last=moment_of(reader, last["at"] if last else None),
        last_at=str(last["at"]) if last else "",
        outcome_mark=_OUTCOME_MARKS.get(str(last["outcome"]), "no-data") if last else "",
        outcome=outcome_in_words(reader, str(last["outcome"])) if last else "",
        is_paused=is_paused,
    )


def hook_columns(reader: Reader) -> list[Column[HookLine]]:
    """Return the columns of the list of hooks."""
    return [
        Column("title", reader.gettext("Name"), lambda line: line.title),
        Column("tool", reader.gettext("Tool"), lambda line: line.tool),
        Column("state", reader.gettext("State"), lambda line: line.state),
        Column("last", reader.gettext("Last call"), lambda line: line.last, order=lambda line: line.last_at),
        Column("outcome", reader.gettext("What came of it"), lambda line: line.outcome),
    ]


def outcome_in_words(reader: Reader, outcome: str) -> str:
    """Return the outcome of a call in words."""
    known = {
        "accepted": reader.gettext("taken in"),
        "ignored": reader.gettext("nothing in it for us"),
        "refused": reader.gettext("refused"),
        "unsigned": reader.gettext("not proven to be the tool"),
        "paused": reader.gettext("refused while paused"),
        "test": reader.gettext("a test"),
    }
    return known.get(outcome, outcome)


def call_line(reader: Reader, call: Mapping[str, Any], source: str) -> CallLine:
    """Return a call as a row, with its outcome in words. ``source``: the source of the hook's tickets."""
    outcome, detail, payload = str(call["outcome"]), call["detail"], call["payload"]
    can_repeat = payload is not None and outcome in _REPEATED
    faults = faults_of(detail.get("errors") or ())
    return CallLine(
        call_id=str(call["call_id"]),
        at=moment_of(reader, call["at"]),
        mark=_OUTCOME_MARKS.get(outcome, "no-data"),
        outcome=outcome_in_words(reader, outcome),
        status=int(call["status"]),
        said=_said(reader, detail),
        tickets=[
            (str(each["number"]), f"/tickets/{quote(source, safe='')}/{quote(str(each['number']), safe='')}")
            for each in detail.get("tickets") or ()
            if each.get("events") is not None
        ],
        has_measurements=bool(int(detail.get("accepted") or 0)),
        faults=faults,
        unregistered=list(dict.fromkeys(each.value for each in faults if _REGISTERING in each.remedy)),
        notes=[str(each) for each in detail.get("notes") or ()],
        payload=shown_payload(payload or ""),
        has_payload=payload is not None,
        can_repeat=can_repeat,
        is_missing=can_repeat and outcome in ("refused", "paused"),
    )


def _said(reader: Reader, detail: Mapping[str, Any]) -> str:
    said = [_ticket_said(reader, each) for each in detail.get("tickets") or ()]
    if measured := int(detail.get("accepted") or 0) + len(detail.get("measurements") or ()):
        count = reader.whole(measured)
        said.append(reader.ngettext("%(number)s measurement", "%(number)s measurements", measured, number=count))
    if aside := int(detail.get("quarantined") or 0):
        said.append(reader.ngettext("%(number)s set aside", "%(number)s set aside", aside, number=reader.whole(aside)))
    if not said and (faults := faults_of(detail.get("errors") or ())):
        return f"{faults[0].field}: {faults[0].remedy}"
    notes = [str(each) for each in detail.get("notes") or ()]
    return " · ".join(said or notes) or str(detail.get("detail") or "")


def _ticket_said(reader: Reader, ticket: Mapping[str, Any]) -> str:
    events, number = ticket.get("events"), str(ticket["number"])
    if events is None:
        return number
    if not events:
        return reader.gettext("%(ticket)s: nothing new", ticket=number)
    count = len(events)
    return reader.ngettext(
        "%(ticket)s: %(number)s change", "%(ticket)s: %(number)s changes", count, ticket=number,
        number=reader.whole(count),
    )  # fmt: skip


def faults_of(errors: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return the wrong fields, each with the value that was sent and what to send instead."""
    return [
        Fault(
            str(each.get("field", "")),
            "" if each.get("value") is None else str(each["value"]),
            str(each.get("remedy", "")),
        )
        for each in errors
    ]


def shown_payload(payload: str) -> str:
    """Return a JSON payload with each field on its own line; return a payload that is not JSON unchanged."""
    try:
        return json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return payload
