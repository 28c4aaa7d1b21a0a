"""Comparison of units of measurement by their meaning (UCUM), not by their spelling."""

from __future__ import annotations

import re

_ANNOTATION = re.compile(r"\{[^{}]*\}")


def are_same_unit(one: str | None, other: str | None) -> bool:
    """Whether two units mean the same. No unit, ``1`` and annotations such as ``{request}`` all mean dimensionless."""
    return _bare_unit(one) == _bare_unit(other)


def _bare_unit(unit: str | None) -> str:
    """Return the unit without annotations, which have no meaning in UCUM; the empty text if nothing is left."""
    bare = _ANNOTATION.sub("", unit or "").strip()
    return "" if bare == "1" else bare
