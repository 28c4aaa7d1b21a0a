"""The check that a target can have a proposed objective."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_review.domain.errors import NotAcceptable

_COMPARISONS = ("at_least", "at_most", "within")
# Limited in length and without exponents: "1e999999999" as an exact number would not fit into memory.
_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")


def check_proposed_objective(present: dict[str, Any], proposed: dict[str, Any]) -> dict[str, Any]:
    """Check a proposed objective; return it in the form of the target's terms. If the unit is missing, the unit of the
    present objective is used.

    Raises NotAcceptable if comparison or unit differ from the present objective, the value is invalid, or nothing
    changes.
    """
    comparison = next(name for name in _COMPARISONS if name in present)
    if [name for name in _COMPARISONS if name in proposed] != [comparison] or proposed.keys() - {comparison, "unit"}:
        raise NotAcceptable("objective", proposed, f"give {comparison!r}, as the target has it now: {present}")
    if proposed.get("unit", present.get("unit")) != present.get("unit"):
        raise NotAcceptable("objective.unit", proposed["unit"], f"keep the target's unit, {present.get('unit')!r}")
    if comparison == "within":
        _require_duration(proposed[comparison])
    else:
        _require_number(comparison, proposed[comparison], present.get("unit"))
    objective = {**present, comparison: proposed[comparison]}
    if objective == present:
        raise NotAcceptable("objective", proposed, "propose something other than the present objective")
    return objective


def _require_number(comparison: str, value: Any, unit: str | None) -> None:
    field = f"objective.{comparison}"
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise NotAcceptable(field, value, 'write a decimal as text, like "99.95": figures are exact, never floats')
    if unit == "percent" and Fraction(value) > 100:
        raise NotAcceptable(field, value, "write a share from 0 to 100 percent")


def _require_duration(value: Any) -> None:
    try:
        durations.parse_duration(value, "objective.within")
    except CalendarError as error:
        first = error.errors[0]
        raise NotAcceptable(str(first["field"]), first["value"], str(first["remedy"])) from error
