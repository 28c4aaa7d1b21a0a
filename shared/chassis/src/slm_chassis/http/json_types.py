"""Types of body fields that accept only the JSON types in the OpenAPI document.

Pydantic would also take the text ``"5"`` and ``true`` as a whole number, and a number as a day.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator


def _as_number(value: Any) -> Any:
    if isinstance(value, str | bool):
        raise ValueError("write a whole number, without quotes")
    return value


def _as_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("write a day, such as 2026-11-30")
    return value


NO_TEXT = BeforeValidator(_as_number)
"""Refuses text for a field that is a whole number; written after its limits: ``Annotated[int, Field(ge=1), NO_TEXT]``.
"""
Day = Annotated[date, BeforeValidator(_as_text)]
