"""The messages of a mapping to its user: reasons for a refusal, and what was unusual in the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from slm_events.wording import count_in_words

MOST_FINDINGS = 50
"""Findings shown in one refusal."""


@dataclass(frozen=True, slots=True)
class ImportFinding:
    """One thing to correct: a field of the mapping or a line of the file, its value, and what to do.

    ``value`` is None if there is no value to show; an empty text is shown as ``''``.
    """

    field: str
    value: Any
    remedy: str

    def __str__(self) -> str:
        value = "" if self.value is None else f" {str(self.value)[:80]!r}"
        return f"{self.field}{value}: {self.remedy}" if self.field else self.remedy


class ImportRefused(Exception):
    """The import cannot continue; ``findings`` say what to correct."""

    def __init__(self, title: str, findings: Iterable[ImportFinding] = ()) -> None:
        self.title = title
        self.findings = list(findings)
        super().__init__("\n".join([title, *(f"  {finding}" for finding in self.findings)]))


@dataclass(slots=True)
class Oddities:
    """The unusual things in a file that were accepted: for each kind its number and its first place."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def note(self, what: str, where: str) -> None:
        """Count an oddity. ``where``: the line or ticket."""
        self.counts[what] += 1
        self.first.setdefault(what, where)

    def lines(self) -> list[str]:
        """Return lines such as ``"rows dated before the ticket was opened: 12 (first: INC0001)"``, the most frequent
        first.
        """
        return [f"{what}: {count:,} (first: {self.first[what]})" for what, count in self.counts.most_common()]


@dataclass(slots=True)
class UnlistedValues:
    """Values of columns that the mapping does not list, collected over the whole file and refused together."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def note(self, column: str, value: object, place: int, remedy: str) -> None:
        """Count a value that the mapping does not list. If it occurs again, its first place and remedy are kept."""
        named = (column, "" if value is None else str(value))
        self.counts[named] += 1
        self.first.setdefault(named, (place, remedy))

    def refuse_any(self) -> None:
        """Raise ImportRefused if there is any such value, naming each with its first line and its count."""
        findings = []
        for (column, value), count in self.counts.most_common(MOST_FINDINGS):
            place, remedy = self.first[column, value]
            findings.append(
                ImportFinding(f"line {place}, {column}", value, f"{remedy} ({count_in_words(count, 'row')})")
            )
        if len(self.counts) > MOST_FINDINGS:
            findings.append(
                ImportFinding("", None, f"and {count_in_words(len(self.counts) - MOST_FINDINGS, 'further value')}")
            )
        if findings:
            raise ImportRefused("The mapping does not list every value of the file", findings)
