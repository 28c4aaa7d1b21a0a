"""Response models with the fields of a dataclass: instants as text, every field required."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from slm_chassis.http.response_models import Answer, fields_of_dataclass, list_of


@dataclass(frozen=True)
class Thing:
    thing_id: str
    state: str
    number: int
    made_at: int
    ended_at: int | None = None
    secret: str = ""


@fields_of_dataclass(Thing, without=("secret",), descriptions={"number": "How many there are"})
class Shown(Answer):
    """A thing as clients see it."""

    state: str
    """open | ended"""
    seconds_left: int | None = None


def test_instants_go_out_as_text_and_other_integers_as_they_are() -> None:
    shown = Shown.model_validate(Thing("1", "open", 7, 1_000_000))
    assert shown.model_dump() == {
        "thing_id": "1",
        "state": "open",
        "number": 7,
        "made_at": "1970-01-01T00:00:01.000000Z",
        "ended_at": None,
        "seconds_left": None,
    }


def test_every_field_of_the_dataclass_is_required_and_in_its_order() -> None:
    schema = Shown.model_json_schema()
    assert schema["required"] == ["thing_id", "state", "number", "made_at", "ended_at"]
    assert schema["properties"]["state"] == {"description": "open | ended", "title": "State", "type": "string"}
    assert schema["properties"]["number"] == {"description": "How many there are", "title": "Number", "type": "integer"}
    assert schema["properties"]["made_at"] == {"title": "Made At", "type": "string", "format": "date-time"}
    assert (schema["title"], schema["description"]) == ("Shown", "A thing as clients see it.")
    with pytest.raises(ValidationError, match="ended_at"):
        Shown.model_validate({"thing_id": "1", "state": "open", "number": 7, "made_at": 0})


class PartAnswer(Answer):
    """A part of a thing."""


class PartResponse(Answer):
    """A part of a thing, under the other ending that response models have."""


@pytest.mark.parametrize("item", [PartAnswer, PartResponse])
def test_a_page_of_a_list_is_called_after_its_items(item: type[Answer]) -> None:
    assert list_of(item).__name__ == "PartList"
