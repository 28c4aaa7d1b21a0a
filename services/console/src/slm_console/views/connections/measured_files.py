"""Files of measurements: the kinds of measurement, an example mapping for each, and what a mapping reads in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.connections.hooks import Fault, faults_of
from slm_console.views.connections.sources import moment_of
from slm_console.views.reader import Reader
from slm_events.instants import to_text

SHOWN = 20
"""How many measurements of a file are shown before it is imported."""

_CONTENTS = {
    "probes": "at: time\nok: {column: status, values: {up: true, down: false}}\n",
    "states": "at: time\nstate: state\n",
    "ratios": "at: time\ngood: good\ntotal: total\n",
    "values": "at: time\nvalue: ms\nunit: ms\n",
    "occurrences": "at: time\nid: number\n",
    "counters": "at: time\ncumulative: {good: ok, total: all}\n",
    "ratings": "at: time\nid: answer\nscore: stars\nscale: {lowest: 1, highest: 5}\n",
    "recoveries": "recovery: {outage_start: failed_at, service_restored: restored_at}\n",
}
MEASURES = tuple(_CONTENTS)
_EXAMPLES = {
    "probes": ("time,status", ("{at},up", "{at},down", "{at},up")),
    "states": ("time,state", ("{at},up", "{at},down", "{at},up")),
    "ratios": ("time,good,total", ("{at},118,120", "{at},97,110", "{at},131,131")),
    "values": ("time,ms", ("{at},120", "{at},2100", "{at},135")),
    "occurrences": ("time,number", ("{at},4711", "{at},4712", "{at},4713")),
    "counters": ("time,ok,all", ("{at},1000,1000", "{at},1118,1120", "{at},1215,1230")),
    "ratings": ("time,answer,stars", ("{at},a-1,5", "{at},a-2,2", "{at},a-3,4")),
    "recoveries": ("failed_at,restored_at", ("{at},{later}", "{at},{later}", "{at},{later}")),
}
"""Kind of measurement → head and rows of a file that the example mapping reads. ``later`` is 8 minutes after ``at``."""
_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class FileRow:
    """A measurement in a file: its line, the indicator, the instant, and its content.

    ``own`` is the part of the content that is quoted from the file, such as a name or value; else empty. ``said`` is
    the part that the console writes in the reader's language; else empty.
    """

    row: str
    measures: str
    at: str
    own: str
    said: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a mapping reads in a file. ``count`` is the number of all measurements; ``rows`` are the first ones."""

    records: int
    count: int
    rows: Sequence[FileRow]
    measured: Sequence[str]
    aside: Sequence[Fault]
    notes: Sequence[str]
    faults: Sequence[Fault]
    summary: str

    @property
    def can_be_sent(self) -> bool:
        """Whether there is something to import."""
        return self.count > 0 and not self.faults


def starter(measures: str) -> str:
    """Return an example mapping for a kind of measurement."""
    return (
        f"kind: measurements\nmeasures: {measures}\nsource: my-tool\nrecords: {{format: csv}}\n"
        f"times: {{format: iso, zone: UTC}}\nindicator: shop.checkout\n{_CONTENTS[measures]}"
    )


def example_file(measures: str, now: int) -> str:
    """Return a file, CSV, that the example mapping for a kind of measurement reads: three rows of the half hour before
    ``now``, an instant in microseconds.
    """
    head, rows = _EXAMPLES[measures]
    first = now // _MINUTE * _MINUTE - 3 * 10 * _MINUTE
    times = [first + number * 10 * _MINUTE for number in range(len(rows))]
    lines = [row.format(at=to_text(at), later=to_text(at + 8 * _MINUTE)) for row, at in zip(rows, times, strict=True)]
    return "\n".join([head, *lines]) + "\n"


def measures_in_words(reader: Reader) -> dict[str, str]:
    """Return the kinds of measurement that a file may contain: name in a mapping → words."""
    return {
        "probes": reader.gettext("whether a check succeeded"),
        "states": reader.gettext("since when something is up or down"),
        "ratios": reader.gettext("how many of all were good"),
        "values": reader.gettext("how long something took, or another number"),
        "occurrences": reader.gettext("that something happened, or how often"),
        "counters": reader.gettext("what a counter read"),
        "ratings": reader.gettext("how somebody rated"),
        "recoveries": reader.gettext("how long a recovery took"),
    }


def read_file(reader: Reader, preview: Mapping[str, Any]) -> ReadFile:
    """Return the answer of a preview in words."""
    items, records = preview["items"], int(preview["records"])
    summary = [
        reader.ngettext("%(number)s row read", "%(number)s rows read", records, number=reader.whole(records)),
        reader.ngettext(
            "%(number)s measurement", "%(number)s measurements", len(items), number=reader.whole(len(items))
        ),
    ]
    aside = aside_faults(reader, preview["set_aside"])
    if aside:
        summary.append(
            reader.ngettext("%(number)s set aside", "%(number)s set aside", len(aside), number=reader.whole(len(aside)))
        )
    return ReadFile(
        records=records,
        count=len(items),
        rows=[_row(reader, each) for each in items[:SHOWN]],
        measured=[str(each["key"]) for each in preview["indicators"]],
        aside=aside,
        notes=[str(each) for each in preview["notes"]],
        faults=faults_of(preview["errors"]),
        summary=" · ".join(summary),
    )


def aside_faults(reader: Reader, rows: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return the rows that cannot be sent, each with its line, the wrong value, and what to do."""
    return faults_of([{**each, "field": _line_and_column(reader, each)} for each in rows])


def _line_and_column(reader: Reader, row: Mapping[str, Any]) -> str:
    line = reader.gettext("line %(number)s", number=reader.whole(int(row["row"])))
    return f"{line}, {row['field']}" if row["field"] else line


def _row(reader: Reader, placed: Mapping[str, Any]) -> FileRow:
    item = placed["item"]
    own, said = _content(reader, item)
    recovery = item.get("recovery") or {}
    return FileRow(
        row=reader.whole(int(placed["row"])),
        measures=str(item["indicator"]),
        at=moment_of(reader, item.get("at") or recovery.get("outage_start")),
        own=own,
        said=said,
    )


def _content(reader: Reader, item: Mapping[str, Any]) -> tuple[str, str]:
    """Return the content of a measurement as ``own`` and ``said`` of FileRow."""
    if "ok" in item:
        return "", reader.gettext("succeeded") if item["ok"] else reader.gettext("failed")
    if "failed" in item:
        return "", reader.gettext("failed")
    if "state" in item:
        states = {
            "up": reader.gettext("up"),
            "down": reader.gettext("down"),
            "degraded": reader.gettext("degraded"),
            "unknown": reader.gettext("unknown"),
        }
        return "", states.get(str(item["state"]), str(item["state"]))
    if "recovery" in item:
        restored = moment_of(reader, item["recovery"]["service_restored"])
        return "", reader.gettext("restored %(moment)s", moment=restored)
    counts = item.get("cumulative") or item
    if "total" in counts:
        part = counts["good"] if "good" in counts else counts["bad"]
        numbers = {"part": reader.whole(int(part)), "total": reader.whole(int(counts["total"]))}
        if "good" in counts:
            return "", reader.gettext("%(part)s of %(total)s good", **numbers)
        return "", reader.gettext("%(part)s of %(total)s bad", **numbers)
    if "value" in item:
        return f"{item['value']} {item.get('unit', '')}".strip(), ""
    if "score" in item:
        return str(item["score"]), ""
    count, category = int(counts.get("count", 1)), str(item.get("category") or "")
    return category, reader.ngettext("%(number)s time", "%(number)s times", count, number=reader.whole(count))
