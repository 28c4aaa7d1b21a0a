"""Reader of files with known answers: numbers are exact decimals, and a quirk has the answer of its clean case."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

SHARED = Path(os.environ.get("SLM_SHARED") or Path(__file__).resolve().parents[3] / "shared")


class Unmapped(Exception):
    """No module can ask our engine this. The text says what is missing; ``ours`` is the partial answer."""

    def __init__(self, missing: str, ours: Mapping[str, Any] | None = None) -> None:
        super().__init__(missing)
        self.ours = dict(ours or {})


_POLICIES = ("policy", "policies", "rules", "sla", "settings")
_QUESTIONS = frozenset({"period", "period_seconds", "time_unit", "slo_percent", "from", "to", "at", "window", "date"})
"""What stands in ``expected`` and is part of the question, also where the clean answer does not repeat it."""


@dataclass(frozen=True)
class Case:
    """One known answer. ``group`` says how it is to be read, ``data`` is all of it, ``expected`` what must come out."""

    id: str
    source: str
    group: str
    data: Mapping[str, Any]
    expected: Mapping[str, Any]

    @property
    def described(self) -> str:
        return str(self.data.get("description", ""))

    @property
    def asked(self) -> Mapping[str, Any]:
        """The input of the case, in files that keep it in a field of its own."""
        given: Mapping[str, Any] = self.data.get("input") or {}
        return given

    @property
    def events(self) -> list[dict[str, Any]]:
        return [dict(event) for event in self.data.get("events") or []]

    def described_as(self, *words: str) -> bool:
        return any(word in self.described.lower() for word in words)

    def setting(self, *names: str) -> Any:
        """A policy by one of its names: beside the events, in a part of its own, or in an event; None: not said."""
        places = [self.data, *(self.data.get(part) for part in _POLICIES), *self.events]
        found = (place[name] for place in places if isinstance(place, Mapping) for name in names if name in place)
        return next(found, None)


def share_of(written: Any) -> Fraction:
    """An objective as a share of one, whether it is written so or in percent."""
    return Fraction(written) / 100 if Fraction(written) > 1 else Fraction(written)


def files() -> list[Path]:
    """The available files with cases; empty if there are none."""
    return sorted((SHARED / "cases").glob("*.json"))


def cases(path: Path) -> list[Case]:
    """The cases of a file."""
    read = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    listed = read.get("cases", [read]) if isinstance(read, dict) else read
    return [case_of(each if isinstance(each, dict) else {"id": "?", "expected": each}) for each in listed]


def case_of(data: Mapping[str, Any]) -> Case:
    group = data.get("group") or data.get("kind") or ""
    if set(data) & {"supports", "sla_hours", "sla_term"}:
        group = f"chain {group}"
    expected = _answers(data.get("expected"))
    if data.get("expected_clean") is not None:
        asked = {name: value for name, value in expected.items() if name in _QUESTIONS}
        expected = asked | _answers(data["expected_clean"])
    # The chain's cases name no source: they are the product's own.
    return Case(str(data.get("id", "?")), str(data.get("source") or "ours"), str(group), data, expected)


def _answers(written: Any) -> dict[str, Any]:
    return dict(written) if isinstance(written, Mapping) else {"result": written}
