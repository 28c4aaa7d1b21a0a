"""What the importer tells its user: why it refused, what it found odd, and what the file cannot tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from slm_events.wording import counted

MOST_FINDINGS = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: a field of the mapping or a line of the file, what stands there, what to do.

    ``value`` is None where nothing stands there to be shown; an empty text is shown as ``''``.
    """

    field: str
    value: Any
    remedy: str

    def __str__(self) -> str:
        value = "" if self.value is None else f" {str(self.value)[:80]!r}"
        return f"{self.field}{value}: {self.remedy}" if self.field else self.remedy


class ImportRefused(Exception):
    """The import cannot go on; ``findings`` say what to mend."""

    def __init__(self, title: str, findings: Iterable[Finding] = ()) -> None:
        self.title = title
        self.findings = list(findings)
        super().__init__("\n".join([title, *(f"  {finding}" for finding in self.findings)]))


@dataclass(slots=True)
class Oddities:
    """What was strange in a file and was imported all the same: how often, and the first place of each kind."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def note(self, what: str, where: str) -> None:
        self.counts[what] += 1
        self.first.setdefault(what, where)

    def lines(self) -> list[str]:
        """``"rows dated before the ticket was opened: 12 (first: INC0001)"``, the most frequent first."""
        return [f"{what}: {count:,} (first: {self.first[what]})" for what, count in self.counts.most_common()]


@dataclass(slots=True)
class UnlistedValues:
    """Values of columns that the mapping does not list: gathered over the whole file, and refused together."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def note(self, column: str, value: object, place: int, remedy: str) -> None:
        named = (column, "" if value is None else str(value))
        self.counts[named] += 1
        self.first.setdefault(named, (place, remedy))

    def refuse_any(self) -> None:
        """Raise ImportRefused naming every value, where it stands first and how often."""
        findings = []
        for (column, value), count in self.counts.most_common(MOST_FINDINGS):
            place, remedy = self.first[column, value]
            findings.append(Finding(f"line {place}, {column}", value, f"{remedy} ({counted(count, 'row')})"))
        if len(self.counts) > MOST_FINDINGS:
            findings.append(Finding("", None, f"and {counted(len(self.counts) - MOST_FINDINGS, 'further value')}"))
        if findings:
            raise ImportRefused("The mapping does not list every value of the file", findings)
