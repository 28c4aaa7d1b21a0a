"""A case's calendar as our service hours, and instants and lengths as cases write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from slm_calendar import durations
from slm_calendar.service_hours import parse_service_hours
from slm_events.instants import from_text, to_text
from tests.cases.reading import Case, Unmapped
from tests.cases.sources import Rules

_COMMON = Rules()
SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {
    "s": SECOND,
    "sec": SECOND,
    "second": SECOND,
    "m": MINUTE,
    "min": MINUTE,
    "minute": MINUTE,
    "h": HOUR,
    "hr": HOUR,
    "hour": HOUR,
    "d": DAY,
    "day": DAY,
    "w": 7 * DAY,
    "week": 7 * DAY,
}
_ROUND_THE_CLOCK = {"24x7": "mon-sun", "24/7": "mon-sun", "7x24": "mon-sun", "24x5": "mon-fri", "5x24": "mon-fri"}


def service_hours(case: Case) -> list[Any]:
    """The documents of all calendars that match at once: one, but for cases with several."""
    calendar = "24x7" if case.data.get("calendar") is None else case.data["calendar"]
    if isinstance(calendar, Mapping) and calendar and not any(_is_day(name) for name in calendar):
        return [_document(case, each) for each in calendar.values()]
    return [_document(case, calendar)]


def _is_day(name: str) -> bool:
    return name[:3].lower() in WEEKDAYS


def zone_of(case: Case) -> str:
    return str(case.data.get("timezone") or "UTC")


def weekly(calendar: Any) -> dict[str, Any]:
    """Intervals by weekday or range of weekdays, whether the days are written out or not; closed days are left out."""
    if isinstance(calendar, str):
        days = _ROUND_THE_CLOCK.get(calendar.lower())
        if days is None:
            raise Unmapped(f"a calendar written as {calendar!r}")
        return {days: [["00:00", "24:00"]]}
    if not isinstance(calendar, Mapping):
        raise Unmapped(f"a calendar written as {calendar!r}")
    unknown = [name for name in calendar if not _is_day(name)]
    if unknown:
        raise Unmapped(f"a calendar of {unknown}")
    found: dict[str, list[list[str]]] = {}
    for name, pairs in calendar.items():
        for opens, closes in pairs or ():
            for day in _days(name):
                # Hours that close on the next day are those of two days.
                ends = "24:00" if closes <= opens else closes
                found.setdefault(day, []).append([opens, ends])
                if "00:00" < closes <= opens:
                    found.setdefault(WEEKDAYS[(WEEKDAYS.index(day) + 1) % 7], []).append(["00:00", closes])
    return {day: sorted(pairs) for day, pairs in found.items()}


def until(days: Mapping[str, Any], closing: str) -> dict[str, Any]:
    """Weekly hours that close at that time of day at the latest."""
    cut = {
        day: [[opens, min(closes, closing)] for opens, closes in pairs if opens < closing]
        for day, pairs in days.items()
    }
    return {day: pairs for day, pairs in cut.items() if pairs}


def _days(name: str) -> Sequence[str]:
    """``mon``, ``Monday``, ``mon-fri``."""
    first, _, last = name.partition("-")
    start, end = WEEKDAYS.index(first[:3].lower()), WEEKDAYS.index((last or first)[:3].lower())
    return [WEEKDAYS[number % 7] for number in range(start, end + (8 if end < start else 1))]


def _document(case: Case, calendar: Any) -> dict[str, Any]:
    zone = zone_of(case)
    written: dict[str, Any] = {"timezone": zone, "weekly": weekly(calendar)}
    written["holidays"] = holidays(case.data.get("holidays"))
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


def holidays(written: Any) -> list[dict[str, str]]:
    """Dates, ranges and yearly days as our documents write them; those that are switched off are none."""
    return [_holiday(each) for each in written or [] if not isinstance(each, Mapping) or each.get("active", True)]


def _holiday(written: Any) -> dict[str, str]:
    if isinstance(written, Mapping):
        return {name: value for name, value in written.items() if name in ("date", "from", "to", "yearly")}
    text = str(written)
    if text.startswith(("*-", "--")):
        return {"yearly": text.removeprefix("*-").removeprefix("--")}
    first, slash, last = text.partition("/")
    return {"from": first, "to": last} if slash else {"date": text}


def local_instant(zone: str, day: str, clock: str) -> str:
    """A local date and ``HH:MM`` as an instant in text: the opening of hours that open then."""
    if clock == "24:00":
        return _next_midnight(zone, day)
    hours = parse_service_hours(
        {"timezone": zone, "weekly": {}, "overrides": [{"date": day, "intervals": [[clock, "24:00"]]}]}
    )
    noon = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * SECOND
    return to_text(hours.intervals(noon - 2 * DAY, noon + 3 * DAY)[0][0])


def _next_midnight(zone: str, day: str) -> str:
    moment = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)) + timedelta(days=1)
    return moment.astimezone(UTC).isoformat()


def local_text(zone: str, instant: str) -> str:
    """``2015-05-19 14:00:00`` of an instant."""
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def instant(value: Any, zone: str = "UTC") -> str:
    """An instant as our API takes it. ``value`` is RFC 3339, a local time, or a number of seconds after 1970."""
    if isinstance(value, int | Decimal):
        return to_text(int(value * SECOND))
    text = str(value)
    if _LOCAL.fullmatch(text):
        return of_local(zone, text)
    return to_text(from_text(text))


def of_local(zone: str, local: str) -> str:
    """The instant at which hours with this local opening time open, plus the local time's seconds.

    Raises ValueError if the date does not exist.
    """
    day, clock = local.replace("T", " ").split(" ")
    opening = local_instant(zone, day, clock[:5])
    return to_text(from_text(opening) + int(clock[6:] or 0) * SECOND)


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
    match = re.search(rf"{_LENGTH}\s*(?:\w+\s+){{0,3}}?(?:{words})\b", described, re.IGNORECASE)
    return None if match is None else _length_of(match)


def told_of(described: str, *before: str) -> str | None:
    """As ``told``, of a length after one of the words: ``a goal of 8 h``."""
    words = "|".join(re.escape(word) for word in before)
    match = re.search(rf"\b(?:{words})\s*(?:of|is|=|:)?\s*{_LENGTH}", described, re.IGNORECASE)
    return None if match is None else _length_of(match)


def bracketed(described: str) -> list[str]:
    """The lengths in the first brackets that hold any: ``Urgent (30 min / 2 h)``."""
    for inside in re.findall(r"\(([^)]*)\)", described):
        found = [_length_of(match) for match in re.finditer(_LENGTH, inside, re.IGNORECASE)]
        if found:
            return found
    return []


def _length_of(match: re.Match[str]) -> str:
    return durations.to_iso(round(Fraction(match[1]) * _UNITS[match[2].lower()]))


_NAMES = "|".join(sorted(_UNITS, key=len, reverse=True))
_LENGTH = rf"(\d+(?:\.\d+)?)[ -]?({_NAMES})s?\b"
_SHORT = re.compile(r"(\d+(\.\d+)?(ms|[smhdwMQY]))+")
_PARTS = re.compile(rf"\s*(-?\d+(?:\.\d+)?)\s*({_NAMES})s?(?:\s*(?:,|and)\s*|\s+|(?=\d)|$)", re.IGNORECASE)


def written_length(text: str, day: int = DAY, days_of_a_week: int = 7) -> int:
    """``PT4H30M``, ``1d 4h``, ``90 minutes``, ``28d`` → microseconds; ``day``: how long one of the days is."""
    if text.lstrip("+-").startswith("P"):
        return durations.from_iso(text)
    if _SHORT.fullmatch(text) and (day, days_of_a_week) == (DAY, 7):
        return durations.from_shorthand(text)
    parts, at = [], 0
    while at < len(text) and (part := _PARTS.match(text, at)):
        parts.append((Fraction(part[1]), part[2].lower()))
        at = part.end()
    if not parts or at < len(text):
        return durations.from_shorthand(text)
    longer = {DAY: day, 7 * DAY: days_of_a_week * day}
    return round(sum(amount * longer.get(_UNITS[unit], _UNITS[unit]) for amount, unit in parts))


def within(amount: Any, unit: str, end_of_day: bool = False, rules: Rules = _COMMON) -> dict[str, Any]:
    """A target of ``amount`` units. Days are working days unless the source says otherwise; other units are working
    time.
    """
    words = unit.lower().replace("_", " ").split(" ")
    name = words[-1].removesuffix("s") if len(words[-1]) > 2 else words[-1]
    if words == ["calendar"]:
        return {"calendar": iso(amount)}
    if words[0] == "calendar":
        return {"calendar": durations.to_iso(round(Fraction(amount) * _unit(name)))}
    if name in ("day", "week", "month") and (rules.hours_of_a_day is None or words[0] in ("working", "business")):
        days = Fraction(amount) * {"day": 1, "week": 5, "month": rules.days_of_a_month}[name]
        return {"business_days_end" if end_of_day else "business_days": int(days)}
    factor = (rules.hours_of_a_day or 24) * HOUR if name == "day" else _unit(name)
    return {"service_time": durations.to_iso(round(Fraction(amount) * factor))}


def _unit(name: str) -> int:
    if name not in _UNITS:
        raise Unmapped(f"a target in {name}")
    return _UNITS[name]
