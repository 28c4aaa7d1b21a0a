"""Whether a proposed objective is one that the target could have."""

from __future__ import annotations

from typing import Any

from slm_review.domain import exact
from slm_review.domain.errors import NotAcceptable

_COMPARISONS = ("at_least", "at_most", "within")


def revised(present: dict[str, Any], proposed: dict[str, Any]) -> dict[str, Any]:
    """The proposed objective in the form of the target's terms, the unit taken over where none is given.

    Raises NotAcceptable where comparison or unit differ from the present ones, the number is not exact text, or
    nothing changes.
    """
    comparison = next(name for name in _COMPARISONS if name in present)
    if [name for name in _COMPARISONS if name in proposed] != [comparison]:
        raise NotAcceptable("objective", proposed, f"give {comparison!r}, as the target has it now: {present}")
    if comparison != "within":
        _require_number(comparison, proposed[comparison])
    if proposed.get("unit", present.get("unit")) != present.get("unit"):
        raise NotAcceptable("objective.unit", proposed["unit"], f"keep the target's unit, {present.get('unit')!r}")
    objective = {**present, comparison: proposed[comparison]}
    if objective == present:
        raise NotAcceptable("objective", proposed, "propose something else than what is agreed now")
    return objective


def _require_number(comparison: str, value: Any) -> None:
    field = f"objective.{comparison}"
    if not isinstance(value, str):
        raise NotAcceptable(field, value, 'write the number as text, like "99.95": figures are exact, never floats')
    try:
        exact.parse(value)
    except ValueError as error:
        raise NotAcceptable(field, value, str(error)) from error
