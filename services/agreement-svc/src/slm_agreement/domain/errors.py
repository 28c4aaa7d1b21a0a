"""The reasons for a refusal.

Refusal
  Unknown       it does not exist, or this party may not see it
  WrongCredentials  mail address and password, or a code, do not belong to an account
  TooManyAttempts     there were too many attempts; ``retry_after_seconds`` says how long to wait
  NotAllowed    it exists, but this person or principal may not do this
    IdentityNotProven  the OpenID provider's answer does not prove who somebody is
    PersonUnknown      the OpenID provider has identified somebody who is not known here
  WrongState    not possible in the present state: another step must come first
    KeyTaken          the key belongs to an object with other content
    AddressTaken      another account has the mail address
    MailNeeded        the installation sends no mails
    HasAccount        the person can log in, and so needs no link
    OtherSideAnswers  the proposed revision is this party's own
    LogInOver         a log-in with an OpenID provider was used, has ended, or was begun in another browser
    NothingChanged    the document equals the proposed revision
  ProviderAway  the OpenID provider does not answer
  Invalid       what was written is not valid; ``findings`` gives field, value and remedy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

ERROR, SLIP, WARNING, INFORMATION = "error", "slip", "warning", "information"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful in a document or request: the field, its value, and how to correct it.

    ``severity`` is ``error``, ``slip`` (probably a mistake), ``warning`` or ``information``. An error must be
    corrected, a slip or warning must be corrected or waived, and an information asks for nothing. ``code`` names the
    rule, and a waiver refers to it.
    """

    field: str
    value: str
    remedy: str
    code: str = "invalid"
    severity: str = "error"

    def document(self) -> dict[str, str]:
        """Return the finding as JSON."""
        return asdict(self)


class Refusal(Exception):
    """The base of all exceptions by which the domain refuses a request.

    ``code`` is stable, for programs; ``title`` is for people.
    """

    code = "refused"
    title = "Refused"

    def __init__(self, detail: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.findings = list(findings)


class Unknown(Refusal):
    """The object does not exist, or the caller's party may not see it."""

    code = "not-found"
    title = "It does not exist"


class WrongCredentials(Refusal):
    """Mail address and password do not belong together, or a code is not valid."""

    code = "wrong-credentials"
    title = "This does not let you in"


class TooManyAttempts(Refusal):
    """There were too many attempts to log in or to use a code. ``retry_after_seconds`` says how long to wait."""

    code = "too-many-attempts"
    title = "Too many attempts"

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class NotAllowed(Refusal):
    """This person or principal may not do this."""

    code = "not-allowed"
    title = "This principal may not do that"


class IdentityNotProven(NotAllowed):
    """The OpenID provider's answer does not prove who somebody is."""

    code = "identity-not-proven"
    title = "The provider has not proven who you are"


class PersonUnknown(NotAllowed):
    """The OpenID provider has identified somebody who may not log in to this installation."""

    code = "person-unknown"
    title = "You are not known here"


class ProviderAway(Refusal):
    """The OpenID provider does not answer, or its answer is not valid."""

    code = "provider-away"
    title = "The OpenID provider does not answer"


class WrongState(Refusal):
    """The request is not possible in the present state of the object."""

    code = "wrong-state"
    title = "Not possible in this state"


class KeyTaken(WrongState):
    """The key that the client chose belongs to another object, whose content differs from the content sent."""

    code = "key-taken"
    title = "The key is taken"


class AddressTaken(WrongState):
    """Another account has the mail address."""

    code = "address-taken"
    title = "The mail address is taken"


class MailNeeded(WrongState):
    """The request needs a mail to be sent, but the installation sends no mails."""

    code = "mail-needed"
    title = "This installation sends no mails"


class HasAccount(WrongState):
    """The person can log in, and so needs no link."""

    code = "has-account"
    title = "The person can log in"


class LogInOver(WrongState):
    """A log-in with an OpenID provider cannot be completed: it was used, is over, or was begun in another browser."""

    code = "log-in-over"
    title = "This log-in is over"


class OtherSideAnswers(WrongState):
    """The proposed revision is the caller's own, so the other party must answer it."""

    code = "other-side-answers"
    title = "The other party must answer"


class NothingChanged(WrongState):
    """The document of a counter-proposal equals the proposed revision that it should change."""

    code = "nothing-changed"
    title = "Nothing would change"


class Invalid(Refusal):
    """A document or field is not valid; ``findings`` gives field, value and remedy."""

    code = "invalid"
    title = "The document is not valid"


class Findings:
    """A collector of findings while a document is read, so that one refusal lists everything to correct."""

    def __init__(self) -> None:
        self.items: list[Finding] = []

    def add(self, field: str, value: Any, remedy: str, code: str = "invalid") -> None:
        """Add a finding. A long value is shortened."""
        self.items.append(Finding(field, _shortened(value), remedy, code))

    def refuse_any(self, detail: str) -> None:
        """Raise Invalid with all findings if there is any."""
        if self.items:
            raise Invalid(detail, self.items)


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
