"""The errors of this package: each names the field, its value and a remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypedDict


class Finding(TypedDict):
    """One error in a document: the field, the value found there and what to write instead."""

    field: str
    value: str
    remedy: str


class CalendarError(ValueError):
    """A calendar document, duration, window or range is invalid; ``errors`` lists every reason."""

    def __init__(self, errors: Iterable[Finding]) -> None:
        self.errors: list[Finding] = list(errors)
        super().__init__("; ".join(f"{each['field']} = {each['value']}: {each['remedy']}" for each in self.errors))


class NeverOpen(CalendarError):
    """The hours have no open instant within ten years in the direction of the search."""


def finding(field: str, value: object, remedy: str) -> Finding:
    """Return a finding. Its value is text as it is, or any other value as JSON. It is cut to 80 characters."""
    return Finding(field=field, value=_as_text(value)[:80], remedy=remedy)


def refusal(field: str, value: object, remedy: str) -> CalendarError:
    """Return a CalendarError with one finding."""
    return CalendarError([finding(field, value, remedy)])


def _as_text(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool | None) else str(value)
    except (ValueError, TypeError):  # an integer of thousands of digits, or an object that JSON does not know
        return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "a huge number"
