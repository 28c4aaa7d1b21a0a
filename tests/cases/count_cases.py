"""Counts of good and bad: ratios, error budgets, time slices, composites and scores, asked of the window preview."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from slm_events.instants import from_text, to_text
from tests.cases import hours, previews
from tests.cases.reading import Case, Unmapped

_START, _NEXT = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"
_PERIOD = 30 * 86_400


def answers(case: Case) -> dict[str, Any]:
    """Our answer to each expected field that we can ask for."""
    asked = case.asked
    if "components" in asked or "values" in asked or "results" in asked:
        return _composite(case)
    if case.group == "timeslices":
        return _slices(case)
    if "windows" in asked:
        return _averaged(asked["windows"])
    if "failed_1h" in asked:
        return _weighted(asked)
    if "previous" in asked or "criteria" in asked:
        return _relative(case)
    return _counted(case)


def window(
    objective: Fraction, facts: Sequence[Mapping[str, Any]], length: Any = _PERIOD, **more: Any
) -> dict[str, Any]:
    """A window of so many seconds with these facts, judged as a ratio unless ``terms`` says otherwise."""
    end = to_text(from_text(_START) + int(length) * hours.SECOND)
    terms = {"aggregation": "ratio", "objective": {"at_least": str(objective * 100), "unit": "percent"}}
    terms |= more.pop("terms", {})
    dated = [{"at": _START, **fact} for fact in facts]
    return previews.ask("window", terms=terms, facts=dated, **{"window": {"from": _START, "to": end}, **more})


def _target(case: Case) -> Fraction:
    """The objective: the case's own, or the one that its source says once for all of its cases."""
    for name in ("target", "goal"):
        if name in case.asked:
            return Fraction(case.asked[name])
    told = re.search(r"goal (0\.\d+)", case.source)
    return Fraction(told[1]) if told else Fraction(999, 1000)


def _facts(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One count of good and bad. Of a share alone the counts are those of its written digits."""
    share = asked.get("sli", asked.get("sli_reported", asked))
    if share is not asked:
        if share is None:
            return [{"good": None, "total": 1}]
        exact = Fraction(share)
        return [{"good": exact.numerator, "total": exact.denominator}]
    bad = asked.get("bad", asked.get("errors"))
    total = asked.get("total", asked.get("max_points"))
    if total is None and "good" in asked:
        total = asked["good"] + bad if isinstance(bad, int) and isinstance(asked["good"], int) else bad
    if bad is None and "good" not in asked and "points" not in asked:
        bad = 0
    good = asked.get("good", asked.get("points"))
    return [{"good": good, "total": total} if good is not None else {"bad": bad, "total": total}]


def _counted(case: Case) -> dict[str, Any]:
    asked, target = case.asked, _target(case)
    length = asked.get("window_s") or _told_seconds(case) or _PERIOD
    try:
        answer = window(target, _facts(asked), length)
    except previews.Refused:
        return {"valid": False}
    budget, figure = answer["budget"], answer["figure"]
    whole = Fraction(budget["whole"])
    common = {"valid": True, "shown": figure is not None, "allowed_bad": whole}
    if figure is None:
        return common
    share, burn = Fraction(figure), Fraction(answer["burn_rate"])
    threshold = asked.get("threshold") or _told_threshold(case)
    minutes = Fraction(length) / 60
    return common | {
        "sli": share,
        "availability": share,
        "score_percent": share * 100,
        "gap": share - target,
        "budget_remaining": Fraction(budget["left"]) / whole,
        "error_budget_target": 1 - target,
        "error_budget_measurement": 1 - share,
        "burn_rate": burn,
        "error_budget_minutes": (1 - target) * minutes,
        "error_minutes": (1 - share) * minutes,
        "error_budget_remaining_minutes": (share - target) * minutes,
        **({} if threshold is None else {"alert": burn > Fraction(threshold)}),
        **{
            name: burn > int(name.rsplit("_", 1)[1]) for name in case.expected if name.startswith("alert_at_threshold_")
        },
    }


def _told_seconds(case: Case) -> int | None:
    told = re.search(r"window (\d+) s\b", case.source)
    return int(told[1]) if told else None


def _told_threshold(case: Case) -> str | None:
    told = re.search(r"threshold (\d+(?:\.\d+)?)", case.source)
    return told[1] if told else None


def _length(text: str) -> int:
    return int(hours.seconds(hours.shorthand(text)))


def _slices(case: Case) -> dict[str, Any]:
    asked, target = case.asked, _target(case)
    if "elapsed_slices" in asked:
        return _sliced(asked, target)
    if "slice" not in asked:
        return _counted(case)
    period, width = _length(str(asked.get("period", asked.get("window")))), _length(str(asked["slice"]))
    answer = window(target, [], period, terms={"aggregation": {"time_slices": {"width": hours.iso(width)}}})
    minutes = Fraction(answer["budget"]["whole"]) * width / 60
    return {
        "total_slices": answer["derivation"]["sums"]["scheduled"],
        "budget_minutes": minutes,
        "budget_text": f"{int(minutes)} minutes {float(minutes % 1 * 60):g} seconds",
    }


def _sliced(asked: Mapping[str, Any], target: Fraction) -> dict[str, Any]:
    """So many slices that are over: of all of a calendar window if their number is given, else of a rolling one."""
    whole, over = asked.get("total_slices"), asked["elapsed_slices"]
    width = 300
    start = from_text(_START)
    facts = [
        {"at": to_text(start + n * width * hours.SECOND), "good": 0 if n < asked["bad_slices"] else 1, "total": 1}
        for n in range(over)
    ]
    kind = {"calendar": "week"} if whole else {"rolling": "P7D"}
    terms = {"aggregation": {"time_slices": {"width": hours.iso(width)}}, "window": kind}
    as_of = to_text(start + over * width * hours.SECOND)
    answer = window(target, facts, (whole or over) * width, terms=terms, as_of=as_of)
    consumed = Fraction(answer["budget"]["consumed_share"])
    return {
        # Of the same slices as the budget: all that are scheduled, or those judged.
        "error_rate": consumed * (1 - target),
        "error_budget_consumed": consumed,
        "remaining_ratio": 1 - consumed,
    }


def _averaged(windows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Events summed, beside a mean of ratios, which our time slices have for those who want it."""
    start = from_text(_START)
    facts = [
        {"at": to_text(start + n * 300 * hours.SECOND), "bad": each["errors"], "total": each["total"]}
        for n, each in enumerate(windows)
    ]
    objective = Fraction(999, 1000)
    summed = window(objective, facts, 300 * len(facts))
    terms = {"aggregation": {"time_slices": {"width": "PT5M", "budget": "ratio"}}}
    averaged = window(objective, facts, 300 * len(facts), terms=terms)
    return {
        "true_error_ratio": 1 - Fraction(summed["figure"]),
        "sloth_optimised_error_ratio": 1 - Fraction(averaged["figure"]),
    }


def _weighted(asked: Mapping[str, Any]) -> dict[str, Any]:
    """An hour of little traffic against the month's events: what it takes of a budget counted in events."""
    length = _PERIOD
    allowed = Fraction(asked["max_error_hours"] * 3600, length)
    hour = window(1 - allowed, [{"bad": asked["failed_1h"], "total": asked["total_1h"]}], 3600)
    month = window(1 - allowed, [{"bad": asked["failed_1h"], "total": asked["requests_30d"]}], length)
    ratio = 1 - Fraction(hour["figure"])
    corrected = Fraction(month["budget"]["consumed_share"])
    corrected_ratio = corrected * asked["max_error_hours"]
    return {
        "avg_per_hour": Fraction(month["derivation"]["sums"]["total"]) * 3600 / length,
        "error_ratio": ratio,
        "uncorrected_burn": ratio / asked["max_error_hours"],
        "corrected_burn": corrected,
        "corrected_ratio": corrected_ratio,
        "correction_factor": corrected_ratio / ratio,
    }


def _relative(case: Case) -> dict[str, Any]:
    """Criteria relative to the run before as the objectives that follow from it: a value has to meet all of them."""
    previous, limits = Fraction(case.asked["previous"]), []
    for criterion in case.asked["criteria"]:
        told = re.fullmatch(r"(<=?)([+-]?\d+(?:\.\d+)?)(%?)", str(criterion).replace(" ", ""))
        if told is None:
            raise Unmapped(f"a criterion {criterion!r}")
        share = told[3] == "%"
        limits.append((previous * (1 + Fraction(told[2]) / 100) if share else Fraction(told[2]), told[1] == "<", share))
    found: dict[str, Any] = {"upper_limit": next(limit for limit, _, relative in limits if relative)}
    for name in case.expected:
        if name.startswith("pass_"):
            value = Fraction(name.removeprefix("pass_").replace("_", "."))
            if any(strict and value == limit for limit, strict, _ in limits):
                raise Unmapped("a limit that must not be reached: ours may")
            found[name] = all(_is_kept(value, limit) for limit, _, _ in limits)
    return found


def _is_kept(value: Fraction, limit: Fraction) -> bool:
    """Whether a value meets "at most", asked of the share of values within it."""
    aggregation = {"share_at_most": str(Decimal(limit.numerator) / Decimal(limit.denominator))}
    terms = {"aggregation": aggregation, "objective": {"at_least": "100", "unit": "percent"}}
    facts = [{"at": _START, "value": float(value)}]
    answer = previews.ask("window", terms=terms, facts=facts, window={"from": _START, "to": _NEXT})
    return bool(answer["verdict"] == "met")


_POINTS = {"pass": Fraction(1), "warning": Fraction(1, 2), "fail": Fraction(0)}


def _composite(case: Case) -> dict[str, Any]:
    asked = case.asked
    if "results" in asked:
        shares = [_POINTS[result] for result, _ in asked["results"]]
        weights = [Fraction(weight) for _, weight in asked["results"]]
        mean = _joined(shares, weights, "weighted_mean")[0]
        return {"points": mean * sum(weights), "max": sum(weights), "score_percent": mean * 100}
    written = asked.get("components", asked.get("values"))
    scale = 100 if any(Fraction(value) > 1 for value in written) else 1
    rule = "missing_sum" if case.described_as("missing part") else "weighted_mean"
    shares = [Fraction(value) / scale for value in written]
    figure, shown = _joined(shares, [Fraction(weight) for weight in asked["weights"]], rule)
    return {"composite": figure * scale, "shown": f"{shown}%"}


def _joined(shares: Sequence[Fraction], weights: Sequence[Fraction], rule: str) -> tuple[Fraction, str]:
    ratio = {"aggregation": "ratio", "objective": {"at_least": "99", "unit": "percent"}}
    members = [
        {"terms": ratio, "facts": [{"at": _START, "good": share.numerator, "total": share.denominator}],
         "weight": str(weight)}
        for share, weight in zip(shares, weights, strict=True)
    ]  # fmt: skip
    aggregation = {"composite": {"of": "figures", "rule": rule}}
    answer = window(Fraction(99, 100), [], terms={"aggregation": aggregation}, members=members)
    return Fraction(answer["figure"]), str(answer["figure_display"])
