"""What a use case can refuse.

Refused
  NotFound          no such thing, or none that the caller's party may see
  NotOpen           the review has not opened yet, was cancelled, or lapsed
  AlreadyEnded      the action, step or proposal was completed or declined before
  AlreadyHeld       the review was held before
  NotAcceptable     a field's value is refused; says which and what to do
"""

from __future__ import annotations


class Refusal(Exception):
    """Anything a use case does not do."""


class NotFound(Refusal):
    """No such thing for this caller."""

    def __init__(self, what: str, identity: str) -> None:
        super().__init__(f"there is no {what} {identity}")
        self.what = what
        self.identity = identity


class NotOpen(Refusal):
    """The review is not open."""


class AlreadyEnded(Refusal):
    """An action, a step of a plan or a proposal can be ended once."""


class AlreadyHeld(Refusal):
    """The review was held before."""


class NotAcceptable(Refusal):
    """A field's value is refused."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(remedy)
        self.field = field
        self.value = value
        self.remedy = remedy
