"""View models of series rules: which series of Prometheus become which measurements."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.reader import Reader

KEY_FILE = "/etc/prometheus/slm-key"
"""The file from which Prometheus reads the key, as the console proposes it."""
READINGS = ("", "value", "state", "counter", "good", "bad")
_NAME = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=}))')
_ESCAPED = re.compile(r"\\(.)")


_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


class SeriesMisread(ValueError):
    """A line of text is not a series; the message is that line."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule as a row; ``number`` is its place, from 0."""

    number: int
    match: str
    measures: str
    labels: str
    reading: str
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """What a series would measure, as a row."""

    series: str
    mark: str
    said: str
    measures: str
    labels: str
    reading: str


def rule_lines(reader: Reader, rules: Sequence[Mapping[str, Any]]) -> list[RuleLine]:
    """Return the rules as rows, in order."""
    return [
        RuleLine(
            number=number,
            match=str(rule["match"]),
            measures=str(rule["indicator"]),
            labels=", ".join(map(str, rule["labels"])),
            reading=reading_in_words(reader, rule["reading"]),
            is_first=number == 0,
            is_last=number == len(rules) - 1,
        )
        for number, rule in enumerate(rules)
    ]


def remote_write_lines(base: str, rules: Sequence[Mapping[str, Any]]) -> str:
    """Return the part of a Prometheus configuration, YAML, that sends the series of the rules to this installation.

    ``base`` is the address of the installation. Without rules, or if a rule has no plain name before its labels, the
    lines do not choose series, so that Prometheus sends all.
    """
    lines = [
        "remote_write:",
        f"  - url: {base}/api/v1/prometheus/write",
        "    authorization:",
        f"      credentials_file: {KEY_FILE}",
    ]
    names = [_PLAIN_NAME.match(str(rule["match"]).strip()) for rule in rules]
    if names and all(names):
        chosen = "|".join(dict.fromkeys(name[0] for name in names if name))
        lines += [
            "    write_relabel_configs:",
            "      - source_labels: [__name__]",
            f"        regex: {chosen}",
            "        action: keep",
        ]
    return "\n".join(lines)


def reading_in_words(reader: Reader, reading: object) -> str:
    """Return in words how a rule reads samples. If ``reading`` is None or empty, the indicator's kind decides this."""
    known = {
        "value": reader.gettext("a value"),
        "state": reader.gettext("1 for up, 0 for down"),
        "counter": reader.gettext("a counter"),
        "good": reader.gettext("a counter of good ones"),
        "bad": reader.gettext("a counter of bad ones"),
    }
    return known.get(str(reading or ""), reader.gettext("what fits the measurement"))


def series_lines(reader: Reader, items: Sequence[Mapping[str, Any]]) -> list[SeriesLine]:
    """Return what each series would measure, as rows."""
    return [_series_line(reader, each) for each in items]


def _series_line(reader: Reader, item: Mapping[str, Any]) -> SeriesLine:
    rule, problem, measures = item["rule"], item["problem"], item["indicator"]
    if problem:
        mark, said = "breached", _problem_in_words(reader, item)
    elif measures is None:
        mark, said = "no-data", reader.gettext("no rule: left out")
    elif rule is None:
        mark, said = "met", reader.gettext("by its own label")
    else:
        mark, said = "met", reader.gettext("by rule %(number)s", number=reader.whole(int(rule) + 1))
    return SeriesLine(
        series=str(item["series"]),
        mark=mark,
        said=said,
        measures=str(measures or ""),
        labels=", ".join(f"{name}={value}" for name, value in item["labels"].items()),
        reading=reading_in_words(reader, item["reading"]) if item["reading"] else "",
    )


def _problem_in_words(reader: Reader, item: Mapping[str, Any]) -> str:
    """Return why a series would be refused.

    If the indicator is not registered, the API's text tells a program which request to send. The console shows a
    shorter text instead.
    """
    if item["indicator"] and item["kind"] is None:
        return reader.gettext("no measurement %(name)s is registered", name=item["indicator"])
    return str(item["problem"])


def series_of(text: str) -> list[dict[str, str]]:
    """Return the labels of each series in a text; raises SeriesMisread.

    Each line of the text has one series as Prometheus writes it. Text after the series, such as the value of a sample,
    is ignored. Empty lines and comments are ignored, too.
    """
    return [_labels_of(line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _labels_of(line: str) -> dict[str, str]:
    begins = _NAME.match(line)
    assert begins is not None, "every line begins with an optional name"
    labels = {"__name__": begins[1]} if begins[1] else {}
    place = begins.end()
    if line[place : place + 1] == "{":
        place += 1
        while label := _LABEL.match(line, place):
            labels[label[1]] = _ESCAPED.sub(_unescaped, label[2])
            place = label.end()
        if line[place:].lstrip()[:1] != "}":
            raise SeriesMisread(line.strip())
    elif place < len(line) and not line[place - 1].isspace():
        raise SeriesMisread(line.strip())
    if not labels.get("__name__"):
        raise SeriesMisread(line.strip())
    return labels


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n"}.get(match[1], match[1])
