"""A whole import: read the file once to check it, then again to send it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slm.importing.door import ImportClient, ImportVerdict, Kind, SentItems, batches
from slm_events import wording
from slm_events.instants import from_text
from slm_mappings import outages, records, tickets
from slm_mappings.messages import ImportFinding, ImportRefused, Oddities
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.ticket_mapping import TicketMapping

BATCH_SIZE = 1000
REPORTS_PATIENCE_SECONDS = 600.0


@dataclass(slots=True)
class FileSummary:
    """The result of checking a file before anything is sent: the contents that the mapping finds in the file."""

    path: Path
    by: TicketMapping | OutageMapping
    exported_at: int
    """When the file was exported, microseconds UTC."""
    items: int = 0
    records: int = 0
    indicators: dict[str, None] = field(default_factory=dict)
    tickets: set[str] = field(default_factory=set)
    oddities: Oddities = field(default_factory=Oddities)


@dataclass(slots=True)
class ImportResult:
    """The result of an import.

    It has the accepted items, the seconds until their evaluation and until the reports included them, and the tickets
    to which no target applies.
    """

    taken: SentItems
    judged: ImportVerdict
    reports_seconds: float | None
    """Seconds from the evaluation until every report included the import; None if that took longer than we waited."""
    unmatched: Counter[str] = field(default_factory=Counter)
    """Reason → number of tickets of the file to which no target applies."""


def export_instant(path: Path, by: TicketMapping | OutageMapping, given: str | None) -> int:
    """Return the instant at which the file was exported, microseconds UTC.

    It is ``given`` (RFC 3339), else the time in the mapping ``by``, else the time of the file's last change.
    """
    written = given or (by.exported_at if isinstance(by, TicketMapping) else None)
    if written is None:
        return records.written_at(path)
    try:
        return from_text(written)
    except ValueError:
        remedy = "write an instant with its offset, like 2026-11-22T10:00:00Z"
        raise ImportRefused("The mapping is not valid", [ImportFinding("exported_at", written, remedy)]) from None


def check_file(path: Path, by: TicketMapping | OutageMapping, exported_at: int | None = None) -> FileSummary:
    """Read the whole file through the mapping and return its summary.

    ``exported_at`` is in microseconds UTC; None means the instant that ``export_instant`` finds.

    Raises ImportRefused:

    - at the first record that the mapping does not cover,
    - at the end of the file, if it has values that the mapping does not list,
    - if the file has no item to send.
    """
    instant = export_instant(path, by, None) if exported_at is None else exported_at
    found = FileSummary(path, by, instant)

    def counted() -> Iterator[records.Record]:
        for record in records.read_records(path, by.records):
            found.records += 1
            yield record

    for item in _items(counted(), by, found.oddities, instant):
        found.items += 1
        if "indicator" in item:
            found.indicators[item["indicator"]] = None
        else:
            found.tickets.add(item["ticket"])
    if not found.items:
        title = f"The file has nothing to send: {wording.count_in_words(found.records, 'record')}, all of them left out"
        raise ImportRefused(title, [ImportFinding("", None, line) for line in found.oddities.lines()])
    return found


def send_file(
    found: FileSummary,
    door: ImportClient,
    *,
    run_id: str,
    batch_size: int = BATCH_SIZE,
    reports_patience: float = REPORTS_PATIENCE_SECONDS,
    sent: Callable[[int], None] = lambda items: None,
) -> ImportResult:
    """Send the items of a checked file as an import, and wait until all of them are evaluated and the reports include
    them.

    The wait for the reports ends after ``reports_patience`` seconds. Missing indicators are registered. Until the
    import ends, the server does not evaluate the past of the file's sources or indicators. If an error stops this
    function, it tries to end the import. Sending a file again, or parts of it, changes nothing. ``sent`` is called with
    the number of items of each batch. Raises ImportRefused.
    """
    taken, by = SentItems(), found.by
    if isinstance(by, OutageMapping):
        for key in found.indicators:
            door.register_indicator(key, "availability", by.indicator.initial_state)
    kind: Kind = "measurements" if isinstance(by, OutageMapping) else "tickets"
    import_id = door.open_import(kind, [by.source] if kind == "tickets" else list(found.indicators), run_id)
    try:
        for batch in batches(file_items(found), batch_size):
            door.send(kind, batch, taken)
            sent(len(batch))
        judged = door.complete_import(import_id)
    except BaseException as problem:
        if not door.give_up(import_id) and isinstance(problem, ImportRefused):
            remedy = (
                f"it holds judgements back until an hour after its last batch, or until: slm imports end {import_id}"
            )
            problem.findings.append(ImportFinding(f"import {import_id}", None, remedy))
        raise
    done = ImportResult(taken, judged, door.wait_for_reports(judged, reports_patience))
    if kind == "tickets":
        done.unmatched = Counter(why for number, why in door.unmatched(by.source) if number in found.tickets)
    return done


def file_items(found: FileSummary) -> Iterator[dict[str, Any]]:
    """Yield the items of a checked file, as they are sent to the API."""
    return _items(records.read_records(found.path, found.by.records), found.by, Oddities(), found.exported_at)


def _items(
    rows: Iterator[records.Record], by: TicketMapping | OutageMapping, oddities: Oddities, exported_at: int
) -> Iterator[dict[str, Any]]:
    if isinstance(by, TicketMapping):
        return tickets.ticket_events(rows, by, oddities, exported_at)
    return outages.outage_measurements(rows, by, oddities)
