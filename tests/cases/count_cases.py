"""Cases about counts: ratios, error budgets and time slices, answered by the window preview."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_events.instants import from_text, to_text
from tests.cases import hours, previews
from tests.cases.reading import Case, share_of
from tests.cases.sources import rules_of

START = "2024-01-01T00:00:00Z"
_PERIOD = 30 * 86_400


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    asked = case.asked
    if case.group == "timeslices":
        return _slices(case)
    if "windows" in asked:
        return _averaged(asked["windows"])
    if "failed_1h" in asked:
        return _weighted(asked)
    return _counted(case)


def window(
    objective: Fraction, facts: Sequence[Mapping[str, Any]], length: Any = _PERIOD, **more: Any
) -> dict[str, Any]:
    """A window of ``length`` seconds with these facts, judged as a ratio unless ``terms`` says otherwise."""
    end = to_text(from_text(START) + int(length) * hours.SECOND)
    terms = {"aggregation": "ratio", "objective": {"at_least": str(objective * 100), "unit": "percent"}}
    terms |= more.pop("terms", {})
    dated = [{"at": START, **fact} for fact in facts]
    return previews.ask("window", terms=terms, facts=dated, **{"window": {"from": START, "to": end}, **more})


def _target(case: Case) -> Fraction:
    """The objective: the case's own, or the one that its source says once for all of its cases."""
    for name in ("target", "goal", "objective", "slo"):
        if name in case.asked:
            return share_of(case.asked[name])
    told = re.search(r"goal (0\.\d+)", case.source)
    return Fraction(told[1]) if told else Fraction(999, 1000)


def _facts(case: Case) -> list[dict[str, Any]]:
    """One count of good and bad. Of a share alone the counts are those of its written digits."""
    asked = case.asked
    share = asked.get("sli", asked.get("sli_reported", asked))
    if "raw" in asked:
        # OpenSLO's indicators that are a share already, of what is good or of what failed.
        is_failure = "fail" in str(asked.get("raw_type", asked.get("rawType", "success")))
        share = 1 - Fraction(asked["raw"]) if is_failure else Fraction(asked["raw"])
    if share is not asked:
        if share is None:
            return [{"good": None, "total": 1}]
        exact = Fraction(share)
        return [{"good": exact.numerator, "total": exact.denominator}]
    good, bad = _count(case, "good", "points"), _count(case, "bad", "errors", "failed")
    total = _count(case, "total", "max_points", "valid")
    if total is None and good is not None:
        total = good + bad if isinstance(bad, int) and isinstance(good, int) else bad
    if bad is None and good is None and not {"good", "bad"} & set(asked):
        bad = 0
    return [{"good": good, "total": total} if good is not None else {"bad": bad, "total": total}]


def _count(case: Case, *names: str) -> Any:
    """A count by one of its names; what stands for no answer is none, as long as anything has answered."""
    found = next((case.asked[name] for name in names if name in case.asked), None)
    nothing = rules_of(case).no_data
    silent = [value for value in case.asked.values() if value == nothing]
    return 0 if nothing is not None and found == nothing and len(silent) == 1 else found


def _counted(case: Case) -> dict[str, Any]:
    asked, target = case.asked, _target(case)
    length = asked.get("window_s") or _told_seconds(case) or _PERIOD
    try:
        answer = window(target, _facts(case), length)
    except previews.Refused:
        return {"valid": False}
    budget, figure = answer["budget"], answer["figure"]
    whole = Fraction(budget["whole"])
    enough = "sli" in asked or answer["derivation"]["sums"]["total"] >= rules_of(case).least_events
    common = {"valid": figure is not None and enough, "shown": figure is not None, "allowed_bad": whole}
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
        "error_ratio": 1 - share,
        "error_rate": 1 - share,
        "availability_percent": share * 100,
        "met": share >= target,
        **({} if not whole else _of_budget(Fraction(budget["left"]), whole)),
        "allowed_bad": whole,
        "bad_left": Fraction(budget["left"]),
        "error_budget_target": 1 - target,
        "error_budget_measurement": 1 - share,
        "burn_rate": burn,
        "error_budget_minutes": (1 - target) * minutes,
        "error_minutes": (1 - share) * minutes,
        "error_budget_remaining_minutes": (share - target) * minutes,
        **({} if threshold is None else {"alert": burn > Fraction(threshold)}),
        **{
            name: burn > Fraction(name.removeprefix("alert_at_threshold_").replace("_", "."))
            for name in case.expected
            if name.startswith("alert_at_threshold_")
        },
    }


def _of_budget(left: Fraction, whole: Fraction) -> dict[str, Any]:
    share = left / whole
    return {
        "budget_remaining": share,
        "remaining_ratio": share,
        "error_budget_remaining": share,
        "error_budget_consumed": 1 - share,
        "error_budget_consumed_percent": (1 - share) * 100,
    }


def _told_seconds(case: Case) -> int | None:
    told = re.search(r"window (\d+) s\b", case.source)
    return int(told[1]) if told else None


def _told_threshold(case: Case) -> str | None:
    told = re.search(r"threshold (\d+(?:\.\d+)?)", case.source)
    return told[1] if told else None


def _length(text: str) -> int:
    return hours.written_length(text) // hours.SECOND


def _slices(case: Case) -> dict[str, Any]:
    asked, target = case.asked, _target(case)
    if "elapsed_slices" in asked:
        return _sliced(asked, target)
    least = next((asked[name] for name in _GOOD_IF if name in asked), None)
    if least is not None and {"total", "good", "bad", "errors", "failed"} & set(asked):
        return _single_slice(case, Fraction(least))
    if "slice" not in asked:
        return _counted(case)
    period, width = _length(str(asked.get("period", asked.get("window")))), _length(str(asked["slice"]))
    # At the window's beginning: slices that passed without data take their share of the budget with them.
    terms = {"aggregation": {"time_slices": {"width": hours.iso(width)}}}
    answer = window(target, [], period, terms=terms, as_of=START)
    whole = Fraction(answer["budget"]["whole"])
    minutes = whole * width / 60
    return {
        "total_slices": answer["derivation"]["sums"]["scheduled"],
        "budget_slices": whole,
        **dict.fromkeys(("max_bad_slices", "allowed_bad_slices", "allowed_bad"), math.floor(whole)),
        "budget_minutes": minutes,
        "budget_seconds": minutes * 60,
        "budget_hours": minutes / 60,
        "budget_text": _worded(case, minutes),
    }


_GOOD_IF = ("time_slice_target", "timeslice_target", "slice_target", "allowance", "time_slice_allowance")


def _single_slice(case: Case, least: Fraction) -> dict[str, Any]:
    """Whether a slice is good: where at least that share of its events is."""
    slices = {"width": "PT1M", "good_if": str(share_of(least))}
    answer = window(Fraction(1), _facts(case), 60, terms={"aggregation": {"time_slices": slices}})
    good = answer["figure"] is not None and Fraction(answer["figure"]) == 1
    goods = dict.fromkeys(("good", "slice_good", "is_good", "good_slice"), good)
    return goods | dict.fromkeys(("bad", "slice_bad", "is_bad", "bad_slice"), not good)


def _worded(case: Case, minutes: Fraction) -> str:
    """The value as the case writes it, so that durations are equal in any notation."""
    theirs = str(case.expected.get("budget_text", ""))
    ours = durations.to_iso(int(minutes * hours.MINUTE))
    return theirs if theirs and hours.written_length(theirs) == durations.from_iso(ours) else ours


def _sliced(asked: Mapping[str, Any], target: Fraction) -> dict[str, Any]:
    """So many slices that are over: of all of a calendar window if their number is given, else of a rolling one."""
    whole, over = asked.get("total_slices"), asked["elapsed_slices"]
    width = 300
    start = from_text(START)
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
    start = from_text(START)
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
