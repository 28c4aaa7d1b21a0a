"""The warnings of a target before it is breached, and their defaults."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from fractions import Fraction
from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms.reading import FieldReader, decimal_text
from slm_agreement.domain.terms.target_windows import DAY, MINUTE, parse_duration
from slm_calendar import durations

SHARES = ["50", "75", "90"]
NOMINAL = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY, "quarter": 90 * DAY, "year": 365 * DAY}
"""Calendar window → its nominal length in microseconds, by which burn rates are computed."""
_NOMINAL_PERIODS = {days * DAY for days in (1, 7, 28, 30, 90, 365)}
_NEVER: dict[str, Any] = {
    "budget_consumed": [],
    "burn_rate": None,
    "projected": False,
    "budget_drop": [],
    "time_to_exhaustion": [],
    "min_events": 0,
}
OF_ROLLING = frozenset({"budget_consumed", "burn_rate", "budget_drop", "min_events"})
"""The warnings that are possible with a rolling window."""
OF_BUDGETS = frozenset({"budget_consumed", "burn_rate", "budget_drop", "time_to_exhaustion"})
"""The warnings about an error budget. A projected figure is not among them: it is compared with the objective."""
_OWN_PAIRS = 'write your own like [{"long": "PT10M", "short": "PT1M", "factor": "3"}]'


def read_figure_warnings(
    reader: FieldReader, knows: Collection[str], window: dict[str, str], allowed: Fraction | None, *, has_budget: bool
) -> dict[str, Any]:
    """Read the warnings of a figure target. If ``warn_at`` is missing, all defaults apply; null means no warnings.

    ``knows`` are the warnings that the target may have. ``allowed`` is the share of time or events that may be bad;
    None if the objective is not in percent. A target without an error budget gets no default warnings about a budget,
    and warnings about a budget that the author wrote are errors.
    """
    raw = reader.explicit("warn_at", {})
    if raw is None:
        return dict(_NEVER)
    inner = FieldReader(raw, reader.at("warn_at"), reader.findings)
    resolved = dict(_NEVER)
    if allowed == 0:
        _refuse_of_no_budget(inner)
        knows = frozenset(knows) - OF_BUDGETS
    for name in _NEVER:
        if not has_budget and name in OF_BUDGETS and name in knows:
            if inner.raw(name):
                inner.fault(name, inner.raw(name), "leave it out: an objective that allows nothing bad has no budget")
        elif name in knows:
            resolved[name] = _READ[name](inner, window, allowed or Fraction(0))
        elif inner.raw(name):
            others = f"; it has {', '.join(each for each in _NEVER if each in knows)}" if knows else ""
            inner.fault(name, inner.raw(name), f"leave it out: such a target does not have this warning{others}")
    inner.done()
    return resolved


def _refuse_of_no_budget(inner: FieldReader) -> None:
    """Add a finding for each warning about the error budget, because an objective of 100 percent leaves none.

    Null and [] are accepted.
    """
    for name in sorted(OF_BUDGETS):
        if inner.raw(name):
            remedy = "leave it out: an objective of 100 percent has no budget, its first bad event is the breach"
            inner.fault(name, inner.raw(name), remedy)


def read_warn_again_after(reader: FieldReader, window: dict[str, str]) -> str:
    """Read ``warn_again_after`` and return it as an ISO 8601 duration.

    A warning that returns within this time after it was cleared counts as the same warning. The default is an hour, or
    the length of the window if that is shorter. The longest allowed value is the length of the window.
    """
    longest = NOMINAL.get(window.get("calendar", "")) or parse_duration(window.get("rolling"))
    default = "PT1H" if longest is None or longest >= 60 * MINUTE else window["rolling"]
    text = reader.raw("warn_again_after", default)
    given = parse_duration(text)
    if given is None or given < 0 or (longest is not None and given > longest):
        remedy = "write an ISO 8601 duration, at most the window's length, like PT1H"
        reader.fault("warn_again_after", text, remedy)
        return default
    return str(text)


def read_clock_warnings(reader: FieldReader) -> dict[str, list[str]] | None:
    """Read the warnings of a clock target, such as ``{"elapsed": ["50", "75", "90"]}``; null means no warnings.

    The numbers are percents of the clock's duration.
    """
    raw = reader.explicit("warn_at", {})
    if raw is None:
        return None
    inner = FieldReader(raw, reader.at("warn_at"), reader.findings)
    # An older form of the terms calls the same shares budget_consumed.
    name = "budget_consumed" if inner.has("budget_consumed") and not inner.has("elapsed") else "elapsed"
    resolved = {"elapsed": _shares(inner, name)}
    for other in ("elapsed", *_NEVER):
        if other != name and inner.raw(other):
            inner.fault(other, inner.raw(other), "leave it out: a ticket's clock warns at shares of its duration")
    inner.done()
    return resolved


def _shares(reader: FieldReader, name: str) -> list[str]:
    raw = reader.raw(name, SHARES)
    texts = [decimal_text(value) for value in raw] if isinstance(raw, list) else [None]
    shares = [text for text in texts if text is not None and 0 < Decimal(text) <= 100]
    if len(shares) < len(texts) or shares != sorted(set(shares), key=Decimal):
        reader.fault(name, raw, 'write percents in rising order, above 0 and up to 100, like ["50", "75", "90"]')
    return shares


def _burn_rate(reader: FieldReader, window: dict[str, str], allowed: Fraction) -> Any:
    period = NOMINAL.get(window.get("calendar", "")) or parse_duration(window.get("rolling")) or 0
    nominal = period in _NOMINAL_PERIODS
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
    return [_pair(item, f"{path}[{index}]", reader.findings, allowed, period) for index, item in enumerate(raw)]


def _pair(raw: Any, path: str, findings: Findings, allowed: Fraction, period: int) -> dict[str, str]:
    reader = FieldReader(raw, path, findings)
    long = _minutes(reader, "long")
    short = _short(reader, long)
    if (parse_duration(short) or 0) >= (parse_duration(long) or 1):
        reader.fault("short", short, f"write a window shorter than the long one, {long}")
    factor = _factor(reader, parse_duration(long) or 0, period)
    if burn_rate_never_fires(Fraction(factor), allowed):
        remedy = (
            f"this pair can never fire: if everything fails the burn rate is 1 ÷ {_number_text(allowed)} = "
            f"{_number_text(1 / allowed)}; write a lower factor"
        )
        reader.fault("factor", factor, remedy)
    if Fraction(factor) <= 0:
        reader.fault("factor", factor, "write a number above 0")
    reader.done()
    return {"long": long, "short": short, "factor": factor}


def burn_rate_never_fires(factor: Fraction, allowed: Fraction) -> bool:
    """Return whether a burn rate can never exceed ``factor``.

    ``allowed`` is the share that may be bad. If everything is bad, the rate is 1 ÷ ``allowed``, its highest value.
    """
    return factor * allowed >= 1


def _short(reader: FieldReader, long: str) -> str:
    """Read the short window of a pair of burn-rate windows. Its default is a twelfth of the long window."""
    twelfth, rest = divmod(parse_duration(long) or 0, 12)
    if reader.raw("short") is None and twelfth > 0 and not rest and not twelfth % MINUTE:
        return durations.to_iso(twelfth)
    return _minutes(reader, "short")


def _minutes(reader: FieldReader, name: str) -> str:
    """Read a duration of whole minutes."""
    text = reader.raw(name)
    microseconds = parse_duration(text)
    if microseconds is None or microseconds <= 0 or microseconds % MINUTE:
        reader.fault(name, text, "write an ISO 8601 duration of whole minutes, like PT1H")
    return str(text)


def _factor(reader: FieldReader, long: int, period: int) -> str:
    """Read the factor of a pair of burn-rate windows. If only ``budget_share`` is written, compute the factor from it.

    ``budget_share`` is the share of the error budget that may be spent in the long window.
    """
    if reader.has("factor") or not reader.has("budget_share"):
        reader.raw("budget_share")
        return reader.decimal("factor")
    reader.raw("factor")
    share = reader.decimal("budget_share", most="1")
    factor = Fraction(share) * period / long if long > 0 else Fraction(0)
    text = decimal_text(str(Decimal(factor.numerator) / Decimal(factor.denominator)))
    if text is None or Fraction(text) != factor:
        remedy = f"write the factor instead: {share} of the budget of this period is no finite decimal"
        reader.fault("budget_share", share, remedy)
        return "1"
    return text


def _drops(reader: FieldReader) -> list[dict[str, str]]:
    """Read ``[{"by": "10", "within": "PT1H"}]``: warn if 10 percent of the error budget is spent within an hour."""
    raw = reader.raw("budget_drop", [])
    if not isinstance(raw, list):
        reader.fault("budget_drop", raw, 'write a list like [{"by": "10", "within": "PT1H"}]')
        return []
    drops = []
    for index, item in enumerate(raw):
        drop = FieldReader(item, f"{reader.at('budget_drop')}[{index}]", reader.findings)
        by = drop.decimal("by")
        if Decimal(by) == 0:
            drop.fault("by", by, "write a percent of the budget above 0")
        drops.append({"by": by, "within": _minutes(drop, "within")})
        drop.done()
    return drops


def _exhaustions(reader: FieldReader) -> list[str]:
    """Read ``["PT6H"]``: warn if, at the present rate, the error budget will be spent within six hours."""
    raw = reader.raw("time_to_exhaustion", [])
    texts = [raw] if isinstance(raw, str) else raw
    if not isinstance(texts, list) or not all((parse_duration(text) or 0) > 0 for text in texts):
        reader.fault("time_to_exhaustion", raw, 'write ISO 8601 durations above zero, like ["PT6H"]')
        return []
    return list(dict.fromkeys(texts))


def _least_events(reader: FieldReader) -> int:
    return reader.whole("min_events", 0, 0, 2**53 - 1, "a whole number: fewer events than these never warn")


_READ: dict[str, Callable[[FieldReader, dict[str, str], Fraction], Any]] = {
    "budget_consumed": lambda inner, window, allowed: _shares(inner, "budget_consumed"),
    "burn_rate": _burn_rate,
    "projected": lambda inner, window, allowed: inner.flag("projected", True),
    "budget_drop": lambda inner, window, allowed: _drops(inner),
    "time_to_exhaustion": lambda inner, window, allowed: _exhaustions(inner),
    "min_events": lambda inner, window, allowed: _least_events(inner),
}


def _number_text(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"{float(number):g}"
