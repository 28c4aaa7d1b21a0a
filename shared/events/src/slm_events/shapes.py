"""Checks of the field types of an event's data, because other programs may have written the event."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from slm_events.instants import from_text
from slm_events.schema import is_required

Check = Callable[[Any], bool]
_LARGEST = 2**63


@dataclasses.dataclass(frozen=True, slots=True)
class FieldShape:
    """One field of an event class: its name, a check of its values, the type in words for errors, and whether it is
    required.
    """

    name: str
    words: str
    fits: Check
    is_required: bool
    plain: frozenset[type[Any]]
    """The types whose values are all allowed and need no check."""


def find_field_error(event: type[Any], data: Mapping[str, Any]) -> str | None:
    """Return in words what is wrong with the first missing or wrong field; None if all fields fit the event class."""
    for shape in _shapes_of(event):
        if shape.name not in data:
            if shape.is_required:
                return f"the field {shape.name} is missing"
            continue
        value = data[shape.name]
        if type(value) not in shape.plain and not shape.fits(value):
            return f"the field {shape.name} is not {shape.words}"
    return None


def _shapes_of(event: type[Any]) -> tuple[FieldShape, ...]:
    """Return the fields of an event class. Raises TypeError if the type of a field is not allowed in events."""
    if (known := _known.get(event)) is None:
        hints = typing.get_type_hints(event)
        known = _known[event] = tuple(_shape(field, hints[field.name]) for field in dataclasses.fields(event))
    return known


_known: dict[type[Any], tuple[FieldShape, ...]] = {}
"""Each event class → its fields, derived once because that costs a hundred times what a check does."""


def _shape(field: dataclasses.Field[Any], hint: Any) -> FieldShape:
    words, fits = _check(hint)
    plain = _PLAIN.get(hint, frozenset())
    if (field.name.endswith("_at") or field.name == "at") and hint in (str, str | None):
        words, fits = ("an instant" if hint is str else "an instant or null"), _instant_or(fits, hint is not str)
        plain -= {str}
    return FieldShape(field.name, words, fits, is_required(field), plain)


def _check(hint: Any) -> tuple[str, Check]:
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType and len(arguments) == 2 and arguments[1] is type(None):
        words, fits = _check(arguments[0])
        return f"{words} or null", lambda value: value is None or fits(value)
    if origin is list:
        words, fits = _check(arguments[0])
        return f"a list in which each item is {words}", lambda value: isinstance(value, list) and all(map(fits, value))
    if origin is dict:
        # Names in JSON are always text.
        words, fits = _check(arguments[1])
        return "an object", lambda value: isinstance(value, dict) and all(map(fits, value.values()))
    raise TypeError(f"{hint} has no place in the published language")


def _instant_or(fits: Check, may_be_null: bool) -> Check:
    def is_instant(value: Any) -> bool:
        if value is None or not isinstance(value, str):
            return may_be_null and fits(value)
        try:
            from_text(value)
        except (ValueError, OverflowError):
            return False
        return True

    return is_instant


_SCALARS: dict[Any, tuple[str, Check]] = {
    str: ("text", lambda value: isinstance(value, str)),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: (
        "a whole number of at most 64 bits",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST,
    ),
    Any: ("anything", lambda value: True),
}
_PLAIN: dict[Any, frozenset[type[Any]]] = {
    str: frozenset({str}),
    str | None: frozenset({str, type(None)}),
    int | None: frozenset({type(None)}),
    bool: frozenset({bool}),
}
