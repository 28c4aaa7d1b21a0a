"""A parent's status from its children's severities: for each severity a composite of the states "at least so severe".

The parent has the worst severity at which one of its composites is down: all children needed for "the worst of them",
all but n − 1 for a rule of "at least n".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from tests.cases import previews
from tests.cases.reading import Case, Unmapped

_SPAN = {"from": "2024-01-01T00:00:00Z", "to": "2024-01-02T00:00:00Z"}


def answers(case: Case) -> dict[str, Any]:
    """The parent's status."""
    service = case.events[0]
    order = list(service["severity_order"])
    propagation = service.get("propagation") or {}
    handed = [(child, _rank(child, order, propagation)) for child in service["children"]]
    children = [(child, rank) for child, rank in handed if rank is not None]
    ranks = [rank for _, rank in children]
    weights = [Fraction(child.get("weight", service.get("child_weight", 1))) for child, _ in children]
    found = [_by_algorithm(service["algorithm"], ranks, order)]
    found += [
        order.index(rule["new_status"]) for rule in service.get("rules") or [] if _holds(rule, ranks, weights, order)
    ]
    return {"parent_status": order[max(found)]}


def _rank(child: Mapping[str, Any], order: Sequence[str], propagation: Mapping[str, str]) -> int | None:
    """The child's severity as it is handed up: raised, lowered or fixed; None: it is left out."""
    rank, rule = order.index(child["status"]), propagation.get(child["name"], child.get("propagation"))
    if rule is not None and rule.startswith("ignore"):
        return None
    if rule is None or rank == 0 or rule.startswith("as is"):
        return rank
    moved = re.match(r"(increase|raise|decrease|lower)\w* by (\d+)", rule)
    if moved is not None:
        step = int(moved[2]) if moved[1] in ("increase", "raise") else -int(moved[2])
        return min(max(rank + step, 1), len(order) - 1)
    fixed = next((name for name in sorted(order, key=len, reverse=True) if name.lower() in rule.lower()), None)
    if fixed is None:
        raise Unmapped(f"a propagation {rule!r}")
    return order.index(fixed)


def _by_algorithm(algorithm: str, ranks: Sequence[int], order: Sequence[str]) -> int:
    if algorithm in ("set_ok", "always_ok"):
        return 0
    if not algorithm.startswith("most_critical"):
        raise Unmapped(f"an algorithm {algorithm!r}")
    if not ranks or ("if_all" in algorithm and not _is_down(ranks, 1, 1)):
        return 0
    return max((level for level in range(1, len(order)) if _is_down(ranks, level, len(ranks))), default=0)


def _holds(rule: Mapping[str, Any], ranks: Sequence[int], weights: Sequence[Fraction], order: Sequence[str]) -> bool:
    """``at_least_N_children``, ``weight_percent_at_least``, ``less_than_percent_children``: how many, how much of them.

    At least so many are at least so severe, or less than so many at most so severe.
    """
    kind, level = str(rule["type"]), order.index(rule["status"])
    if not kind.replace("_", " ").count("at least") + kind.replace("_", " ").count("less than"):
        raise Unmapped(f"a rule {kind!r}")
    counted = list(weights) if "weight" in kind else [Fraction(1)] * len(ranks)
    limit = next(Fraction(rule[name]) for name in ("n", "percent", "weight", "value", "limit") if name in rule)
    least = sum(counted) * limit / 100 if "percent" in kind else limit
    unit = Fraction(math.gcd(*(weight.numerator for weight in counted)))
    shares = [int(weight / unit) for weight in counted]
    needed = math.ceil(least / unit)
    is_less = "less" in kind
    # Whoever weighs twice as much is there twice; those "at most" so severe are the healthy ones of the level above.
    members = [
        level - rank if is_less else rank - level
        for rank, times in zip(ranks, shares, strict=True)
        for _ in range(times)
    ]
    reached = needed <= 0 or (needed <= len(members) and _is_down(members, 0, len(members) - needed + 1))
    return not reached if is_less else reached


def _is_down(ranks: Sequence[int], level: int, needed: int) -> bool:
    """Whether the composite is down of whose children those at least so severe are."""
    member = {"terms": {"aggregation": "availability", "objective": {"at_least": "99", "unit": "percent"}}}
    members = [{**member, "initial_state": "down" if rank >= level else "up"} for rank in ranks]
    rule = {"composite": {"of": "states", "rule": {"k_of_n": needed}}}
    terms = {"aggregation": rule, "objective": {"at_least": "99", "unit": "percent"}}
    answer = previews.ask("window", terms=terms, window=_SPAN, members=members)
    return Fraction(answer["figure"]) == 0
