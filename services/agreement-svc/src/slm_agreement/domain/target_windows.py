"""The windows and warnings a target may name, and their defaults."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.reading import Reader, decimal_text
from slm_calendar import durations
from slm_calendar.errors import CalendarError

CALENDAR_WINDOWS = ("day", "week", "month", "quarter", "year")
BUDGET_WARNINGS = ["50", "75", "90"]
_MINUTE = 60_000_000
_DAY = 24 * 60 * _MINUTE
_NOMINAL_PERIODS = {days * _DAY for days in (1, 7, 28, 30, 90, 365)}
_LONGEST_ROLLING = 90 * _DAY


def length(text: Any) -> int | None:
    """An ISO 8601 duration → microseconds; None where it is none (months and years are none: they have no length)."""
    if not isinstance(text, str):
        return None
    try:
        return durations.from_iso(text)
    except CalendarError:
        return None


def window(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    """``{"calendar": "month"}`` or ``{"rolling": "PT1H"}``, checked."""
    reader = Reader(raw, path, findings)
    if reader.has("rolling"):
        resolved = {"rolling": _rolling(reader)}
    else:
        resolved = {"calendar": reader.choice("calendar", CALENDAR_WINDOWS)}
    reader.done()
    return resolved


def _rolling(reader: Reader) -> str:
    text = reader.raw("rolling")
    microseconds = length(text)
    if microseconds is None or not _MINUTE <= microseconds <= _LONGEST_ROLLING or microseconds % _MINUTE:
        reader.fault(
            "rolling", text, "write an ISO 8601 duration of whole minutes from PT1M to P90D, like PT1H or P28D"
        )
    return str(text)


def ticket_window(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    """``{"per": "ticket"}``, the window of a clock."""
    reader = Reader({"per": "ticket"} if raw is None else raw, path, findings)
    resolved = {"per": reader.choice("per", ("ticket",))}
    reader.done()
    return resolved


def warnings(raw: Any, path: str, findings: Findings, window: dict[str, str], objective: str) -> dict[str, Any]:
    """When to warn about an indicator's target; ``raw`` absent means every default, null means never."""
    if raw is None:
        return {"budget_consumed": [], "burn_rate": None, "projected": False}
    reader = Reader(raw, path, findings)
    resolved = {
        "budget_consumed": _thresholds(reader),
        "burn_rate": _burn_rate(reader, window, objective),
        "projected": reader.flag("projected", True),
    }
    reader.done()
    return resolved


def ticket_warnings(raw: Any, path: str, findings: Findings) -> dict[str, Any]:
    """When to warn about a ticket's clock: at shares of the duration; ``raw`` null means never."""
    if raw is None:
        return {"budget_consumed": [], "burn_rate": None, "projected": False}
    reader = Reader(raw, path, findings)
    resolved = {"budget_consumed": _thresholds(reader), "burn_rate": None, "projected": False}
    for name in ("burn_rate", "projected"):
        if reader.raw(name):
            reader.fault(name, raw[name], "leave it out: a ticket's clock warns at shares of its duration")
    reader.done()
    return resolved


def _thresholds(reader: Reader) -> list[str]:
    raw = reader.raw("budget_consumed", BUDGET_WARNINGS)
    texts = [decimal_text(value) for value in raw] if isinstance(raw, list) else [None]
    shares = [text for text in texts if text is not None and 0 < Decimal(text) <= 100]
    if len(shares) < len(texts) or shares != sorted(set(shares), key=Decimal):
        reader.fault(
            "budget_consumed", raw, 'write percents in rising order, above 0 and up to 100, like ["50", "75", "90"]'
        )
    return shares


def _burn_rate(reader: Reader, window: dict[str, str], objective: str) -> Any:
    nominal = "calendar" in window or length(window.get("rolling")) in _NOMINAL_PERIODS
    raw = reader.explicit("burn_rate", "default" if nominal else None)
    if raw == "default" and not nominal:
        reader.fault(
            "burn_rate", raw, f"default pairs exist for periods of 1, 7, 28, 30, 90 and 365 days; {_OWN_PAIRS}"
        )
    if raw is None or raw == "default":
        return raw
    if not isinstance(raw, list):
        reader.fault("burn_rate", raw, f'write "default", null or pairs; {_OWN_PAIRS}')
        return None
    path = reader.at("burn_rate")
    return [_pair(item, f"{path}[{index}]", reader.findings, objective) for index, item in enumerate(raw)]


_OWN_PAIRS = 'write your own like [{"long": "PT10M", "short": "PT1M", "factor": "3"}]'


def _pair(raw: Any, path: str, findings: Findings, objective: str) -> dict[str, str]:
    reader = Reader(raw, path, findings)
    long, short = reader.raw("long"), reader.raw("short")
    factor = reader.decimal("factor")
    for name, value in (("long", long), ("short", short)):
        microseconds = length(value)
        if not microseconds or microseconds < 0 or microseconds % _MINUTE:
            reader.fault(name, value, "write an ISO 8601 duration of whole minutes, like PT1H")
    if (length(short) or 0) >= (length(long) or 1):
        reader.fault("short", short, f"write a window shorter than the long one, {long}")
    highest = _highest_burn_rate(objective)
    if highest is not None and Fraction(factor) >= highest:
        remedy = (
            f"this pair can never fire: if everything fails the burn rate is {_shown(highest)}; write a lower factor"
        )
        reader.fault("factor", factor, remedy)
    if Fraction(factor) <= 0:
        reader.fault("factor", factor, "write a number above 0")
    reader.done()
    return {"long": str(long), "short": str(short), "factor": factor}


def _highest_burn_rate(objective: str) -> Fraction | None:
    """The burn rate at which everything fails: 1 ÷ (1 − objective); None where no failure is allowed at all."""
    allowed = 1 - Fraction(objective) / 100
    return 1 / allowed if allowed > 0 else None


def _shown(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"{float(number):g}"
