"""The months of the demonstration's history, relative to the present instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
MONTHS = 12
"""How many complete months of history lie before the present month."""
ZONE = "Europe/Zurich"
"""The time zone of all agreements."""


@dataclass(frozen=True)
class Month:
    """A calendar month in the agreements' time zone, from ``start`` up to and without ``end``, in microseconds UTC."""

    id: str
    name: str
    start: int
    end: int

    @property
    def length(self) -> int:
        """Microseconds from start to end."""
        return self.end - self.start

    def at(self, day: int, hour: int, minute: int = 0) -> int:
        """Return a local time of this month as an instant, microseconds UTC. Every month has the days 1 to 28."""
        year, month = (int(part) for part in self.id.split("-"))
        return _instant(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(ZONE)))

    def workdays(self) -> list[int]:
        """Return the days of this month's first four weeks that are neither Saturday nor Sunday."""
        return [day for day in range(1, 29) if is_workday(self.at(day, 12))]


@dataclass(frozen=True)
class Timeline:
    """The present instant, microseconds UTC, and the months before it."""

    now: int

    def month(self, back: int) -> Month:
        """Return the month that lies ``back`` months before the present one; 0 is the present one."""
        local = datetime.fromtimestamp(self.now // SECOND, ZoneInfo(ZONE))
        count = local.year * 12 + local.month - 1 - back
        start = datetime(count // 12, count % 12 + 1, 1, tzinfo=ZoneInfo(ZONE))
        end = datetime((count + 1) // 12, (count + 1) % 12 + 1, 1, tzinfo=ZoneInfo(ZONE))
        return Month(f"{start:%Y-%m}", f"{start:%B %Y}", _instant(start), _instant(end))

    @property
    def begin(self) -> int:
        """The first instant of the history, microseconds UTC. The agreements take effect then."""
        return self.month(MONTHS).start

    def past(self) -> list[tuple[int, Month]]:
        """Return the complete months as (months before the present one, month), the earliest first."""
        return [(back, self.month(back)) for back in range(MONTHS, 0, -1)]


def is_workday(at: int) -> bool:
    """Whether an instant (microseconds UTC) is on a Monday to Friday in the agreements' time zone."""
    return datetime.fromtimestamp(at // SECOND, ZoneInfo(ZONE)).weekday() < 5


def _instant(local: datetime) -> int:
    # Whole seconds: exact, unlike a float's microseconds.
    return int(local.astimezone(UTC).timestamp()) * SECOND
