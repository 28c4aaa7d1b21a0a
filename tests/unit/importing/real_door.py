"""The API of measurements with the product's own validation behind it, and facts under their real identity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from slm_events.instants import from_text
from slm_monitor.adapters.formats.wire_formats import MEASUREMENTS
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.facts.rejections import build_rejection_documents
from slm_monitor.domain.intake.validation import validate_measurements
from tests.unit.importing.fake_api import NOW, FakeApi

PARTY = "party"


class RealDoor(FakeApi):
    """Keeps what monitor-svc would keep: rows by series, instant and content, facts by subject and key."""

    def __init__(self, *, largest_batch: int = 10_000) -> None:
        super().__init__(largest_batch=largest_batch)
        self.rows: set[tuple[str, int, float, str]] = set()
        self.kept: dict[tuple[str, str], Fact] = {}
        self.batches = 0

    def state(self) -> tuple[Any, ...]:
        """All that counts, without the instants of receipt."""
        return self.rows, {key: (fact.at, fact.body) for key, fact in self.kept.items()}

    def _verdicts(self, items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        body = b"\n".join(json.dumps(item).encode() for item in items)
        decoded, unread = MEASUREMENTS.decode(body, "application/x-ndjson")
        self.batches += 1
        batch = validate_measurements(decoded, PARTY, self._indicator, from_text(NOW) + self.batches, False)
        columns = batch.values
        out_of = columns.out_of if columns.out_of is not None else [None] * len(columns.at)
        for slot, at, value, total in zip(columns.slot, columns.at, columns.value, out_of, strict=True):
            self.rows.add((columns.subjects[slot], int(at), float(value), str(total)))
        for fact in batch.facts:
            held = self.kept.get((fact.subject, fact.key))
            if held is None or held.recorded_at <= fact.recorded_at:
                self.kept[fact.subject, fact.key] = fact
        yield from build_rejection_documents([*unread, *batch.refusals])

    def _indicator(self, subject: str) -> Indicator | None:
        held = self.indicators.get(subject.removeprefix(f"{PARTY}/"))
        if held is None:
            return None
        scale = held.get("scale") or {}
        return Indicator(
            subject,
            PARTY,
            held["key"],
            held["kind"],
            held.get("unit"),
            lowest=scale.get("lowest"),
            highest=scale.get("highest"),
        )
