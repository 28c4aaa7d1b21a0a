"""Fast construction and change of frozen dataclasses, without their ``__init__``.

The ``__init__`` of a frozen dataclass sets each field by name, which takes three times as long for an event of thirty
fields. Only dataclasses with slots and without ``__post_init__`` are supported.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from operator import attrgetter, call
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class _Slot(NamedTuple):
    name: str
    put: Callable[[Any, Any], None]
    default: Callable[[], Any] | None
    """A function that returns the field's default value; None if the field is required."""


def make_frozen(kind: type[T], given: Mapping[str, Any]) -> T:
    """Return an instance of a frozen dataclass with the given fields, ignoring unknown ones. Raises TypeError if a
    required field is missing.
    """
    value = object.__new__(kind)
    for name, put, default in _slots_of(kind):
        if name in given:
            put(value, given[name])
        elif default is not None:
            put(value, default())
        else:
            raise TypeError(f"{kind.__name__} needs the field {name!r}")
    return value


def change_frozen(value: T, **fields: Any) -> T:
    """Return a copy of a frozen dataclass with some fields changed, like ``dataclasses.replace``.

    Raises AttributeError for an unknown field.
    """
    kind = type(value)
    other = object.__new__(kind)
    # A loop in Python takes half as long again.
    deque(map(call, _setters_of(kind), repeat(other), _reader_of(kind)(value)), maxlen=0)
    for name, new in fields.items():
        object.__setattr__(other, name, new)
    return other


def _slots_of(kind: type[Any]) -> tuple[_Slot, ...]:
    if (known := _slots.get(kind)) is not None:
        return known
    if kind.__dictoffset__ or hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} is no dataclass with slots, or has a __post_init__")
    fields = dataclasses.fields(kind)
    _slots[kind] = found = tuple(
        _Slot(field.name, getattr(kind, field.name).__set__, _default(field)) for field in fields
    )
    return found


_slots: dict[type[Any], tuple[_Slot, ...]] = {}


def _setters_of(kind: type[Any]) -> tuple[Callable[[Any, Any], None], ...]:
    """Return the functions that set the fields of an instance of this class, in order."""
    if (known := _setters.get(kind)) is None:
        known = _setters[kind] = tuple(slot.put for slot in _slots_of(kind))
    return known


_setters: dict[type[Any], tuple[Callable[[Any, Any], None], ...]] = {}


def _reader_of(kind: type[Any]) -> Callable[[Any], Sequence[Any]]:
    """Return a function that reads all fields of an instance of this class, in order."""
    if (known := _readers.get(kind)) is None:
        names = [slot.name for slot in _slots_of(kind)]
        # attrgetter with one name returns no sequence.
        known = attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, name) for name in names]
        _readers[kind] = known
    return known


_readers: dict[type[Any], Callable[[Any], Sequence[Any]]] = {}


def _default(field: dataclasses.Field[Any]) -> Callable[[], Any] | None:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory
    if field.default is dataclasses.MISSING:
        return None
    return lambda: field.default
