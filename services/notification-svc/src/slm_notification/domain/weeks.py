"""The Monday mail: a weekly report to the owner of a service.

Every figure in it is what the REST API answers to this reader when the mail is written. This service calculates only
dates and the number of breaches in a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from slm_chassis.clock import SECOND
from slm_chassis.mail_words import one_line
from slm_events.instants import UtcMicroseconds, from_text

WEEK: Final = "week"
"""The kind of deliveries that are Monday mails."""
HOUR = 8
"""The hour of the reader's Monday at which the mail is written."""
DAYS_AHEAD = 90
"""How many days ahead the mail looks for what is next."""
MOST_SERVICES = 20
"""The most services in the Monday mail of one person. The product is asked about each of them separately."""
_MOST_NAMED = 3
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_NOT_ALL = "nothing was breached, but not all of it was measured"
_QUIET_WEEK = {"met": "kept", "at_risk": "kept, but at risk now", "breached": "nothing more was breached"}
"""Verdict of the present month → the words for a week without a new breach."""
_LAST_MONTH = {
    "met": "kept",
    "at_risk": "kept",
    "breached": "not kept",
    "no_data": _NOT_ALL,
    "not_applicable": "there was nothing to keep",
}


@dataclass(frozen=True, slots=True)
class Week:
    """The week that begins with a reader's Monday. ``name`` is the name of the week in ISO 8601, such as
    ``2026-W49``.
    """

    name: str
    zone: ZoneInfo
    starts_at: UtcMicroseconds
    """Monday, 00:00 in the reader's time zone."""
    last_starts_at: UtcMicroseconds
    """The Monday before."""

    def day(self, instant: str) -> str:
        """Return the day of an instant in the reader's time zone, such as ``Tue 8 Dec``."""
        local = datetime.fromtimestamp(from_text(instant) / SECOND, self.zone)
        return f"{local:%a} {local.day} {local:%b}" + ("" if local.year == int(self.name[:4]) else f" {local.year}")

    def moment(self, instant: str) -> str:
        """Return an instant in the reader's time zone, such as ``Tue 8 Dec, 22:00``."""
        return f"{self.day(instant)}, {datetime.fromtimestamp(from_text(instant) / SECOND, self.zone):%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswers:
    """What the REST APIs of the product tell the reader about one service."""

    service_id: str
    name: str
    outcome: str
    """The business outcome that the service exists for; empty if nobody has written it."""
    months: Sequence[str]
    """The months of the strip, such as ``2026-11``, the present one last."""
    state: Mapping[str, Any]
    """The service as an item of the summary."""
    breaches: Sequence[Mapping[str, Any]]
    """Breaches in force that became certain last week."""
    exclusions: Sequence[Mapping[str, Any]]
    """Requests to exclude time that concern the service, as they are listed."""
    reviews: Sequence[Mapping[str, Any]]
    """Scheduled reviews of its agreements."""
    endings: Sequence[Mapping[str, Any]]
    """Its agreements that end soon, or of which notice can be given only a short time longer."""


def week_of(at: UtcMicroseconds, time_zone: str) -> Week:
    """Return the week of an instant, in this time zone."""
    zone = ZoneInfo(time_zone)
    day = datetime.fromtimestamp(at / SECOND, zone).date()
    monday = day - timedelta(days=day.weekday())
    year, number, _ = monday.isocalendar()
    return Week(f"{year}-W{number:02}", zone, _begins(monday, zone, 0), _begins(monday - timedelta(days=7), zone, 0))


def next_monday(now: UtcMicroseconds, time_zone: str) -> UtcMicroseconds:
    """Return the next instant after ``now`` at which it is Monday, 08:00 in the time zone."""
    zone = ZoneInfo(time_zone)
    day = datetime.fromtimestamp(now / SECOND, zone).date()
    monday = day - timedelta(days=day.weekday())
    at = _begins(monday, zone, HOUR)
    return at if at > now else _begins(monday + timedelta(days=7), zone, HOUR)


def content_of_week(told: Sequence[ServiceAnswers], week: Week, now: UtcMicroseconds) -> dict[str, Any]:
    """Return the content of a Monday mail as it is stored: headline, and a section of five lines for each service."""
    return {
        "headline": _headline(told),
        "lines": [],
        "path": "/services",
        "sections": [
            {
                "title": one_line(each.name),
                "outcome": one_line(each.outcome),
                "lines": [list(line) for line in lines_of(each, week, now)],
                "path": f"/services/{each.service_id}",
            }
            for each in told
        ],
    }


def lines_of(told: ServiceAnswers, week: Week, now: UtcMicroseconds) -> list[tuple[str, str]]:
    """Return the five lines about a service, each with its label."""
    return [
        ("Works now", _works(told.state, week)),
        ("Last week", _last_week(told)),
        (month_name(told.months[-2]), _last_month(told.state["strip"][-2])),
        ("Minutes lost", _lost(told)),
        ("Next", _next(told, week, now)),
    ]


def month_name(month: str) -> str:
    """Return the English name of a month. ``month`` is the month, such as ``2026-11``, or a day of the month."""
    return _MONTHS[int(month[5:7]) - 1]


def _headline(told: Sequence[ServiceAnswers]) -> str:
    down = [each for each in told if each.state["state"] == "down"]
    if len(told) == 1:
        name, state = one_line(told[0].name), told[0].state["state"]
        works = {"up": "works", "down": "is down", "degraded": "works in part"}.get(state, "is not measured")
        return f"Your Monday: {name} {works}, {_kept(told[0])}"
    now = f"{len(down)} of {len(told)} services down" if down else f"none of {len(told)} services is down"
    broken = sum(bool(each.breaches) for each in told)
    return f"Your Monday: {now}, {'all kept last week' if not broken else f'{broken} breached last week'}"


def _kept(told: ServiceAnswers) -> str:
    return f"{_breaches(len(told.breaches))} last week" if told.breaches else "nothing breached last week"


def _breaches(count: int) -> str:
    return f"{count} breach" if count == 1 else f"{count} breaches"


def _works(state: Mapping[str, Any], week: Week) -> str:
    since = f" since {week.moment(state['state_since_at'])}" if state["state_since_at"] else ""
    words = {"up": "yes", "down": f"no, down{since}", "degraded": f"in part{since}", "unknown": f"not known{since}"}
    return words.get(state["state"], "nothing measures it")


def _last_week(told: ServiceAnswers) -> str:
    if not told.breaches:
        return _QUIET_WEEK.get(told.state["verdict"], _NOT_ALL)
    titles = list(dict.fromkeys(one_line(str(each["target_title"])) for each in told.breaches))
    more = len(titles) - _MOST_NAMED
    named = ", ".join(titles[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"not kept: {_breaches(len(told.breaches))} ({named})"


def _last_month(verdict: str | None) -> str:
    return "nothing was agreed or measured" if verdict is None else _LAST_MONTH[verdict]


def _lost(told: ServiceAnswers) -> str:
    seconds, month = told.state["lost_seconds"], month_name(told.months[-1])
    if seconds is None:
        return f"not known for {month}"
    return f"{_minutes(seconds)} in {month} so far"


def _minutes(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if not seconds:
        return "none"
    return " ".join([*([f"{minutes} min"] if minutes else []), *([f"{rest} s"] if rest else [])])


def _next(told: ServiceAnswers, week: Week, now: UtcMicroseconds) -> str:
    ahead = sorted({each for each in _planned(told, week) if now <= each[0] < now + DAYS_AHEAD * 86_400 * SECOND})
    if not ahead:
        return f"nothing is planned in the next {DAYS_AHEAD} days"
    more = len(ahead) - _MOST_NAMED
    return "; ".join(text for _, text in ahead[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _planned(told: ServiceAnswers, week: Week) -> Iterator[tuple[UtcMicroseconds, str]]:
    """Yield the instant of each planned thing, past or future, with the words for it."""
    for each in told.exclusions:
        if each["kind"] == "planned" and each["state"] in ("approved", "requested"):
            word = "maintenance" if each["state"] == "approved" else "maintenance, not approved yet"
            for start in (interval["from"] for interval in each["intervals"]):
                yield from_text(start), f"{week.moment(start)}: {word}"
    for each in told.reviews:
        yield from_text(each["due_at"]), f"{week.day(each['due_at'])}: review of {one_line(each['agreement_title'])}"
    for each in told.endings:
        title = one_line(str(each["title"]))
        if (last := each["last_notice_at"]) is not None:
            yield from_text(last), f"{week.day(last)}: last day to give notice of {title}"
        if (end := each["ends_at"]) is not None:
            yield from_text(end), f"{week.day(end)}: end of {title}"


def _begins(day: date, zone: ZoneInfo, hour: int) -> UtcMicroseconds:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp()) * SECOND
