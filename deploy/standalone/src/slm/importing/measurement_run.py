"""An import of measurements: read the file once to check it, then again to send it. Bad rows are set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slm.importing.door import ImportClient, ImportVerdict, Item, SentItems, batches
from slm_events.wording import count_in_words
from slm_mappings import measurements, records
from slm_mappings.measurement_mapping import MeasurementMapping
from slm_mappings.measurements import PlacedItem
from slm_mappings.messages import ImportFinding, ImportRefused, Oddities
from slm_mappings.set_aside import BadRow, SetAsideRows

REPORTS_PATIENCE_SECONDS = 600.0


@dataclass(slots=True)
class MeasurementFile:
    """A file of measurements, and what a first reading found in it before anything is sent.

    ``indicators`` holds the keys of the file's indicators, in the order of the file.
    """

    path: Path
    by: MeasurementMapping
    records: int = 0
    items: int = 0
    indicators: dict[str, None] = field(default_factory=dict)
    oddities: Oddities = field(default_factory=Oddities)
    bad: SetAsideRows = field(default_factory=SetAsideRows)

    def placed_items(self, after: int = 0) -> Iterator[PlacedItem]:
        """Read the file again and yield the items to send. Rows up to the row number ``after`` are skipped."""
        rows = records.read_records(self.path, self.by.records, lambda bad: None)
        for placed in measurements.measurement_items(rows, self.by, Oddities(), lambda bad: None):
            if placed.row > after:
                yield placed


@dataclass(frozen=True, slots=True)
class SendingPlan:
    """How a checked file is sent.

    ``run_id`` is the import's key. Sending begins after the row ``after`` (0: at the first row). ``reports_patience``:
    how many seconds to wait for the reports. ``sent`` is called with the number of items of each batch.
    """

    run_id: str
    batch_size: int = 1000
    after: int = 0
    reports_patience: float = REPORTS_PATIENCE_SECONDS
    sent: Callable[[int], None] = lambda items: None


@dataclass(slots=True)
class MeasurementResult:
    """The result of an import of measurements."""

    taken: SentItems
    judged: ImportVerdict
    reports_seconds: float | None
    """Seconds until every report included the import; None if that took longer than we waited."""


def check_measurements(path: Path, by: MeasurementMapping, bad: SetAsideRows) -> MeasurementFile:
    """Read the whole file through the mapping and return its summary. Add the rows that cannot be sent to ``bad``.

    Raises ImportRefused if the mapping does not fit the file, or if the file cannot be read or has nothing to send.
    """
    found = MeasurementFile(path, by, bad=bad)

    def unread(row: BadRow) -> None:
        found.records += 1
        bad.add(row)

    def counted() -> Iterator[records.Record]:
        for record in records.read_records(path, by.records, unread):
            found.records += 1
            yield record

    for placed in measurements.measurement_items(counted(), by, found.oddities, bad.add):
        found.items += 1
        found.indicators[placed.item["indicator"]] = None
    if not found.items:
        raise ImportRefused(
            f"The file has nothing to send: {count_in_words(found.records, 'record')}, all set aside or left out",
            [ImportFinding("", None, line) for line in (*bad.lines(), *found.oddities.lines())],
        )
    return found


def send_measurements(found: MeasurementFile, door: ImportClient, plan: SendingPlan) -> MeasurementResult:
    """Register the indicators, send the items as one import and wait until they are evaluated and reported.

    Sending a file again changes nothing. Rows that the server refuses are set aside. If the import cannot
    go on, ImportRefused is raised, whose last finding says after which row to continue.
    """
    for key in found.indicators:
        door.register_measured(found.by.registration(key))
    import_id = door.open_import("measurements", list(found.indicators), plan.run_id)
    taken, reached = PlacedAnswers(found.bad), plan.after
    try:
        for batch in batches(found.placed_items(plan.after), plan.batch_size):
            items = taken.place(batch)
            door.send("measurements", items, taken)
            plan.sent(len(items))
            reached = batch[-1].row
        judged = door.complete_import(import_id)
    except BaseException as problem:
        door.give_up(import_id)
        if isinstance(problem, ImportRefused):
            remedy = f"rows up to line {reached} are sent; start again, or go on with --after {reached}"
            problem.findings.append(ImportFinding("", None, remedy))
        raise
    return MeasurementResult(taken, judged, door.wait_for_reports(judged, plan.reports_patience))


class PlacedAnswers(SentItems):
    """Counts the server's answers, and sets each refused item aside with the row that it was made of."""

    def __init__(self, bad: SetAsideRows) -> None:
        super().__init__()
        self._bad = bad
        self._rows: dict[int, int] = {}

    def place(self, batch: Sequence[PlacedItem]) -> list[Item]:
        """Return the items of the batch to send next, and remember the row of each item until the following call."""
        self._rows = {id(placed.item): placed.row for placed in batch}
        return [placed.item for placed in batch]

    def add(self, items: Sequence[Item], answer: dict[str, Any]) -> None:
        """Count the API's answer to a batch or to a part of it, and set the refused items aside with their rows."""
        refused = [each for each in answer.get("items", []) if each.get("outcome") != "accepted"]
        self.accepted += len(items) - len(refused)
        self.refused += len(refused)
        self.position = answer.get("position") or self.position
        for verdict in refused:
            item = items[verdict["index"]]
            errors = verdict.get("errors") or [{}]
            remedy = str(errors[0].get("remedy") or verdict.get("code") or verdict.get("outcome"))
            row = self._rows[id(item)]
            self._bad.add(BadRow(row, str(errors[0].get("field", "")), errors[0].get("value"), remedy, item))
