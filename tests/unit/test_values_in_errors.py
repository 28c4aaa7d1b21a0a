"""A wrong value is shown back as its sender wrote it: as JSON, never as Python writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slm_calendar.errors import finding
from slm_chassis.http.problems import _presentable
from slm_monitor.domain.facts.rejections import shorten_value_for_display

OBJECTS: list[Any] = [{"closed": True, "reason": None}, ["08:00", None], [{"a": [False]}]]


@pytest.mark.parametrize("value", OBJECTS)
def test_rejected_items_show_objects_as_json(value: Any) -> None:
    assert json.loads(shorten_value_for_display(value)) == value


@pytest.mark.parametrize("value", [*OBJECTS, True, None])
def test_calendar_findings_show_values_as_json(value: Any) -> None:
    assert json.loads(finding("closures", value, "write a list")["value"]) == value


def test_deeply_nested_values_are_cut_without_python_text() -> None:
    shown = _presentable([[[{"a": True}]]])
    assert shown == [[["{…}"]]]


def test_an_integer_of_thousands_of_digits_inside_a_list_is_still_shown() -> None:
    assert shorten_value_for_display([10**5_000]) == "a list"
    assert finding("closures", [10**5_000], "write a date")["value"] == "a list"
