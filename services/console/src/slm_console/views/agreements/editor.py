"""View model of the editor: the document with the submitted changes, and the form that shows it.

The form contains the whole document. A field of the form changes only its own place in the document, so parts without a
field stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_console.views.promises import sentence
from slm_console.views.reader import Reader
from slm_console.views.sentences import forms
from slm_console.views.sentences.blanks import ALWAYS, Blank, Surroundings
from slm_console.views.sentences.term_fields import FIELDS
from slm_console.views.sentences.typed import Misread

_COMPUTED = ("target_id", "service_id")
_DEEPEST = 40


class UnreadableDocument(ValueError):
    """The document that was submitted with a form is not valid."""


@dataclass
class WorkingDocument:
    """The document with the submitted changes.

    - ``typed``: field name → submitted text that could not be read.
    - ``errors``: field name → why this text could not be read.
    """

    document: dict[str, Any]
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SentencePiece:
    """Part of a sentence in the form: plain text, or a blank (input field) with its value."""

    text: str = ""
    blank: Blank | None = None
    name: str = ""
    label: str = ""
    value: str = ""
    options: Sequence[tuple[str, str]] = ()
    error: str = ""


@dataclass(frozen=True)
class TargetForm:
    """A target as the form shows it: a sentence with blanks, or plain text if no such sentence can say its terms."""

    index: int
    key: str
    title: str
    pieces: Sequence[SentencePiece]
    sentence: str
    title_field: SentencePiece | None
    errors: Sequence[tuple[str, str]]
    """Pairs of a blank's name and what is wrong in it."""


@dataclass(frozen=True)
class FieldForm:
    """A field of the form that is not about a target, such as the notice."""

    name: str
    path: str
    label: str
    value: str
    size: int
    error: str


def writable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an API document without the ids that the API adds and does not accept back."""
    targets = [{name: value for name, value in each.items() if name not in _COMPUTED} for each in document["targets"]]
    return {**document, "targets": targets}


def packed(document: Mapping[str, Any]) -> str:
    """Return a document as JSON text for the form's hidden field."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def unpacked(text: str) -> dict[str, Any]:
    """Return the document from the form's hidden field; raises UnreadableDocument."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableDocument from error
    if not isinstance(found, dict) or not is_editable(found) or _is_deeper(found, _DEEPEST):
        raise UnreadableDocument
    return found


def is_editable(document: Mapping[str, Any]) -> bool:
    """Whether the document's targets are a list of objects with a key, as the editor needs."""
    targets = document.get("targets", [])
    return isinstance(targets, list) and all(
        isinstance(each, dict) and isinstance(each.get("key"), str) for each in targets
    )


def _is_deeper(value: Any, depth: int) -> bool:
    if depth == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_is_deeper(each, depth - 1) for each in inner)


def applied(reader: Reader, document: Mapping[str, Any], sent: Mapping[str, str]) -> WorkingDocument:
    """Return the document with the values of all submitted fields.

    A field whose text cannot be read gets an error, and its place in the document stays as it was.
    """
    made = WorkingDocument(dict(document))
    for each in FIELDS:
        if each.name in sent:
            try:
                made.document = each.changed(reader, made.document, sent[each.name])
            except Misread as misread:
                made.errors[each.name], made.typed[each.name] = str(misread), sent[each.name]
    targets = []
    for index, target in enumerate(document.get("targets") or ()):
        form = forms.form_of(target)
        prefix = f"t{index}:"
        texts = {name.removeprefix(prefix): text for name, text in sent.items() if name.startswith(prefix)}
        if form is not None and texts:
            target, errors = forms.filled(reader, form, target, texts)
            made.errors |= {f"{prefix}{name}": why for name, why in errors.items()}
            made.typed |= {f"{prefix}{name}": texts[name] for name in errors}
        targets.append(target)
    if targets:
        made.document["targets"] = targets
    return made


def rearranged(reader: Reader, made: WorkingDocument, act: str, service: str) -> WorkingDocument:
    """Return the document after the user clicked a button that adds, removes or moves a target.

    - ``act``: the button's value. It is ``add:`` with the name of a sentence form (see ``sentences.forms``), such as
      ``add:available``; or ``remove:``, ``up:`` or ``down:`` with a target's index from 0, such as ``up:2``. Any other
      value leaves the targets as they are.
    - ``service``: the service's name, for the title of a new target.

    A target may have blanks with a text that could not be read. Such a text moves with the target, or is removed with
    it.
    """
    verb, _, what = act.partition(":")
    targets = list(made.document.get("targets") or ())
    order: list[int] = list(range(len(targets)))
    if verb == "add" and what in forms.BY_NAME:
        new = forms.BY_NAME[what].new(reader, service)
        targets.append(forms.with_free_key(new, [str(each["key"]) for each in targets]))
        return WorkingDocument({**made.document, "targets": targets}, made.typed, made.errors)
    if what.isascii() and what.isdecimal() and int(what[:6]) < len(targets):
        index = int(what[:6])
        moved = order.pop(index)
        if verb in ("up", "down"):
            order.insert(max(0, index - 1) if verb == "up" else index + 1, moved)
        elif verb != "remove":
            order.insert(index, moved)
    document = {**made.document, "targets": [targets[index] for index in order]}
    return WorkingDocument(document, _moved_names(made.typed, order), _moved_names(made.errors, order))


def is_rearranging(act: str) -> bool:
    """Whether a button's value means to add, remove or move a target."""
    return act.partition(":")[0] in ("add", "remove", "up", "down")


def _moved_names(texts: Mapping[str, str], order: Sequence[int]) -> dict[str, str]:
    """Rename the fields of targets that moved, and drop those of removed targets.

    ``order`` lists the old indexes of the targets, from 0, in the new order.
    """
    places = {f"t{old}": f"t{new}" for new, old in enumerate(order)}
    moved: dict[str, str] = {}
    for name, text in texts.items():
        target, colon, blank = name.partition(":")
        if not colon:
            moved[name] = text
        elif target in places:
            moved[f"{places[target]}:{blank}"] = text
    return moved


def surroundings_of(document: Mapping[str, Any], indicators: Sequence[Mapping[str, Any]]) -> Surroundings:
    """Return what a target's input fields can offer: names of the document's service hours, and keys of the reader's
    indicators by kind.
    """
    hours = document.get("service_hours")
    names = [str(name) for name in hours] if isinstance(hours, Mapping) else []
    known: dict[str, list[str]] = {}
    for each in indicators:
        known.setdefault(str(each["kind"]), []).append(str(each["key"]))
    return Surroundings(list(dict.fromkeys([ALWAYS, *names])), known)


def target_forms(reader: Reader, made: WorkingDocument, around: Surroundings) -> list[TargetForm]:
    """Return the document's targets as the form shows them."""
    return [
        _target_form(reader, made, around, index, target)
        for index, target in enumerate(made.document.get("targets") or ())
    ]


def _target_form(
    reader: Reader, made: WorkingDocument, around: Surroundings, index: int, target: Mapping[str, Any]
) -> TargetForm:
    form = forms.form_of(target)
    prefix = f"t{index}:"
    errors = [(name, why) for name, why in made.errors.items() if name.startswith(prefix)]
    title = str(target.get("title") or target["key"])
    if form is None:
        return TargetForm(index, str(target["key"]), title, [], said(reader, target), None, errors)
    pieces = [
        SentencePiece(text=each)
        if isinstance(each, str)
        else _blank_piece(reader, made, around, (prefix, each, target))
        for each in forms.pieces_of(reader, form)
    ]
    title_field = _blank_piece(reader, made, around, (prefix, forms.TITLE, target))
    return TargetForm(index, str(target["key"]), title, pieces, said(reader, target), title_field, errors)


def _blank_piece(
    reader: Reader, made: WorkingDocument, around: Surroundings, place: tuple[str, Blank, Mapping[str, Any]]
) -> SentencePiece:
    prefix, blank, target = place
    name = f"{prefix}{blank.name}"
    return SentencePiece(
        blank=blank,
        name=name,
        label=blank.label(reader),
        value=made.typed.get(name, blank.shown(reader, target)),
        options=blank.options(reader, target, around) if blank.options else (),
        error=made.errors.get(name, ""),
    )


def said(reader: Reader, target: Mapping[str, Any]) -> str:
    """Return a target as a sentence, or its title if its terms are not complete."""
    try:
        return sentence(reader, target)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return str(target.get("title") or target.get("key") or "")


def field_forms(reader: Reader, made: WorkingDocument) -> list[FieldForm]:
    """Return the fields that are not about targets, such as title and notice, as the form shows them."""
    return [
        FieldForm(
            each.name,
            each.path,
            each.label(reader),
            made.typed.get(each.name, each.shown(reader, made.document)),
            each.size,
            made.errors.get(each.name, ""),
        )
        for each in FIELDS
    ]


def adders(reader: Reader) -> list[tuple[str, str]]:
    """Return name and title of each sentence form (see ``sentences.forms``), for the buttons that add a target."""
    return [(form.name, form.title(reader)) for form in forms.FORMS]
