"""Panel of the editor with the API's check of the terms: each finding with its place, severity and remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_console.views.agreements.document import MARKS_OF_FINDINGS, finding_in_words
from slm_console.views.agreements.signing import WAIVED
from slm_console.views.reader import Reader
from slm_console.views.sentences.written_terms import WrittenTerms

_TARGET = re.compile(r"targets\[(\d+)\]")


@dataclass(frozen=True)
class CheckLine:
    """One finding of the check.

    ``target`` is the index, from 0, of the target that the finding is about; None if it is not about a target. ``line``
    is the finding's line in the text view; None in the view of sentences.
    """

    mark: str
    level: str
    text: str
    place: str
    target: int | None = None
    line: int | None = None
    must_be_corrected: bool = False
    needs_reason: bool = False
    """Whether a signatory must give a reason, unless the terms are changed."""


@dataclass(frozen=True)
class CheckPanel:
    """The findings of the API's check of the terms in the editor."""

    lines: list[CheckLine] = field(default_factory=list)
    summary: str = ""
    is_away: bool = False
    empty: list[str] = field(default_factory=list)
    """Titles of the points that an agreement should fill and this one leaves empty."""

    def of_target(self, index: int) -> list[CheckLine]:
        """Return the findings about the target at this index, from 0."""
        return [each for each in self.lines if each.target == index]

    @property
    def needs_work(self) -> bool:
        """Whether a finding must be corrected, or needs a reason from whoever signs."""
        return any(each.must_be_corrected or each.needs_reason for each in self.lines)

    @property
    def others(self) -> list[CheckLine]:
        """The findings that are not about a target."""
        return [each for each in self.lines if each.target is None]

    def of_field(self, path: str) -> list[CheckLine]:
        """Return the findings about a field outside the targets, by its path in the document: ``term.notice``."""
        return [each for each in self.lines if each.target is None and each.place == path]


def panel_of(
    reader: Reader, answer: Mapping[str, Any] | None, document: Mapping[str, Any], written: WrittenTerms | None = None
) -> CheckPanel:
    """Return the panel with the findings of the API's check, errors first and informations last.

    - ``answer``: the API's answer to the check; None if the service is away.
    - ``written``: the terms as text, so that each finding names its line; None in the view of sentences.
    """
    if answer is None:
        return CheckPanel(summary=reader.gettext("The check does not answer just now."), is_away=True)
    lines = [_check_line(reader, each, document, written) for each in answer["findings"]]
    lines.sort(key=lambda each: (not each.must_be_corrected, not each.needs_reason))
    empty = [str(each["title"]) for each in answer["points"] if not each["filled"] and not each["may_be_empty"]]
    return CheckPanel(lines, _summary(reader, lines), empty=empty)


def _check_line(
    reader: Reader, finding: Mapping[str, Any], document: Mapping[str, Any], written: WrittenTerms | None
) -> CheckLine:
    place = str(finding["field"])
    found = _TARGET.match(place)
    index = int(found[1]) if found else None
    targets: Sequence[Mapping[str, Any]] = document.get("targets") or ()
    severity = str(finding["severity"])
    levels = {
        "error": reader.gettext("To correct"),
        "slip": reader.gettext("Probably a slip"),
        "warning": reader.gettext("To consider"),
        "information": reader.gettext("To know"),
    }
    of_fields = {
        "term.expires_at": reader.gettext("The last day comes after the first, or is left empty"),
        "term.notice": reader.gettext("A notice is written in days, such as 90 days"),
    }
    if severity == "error" and place in of_fields:
        finding = {**finding, "remedy": of_fields[place], "value": "none"}
    text = finding_in_words(reader, finding)
    if severity == "error" and str(finding.get("value") or "none") not in ("none", "empty", "None"):
        text = reader.gettext("“%(value)s”: %(remedy)s", value=finding["value"], remedy=text[:1].lower() + text[1:])
    return CheckLine(
        mark=MARKS_OF_FINDINGS.get(severity, "at-risk"),
        level=levels.get(severity, levels["warning"]),
        text=text,
        place=place,
        target=index if index is not None and index < len(targets) else None,
        line=written.line_of(place) if written is not None else None,
        must_be_corrected=severity == "error",
        needs_reason=severity in WAIVED,
    )


def _summary(reader: Reader, lines: Sequence[CheckLine]) -> str:
    errors = sum(each.must_be_corrected for each in lines)
    doubts = sum(each.needs_reason for each in lines)
    if not errors and not doubts:
        return reader.gettext("Nothing to correct.")
    parts = [
        *([reader.ngettext("%(count)s thing to correct", "%(count)s things to correct", errors)] if errors else []),
        *(
            [reader.ngettext("%(count)s to give a reason for", "%(count)s to give a reason for", doubts)]
            if doubts
            else []
        ),
    ]
    return ", ".join(parts)
