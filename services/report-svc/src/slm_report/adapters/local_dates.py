"""Instants as people of the agreement's zone read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from slm_events import instants

_DAY = 86_400_000_000


class LocalDates:
    """Writes instants by the wall clock of one zone."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def moment(self, text: str | None) -> str:
        """``22 Nov 2026, 10:00:05 CET``; ``–`` for none."""
        if not text:
            return "–"
        local = self._local(instants.from_text(text))
        return f"{local.day} {local:%b %Y, %H:%M:%S} {local.tzname()}"

    def day(self, text: str | None) -> str:
        """``22 Nov 2026``; ``–`` for none."""
        if not text:
            return "–"
        local = self._local(instants.from_text(text))
        return f"{local.day} {local:%b %Y}"

    def last_day(self, text: str) -> str:
        """The last day before an instant: how the end of a half-open period is said."""
        local = self._local(instants.from_text(text) - 1)
        return f"{local.day} {local:%b %Y}"

    def tick(self, instant: int, length: int) -> str:
        """A label on an axis of that length: the day, with the hour where the axis is short."""
        local = self._local(instant)
        return f"{local.day} {local:%b}" if length > 3 * _DAY else f"{local.day} {local:%b, %H:%M}"

    def _local(self, instant: int) -> datetime:
        return datetime.fromisoformat(instants.to_text(instant)).astimezone(self._zone)
