"""Words on the report's page that its JSON does not contain: periods, hours, and the distance to the objective."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from slm_events import wording
from slm_report.domain import figures

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_QUARTER = re.compile(r"(\d{4})-Q(\d)")


def period_in_words(period_id: str) -> str:
    """Return a period in words: ``2026-11`` → ``November 2026``, ``2026-W47`` → ``week 47 of 2026``."""
    if found := _MONTH.fullmatch(period_id):
        return f"{date(int(found[1]), int(found[2]), 1):%B %Y}"
    if found := _WEEK.fullmatch(period_id):
        return f"week {int(found[2])} of {found[1]}"
    if found := _QUARTER.fullmatch(period_id):
        return f"quarter {found[2]} of {found[1]}"
    return wording.window_in_words(period_id)


def hours_in_words(service_hours: str) -> str:
    """Return the name of service hours in words: ``24x7`` → ``round the clock``. Any other name is unchanged."""
    return "round the clock" if service_hours == "24x7" else service_hours


def city_in_words(timezone: str) -> str:
    """Return the city of a time zone: ``Europe/Zurich`` → ``Zurich``."""
    return timezone.rpartition("/")[2].replace("_", " ")


def known_part(coverage_percent: str | None) -> str:
    """Return how much of a window its figure comes from, such as ``only 12.4 % known``.

    The percentage is rounded down, so that nothing incomplete reads as complete. The text is empty if all is known, and
    for a figure without coverage.
    """
    percent = figures.parse_figure(coverage_percent)
    if percent is None or percent >= 100:
        return ""
    tenths = int(percent * 10)
    if not tenths and percent:
        return "less than 0.1 % known"
    return f"only {tenths // 10}{f'.{tenths % 10}' if tenths % 10 else ''} % known"


def against_what_was_agreed(line: Mapping[str, Any]) -> str:
    """Return how far a line's figure lies above or below its objective, ``–`` for lines without a number to compare."""
    variance, bound = figures.parse_figure(line["variance"]["exact"]), figures.bound_of(line["objective"])
    if variance is None or bound is None:
        return str(line["variance"]["display"])
    if variance == 0:
        return "exactly what was promised"
    is_above = (variance > 0) == (bound[0] == "at_least")
    unit = "percentage points" if line["unit"] == "percent" else figures.unit_sign(line["unit"])
    amount = str(line["variance"]["display"]).lstrip("+-\N{MINUS SIGN}")
    return f"{amount} {unit} {'above' if is_above else 'below'} what was promised".replace("  ", " ")
