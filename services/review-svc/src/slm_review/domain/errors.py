"""What a use case can refuse.

Refused
  NotFound          no such thing, or none that the caller's party may see
  NotOpen           the review has not opened yet, or was cancelled
  AlreadyHeld       the review was held before
  NotAcceptable     a field's value is refused; says which and what to do
"""

from __future__ import annotations


class Refused(Exception):
    """Anything a use case does not do."""


class NotFound(Refused):
    """No such thing for this caller."""


class NotOpen(Refused):
    """The review is not open."""


class AlreadyHeld(Refused):
    """The review was held before."""


class NotAcceptable(Refused):
    """A field's value is refused."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(remedy)
        self.field = field
        self.value = value
        self.remedy = remedy
