"""Instants as text in the time zone of an agreement."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from slm_events import instants

_DAY = 86_400_000_000


class LocalDates:
    """The formatting of instants by the wall clock of one time zone."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def moment(self, text: str | None) -> str:
        """Return an instant as text such as ``22 Nov 2026, 10:00:05 CET``; ``–`` for None."""
        if not text:
            return "–"
        local = self._local(instants.from_text(text))
        return f"{local.day} {local:%b %Y, %H:%M:%S} {local.tzname()}"

    def day(self, text: str | None) -> str:
        """Return the day of an instant as text such as ``22 Nov 2026``; ``–`` for None."""
        if not text:
            return "–"
        local = self._local(instants.from_text(text))
        return f"{local.day} {local:%b %Y}"

    def last_day(self, text: str) -> str:
        """Return the day just before an instant, such as ``30 Nov 2026`` for a period that ends at the start of 1
        December.
        """
        local = self._local(instants.from_text(text) - 1)
        return f"{local.day} {local:%b %Y}"

    def tick(self, instant: int, length: int) -> str:
        """Return the label of an instant on a time axis that is ``length`` microseconds long: the day, on short axes
        also the hour.
        """
        local = self._local(instant)
        return f"{local.day} {local:%b}" if length > 3 * _DAY else f"{local.day} {local:%b, %H:%M}"

    def _local(self, instant: int) -> datetime:
        return datetime.fromisoformat(instants.to_text(instant)).astimezone(self._zone)
