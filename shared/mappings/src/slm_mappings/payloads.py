"""The records of a webhook's payload, and the bounds within which a mapping may read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from slm_mappings.mapping_parts import Records
from slm_mappings.messages import ImportFinding, ImportRefused
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.records import Record
from slm_mappings.ticket_mapping import TicketMapping

DEEPEST = 64
"""How deep a payload may be nested."""
MOST_VALUES = 100_000
MOST_RECORDS = 1_000
MOST_STEPS = 5_000_000
"""The most values that the columns of a mapping may look at in one payload, which takes about a second."""


def read_payload(payload: bytes, form: Records, columns: int) -> list[Record]:
    """Return the records of a payload. ``columns`` is how many columns the mapping reads of each record.

    The payload is a record or a list of records. If the mapping has ``records.items``, the payload is an object whose
    member with this name is the record or the list; without that member there is no record. Raises ImportRefused, also
    if reading the payload would take too long.
    """
    try:
        document = json.loads(payload.decode("utf-8"))
    except RecursionError:
        raise _refused("it is nested too deeply") from None
    except ValueError as problem:
        raise _refused(f"it is not JSON: {problem}") from None
    found = _count_values(document)
    if found * columns > MOST_STEPS:
        raise _refused(f"it has {found:,} values, too many for the {columns:,} columns of the mapping")
    for part in form.items.split(".") if form.items else ():
        document = document.get(part) if isinstance(document, Mapping) else None
    listed = document if isinstance(document, list) else [] if document is None else [document]
    if len(listed) > MOST_RECORDS:
        raise _refused(f"it has {len(listed):,} records; at most {MOST_RECORDS:,} are read")
    for number, item in enumerate(listed, start=1):
        if not isinstance(item, Mapping):
            raise _refused(f"record {number} is not an object; name the member that is one in records.items")
    return [Record(number, item) for number, item in enumerate(listed, start=1)]


def count_columns(mapping: TicketMapping | OutageMapping) -> int:
    """Return how many columns a mapping reads of one record, at most.

    The values that a mapping translates do not count, however many they are, because finding one takes constant time.
    """
    return _count_texts(mapping.model_dump(exclude_defaults=True))


def check_for_payloads(mapping: TicketMapping | OutageMapping) -> None:
    """Raise ImportRefused unless the mapping can read payloads, which show tickets or outages as they are now."""
    found = []
    if mapping.records.format != "json":
        found.append(ImportFinding("records.format", mapping.records.format, "a payload is json"))
    if isinstance(mapping, TicketMapping):
        if mapping.has_history:
            remedy = "a payload shows a ticket as it is now: give the column with its state as present.state"
            found.append(ImportFinding("columns", None, remedy))
        if mapping.columns.updated_at is None:
            remedy = "name the column that says when the ticket last changed, so that a repeated call changes nothing"
            found.append(ImportFinding("columns.updated_at", None, remedy))
        if "assigned" in mapping.moments:
            remedy = "leave it out: a ticket is assigned when its team changes"
            found.append(ImportFinding("moments.assigned", None, remedy))
    if found:
        raise ImportRefused("The mapping cannot read payloads", found)


def _count_values(document: Any) -> int:
    """Return the number of values in a document. Raises ImportRefused if there are too many or they are too deep."""
    count, level, depth = 0, [document], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise _refused(f"it is nested deeper than {DEEPEST}")
        below: list[Any] = []
        for value in level:
            if isinstance(value, Mapping):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        count += len(level)
        if count > MOST_VALUES:
            raise _refused(f"it has more than {MOST_VALUES:,} values")
        level = below
    return count


def _count_texts(written: Any) -> int:
    if isinstance(written, Mapping):
        return sum(_count_texts(value) for name, value in written.items() if name != "values")
    if isinstance(written, list | tuple):
        return sum(map(_count_texts, written))
    return 1


def _refused(remedy: str) -> ImportRefused:
    return ImportRefused("The payload cannot be read", [ImportFinding("payload", None, remedy)])
