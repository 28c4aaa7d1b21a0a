"""The terminal output of an import: the contents of the file, the progress, and the result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from slm.importing.door import ImportVerdict
from slm.importing.run import FileSummary, ImportResult
from slm_events.instants import to_text
from slm_events.wording import count_in_words
from slm_mappings import tickets
from slm_mappings.messages import ImportRefused
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.ticket_mapping import TicketMapping


class ImportScreen:
    """Writes an import's output to standard error, with a progress bar if that is a terminal."""

    def __init__(self, kind: str) -> None:
        self._console = Console(stderr=True)
        self._kind = kind
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._shown_reasons: set[str] = set()

    def line(self, text: str) -> None:
        """Print a line without markup."""
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)

    def refused(self, refused: ImportRefused) -> None:
        """Print why the import was refused and what to change."""
        self._console.print(refused.title, style="bold red", highlight=False, soft_wrap=True, markup=False)
        for finding in refused.findings:
            self.line(f"  {finding}")

    def found(self, found: FileSummary, by: TicketMapping | OutageMapping, exported_at: int) -> None:
        """Print the contents of a checked file, its oddities, and what the file does not say.

        ``exported_at``: the instant (microseconds UTC) at which the file was exported.
        """
        self.line(f"{count_in_words(found.records, 'record')}, {count_in_words(found.items, 'item')} to send")
        if isinstance(by, OutageMapping):
            self.line(f"indicators: {', '.join(found.indicators)}")
        else:
            self._of_tickets(by, exported_at)
        for text in found.oddities.lines():
            self.line(text)

    def _of_tickets(self, by: TicketMapping, exported_at: int) -> None:
        if by.pauses:
            self.line(f"states in which clocks wait (a target's pause): {', '.join(by.pauses)}")
        if by.present is not None and by.present.event == "at_export":
            self.line(f"present states are as of {to_text(exported_at)}")
        if not tickets.names_first_response(by):
            self.line("the mapping gives no first response: response clocks stop when their tickets end")

    @contextmanager
    def progress(self, items: int) -> Iterator[None]:
        """Show the progress bar while the body of the ``with`` statement runs. ``items``: how many will be sent."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        note = TextColumn("{task.fields[note]}")
        self._bar = Progress(*columns, note, console=self._console, disable=not self._console.is_terminal)
        with self._bar:
            self._task = self._bar.add_task(self._kind, total=items, note="")
            yield

    def sent(self, items: int) -> None:
        """Advance the progress bar by a batch of this many items."""
        assert self._bar is not None
        assert self._task is not None
        self._bar.update(self._task, advance=items, note="")

    def waiting(self, reason: str) -> None:
        """Show why the import waits, beside the progress bar. Without a terminal, print a line for each new reason."""
        if self._bar is not None and self._task is not None and self._console.is_terminal:
            self._bar.update(self._task, note=f"waiting: {reason}")
        elif reason not in self._shown_reasons:
            self._shown_reasons.add(reason)
            self.line(f"waiting: {reason}")

    def judged(self, verdict: ImportVerdict, reports_seconds: float | None) -> None:
        """Print how long it took until the import was evaluated, and until all reports included it."""
        self.line(f"judged after {verdict.seconds:.1f} s, import {verdict.import_id}")
        if reports_seconds is None:
            self.line("the import is judged, but not all reports include it yet; they will without further action")
        else:
            self.line(f"reports complete after {reports_seconds:.1f} s")

    def done(self, found: FileSummary, done: ImportResult) -> None:
        """Print the result of the import; the last line has the counts."""
        for example in done.taken.examples:
            self.line(f"  {example}")
        self.judged(done.judged, done.reports_seconds)
        for reason, count in done.unmatched.most_common():
            self.line(f"without a target: {count_in_words(count, 'ticket')} ({reason})")
        self.line(_last_line(found, done))


def _last_line(found: FileSummary, done: ImportResult) -> str:
    left_out = sum(count for what, count in found.oddities.counts.items() if "left out" in what)
    counts = [
        f"{count_in_words(found.records, 'row')} read",
        f"{left_out:,} left out",
        f"{done.taken.accepted:,} accepted",
    ]
    counts.append(f"{done.taken.refused:,} refused")
    if found.tickets:
        not_judged = sum(
            count for what, count in found.oddities.counts.items() if what.startswith("tickets not judged")
        )
        counts.append(f"{done.unmatched.total():,} of {count_in_words(len(found.tickets), 'ticket')} without a target")
        counts.append(f"{not_judged:,} excluded by the mapping")
    return ", ".join(counts)
