"""Figures in words, with unit and period, and with as many decimals as the verdict needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date

from slm_console.views import durations, instants
from slm_console.views.promises import COMPARISONS
from slm_console.views.reader import Reader, at
from slm_events.instants import from_text

MORE_DECIMALS, MOST_DECIMALS = 2, 4
_AS_FAR_AS = 12
"""Most decimals shown: a figure rounded to these is shown even if it contradicts the verdict."""
NO_FIGURE = "–"
WHOLE = 100
"""The coverage, in percent, of a period of which everything is known."""


def exact(text: str | None) -> Fraction | None:
    """Return the API's text of a figure as a fraction, such as ``237500/6233``; None if it is missing."""
    return Fraction(text) if text else None


def limit_of(objective: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return an objective's comparison and number, such as ``at_least`` and ``99.9``; None for a ticket's deadline."""
    return next(((each, str(objective[each])) for each in COMPARISONS if each in objective), None)


def is_kept(figure: Fraction, comparison: str, limit: Fraction) -> bool:
    """Whether a figure, without rounding, keeps the limit."""
    return {
        "at_least": figure >= limit,
        "at_most": figure <= limit,
        "less_than": figure < limit,
        "more_than": figure > limit,
        "equals": figure == limit,
    }[comparison]


def places_for(figure: Fraction, objective: Mapping[str, Any]) -> int:
    """Return the number of decimals that a figure is shown with.

    These are two more than the objective has, but no more than four unless the objective itself has more. A whole
    number that is no percentage gets none if the objective has none. If the rounded figure would contradict the verdict
    of the exact figure, decimals are added until it does not.
    """
    found = limit_of(objective)
    if found is None:
        return MORE_DECIMALS
    comparison, written = found
    exponent = Decimal(written).as_tuple().exponent
    own = max(0, -exponent) if isinstance(exponent, int) else 0
    places = max(own, min(own + MORE_DECIMALS, MOST_DECIMALS))
    if figure.denominator == 1 and not own and objective.get("unit") != "percent":
        places = 0
    limit = Fraction(written)
    kept = is_kept(figure, comparison, limit)
    while places < _AS_FAR_AS and is_kept(_rounded(figure, places), comparison, limit) is not kept:
        places += 1
    return places


def _rounded(figure: Fraction, places: int) -> Fraction:
    return Fraction(round(figure * 10**places), 10**places)


def figure_in_words(reader: Reader, figure: Fraction | None, objective: Mapping[str, Any]) -> str:
    """Return a figure with its unit: ``99.9046 %``, ``212.50 ms``, ``4``; a dash if it is None."""
    if figure is None:
        return NO_FIGURE
    number = reader.decimal(figure, places_for(figure, objective))
    unit = unit_in_words(str(objective.get("unit") or ""))
    return f"{number}\N{NO-BREAK SPACE}{unit}" if unit else number


def so_far(reader: Reader, window: Mapping[str, Any] | None) -> str:
    """Return the words ``so far`` beside a figure of a period that is not over; empty for any other figure.

    The figure of a rolling window such as ``last 28 days`` always covers the window's whole length, so it gets no
    words.
    """
    if not window or window.get("closed_at") is not None or not window.get("figure"):
        return ""
    if str(window.get("window_id") or "").startswith("P"):
        return ""
    end = instants.read(window.get("end_at"))
    return reader.gettext("so far") if end is None or end > reader.now else ""


def known_part(reader: Reader, figures: Mapping[str, Any] | None, figure: str | None) -> str:
    """Return how much of a period its figure comes from, such as ``only 12.4 % known``.

    ``figures`` is the ``detail`` of a window, or the ``sums`` of an explanation. The percentage is rounded down, so
    that nothing incomplete reads as complete. The text is empty without a ``figure``, if all is known, and for a kind
    of figure that has no coverage.
    """
    percent = exact((figures or {}).get("coverage_percent"))
    if not figure or percent is None or percent >= WHOLE:
        return ""
    tenths = int(percent * 10)
    if not tenths and percent:
        return reader.gettext("less than %(percent)s %% known", percent=reader.decimal(Fraction(1, 10), 1))
    shown = reader.decimal(Fraction(tenths, 10), 1 if tenths % 10 else 0)
    return reader.gettext("only %(percent)s %% known", percent=shown)


def beside_figure(reader: Reader, window: Mapping[str, Any] | None) -> str:
    """Return what qualifies a figure, to be shown beside it: ``so far, only 12.4 % known``; empty if nothing does."""
    window = window or {}
    known = known_part(reader, window.get("detail"), window.get("figure"))
    return ", ".join(text for text in (so_far(reader, window), known) if text)


def explain_path(target_id: str, window: Mapping[str, Any] | None) -> str:
    """Return the path of the page that shows how a figure is worked out.

    An open window is explained as of the instant of its figure.
    """
    query = {}
    if window:
        query["period"] = window["window_id"]
        if window["closed_at"] is None and window.get("as_of"):
            query["as_of"] = window["as_of"]
    return f"/targets/{target_id}/worked-out{'?' if query else ''}{urlencode(query)}"


def unit_in_words(unit: str) -> str:
    """Return the symbol of a unit: ``percent`` → ``%``, empty for ``count`` and ``ratio``. Any other unit stays."""
    return {"percent": "%", "count": "", "ratio": ""}.get(unit, unit)


def period_name(reader: Reader, window_id: str) -> str:
    """Return a window's id in words: ``2026-11`` → ``November 2026``, ``P28D`` → ``last 28 days``,
    ``election-night/2026-11-03`` → ``election-night, 3 Nov 2026``.
    """
    if re.fullmatch(r"\d{4}-\d{2}", window_id):
        return format_date(_day(f"{window_id}-01"), "LLLL y", locale=reader.locale)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", window_id):
        return format_date(_day(window_id), "d MMM y", locale=reader.locale)
    if re.fullmatch(r"\d{4}", window_id):
        return window_id
    if found := re.fullmatch(r"(\d{4})-Q([1-4])", window_id):
        return reader.gettext("quarter %(number)s of %(year)s", number=found[2], year=found[1])
    if found := re.fullmatch(r"(\d{4})-W(\d{2})", window_id):
        return reader.gettext("week %(number)s of %(year)s", number=str(int(found[2])), year=found[1])
    if window_id.startswith("P"):
        return reader.gettext("last %(length)s", length=durations.in_words(reader, window_id))
    start, _, length = window_id.partition("/")
    if length.startswith("P") and (found := re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:T(\d\d:\d\d))?", start)):
        day = format_date(_day(found[1]), "d MMM y", locale=reader.locale)
        if found[2]:
            day = reader.gettext("%(day)s at %(time)s", day=day, time=found[2])
        return reader.gettext("%(length)s from %(day)s", length=durations.in_words(reader, length), day=day)
    if found := re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:T(\d\d:\d\d))?(?:\.v\d+)?", length):
        day = format_date(_day(found[1]), "d MMM y", locale=reader.locale)
        return f"{start}, {day}" + (f" {found[2]}" if found[2] else "")
    return length or window_id


def short_month(reader: Reader, month: str) -> str:
    """Return the short name of a month: ``2026-11`` → ``Nov``."""
    return format_date(_day(f"{month}-01"), "LLL", locale=reader.locale)


def _day(text: str) -> Any:
    return at(from_text(f"{text}T00:00:00Z")).date()
