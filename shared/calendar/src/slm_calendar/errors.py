"""What a calendar document or question is refused with: field, value and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict


class Finding(TypedDict):
    """One thing to mend: where it stands, what stands there and what should."""

    field: str
    value: str
    remedy: str


class CalendarError(ValueError):
    """A calendar document, duration, window or range that means nothing; ``errors`` lists every reason."""

    def __init__(self, errors: Iterable[Finding]) -> None:
        self.errors: list[Finding] = list(errors)
        super().__init__("; ".join(f"{each['field']} = {each['value']}: {each['remedy']}" for each in self.errors))


class NeverOpen(CalendarError):
    """No open instant within the horizon of ten years in the direction asked for."""


def finding(field: str, value: object, remedy: str) -> Finding:
    """One finding; the value is shown as text, cut to 80 characters."""
    return Finding(field=field, value=str(value)[:80], remedy=remedy)


def refusal(field: str, value: object, remedy: str) -> CalendarError:
    """A CalendarError with a single finding."""
    return CalendarError([finding(field, value, remedy)])
