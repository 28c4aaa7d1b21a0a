"""The refusals of the use cases of notification-svc.

Refusal
├── NotFound           there is no such endpoint or delivery that the caller may see
├── NotAcceptable      a field is not valid
├── WithoutParty       an operator has no party whose events could be sent
├── WithoutPerson      the caller is no person whom mails could be sent to
├── TooManyEndpoints   the party has as many endpoints as it may have
├── TooManyWriters     the party has as many ticket writers as it may have
└── EndpointGone       the receiver answered 410: nothing is sent until the endpoint is changed
"""

from __future__ import annotations


class Refusal(Exception):
    """A use case refuses a request; each subclass is a reason."""


class NotFound(Refusal):
    """There is no endpoint or delivery with this id that the caller may see. ``what`` names the kind of thing."""

    def __init__(self, what: str, identity: str) -> None:
        super().__init__(f"There is no {what} {identity!r} that you may see.")
        self.what = what
        self.identity = identity


class NotAcceptable(Refusal):
    """A field is not valid; the remedy says what to send instead."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(f"{field}: {remedy}")
        self.field = field
        self.value = value
        self.remedy = remedy


class WithoutParty(Refusal):
    """The caller belongs to no party."""


class WithoutPerson(Refusal):
    """The caller is no person."""


class TooManyEndpoints(Refusal):
    """The party has as many endpoints as it may have."""


class TooManyWriters(Refusal):
    """The party has as many ticket writers as it may have."""


class EndpointGone(Refusal):
    """The receiver answered 410 Gone."""
