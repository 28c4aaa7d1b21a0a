"""Rows of the list of indicators: the state of each, its last fact, and the promises that use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.connections.sources import moment_of
from slm_console.views.directory import Directory
from slm_console.views.reader import Reader
from slm_console.views.tables import Column


@dataclass(frozen=True, slots=True)
class MeasurementLine:
    """A row of the list of indicators. ``promises``: id and title of each target that uses the indicator."""

    key: str
    kind: str
    service: str
    mark: str
    state: str
    last: str
    promises: list[tuple[str, str]]
    is_silent: bool


def measurement_lines(
    reader: Reader, directory: Directory, found: Sequence[Mapping[str, Any]], targets: Sequence[Mapping[str, Any]]
) -> list[MeasurementLine]:
    """Return the rows for indicators: first the silent indicators, then all others.

    In both parts, indicators that a promise uses come first.
    """
    judged = _promises(targets)
    lines = [_measurement_line(reader, directory, each, judged.get(_place(each), [])) for each in found]
    return sorted(lines, key=lambda line: (not line.is_silent, not line.promises, line.key))


def measurement_columns(reader: Reader) -> list[Column[MeasurementLine]]:
    """Return the columns of the list of indicators."""
    return [
        Column("key", reader.gettext("Measurement"), lambda line: line.key),
        Column("kind", reader.gettext("Kind"), lambda line: line.kind),
        Column("service", reader.gettext("Service"), lambda line: line.service),
        Column("state", reader.gettext("State"), lambda line: line.state, is_natural=True),
        Column("last", reader.gettext("Last fact"), lambda line: line.last),
        Column(
            "promises",
            reader.gettext("Promises judged by it"),
            lambda line: ", ".join(title for _, title in line.promises),
        ),
    ]


def kinds_to_register(reader: Reader) -> list[tuple[str, str]]:
    """Return the kinds of indicators that people register by a form: the API's name and words.

    An indicator of ratings needs a scale, so that a program registers it.
    """
    return [(each, _kind(reader, each)) for each in ("availability", "ratio", "value", "count", "recovery")]


def silences(reader: Reader) -> list[tuple[str, str]]:
    """Return after how long without a measurement an indicator counts as silent: ISO 8601 duration and words."""
    minutes = [(5, "PT5M"), (15, "PT15M")]
    return [
        ("", reader.gettext("never")),
        *((iso, reader.gettext("%(number)s min", number=reader.whole(number))) for number, iso in minutes),
        ("PT1H", reader.gettext("1 hour")),
        ("P1D", reader.gettext("1 day")),
    ]


def _promises(targets: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    judged: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for target in targets:
        named = target["indicator"]
        if isinstance(named, Mapping) and not target.get("instance_of"):
            judged.setdefault(_place(named), []).append((str(target["target_id"]), str(target["title"])))
    return judged


def _place(named: Mapping[str, Any]) -> tuple[str, str]:
    return str(named.get("owner_party_id", "")), str(named.get("key", ""))


def _measurement_line(
    reader: Reader, directory: Directory, found: Mapping[str, Any], promises: list[tuple[str, str]]
) -> MeasurementLine:
    stale, last = found["stale_since_at"], found.get("last_fact_at")
    if stale:
        state = reader.gettext("silent since %(moment)s", moment=moment_of(reader, stale))
    elif last is None:
        state = reader.gettext("nothing came yet")
    else:
        state = reader.gettext("sends")
    is_silent = bool(stale) or last is None
    unit = f" ({found['unit']})" if found["unit"] else ""
    return MeasurementLine(
        key=str(found["key"]),
        kind=_kind(reader, str(found["kind"])) + unit,
        service=directory.service(found["service_id"]),
        mark="no-data" if is_silent else "on-track",
        state=state,
        last=moment_of(reader, last),
        promises=promises,
        is_silent=is_silent,
    )


def _kind(reader: Reader, kind: str) -> str:
    names = {
        "availability": reader.gettext("up or down"),
        "ratio": reader.gettext("good of all"),
        "value": reader.gettext("value"),
        "count": reader.gettext("count"),
        "rating": reader.gettext("rating"),
        "recovery": reader.gettext("recovery"),
    }
    return names.get(kind, kind)
