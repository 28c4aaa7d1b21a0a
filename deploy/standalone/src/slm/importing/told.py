"""What the importer tells its user: why it refused, what it found odd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: a field of the mapping or a line of the file, what stands there, what to do."""

    field: str
    value: Any
    remedy: str

    def __str__(self) -> str:
        value = "" if self.value in ("", None) else f" {str(self.value)[:80]!r}"
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
