"""Frozen values are made and changed as their own class would do it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest

from slm_events import frozen
from slm_events.catalogue import PUBLISHED
from slm_review.domain.findings import Breach
from slm_review.domain.plans import ActionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Value(Base):
    number: int | None = 7
    items: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Single:
    number: int


@dataclass
class Loose:
    number: int


@dataclass(frozen=True, slots=True)
class Checked:
    number: int

    def __post_init__(self) -> None:
        raise ValueError("no number is good enough")


def test_a_value_is_made_as_by_its_class() -> None:
    assert frozen.make_frozen(Value, {"key": "a", "items": ["b"], "strange": 1}) == Value(key="a", items=["b"])
    assert frozen.make_frozen(Value, {"key": "a", "number": None}) == Value(key="a", number=None)


def test_a_default_is_made_anew_for_each_value() -> None:
    assert frozen.make_frozen(Value, {"key": "a"}).items is not frozen.make_frozen(Value, {"key": "a"}).items


def test_a_missing_field_is_named() -> None:
    with pytest.raises(TypeError, match="Value needs the field 'key'"):
        frozen.make_frozen(Value, {"number": 1})


def test_a_changed_value_keeps_its_other_fields() -> None:
    before = Value(key="a", number=1, items=["b"])
    assert frozen.change_frozen(before, key="c", number=None) == dataclasses.replace(before, key="c", number=None)
    assert before == Value(key="a", number=1, items=["b"])
    assert frozen.change_frozen(Single(1), number=2) == Single(2)


def test_a_field_that_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        frozen.change_frozen(Single(1), strange=2)


def test_what_is_made_stays_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        frozen.make_frozen(Single, {"number": 1}).number = 2  # type: ignore[misc]


@pytest.mark.parametrize("kind", [Loose, Checked])
def test_a_class_that_does_more_is_refused(kind: type[Any]) -> None:
    with pytest.raises(TypeError, match=kind.__name__):
        frozen.make_frozen(kind, {"number": 1})


@pytest.mark.parametrize("kind", [*PUBLISHED, ActionPlan, Breach], ids=lambda kind: kind.__name__)
def test_every_event_can_be_made(kind: type[Any]) -> None:
    given = {each.name: each.name for each in dataclasses.fields(kind)}
    assert frozen.make_frozen(kind, given) == kind(**given)
