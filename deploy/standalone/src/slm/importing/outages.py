"""Records of outages → measurements, one for each indicator a record names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from slm.importing import records, times
from slm.importing.mapping import IndicatorNames, OutageMapping
from slm.importing.records import Record
from slm.importing.told import Finding, ImportRefused, Oddities
from slm_events.instants import to_text

Item = dict[str, Any]


def measurements(rows: Iterable[Record], mapping: OutageMapping, odd: Oddities) -> Iterator[Item]:
    """Outages in the form of POST /api/v1/measurements; what is no outage, or strange, goes to ``odd``."""
    instant = times.reader(mapping.times)

    def time(row: Record, column: str) -> int | None:
        value = records.value_of(row, column, mapping.missing)
        try:
            return None if value is None else instant(value)
        except ValueError:
            remedy = f"it is no time in the mapping's times.format, {mapping.times.format}"
            raise _refused(row, column, value, remedy) from None

    for row in rows:
        own = records.value_of(row, mapping.id, mapping.missing)
        if own is None:
            raise _refused(row, mapping.id, "", "every record needs an id, or a second import would count it twice")
        excluded = next((each for each in mapping.exclude_where if records.holds(each, row, mapping.missing)), None)
        if excluded is not None:
            odd.note(f"records left out: {excluded}", str(own))
            continue
        begins, ends = time(row, mapping.begins), time(row, mapping.ends)
        if begins is None or ends is None or ends <= begins:
            odd.note("records left out: no begin, no end, or no length", str(own))
            continue
        names = _names(row, mapping)
        if not names:
            odd.note(f"records left out: {mapping.indicator.column} names nothing", str(own))
        outage = {"from": to_text(begins), "to": to_text(ends)}
        for name in names:
            key = indicator_key(name, mapping.indicator)
            yield {"indicator": key, "outage": outage, "id": f"{own}/{key}", "source": mapping.source}


def _names(row: Record, mapping: OutageMapping) -> list[str]:
    value = records.value_of(row, mapping.indicator.column, mapping.missing)
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return list(dict.fromkeys(str(name).strip() for name in listed if str(name).strip()))


def indicator_key(name: str, names: IndicatorNames) -> str:
    """``Git Operations`` → ``github.git-operations`` where the mapping's key is ``github.{slug}``."""
    if name in names.values:
        return names.values[name]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return names.key.format(slug=slug, name=name)


def _refused(row: Record, column: str, value: object, remedy: str) -> ImportRefused:
    return ImportRefused("The mapping does not fit the file", [Finding(f"line {row.place}, {column}", value, remedy)])
