"""Targets as sentences, and the limit and period in them that people can change when they answer a proposal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.dates import get_day_names

from slm_console.views import durations
from slm_console.views.reader import Reader

Terms = Mapping[str, Any]
COMPARISONS = ("at_least", "at_most", "less_than", "more_than", "equals")
PERIODS = ("day", "week", "month", "quarter", "year")
_DAYS_OF_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Promise:
    """A target in words: title, sentence, and its limit and period for the fields of a form."""

    key: str
    title: str
    sentence: str
    limit: str
    """The promised number or length of time as people type it, such as ``99.9`` or ``4 h``."""
    unit: str
    """The unit shown behind the limit in the form, such as ``%``; empty for a length of time."""
    period: str
    """The target's calendar period, such as ``month``; empty if it has another kind of window."""
    terms: Terms


def promise_of(reader: Reader, terms: Terms) -> Promise:
    """Return a target of the document in words."""
    limit, unit = _limit(reader, terms)
    return Promise(
        key=str(terms["key"]),
        title=str(terms.get("title") or terms["key"]),
        sentence=sentence(reader, terms),
        limit=limit,
        unit=unit,
        period=str((terms.get("window") or {}).get("calendar", "")),
        terms=terms,
    )


def sentence(reader: Reader, terms: Terms) -> str:
    """Return a target as a sentence, such as ``Available at least 99.9 % of each month``."""
    told, ignored = _promise_sentence(reader, terms), short_outages_in_words(reader, terms)
    return reader.gettext("%(promise)s; %(ignored)s", promise=told, ignored=ignored) if ignored else told


def short_outages_in_words(reader: Reader, terms: Terms) -> str:
    """Return which outages a target ignores because they are short; empty if it ignores none."""
    least = terms.get("ignore_outages_shorter_than")
    if least is None:
        return ""
    length = durations.in_words(reader, str(least))
    if terms.get("short_outages") == "excess":
        return reader.gettext("of each outage only what exceeds %(length)s counts", length=length)
    return reader.gettext("outages shorter than %(length)s do not count", length=length)


def _promise_sentence(reader: Reader, terms: Terms) -> str:
    aggregation = terms.get("aggregation")
    objective = terms.get("objective") or {}
    if aggregation == "clock":
        return _clock_sentence(reader, terms)
    period = period_in_words(reader, terms.get("window") or {})
    limit = objective_in_words(reader, objective)
    hours = str(terms.get("service_hours") or "24x7")
    if aggregation == "availability":
        if hours != "24x7":
            return reader.gettext(
                "Available %(limit)s of the hours “%(hours)s” in %(period)s", limit=limit, hours=hours, period=period
            )
        return reader.gettext("Available %(limit)s of %(period)s", limit=limit, period=period)
    if isinstance(aggregation, Mapping) and "share_at_most" in aggregation:
        most = f"{aggregation['share_at_most']} {_unit_of(terms)}".strip()
        return reader.gettext(
            "Answers within %(most)s in %(limit)s of cases in %(period)s", most=most, limit=limit, period=period
        )
    if isinstance(aggregation, Mapping) and "compliance" in aggregation:
        return reader.gettext("%(limit)s of the tickets in time in %(period)s", limit=limit, period=period)
    if aggregation == "count":
        return reader.gettext("%(limit)s occurrences in %(period)s", limit=limit, period=period)
    return reader.gettext("%(limit)s in %(period)s", limit=limit, period=period)


def objective_in_words(reader: Reader, objective: Mapping[str, Any]) -> str:
    """Return an objective in words: ``{"at_least": "99.9", "unit": "percent"}`` → ``at least 99.9 %``."""
    if "within" in objective:
        return reader.gettext("within %(length)s", length=durations.limit_in_words(reader, objective["within"]))
    value = number_in_words(reader, objective)
    if "at_least" in objective:
        return reader.gettext("at least %(value)s", value=value)
    if "at_most" in objective:
        return reader.gettext("at most %(value)s", value=value)
    if "less_than" in objective:
        return reader.gettext("less than %(value)s", value=value)
    if "more_than" in objective:
        return reader.gettext("more than %(value)s", value=value)
    return value


def number_in_words(reader: Reader, objective: Mapping[str, Any]) -> str:
    """Return the number of an objective with its unit, such as ``99.9 %``; empty for a ticket's time limit."""
    for comparison in COMPARISONS:
        if comparison in objective:
            unit = short_unit(str(objective.get("unit") or ""))
            return f"{_localized(reader, str(objective[comparison]))} {unit}".strip()
    return ""


def period_in_words(reader: Reader, window: Mapping[str, Any]) -> str:
    """Return a target's window in words: ``{"calendar": "month"}`` → ``each month``.

    A critical period is called by its key, which its windows are called by too.
    """
    if "calendar" in window:
        names = {
            "hour": reader.gettext("each hour"),
            "day": reader.gettext("each day"),
            "week": reader.gettext("each week"),
            "month": reader.gettext("each month"),
            "quarter": reader.gettext("each quarter"),
            "year": reader.gettext("each year"),
        }
        period = names.get(str(window["calendar"]), str(window["calendar"]))
        if "begin" in window or "at" in window:
            return reader.gettext(
                "%(period)s, counted from %(beginning)s", period=period, beginning=_beginning(reader, window)
            )
        return period
    if "rolling" in window:
        return reader.gettext("any %(length)s", length=durations.in_words(reader, str(window["rolling"])))
    if "occurrences_of" in window:
        return reader.gettext("each “%(period)s”", period=str(window["occurrences_of"]))
    return reader.gettext("each ticket")


def _beginning(reader: Reader, window: Mapping[str, Any]) -> str:
    """Return in words when an anchored window begins: ``day 15 at 12:00``, ``Sunday``."""
    begin, time = window.get("begin"), str(window.get("at", ""))
    if begin is None:
        return time
    names = get_day_names("wide", locale=reader.locale)
    is_weekday = begin in _DAYS_OF_WEEK
    day = names[_DAYS_OF_WEEK.index(str(begin))] if is_weekday else reader.gettext("day %(number)s", number=str(begin))
    return reader.gettext("%(day)s at %(time)s", day=day, time=time) if time else day


def _clock_sentence(reader: Reader, terms: Terms) -> str:
    limit = objective_in_words(reader, terms.get("objective") or {})
    what = tickets_in_words(reader, terms.get("applies_to") or {})
    sentences = {
        "response": reader.gettext("%(what)s: first answer %(limit)s", what=what, limit=limit),
        "resolution": reader.gettext("%(what)s: resolved %(limit)s", what=what, limit=limit),
        "update": reader.gettext("%(what)s: every message answered %(limit)s", what=what, limit=limit),
        "ownership": reader.gettext("%(what)s: passed on or solved by each team %(limit)s", what=what, limit=limit),
        "closure": reader.gettext("%(what)s: closed %(limit)s", what=what, limit=limit),
    }
    hours = str(terms.get("service_hours") or "24x7")
    told = sentences.get(str(terms.get("clock")), f"{what}: {limit}")
    if hours == "24x7":
        return told
    return reader.gettext("%(promise)s, during the hours “%(hours)s”", promise=told, hours=hours)


def tickets_in_words(reader: Reader, applies_to: Mapping[str, Any]) -> str:
    """Return which tickets a target applies to, such as ``P1 incidents``."""
    kinds = {
        "incident": reader.gettext("incidents"),
        "request": reader.gettext("requests"),
        "service_request": reader.gettext("requests"),
        "problem": reader.gettext("problems"),
        "change": reader.gettext("changes"),
    }
    kind = str(applies_to.get("type") or "incident")
    priorities = [str(each) for each in applies_to.get("priority") or ()]
    text = f"{reader.names(priorities)} {kinds.get(kind, kind)}" if priorities else kinds.get(kind, kind)
    rest = [f"{name} {value}" for name, value in applies_to.items() if name not in ("type", "priority")]
    return f"{text} ({', '.join(rest)})" if rest else text[:1].upper() + text[1:]


def changed(terms: Terms, limit: str, period: str) -> dict[str, Any] | str:
    """Return a target's terms with another limit and period, or the name of the field that cannot be read.

    ``limit`` is the typed text, and ``period`` was chosen in the form. If one is empty, that part of the terms is kept.
    """
    target = dict(terms)
    objective = dict(terms.get("objective") or {})
    if limit:
        if "within" in objective:
            written = durations.written(limit)
            if written is None:
                return "limit"
            [kind] = list(objective["within"])[:1]
            objective["within"] = {kind: written if kind in ("calendar", "service_time") else objective["within"][kind]}
        else:
            number = _number(limit)
            if number is None:
                return "limit"
            objective[_comparison(objective)] = number
        target["objective"] = objective
    if period and "calendar" in (terms.get("window") or {}):
        if period not in PERIODS:
            return "period"
        kept = terms["window"] if terms["window"]["calendar"] == period else {}
        target["window"] = {**kept, "calendar": period}
    return target


def _comparison(objective: Mapping[str, Any]) -> str:
    return next((each for each in COMPARISONS if each in objective), "at_least")


def _number(text: str) -> str | None:
    """Return a typed number as the API writes it: ``99,9 %`` → ``99.9``; None if it is not a number."""
    try:
        number = Decimal(text.replace("%", "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return None
    return format(number, "f") if number.is_finite() else None


def _limit(reader: Reader, terms: Terms) -> tuple[str, str]:
    objective = terms.get("objective") or {}
    if "within" in objective:
        [value] = list(objective["within"].values())[:1]
        return (durations.in_words(reader, str(value)), "") if isinstance(value, str) else (str(value), "")
    return str(objective.get(_comparison(objective), "")), short_unit(str(objective.get("unit") or ""))


def _localized(reader: Reader, number: str) -> str:
    try:
        value = Decimal(number)
    except InvalidOperation:
        return number
    exponent = value.as_tuple().exponent
    return reader.decimal(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def short_unit(unit: str) -> str:
    """Return the symbol of a unit: ``percent`` → ``%``; any other unit is unchanged."""
    return "%" if unit == "percent" else unit


def _unit_of(terms: Terms) -> str:
    indicator = terms.get("indicator")
    return str(indicator.get("unit") or "") if isinstance(indicator, Mapping) else ""
