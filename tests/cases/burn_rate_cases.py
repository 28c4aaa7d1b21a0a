"""Cases about burn rates: factors, thresholds, exhaustion and detection, answered by the burn rate preview."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_events.instants import from_text, to_text
from tests.cases import hours, previews
from tests.cases.reading import Case, Unmapped, share_of

_DEFAULT_PERIOD = "P30D"
_NEARLY_ALL = 1 - Fraction(1, 10**9)
"""The objective of a case that names none, and does not depend on one: any burn rate can be reached."""


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    if "error" in case.expected:
        return {"error": _is_refused(case)}
    if "measurement" in case.asked:
        return _condition(case)
    found = {}
    for name in case.expected:
        answer = _ANSWERS.get(name) or next((each for words, each in _PATTERNS if re.fullmatch(words, name)), None)
        if answer is not None:
            found[name] = answer(case, name)
    return found


def period(case: Case) -> str:
    """The period of the objective."""
    asked = case.asked
    for prefix in ("slo_period", "period", "budget_period"):
        found = _in_units(asked, prefix)
        if found is not None:
            return hours.iso(found)
    for name in ("slo_period", "period", "window"):
        if name in asked and not (name == "window" and "period" in asked):
            return _iso(asked[name])
    told = re.search(r"\d %? ?/ (\d+)d\b", f"{case.described} {case.source}".replace("%", " %"))
    return f"P{told[1]}D" if told else _DEFAULT_PERIOD


_SPENT = ("error_budget_percent", "budget_percent", "budget_consumed_percent", "error_budget_consumed_percent")
_UNITS = (
    ("s", 1),
    ("seconds", 1),
    ("min", 60),
    ("minutes", 60),
    ("h", 3600),
    ("hours", 3600),
    ("d", 86_400),
    ("days", 86_400),
)


def _in_units(asked: Mapping[str, Any], prefix: str) -> Fraction | None:
    """Seconds of a length that names its unit: ``period_days``, ``long_window_min``."""
    return next(
        (Fraction(asked[f"{prefix}_{unit}"]) * size for unit, size in _UNITS if f"{prefix}_{unit}" in asked), None
    )


def _iso(length: Any) -> str:
    return durations.to_iso(hours.written_length(str(length)))


def _target(case: Case) -> Fraction:
    for name in ("target", "slo", "objective", "goal"):
        if name in case.asked:
            return share_of(case.asked[name])
    told = re.search(r"(\d+(?:\.\d+)?) ?% / \d+d", f"{case.described} {case.source}")
    return Fraction(told[1]) / 100 if told else _NEARLY_ALL


def _pair(case: Case) -> dict[str, str] | None:
    """The pair of windows that the case writes; a single window is both."""
    asked = case.asked
    lengths: dict[str, str] = {}
    for which in ("long", "short"):
        if f"{which}_window" in asked:
            lengths[which] = _iso(asked[f"{which}_window"])
        for prefix in (f"{which}_window", which, *(("window",) if which == "long" else ())):
            found = _in_units(asked, prefix)
            if found is not None and which not in lengths:
                lengths[which] = hours.iso(found)
    if "long" not in lengths:
        return None
    spent = next((asked[name] for name in _SPENT if name in asked), None)
    if spent is not None:
        return {**lengths, "budget_share": str(Fraction(spent) / 100)}
    factor = asked.get("burn_rate", asked.get("factor"))
    return None if factor is None else {**lengths, "factor": str(factor)}


def ask(case: Case, **more: Any) -> dict[str, Any]:
    """The preview's answer for the objective, period and pair of the case."""
    asked = case.asked
    pair = _pair(case)
    body: dict[str, Any] = {"objective": str(_target(case) * 100), "period": period(case)}
    rate = asked.get("burn_rate", asked.get("factor"))
    if pair is not None:
        body["pairs"] = [pair]
    elif rate is not None or _target(case) != _NEARLY_ALL:
        body["pairs"] = []
    if rate is not None:
        body["rate"] = str(rate)
    if "error_ratio" in asked:
        body["bad_share"] = str(asked["error_ratio"])
    return previews.ask("burn-rate", **{**body, **more})


def _is_refused(case: Case) -> bool:
    try:
        ask(case)
    except previews.Refused:
        return True
    return False


def _condition(case: Case) -> dict[str, Any]:
    """A preset's limit is part of the question, what it is compared by is the answer: asked at the limit and beside it.

    A budget drop is a share of the budget, a time to exhaustion a length, a burn rate itself; all follow from a rate.
    """
    measured, limit = str(case.asked["measurement"]), case.expected.get("value", case.asked.get("value"))
    length = hours.seconds(period(case))
    window = _iso(case.asked.get("alerting_window", "1h"))
    warning: dict[str, Any]
    if measured == "averageBurnRate":
        field, at = "pairs", Fraction(limit)
        warning = {"pairs": [{"long": window, "short": window, "factor": str(limit)}]}
    elif measured == "budgetDrop":
        field, at = "budget_drop", Fraction(limit) * length / hours.seconds(window)
        warning = {"budget_drop": [{"by": str(Fraction(limit) * 100), "within": window}], "pairs": []}
    elif measured == "burnedBudget":
        return {"value": limit, "op": _compared([_at_risk(Fraction(limit), beside) for beside in (99, 100, 101)])}
    elif measured in ("timeToBurnBudget", "timeToBurnEntireBudget"):
        until = _iso(limit)
        field, at = "time_to_exhaustion", length / hours.seconds(until)
        warning = {"time_to_exhaustion": [until], "pairs": []}
    else:
        raise Unmapped(f"a condition on {measured}")
    told = [ask(case, rate=str(at * beside / 100), **warning)[field][0]["warns"] for beside in (99, 100, 101)]
    # Of a faster rate the budget is gone sooner.
    return {"value": limit, "op": _compared(told, falling=field == "time_to_exhaustion")}


def _compared(told: Sequence[bool], falling: bool = False) -> str | None:
    """The comparison operator that fits warnings observed just below a limit, at it, and just above it."""
    beyond, from_it_on = ("lt", "lte") if falling else ("gt", "gte")
    return {(False, False, True): beyond, (False, True, True): from_it_on}.get((told[0], told[1], told[2]))


def _at_risk(share: Fraction, beside: int) -> bool:
    """Whether a target warns while so much of its budget is spent: downtime of 1,000 hours of which one may be lost."""
    start = from_text("2024-01-01T00:00:00Z")
    down = share * beside / 100 * 3600 * hours.SECOND
    outage = {"from": to_text(start), "to": to_text(start + int(down))}
    terms = {
        "aggregation": "availability",
        "objective": {"at_least": "99.9", "unit": "percent"},
        "warn_at": {"budget_consumed": [str(share * 100)], "burn_rate": None, "projected": False},
    }
    answer = previews.ask(
        "window",
        terms=terms,
        facts=[{"outage": outage}],
        initial_state="up",
        window={"from": to_text(start), "to": to_text(start + 1000 * hours.HOUR)},
        as_of=to_text(start + 10 * hours.HOUR),
    )
    return answer["verdict"] in ("at_risk", "breached")


def _of_pair(field: str) -> Callable[[Case, str], Any]:
    def answer(case: Case, name: str) -> Fraction:
        pairs = ask(case)["pairs"]
        if not pairs or field not in pairs[0]:
            raise Unmapped("a pair of windows that is not written")
        return Fraction(pairs[0][field])

    return answer


def _threshold(case: Case, name: str) -> Fraction:
    """The factor that the case asks for by a spent share of the budget; else the factor of the default pair whose long
    window the case names.
    """
    if any(spent in case.asked for spent in _SPENT):
        return Fraction(_of_pair("factor")(case, name))
    wanted = _iso(case.asked["window"])
    found = [pair for pair in ask(case)["pairs"] if pair["long"] == wanted]
    if not found:
        raise Unmapped(f"no default pair with a window of {wanted}")
    return Fraction(found[0]["factor"])


def _rate(case: Case) -> Mapping[str, Any]:
    told: Mapping[str, Any] | None = ask(case, pairs=[])["rate"]
    if told is None:
        raise Unmapped("no burn rate is named")
    return told


def _exhausted(case: Case) -> Fraction:
    return hours.seconds(_rate(case)["exhausted_after"])


def _exhaustion(case: Case, name: str) -> str:
    return _worded(case.expected[name], str(_rate(case)["exhausted_after"]))


def _worded(theirs: Any, ours: str) -> str:
    """The value as the case writes it, so that durations are equal in any notation."""
    return str(theirs) if hours.seconds(_iso(theirs)) == hours.seconds(ours) else ours


def _short(case: Case, name: str) -> Any:
    """The short window of a pair that names only its long one."""
    pair = {"long": "PT1H", "factor": "1", **(_pair(case) or {})}
    for given in ("long_window", "window"):
        if given in case.asked:
            pair["long"] = _iso(case.asked[given])
    short = str(ask(case, pairs=[pair])["pairs"][0]["short"])
    return hours.seconds(short) / 60 if name.endswith("min") else _worded(case.expected[name], short)


def _detected(case: Case) -> Fraction | None:
    after = ask(case)["pairs"][0]["detected_after"]
    return None if after is None else hours.seconds(after)


def _absent_minutes(case: Case, name: str) -> int | None:
    """Detection by the fastest pair, then the source's own wait, to the nearest minute as the source rounds it."""
    detected = _detected(case)
    return None if detected is None else int(detected / 60 + Fraction(case.asked["for_min"]) + Fraction(1, 2))


def _can_fire(case: Case, name: str) -> bool:
    factor = re.sub(r"alert_(.+)_can_fire", r"\1", name).replace("_", ".")
    return bool(ask(case, pairs=[], rate=factor)["rate"]["can_fire"])


def _highest(case: Case, name: str) -> Fraction | None:
    highest = ask(case)["highest_burn_rate"]
    return None if highest is None else Fraction(highest)


def _least_objective(case: Case, name: str) -> Fraction:
    return Fraction(_rate(case)["lowest_objective"])


_ANSWERS: dict[str, Callable[[Case, str], Any]] = {
    "burn_rate_factor": _of_pair("factor"),
    "threshold": _threshold,
    "error_budget_consumed_percent": lambda case, name: _of_pair("budget_spent")(case, name) * 100,
    "short_over_long": _of_pair("short_over_long"),
    "error_rate_percent": lambda case, name: Fraction(_rate(case)["threshold"]) * 100,
    "error_rate": lambda case, name: Fraction(_rate(case)["threshold"]),
    "time_to_exhaustion_minutes": lambda case, name: _exhausted(case) / 60,
    "time_to_exhaustion_hours": lambda case, name: _exhausted(case) / 3600,
    "minutes": lambda case, name: _exhausted(case) / 60,
    "hours": lambda case, name: _exhausted(case) / 3600,
    "days": lambda case, name: _exhausted(case) / 86_400,
    "short_window": _short,
    "short_window_min": _short,
    "burn_rate": _of_pair("factor"),
    "exhaustion": _exhaustion,
    "detection_seconds": lambda case, name: _detected(case),
    "absent_for_min": _absent_minutes,
    "max_burn_rate": _highest,
    "min_target": _least_objective,
}
_PATTERNS = ((r"alert_.+_can_fire", _can_fire),)
