"""Files of measurements: the kinds of measurement, an example mapping for each, and what a mapping reads in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.connections.hooks import Fault, faults_of
from slm_console.views.connections.sources import moment_of
from slm_console.views.reader import Reader

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
