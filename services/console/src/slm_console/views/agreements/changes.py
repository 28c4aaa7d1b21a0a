"""Comparison of two revisions of an agreement in words: by target, by clause, and word by word within texts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.agreements.credits import promise_with_costs
from slm_console.views.reader import Reader

_WORDS = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a compared text. ``kind`` is ``same``, ``new`` or ``gone``."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a target or clause between two revisions. ``kind`` is ``new``, ``gone`` or ``changed``."""

    kind: str
    title: str
    """The target's title in the newer revision (in the older one if the target is gone), or the clause's name."""
    before: str
    after: str
    pieces: list[Piece]
    """The old and the new text merged into one sequence, compared word by word."""


@dataclass(frozen=True)
class Changes:
    """All changes between two documents. ``targets``: key → change. ``clauses``: key → change."""

    targets: Mapping[str, Change]
    clauses: Mapping[str, Change]
    terms: Sequence[tuple[str, str, str]] = ()
    """Changes of other fields, such as the time zone: the field's name in words, its old and its new text."""

    @property
    def count(self) -> int:
        """The number of targets, clauses and other fields that changed."""
        return len(self.targets) + len(self.clauses) + len(self.terms)


NOTHING = Changes({}, {})


def between(reader: Reader, before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """Return the changes between two documents of an agreement."""
    return Changes(
        _compared(_promises(reader, before), _promises(reader, after), {**_titles(before), **_titles(after)}),
        _compared(_clauses(before), _clauses(after), {}),
        _terms(reader, before, after),
    )


def pieces_of(before: str, after: str) -> list[Piece]:
    """Compare two texts word by word and return one sequence of their common, removed and added parts."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pieces: list[Piece] = []
    for tag, at, end, to, stop in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[at:end])))
            continue
        if at < end:
            pieces.append(Piece("gone", "".join(old[at:end])))
        if to < stop:
            pieces.append(Piece("new", "".join(new[to:stop])))
    return pieces


def _compared(before: Mapping[str, str], after: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, Change]:
    found: dict[str, Change] = {}
    for key in [*after, *(key for key in before if key not in after)]:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        kind = "new" if old is None else "gone" if new is None else "changed"
        found[key] = Change(kind, titles.get(key, key), old or "", new or "", pieces_of(old or "", new or ""))
    return found


def _promises(reader: Reader, document: Mapping[str, Any]) -> dict[str, str]:
    """Return target key → the target as a sentence, for each target of the document."""
    return {str(each["key"]): promise_with_costs(reader, document, each) for each in document.get("targets") or ()}


def _titles(document: Mapping[str, Any]) -> dict[str, str]:
    return {str(each["key"]): str(each["title"]) for each in document.get("targets") or ()}


def _clauses(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: clause_text(clause) for name, clause in (document.get("clauses") or {}).items()}


def clause_text(clause: Mapping[str, Any] | str) -> str:
    """Return a clause as one text: its own text, then its other fields as ``name: value``."""
    if isinstance(clause, str):
        return clause
    rest = [f"{name}: {_plain(value)}" for name, value in clause.items() if name != "text" and value]
    return " ".join([str(clause.get("text") or ""), *rest]).strip()


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    return str(value)


def _terms(reader: Reader, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    names = {
        "title": reader.gettext("Title"),
        "term": reader.gettext("Term"),
        "timezone": reader.gettext("Time zone"),
        "service_hours": reader.gettext("Service hours"),
        "critical_periods": reader.gettext("Critical periods"),
        "period_charge": reader.gettext("Charge of a period"),
        "review": reader.gettext("Reviews"),
        "reporting": reader.gettext("Reports"),
        "signatories": reader.gettext("Signatories"),
    }
    return [
        (name, _plain(before.get(field) or ""), _plain(after.get(field) or ""))
        for field, name in names.items()
        if before.get(field) != after.get(field)
    ]
