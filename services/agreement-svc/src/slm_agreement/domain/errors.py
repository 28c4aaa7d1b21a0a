"""The reasons for a refusal.

Refusal
  Unknown       it does not exist, or this party may not see it
  NotAllowed    it exists, but this person or principal may not do this
  WrongState    not possible in the present state: another step must come first
    KeyTaken          the key belongs to something with other content
    OtherSideAnswers  the proposed revision is this party's own
    NothingChanged    the document equals the proposed revision
  Invalid       what was written is not valid; ``findings`` gives field, value and remedy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

ERROR, SLIP, WARNING = "error", "slip", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One error or doubt: the field, its value, and what to write instead.

    ``severity`` is ``error``, ``slip`` or ``warning``; an error cannot be waived. ``code`` names the rule, and a waiver
    refers to it.
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
    """The base of all refusals. ``code`` is stable; ``title`` is for people."""

    code = "refused"
    title = "Refused"

    def __init__(self, detail: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.findings = list(findings)


class Unknown(Refusal):
    """It does not exist, or this party may not see it."""

    code = "not-found"
    title = "It does not exist"


class NotAllowed(Refusal):
    """This person or principal may not do this."""

    code = "not-allowed"
    title = "This principal may not do that"


class WrongState(Refusal):
    """It is not possible in the present state."""

    code = "wrong-state"
    title = "Not possible in this state"


class KeyTaken(WrongState):
    """The key belongs to something with other content."""

    code = "key-taken"
    title = "The key is taken"


class OtherSideAnswers(WrongState):
    """The proposed revision is this party's own, so the other party must answer."""

    code = "other-side-answers"
    title = "The other party must answer"


class NothingChanged(WrongState):
    """The document equals the proposed revision."""

    code = "nothing-changed"
    title = "Nothing would change"


class Invalid(Refusal):
    """A document or field is not valid; ``findings`` gives field, value and remedy."""

    code = "invalid"
    title = "The document is not valid"


class Findings:
    """Collects findings while a document is read, so that one answer lists everything to correct."""

    def __init__(self) -> None:
        self.items: list[Finding] = []

    def add(self, field: str, value: Any, remedy: str, code: str = "invalid") -> None:
        """Add a finding. A long value is shortened."""
        self.items.append(Finding(field, _shortened(value), remedy, code))

    def refuse_any(self, detail: str) -> None:
        """Raise Invalid if there is any finding."""
        if self.items:
            raise Invalid(detail, self.items)


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
