"""The reasons for which a use case refuses.

Refusal
  NotFound          the value does not exist, or the caller's party may not see it
  NotOpen           the review has not opened yet, was cancelled, or lapsed
  AlreadyEnded      the action, step or proposal was completed or declined before
  AlreadyConcluded  the review was concluded before
  OnRecord          the agreement is on record, and its other party cannot answer
  NotAcceptable     a field's value is not allowed; the error names field, value and remedy
"""

from __future__ import annotations


class Refusal(Exception):
    """The base of all reasons for which a use case refuses; the message is for the caller."""


class NotFound(Refusal):
    """A value does not exist, or the caller's party may not see it."""

    def __init__(self, what: str, identity: str) -> None:
        super().__init__(f"there is no {what} {identity}")
        self.what = what
        self.identity = identity


class NotOpen(Refusal):
    """The review has not opened yet, was cancelled, or lapsed."""


class AlreadyEnded(Refusal):
    """The action, step or proposal was completed or declined before."""


class AlreadyConcluded(Refusal):
    """The review has already been concluded."""


class OnRecord(Refusal):
    """The agreement is on record. Its other party does not use the product and cannot answer."""


class NotAcceptable(Refusal):
    """A field's value is not allowed; the error names the field, the value and the remedy."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(remedy)
        self.field = field
        self.value = value
        self.remedy = remedy
