"""A case's calendar as our service hours, and instants and lengths as cases write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from slm_calendar import durations
from slm_calendar.service_hours import parse
from slm_events.instants import from_text, to_text
from tests.cases.reading import Case, Unmapped

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"s": SECOND, "sec": SECOND, "second": SECOND, "min": MINUTE, "minute": MINUTE, "h": HOUR, "hour": HOUR}


def service_hours(case: Case) -> list[Any]:
    """The documents of all calendars that match at once: one, but for cases with several."""
    calendar = case.data.get("calendar", "24x7")
    if isinstance(calendar, Mapping) and calendar and not set(calendar) & set(WEEKDAYS):
        if not all(isinstance(each, Mapping) for each in calendar.values()):
            raise Unmapped(f"a calendar of {sorted(calendar)}")
        return [_document(case, each) for each in calendar.values()]
    return [_document(case, calendar)]


def _document(case: Case, calendar: Any) -> dict[str, Any]:
    zone = case.data.get("timezone", "UTC")
    weekly = {"mon-sun": [["00:00", "24:00"]]} if calendar == "24x7" else calendar
    if not isinstance(weekly, Mapping):
        raise Unmapped(f"a calendar written as {calendar!r}")
    written: dict[str, Any] = {"timezone": zone, "weekly": weekly}
    written["holidays"] = [_holiday(str(text)) for text in case.data.get("holidays") or []]
    for event in case.events:
        if event.get("type") == "date_override":
            written["overrides"] = [{"date": day, "intervals": pairs} for day, pairs in event["dates"].items()]
        if event.get("type") == "breaks":
            written["breaks"] = [
                {"from": local_instant(zone, day, opens), "to": local_instant(zone, day, closes)}
                for day, pairs in event["dates"].items()
                for opens, closes in pairs
            ]
    return written


def _holiday(text: str) -> dict[str, str]:
    if text.startswith("*-"):
        return {"yearly": text[2:]}
    first, slash, last = text.partition("/")
    return {"from": first, "to": last} if slash else {"date": text}


def local_instant(zone: str, day: str, clock: str) -> str:
    """A local date and ``HH:MM`` as an instant in text: the opening of hours that open then."""
    if clock == "24:00":
        return _next_midnight(zone, day)
    hours = parse({"timezone": zone, "weekly": {}, "overrides": [{"date": day, "intervals": [[clock, "24:00"]]}]})
    noon = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * SECOND
    return to_text(hours.intervals(noon - 2 * DAY, noon + 3 * DAY)[0][0])


def _next_midnight(zone: str, day: str) -> str:
    moment = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)) + timedelta(days=1)
    return moment.astimezone(UTC).isoformat()


def local_text(zone: str, instant: str) -> str:
    """``2015-05-19 14:00:00`` of an instant."""
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def instant(value: Any) -> str:
    """An instant as our API takes it: RFC 3339, or a source's abstract tick as so many seconds after 1970."""
    if isinstance(value, int):
        return to_text(value * SECOND)
    return to_text(from_text(str(value)))


def iso(seconds: Any) -> str:
    """Seconds → ``PT1H``."""
    return durations.to_iso(round(Fraction(seconds) * SECOND))


def seconds(text: str) -> Fraction:
    """``PT1H`` → 3600."""
    return Fraction(durations.from_iso(text), SECOND)


def shorthand(text: str) -> str:
    """``1h``, ``28d``, ``1w`` → ISO."""
    return durations.to_iso(durations.from_shorthand(text))


def told(described: str, *after: str) -> str | None:
    """A length that only the description tells, before one of the words: ``2 h solution target`` → ``PT2H``."""
    words = "|".join(re.escape(word) for word in after)
    units = "|".join(sorted(_UNITS, key=len, reverse=True))
    match = re.search(rf"(\d+(?:\.\d+)?)[ -]?({units})s?\b\s*(?:\w+\s+)?(?:{words})", described, re.IGNORECASE)
    return durations.to_iso(round(Fraction(match[1]) * _UNITS[match[2].lower()])) if match else None


def within(amount: Any, unit: str, end_of_day: bool = False) -> dict[str, Any]:
    """A target of so many units: days are working days, all else is working time."""
    if unit == "calendar":
        return {"calendar": iso(amount)}
    if unit in ("day", "days"):
        return {"business_days_end" if end_of_day else "business_days": int(amount)}
    factor = _UNITS.get(unit.removesuffix("s") if len(unit) > 3 else unit)
    if factor is None:
        raise Unmapped(f"a target in {unit}")
    return {"service_time": durations.to_iso(round(Fraction(amount) * factor))}
