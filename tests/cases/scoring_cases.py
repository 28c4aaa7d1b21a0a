"""Cases about combined figures, scores, and criteria relative to an earlier run, answered by the window preview."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.cases import count_cases, previews
from tests.cases.count_cases import START, window
from tests.cases.reading import Case, Unmapped

_NEXT = "2024-01-02T00:00:00Z"


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    asked = case.asked
    if "op" in asked and {"threshold", "limit"} & set(asked):
        return _threshold(case)
    if "value" in asked and {"pass", "warning"} & set(asked):
        return {"result": _result_of(case)}
    if "score_percent" in asked:
        return {"result": _by_score(Fraction(asked["score_percent"]), asked, failed=False)}
    if "results" in asked:
        return _scored(case)
    if "components" in asked or "values" in asked:
        return _composite(case)
    if "criteria" in asked:
        return _criteria(case)
    return count_cases.answers(case)


Limit = tuple[str, Fraction, bool]
"""How a value is compared with it; whether it follows from the run before."""


def _criteria(case: Case) -> dict[str, Any]:
    """Criteria as the objectives that follow from them: a value has to meet all."""
    limits = [_limit(str(criterion), case.asked.get("previous")) for criterion in case.asked["criteria"]]
    found: dict[str, Any] = {}
    for name, compared in (("upper_limit", "<"), ("lower_limit", ">")):
        of_name = [limit for limit in limits if limit[0].startswith(compared)]
        if of_name:
            found[name] = next((limit for _, limit, follows in of_name if follows), of_name[0][1])
    for name in case.expected:
        if name.startswith("pass_"):
            value = Fraction(name.removeprefix("pass_").replace("_", "."))
            found[name] = all(_is_kept(value, compared, limit) for compared, limit, _ in limits)
    if "value" in case.asked:
        kept = all(_is_kept(Fraction(case.asked["value"]), compared, limit) for compared, limit, _ in limits)
        found |= {"pass": kept, "result": "pass" if kept else "fail"}
    return found


def _threshold(case: Case) -> dict[str, Any]:
    """OpenSLO's threshold metrics: which of the values are good, and the share of those that are."""
    asked = case.asked
    compared, limit = _OPERATORS[str(asked["op"])], Fraction(asked.get("threshold", asked.get("limit")))
    written = asked.get("values", [asked["value"]] if "value" in asked else [])
    kept = [_is_kept(Fraction(value), compared, limit) for value in written]
    share = Fraction(sum(kept), len(kept)) if kept else None
    return {"sli": share, "good": kept[0] if len(kept) == 1 else sum(kept), "pass": all(kept), "total": len(kept)}


_OPERATORS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _result_of(case: Case) -> str:
    """``pass`` if the value keeps all criteria for it, else ``warning`` if the value keeps all criteria for that, else
    ``fail``.

    Without criteria for ``pass`` or ``warning``, that result is never given.
    """
    value = Fraction(case.asked["value"])
    for result in ("pass", "warning"):
        limits = [_limit(str(each), case.asked.get("previous")) for each in case.asked.get(result) or []]
        if limits and all(_is_kept(value, compared, limit) for compared, limit, _ in limits):
            return result
    return "fail"


def _limit(criterion: str, previous: Any) -> Limit:
    """``<=+10%`` is relative to the value before, as ``<=+10`` is; ``<600`` stands for itself."""
    told = re.fullmatch(r"([<>]=?)([+-]?)(\d+(?:\.\d+)?)(%?)", criterion.replace(" ", ""))
    if told is None:
        raise Unmapped(f"a criterion {criterion!r}")
    compared, sign, amount = told[1], -1 if told[2] == "-" else 1, Fraction(told[3])
    if not told[2] and not told[4]:
        return compared, amount, False
    if previous is None:
        raise Unmapped(f"a criterion {criterion!r} without a value before")
    before = Fraction(previous)
    return compared, before + sign * (before * amount / 100 if told[4] else amount), True


def _is_kept(value: Fraction, compared: str, limit: Fraction) -> bool:
    """Whether a value meets a limit; one that must not be reached is met where its opposite is not."""
    sides = {"<=": "at_most", ">=": "at_least", "<": "at_least", ">": "at_most"}
    written = str(Decimal(limit.numerator) / Decimal(limit.denominator))
    terms = {"aggregation": "max", "objective": {sides[compared]: written}}
    facts = [{"at": START, "value": float(value)}]
    answer = previews.ask("window", terms=terms, facts=facts, window={"from": START, "to": _NEXT})
    return bool((answer["verdict"] == "met") == compared.endswith("="))


_POINTS = {"pass": Fraction(1), "warning": Fraction(1, 2), "fail": Fraction(0), "info": Fraction(0)}


def _scored(case: Case) -> dict[str, Any]:
    results = [each if isinstance(each, dict) else _result(each) for each in case.asked["results"]]
    shares = [_POINTS[each["result"]] for each in results]
    weights = [Fraction(each.get("weight", 1)) for each in results]
    mean = _joined(shares, weights, "weighted_mean")[0]
    failed = any(each.get("key_sli") and each["result"] == "fail" for each in results)
    told = {"points": mean * sum(weights), "max": sum(weights), "score_percent": mean * 100, "key_sli_failed": failed}
    return told | {"result": _by_score(mean * 100, case.asked.get("total_score") or {}, failed)}


def _by_score(percent: Fraction, limits: Mapping[str, Any], failed: bool) -> str:
    wanted = {"pass": "90%", "warning": "75%", **limits}
    reached = [name for name in ("pass", "warning") if percent >= _percent(wanted[name])]
    return "fail" if failed or not reached else reached[0]


def _result(written: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(("result", "weight", "key_sli"), written, strict=False))


def _percent(written: Any) -> Fraction:
    return Fraction(str(written).lstrip("<>=").rstrip("%"))


def _composite(case: Case) -> dict[str, Any]:
    asked = case.asked
    written = asked.get("components", asked.get("values"))
    scale = 100 if any(Fraction(value) > 1 for value in written) else 1
    # OpenSLO reckons with what each component is short of all; the others with a mean.
    is_missing = case.described_as("missing part") or "OpenSLO" in case.source
    shares = [Fraction(value) / scale for value in written]
    weights = [Fraction(weight) for weight in asked.get("weights") or [1] * len(shares)]
    figure, shown = _joined(shares, weights, "missing_sum" if is_missing else "weighted_mean")
    return {"composite": figure * scale, "composite_percent": figure * 100, "shown": f"{shown}%"}


def _joined(shares: Sequence[Fraction], weights: Sequence[Fraction], rule: str) -> tuple[Fraction, str]:
    ratio = {"aggregation": "ratio", "objective": {"at_least": "99", "unit": "percent"}}
    members = [
        {
            "terms": ratio,
            "facts": [{"at": START, "good": share.numerator, "total": share.denominator}],
            "weight": str(weight),
        }
        for share, weight in zip(shares, weights, strict=True)
    ]
    aggregation = {"composite": {"of": "figures", "rule": rule}}
    answer = window(Fraction(99, 100), [], terms={"aggregation": aggregation}, members=members)
    return Fraction(answer["figure"]), str(answer["figure_display"])
