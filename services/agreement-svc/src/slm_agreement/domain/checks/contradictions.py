"""A check for terms of a target that contradict its objective.

Such terms remain, for example, when a review replaces only the objective.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from slm_agreement.domain.errors import Finding
from slm_agreement.domain.terms import objectives, target_warnings


def find_contradictions(targets: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Return an error for each value in a target that contradicts the target's objective."""
    return [finding for index, target in enumerate(targets) for finding in _of(target, f"targets[{index}]")]


def _of(target: Mapping[str, Any], path: str) -> Iterator[Finding]:
    promised, second = target["objective"], target.get("unacceptable")
    comparison = next((name for name in (objectives.AT_LEAST, objectives.AT_MOST) if name in promised), None)
    if comparison is None:
        return
    if second and not objectives.is_looser_level(second, promised, comparison):
        remedy = f"write a looser number than the objective of {promised[comparison]}, or leave it out"
        yield Finding(f"{path}.unacceptable", second[comparison], remedy, "specific.unacceptable-not-looser")
    allowed = objectives.allowed_bad_share(promised)
    pairs = (target.get("warn_at") or {}).get("burn_rate")
    for place, pair in enumerate(pairs if isinstance(pairs, list) and allowed else []):
        if target_warnings.burn_rate_never_fires(Fraction(pair["factor"]), allowed or Fraction(0)):
            remedy = f"this pair can never fire for an objective of {promised[comparison]} %: write a lower factor"
            yield Finding(f"{path}.warn_at.burn_rate[{place}].factor", pair["factor"], remedy, "specific.never-fires")
