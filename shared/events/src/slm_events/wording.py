"""Words for people, made from the codes and numbers in events: durations, windows, causes of warnings, counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_DURATION = re.compile(
    r"(?<![\w-])(?P<sign>[+-]?)P(?=[\dT])(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?"
    r"(?:(?P<days>\d+)D)?(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?(?!\w)"
)
_UNITS = {"days": "d", "hours": "h", "minutes": "min", "seconds": "s"}
_LONG = ("years", "months", "weeks")
_PAIR = re.compile(r"(?P<long>[^/@]+)/(?P<short>[^/@]+)@(?P<factor>.+)")


def count_in_words(number: int, thing: str, things: str | None = None) -> str:
    """Return a number and its noun, such as ``1 agreement`` or ``1,283 tickets``.

    ``things`` is the plural if it is irregular; by default an s is added to ``thing``.
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def duration_in_words(text: str) -> str:
    """Return an ISO 8601 duration in words: ``PT4H`` → ``4 h``, ``P1M`` → ``1 month``. Other text is unchanged."""
    match = _DURATION.fullmatch(text)
    return text if match is None else _said(match)


def write_durations_in_words(text: str) -> str:
    """Return the text with every ISO 8601 duration in it replaced by words."""
    return _DURATION.sub(_said, text)


def _said(match: re.Match[str]) -> str:
    words = [count_in_words(int(match[name]), name[:-1]) for name in _LONG if match[name]]
    words += [f"{match[name]} {unit}" for name, unit in _UNITS.items() if match[name]]
    return match["sign"].replace("+", "") + " ".join(words)


def window_in_words(window_id: str) -> str:
    """Return a window id in words: ``PT1H`` → ``rolling 1 h``, ``2026-11-15/P1M`` → ``1 month from 2026-11-15``.

    Other ids are unchanged.
    """
    if _DURATION.fullmatch(window_id):
        return f"rolling {duration_in_words(window_id)}"
    start, _, length = window_id.partition("/")
    return f"{duration_in_words(length)} from {start}" if _DURATION.fullmatch(length) else window_id


def deadline_in_words(within: Mapping[str, Any]) -> str:
    """Return the deadline of an objective in words, such as ``within 4 h of service time``. ``within`` is a
    duration's document.
    """
    for measure, amount in within.items():
        if measure == "due_at":
            return f"by the instant in its field {amount}"
        if measure == "business_days_end":
            return f"by close of business, {count_in_words(int(amount), 'business day')} later"
        if measure == "business_days":
            return f"within {count_in_words(int(amount), 'business day')}"
        # By the calendar an hour is an hour: only service time needs a word.
        measured = " of service time" if measure == "service_time" else ""
        return f"within {duration_in_words(str(amount))}{measured}"
    return "–"


def warning_in_words(cause: str, threshold: str) -> str:
    """Return in words why a target is at risk, such as ``50 % of the budget used``."""
    if cause == "budget_consumed":
        return f"{threshold} % of the budget used"
    if cause == "elapsed":
        return f"{threshold} % of the time used"
    if cause == "burn_rate" and (pair := _PAIR.fullmatch(threshold)):
        over = f"over {duration_in_words(pair['long'])} and {duration_in_words(pair['short'])}"
        return f"budget burning more than {pair['factor']} times too fast {over}"
    if cause == "budget_drop" and "/" in threshold:
        share, _, within = threshold.partition("/")
        return f"{share} % of the budget used within {duration_in_words(within)}"
    if cause == "time_to_exhaustion":
        return f"budget used up in less than {duration_in_words(threshold)}"
    if cause == "below_objective":
        return "figure to date misses the objective"
    if cause == "projection":
        return "breach expected before the window ends"
    return write_durations_in_words(f"{cause.replace('_', ' ')} {threshold}".strip())
