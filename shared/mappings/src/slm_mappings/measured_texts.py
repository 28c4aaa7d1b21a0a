"""A file of measurements as one text: the measurements that its mapping reads in it, and the records set aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from slm_mappings import measurements, payloads, records
from slm_mappings.measurement_mapping import MeasurementMapping
from slm_mappings.measurements import PlacedItem
from slm_mappings.messages import ImportFinding, ImportRefused, Oddities
from slm_mappings.set_aside import BadRow

MOST_RECORDS = 10_000
MOST_STEPS = 20_000_000
"""The most characters times columns of the mapping: each column may look at all of the text of a JSON file."""
MOST_SAID = 5_000_000
"""The most characters of all measurements together: a mapping may write a long text of its own into each."""


@dataclass(slots=True)
class MeasuredText:
    """What a mapping reads in a text: the measurements that can be sent, and the records that cannot."""

    records: int = 0
    items: list[PlacedItem] = field(default_factory=list)
    indicators: list[dict[str, Any]] = field(default_factory=list)
    """For each indicator the document that registers it, in the order of the file."""
    bad: list[BadRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Lines about records that are left out or counted once."""


def read_measured_text(text: str, mapping: MeasurementMapping) -> MeasuredText:
    """Return what a mapping reads in the text of a file.

    Raises ImportRefused if the text cannot be read, lacks a column of the mapping, or would take too long.
    """
    if long := payloads.find_long_texts(mapping):
        raise ImportRefused("The mapping has too long a text", long)
    columns = payloads.count_columns(mapping)
    if len(text) * columns > MOST_STEPS:
        raise _too_long(f"it has {len(text):,} characters, too many for the {columns:,} columns of the mapping")
    found, oddities = MeasuredText(), Oddities()

    def unread(row: BadRow) -> None:
        _count(found)
        found.bad.append(row)

    def counted() -> Iterator[records.Record]:
        for record in records.read_text(text, mapping.records, unread):
            _count(found)
            yield record

    said = 0
    for placed in measurements.measurement_items(counted(), mapping, oddities, found.bad.append):
        text_of_item = json.dumps(placed.item, ensure_ascii=False)
        said += len(text_of_item)
        if said > MOST_SAID:
            raise _too_long(f"its measurements have more than {MOST_SAID:,} characters")
        if _is_utf8(text_of_item):
            found.items.append(placed)
        else:
            found.bad.append(BadRow(placed.row, "", None, "leave out lone surrogates, which are no characters"))
    keys = dict.fromkeys(str(each.item["indicator"]) for each in found.items)
    found.indicators = [mapping.registration(key) for key in keys]
    found.bad.sort(key=lambda each: each.row)
    found.notes = oddities.lines()
    return found


def _count(found: MeasuredText) -> None:
    found.records += 1
    if found.records > MOST_RECORDS:
        raise _too_long(f"it has more than {MOST_RECORDS:,} records")


def _too_long(why: str) -> ImportRefused:
    remedy = f"{why}; send a part of it, or import it with slm import"
    return ImportRefused("The file is too long", [ImportFinding("", None, remedy)])


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
