"""Rows for sources: when each sent its last fact, how many it sent, and which items were refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.instants import read
from slm_console.views.reader import Reader
from slm_console.views.tables import Column, number_in

_MARKS = {"sending": "on-track", "quiet": "paused", "silent": "no-data"}
UNKNOWN = "unknown_indicator"


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A row of the list of sources."""

    source_id: str
    name: str
    system: str
    kind: str
    mark: str
    state: str
    last: str
    hour: str
    day: str
    refused: int
    why: str
    left_out: str
    """How many samples were left out in the last day because no rule matches their series, and the names of some of
    these series; empty if no sample was left out."""


def source_line(reader: Reader, source: Mapping[str, Any]) -> SourceLine:
    """Return a source as a row: its state, last fact and numbers in words."""
    states = {
        "sending": reader.gettext("sends"),
        "quiet": reader.gettext("quiet for an hour"),
        "silent": reader.gettext("silent"),
    }
    refused = source["refused_last_day"]
    system = str(source["principal_name"])
    return SourceLine(
        source_id=str(source["source_id"]),
        name=str(source["source"]) or system,
        system=system,
        kind=kind_of(reader, str(source["topic"])),
        mark=_MARKS.get(str(source["state"]), "no-data"),
        state=states.get(str(source["state"]), str(source["state"])),
        last=moment_of(reader, source["last_fact_at"]),
        hour=reader.whole(int(source["facts_last_hour"])),
        day=reader.whole(int(source["facts_last_day"])),
        refused=sum(int(each["items"]) for each in refused),
        why=", ".join(reason_of(reader, str(each["code"])) for each in refused),
        left_out=_left_out(reader, source),
    )


def _left_out(reader: Reader, source: Mapping[str, Any]) -> str:
    # An answer that was cached before an update has neither.
    count, names = int(source.get("ignored_last_day") or 0), ", ".join(source.get("ignored") or ())
    return (
        reader.gettext("%(count)s samples, such as of %(names)s", count=reader.whole(count), names=names)
        if count
        else ""
    )


def source_columns(reader: Reader) -> list[Column[SourceLine]]:
    """Return the columns of the list of sources."""
    return [
        Column("source", reader.gettext("Source"), lambda line: line.name),
        Column("system", reader.gettext("Key of"), lambda line: line.system, is_shown=False),
        Column("sends", reader.gettext("Sends"), lambda line: line.kind),
        Column("state", reader.gettext("State"), lambda line: line.state),
        Column("last", reader.gettext("Last fact"), lambda line: line.last, is_natural=True),
        Column(
            "hour",
            reader.gettext("Last hour"),
            lambda line: line.hour,
            order=lambda line: number_in(line.hour),
            is_number=True,
        ),
        Column(
            "day",
            reader.gettext("Last day"),
            lambda line: line.day,
            order=lambda line: number_in(line.day),
            is_number=True,
        ),
        Column(
            "refused",
            reader.gettext("Not taken, last day"),
            lambda line: f"{line.refused}: {line.why}" if line.refused else "",
            order=lambda line: line.refused,
        ),
    ]


def moment_of(reader: Reader, written: object) -> str:
    """Return an instant (RFC 3339 text) in the reader's short format, or "never" if there is none."""
    at = read(written)
    return reader.gettext("never") if at is None else reader.moment(at)


def kind_of(reader: Reader, topic: str) -> str:
    """Return in words what a topic carries: tickets or measurements."""
    return reader.gettext("Tickets") if topic == "slm.tickets" else reader.gettext("Measurements")


def reason_of(reader: Reader, code: str) -> str:
    """Return in words why an item was refused or put in quarantine, by the code of the reason."""
    code = code.partition(":")[0]
    known = {
        UNKNOWN: reader.gettext("unknown measurement"),
        "in_the_future": reader.gettext("in the future: the sender's clock is wrong"),
        "wrong_unit": reader.gettext("another unit"),
        "wrong_kind": reader.gettext("another kind of value"),
        "foreign_party": reader.gettext("belongs to another company"),
        "malformed_body": reader.gettext("could not be read"),
        "malformed": reader.gettext("could not be read"),
        "no_instant": reader.gettext("without a time"),
        "not_judged": reader.gettext("could not be judged"),
        "source_aside": reader.gettext("its source is set aside"),
    }
    return known.get(code) or code.replace("_", " ").replace("indicator", "measurement")


def refused_lines(reader: Reader, refused: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows for a source's last refused items, in the API's order."""
    return [
        {
            "at": moment_of(reader, each["at"]),
            "subject": str(each["subject"]) or reader.gettext("the whole request"),
            "why": reason_of(reader, str(each["code"])),
            "kept": reader.gettext("set aside") if each["outcome"] == "quarantined" else reader.gettext("refused"),
            "field": str(each["field"]),
            "value": "" if each["value"] is None else str(each["value"]),
            "remedy": str(each["remedy"]),
        }
        for each in refused
    ]


def suspended_lines(reader: Reader, suspended: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows for sources that are suspended: all of their facts go to quarantine."""
    return [
        {
            "topic": str(each["topic"]),
            "source": str(each["source"]),
            "owner": str(each["owner_party_id"]),
            "name": str(each["source"]) or reader.gettext("items without a source"),
            "kind": kind_of(reader, str(each["topic"])),
            "since": moment_of(reader, each["since_at"]),
            "why": str(each["reason"]),
        }
        for each in suspended
    ]


def unknown_subjects(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of measurements that were sent lately for indicators that nobody registered."""
    return sorted(
        {
            str(item["subject"])
            for source in sources
            for item in source.get("refused", ())
            if item["code"] == UNKNOWN and item["subject"]
        }
    )
