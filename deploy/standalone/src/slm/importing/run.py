"""An import from end to end: read the file once to check it, then once more to send it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slm.importing import mapping, outages, records, tickets
from slm.importing.door import Door, Kind, Taken, batches
from slm.importing.mapping import OutageMapping, TicketMapping
from slm.importing.told import Oddities

BATCH_SIZE = 1000


@dataclass(slots=True)
class Checked:
    """What a file holds by its mapping: nothing has been sent yet."""

    items: int = 0
    records: int = 0
    indicators: dict[str, None] = field(default_factory=dict)
    odd: Oddities = field(default_factory=Oddities)


def check(path: Path, by: TicketMapping | OutageMapping) -> Checked:
    """Read the whole file through the mapping; ImportRefused at the first record that it does not cover."""
    found = Checked()

    def counted() -> Iterator[records.Record]:
        for record in records.read(path, by.records):
            found.records += 1
            yield record

    for item in _items(counted(), by, found.odd):
        found.items += 1
        if "indicator" in item:
            found.indicators[item["indicator"]] = None
    return found


def send(
    path: Path,
    by: TicketMapping | OutageMapping,
    door: Door,
    *,
    run_id: str,
    indicators: list[str],
    batch_size: int = BATCH_SIZE,
    sent: Callable[[int], None] = lambda items: None,
) -> Taken:
    """Send the file's items through the door, timers held until all of it is there; ``sent`` hears of each batch.

    ``indicators`` are registered where they are missing. Sending a file twice, or parts of it, changes nothing.
    Returns when all of it has been judged.
    """
    taken = Taken()
    if isinstance(by, OutageMapping):
        for key in indicators:
            door.register_indicator(key, "availability", by.indicator.initial_state)
    kind: Kind = "measurements" if isinstance(by, OutageMapping) else "tickets"
    import_id = door.open_import(kind, [by.source] if kind == "tickets" else indicators, run_id)
    items = _items(records.read(path, by.records), by, Oddities())
    for batch in batches(items, batch_size):
        door.send(kind, batch, taken)
        sent(len(batch))
    door.complete_import(import_id)
    return taken


def _items(
    rows: Iterator[records.Record], by: TicketMapping | OutageMapping, odd: Oddities
) -> Iterator[dict[str, Any]]:
    if isinstance(by, mapping.TicketMapping):
        return tickets.events(rows, by, odd)
    return outages.measurements(rows, by, odd)
