"""``slm import measurements``."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm.importing import cli
from slm.importing.options import taking

if TYPE_CHECKING:
    from slm.importing.measurement_run import MeasurementFile, MeasurementResult
    from slm.importing.terminal import ImportScreen


@dataclass(frozen=True)
class MeasurementOptions:
    """The options of the command."""

    file: Annotated[Path, typer.Argument(help="csv, jsonl or json, also packed as .gz, or xlsx.")]
    mapping: cli.Map
    url: cli.Url = cli.DEFAULT_URL
    key: cli.Key = ""
    owner: cli.Owner = None
    batch_size: cli.BatchSize = cli.BATCH_SIZE
    patience: cli.Patience = cli.PATIENCE_SECONDS
    after: Annotated[
        int, typer.Option("--after", min=0, help="Send only the rows after this one: go on where an import ended.")
    ] = 0
    set_aside: Annotated[
        Path | None, typer.Option("--set-aside", help="Write the rows that cannot be sent to this file, as jsonl.")
    ] = None
    dry_run: cli.DryRun = False
    show: cli.Show = 0


@taking(MeasurementOptions)
def measurements(given: MeasurementOptions) -> None:
    """Import probes, states, ratios, values, occurrences, counters, ratings or recoveries, one for each record.

    Rows that cannot be sent are named and set aside. Importing a file again changes nothing.
    """
    # Imported here, since httpx, pydantic and rich take half a second, which would delay `slm --help`.
    from slm.importing import measurement_run, terminal
    from slm_mappings.mapping import read_measurement_mapping
    from slm_mappings.messages import ImportFinding, ImportRefused
    from slm_mappings.set_aside import SetAsideRows

    screen = terminal.ImportScreen("measurements")
    done = None
    with ExitStack() as open_files:
        try:
            if not given.dry_run:
                cli.check_connection(given.url, given.key)
            by = read_measurement_mapping(given.mapping)
            bad = SetAsideRows()
            if given.set_aside is not None:
                try:
                    bad.file = open_files.enter_context(given.set_aside.open("w", encoding="utf-8"))
                except OSError as problem:
                    finding = ImportFinding("--set-aside", str(given.set_aside), str(problem.strerror))
                    raise ImportRefused("The file cannot be written", [finding]) from None
            found = measurement_run.check_measurements(given.file, by, bad)
            _print_found(found, screen)
            if not given.dry_run:
                done = _send(given, found, screen)
        except ImportRefused as refused:
            screen.refused(refused)
            raise typer.Exit(1) from None
    if done is None:
        _show(found, given.show)
    else:
        _print_result(found, done, screen)
    if found.bad.count or (done is not None and (not done.taken.accepted or done.reports_seconds is None)):
        raise typer.Exit(1)


def _print_found(found: MeasurementFile, screen: ImportScreen) -> None:
    from slm_events.wording import count_in_words

    screen.line(f"{count_in_words(found.records, 'record')}, {count_in_words(found.items, 'item')} to send")
    keys = list(found.indicators)
    more = f" and {len(keys) - 20} more" if len(keys) > 20 else ""
    screen.line(f"indicators ({found.by.registration('')['kind']}): {', '.join(keys[:20])}{more}")
    for text in found.oddities.lines():
        screen.line(text)
    if found.bad.count:
        screen.line(f"set aside: {count_in_words(found.bad.count, 'row')}")
        for text in found.bad.lines():
            screen.line(f"  {text}")


def _send(given: MeasurementOptions, found: MeasurementFile, screen: ImportScreen) -> MeasurementResult:
    from slm.importing import measurement_run
    from slm.importing.door import ImportClient
    from slm_chassis.identity import new_id

    plan = measurement_run.SendingPlan(new_id(), given.batch_size, given.after, sent=screen.sent)
    with (
        screen.progress(found.items),
        ImportClient(given.url, given.key, owner=given.owner, patience=given.patience, waiting=screen.waiting) as door,
    ):
        return measurement_run.send_measurements(found, door, plan)


def _show(found: MeasurementFile, most: int) -> None:
    import json
    from itertools import islice

    for placed in islice(found.placed_items(), most):
        typer.echo(json.dumps(placed.item))


def _print_result(found: MeasurementFile, done: MeasurementResult, screen: ImportScreen) -> None:
    from slm_events.wording import count_in_words

    if done.taken.refused:
        screen.line(f"set aside by the server: {count_in_words(done.taken.refused, 'row')}")
        for bad in found.bad.first[found.bad.count - done.taken.refused :]:
            screen.line(f"  {bad.finding()}")
    screen.judged(done.judged, done.reports_seconds)
    counts = [
        f"{count_in_words(found.records, 'row')} read",
        f"{found.bad.count:,} set aside",
        f"{sum(found.oddities.counts.values()):,} left out",
        f"{done.taken.accepted:,} accepted",
    ]
    screen.line(", ".join(counts))
