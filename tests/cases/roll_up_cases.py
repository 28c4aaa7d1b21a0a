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
    ranks = [_rank(child, order, service.get("propagation") or {}) for child in service["children"]]
    found = [_by_algorithm(service["algorithm"], ranks, order)]
    weight = Fraction(service.get("child_weight", 1))
    for rule in service.get("rules") or []:
        least = _needed(rule, len(ranks), weight)
        if least <= len(ranks) and _is_down(ranks, order.index(rule["status"]), len(ranks) - least + 1):
            found.append(order.index(rule["new_status"]))
    return {"parent_status": order[max(found)]}


def _rank(child: Mapping[str, Any], order: Sequence[str], propagation: Mapping[str, str]) -> int:
    """The child's severity as it is handed up: raised, lowered, fixed, or left out."""
    rank, rule = order.index(child["status"]), propagation.get(child["name"])
    if rule is None or rank == 0:
        return rank
    moved = re.match(r"(increase|decrease) by (\d+)", rule)
    if moved is not None:
        step = int(moved[2]) if moved[1] == "increase" else -int(moved[2])
        return min(max(rank + step, 1), len(order) - 1)
    if rule.startswith("ignore"):
        return 0
    fixed = next((name for name in order if name.lower() in rule.lower()), None)
    if fixed is None:
        raise Unmapped(f"a propagation {rule!r}")
    return order.index(fixed)


def _by_algorithm(algorithm: str, ranks: Sequence[int], order: Sequence[str]) -> int:
    if algorithm == "set_ok":
        return 0
    needed = {"most_critical_of_children": len(ranks), "most_critical_if_all_children_have_problems": 1}.get(algorithm)
    if needed is None:
        raise Unmapped(f"an algorithm {algorithm!r}")
    if needed == 1 and not _is_down(ranks, 1, 1):
        return 0
    return max((level for level in range(1, len(order)) if _is_down(ranks, level, len(ranks))), default=0)


def _needed(rule: Mapping[str, Any], children: int, weight: Fraction) -> int:
    """How many children must be at least so severe."""
    kind = rule["type"]
    if kind == "at_least_N_children":
        return int(rule["n"])
    if kind in ("at_least_percent_children", "weight_percent_at_least"):
        return max(1, math.ceil(Fraction(rule["percent"]) * children / 100))
    if kind == "weight_at_least":
        return max(1, math.ceil(Fraction(rule["weight"]) / weight))
    raise Unmapped(f"a rule {kind!r}")


def _is_down(ranks: Sequence[int], level: int, needed: int) -> bool:
    """Whether the composite is down of whose children those at least so severe are."""
    member = {"terms": {"aggregation": "availability", "objective": {"at_least": "99", "unit": "percent"}}}
    members = [{**member, "initial_state": "down" if rank >= level else "up"} for rank in ranks]
    rule = {"composite": {"of": "states", "rule": {"k_of_n": needed}}}
    terms = {"aggregation": rule, "objective": {"at_least": "99", "unit": "percent"}}
    answer = previews.ask("window", terms=terms, window=_SPAN, members=members)
    return Fraction(answer["figure"]) == 0
