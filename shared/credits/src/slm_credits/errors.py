"""The error of this package. It lists everything that is wrong at once: each time the field, its value and a remedy."""

from __future__ import annotations

from collections.abc import Iterable

from slm_calendar.errors import Finding, finding

__all__ = ["CreditError", "Finding", "finding", "refusal"]


class CreditError(ValueError):
    """A credit schedule is not valid, or a window lacks a value that its schedule needs; ``errors`` lists every
    reason.
    """

    def __init__(self, errors: Iterable[Finding]) -> None:
        self.errors: list[Finding] = list(errors)
        super().__init__("; ".join(f"{each['field']} = {each['value']}: {each['remedy']}" for each in self.errors))


def refusal(field: str, value: object, remedy: str) -> CreditError:
    """Return a CreditError with one finding."""
    return CreditError([finding(field, value, remedy)])
