"""Why something is refused.

Refused
  Unknown       there is no such thing, or none that this party may see
  NotAllowed    the thing exists, but this person or principal may not do it
  WrongState    not now: another move must come first
    KeyTaken          something with another content was made under the key
    OtherSideAnswers  the revision on the table is this party's own
    NothingChanged    the document is the revision on the table
  Invalid       what was written does not hold: ``findings`` says field, value and remedy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

ERROR, SLIP, WARNING = "error", "slip", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong or doubtful: where, what stands there, what to write instead.

    ``severity`` is ``error``, ``slip`` or ``warning``; ``code`` names the rule, so that a waiver can name it. An error
    cannot be waived.
    """

    field: str
    value: str
    remedy: str
    code: str = "invalid"
    severity: str = "error"

    def document(self) -> dict[str, str]:
        return asdict(self)


class Refusal(Exception):
    """Anything the rules do not let pass; ``code`` is stable, ``title`` is for people."""

    code = "refused"
    title = "Refused"

    def __init__(self, detail: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.findings = list(findings)


class Unknown(Refusal):
    code = "not-found"
    title = "There is no such thing"


class NotAllowed(Refusal):
    code = "not-allowed"
    title = "This principal may not do that"


class WrongState(Refusal):
    code = "wrong-state"
    title = "Not in this state"


class KeyTaken(WrongState):
    code = "key-taken"
    title = "The key is taken"


class OtherSideAnswers(WrongState):
    code = "other-side-answers"
    title = "The other side answers"


class NothingChanged(WrongState):
    code = "nothing-changed"
    title = "Nothing would change"


class Invalid(Refusal):
    code = "invalid"
    title = "The document does not hold"


class Findings:
    """Collects findings while a document is read, so that one answer names everything there is to mend."""

    def __init__(self) -> None:
        self.items: list[Finding] = []

    def add(self, field: str, value: Any, remedy: str, code: str = "invalid") -> None:
        self.items.append(Finding(field, _shortened(value), remedy, code))

    def refuse_any(self, detail: str) -> None:
        """Raises Invalid if anything was found."""
        if self.items:
            raise Invalid(detail, self.items)


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
