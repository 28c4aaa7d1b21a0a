"""Body fields take what the document says and nothing that pydantic would also make something of."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from slm_chassis.http.json_types import NO_TEXT, Day


class Body(BaseModel):
    count: Annotated[int, Field(ge=1), NO_TEXT] | None = None
    day: Day | None = None


@pytest.mark.parametrize("count", ["5", True, False, 1.5, "", []])
def test_a_whole_number_is_no_text_and_no_truth(count: Any) -> None:
    with pytest.raises(ValidationError):
        Body.model_validate({"count": count})


@pytest.mark.parametrize("count", [5, 5.0, None])
def test_what_json_calls_an_integer_is_taken(count: Any) -> None:
    assert Body.model_validate({"count": count}).count == count


@pytest.mark.parametrize("day", [0, 1.5, True, "2026-13-01", ""])
def test_a_day_is_written_as_a_day(day: Any) -> None:
    with pytest.raises(ValidationError):
        Body.model_validate({"day": day})


def test_the_schema_says_number_and_date() -> None:
    properties = Body.model_json_schema()["properties"]
    assert {"type": "integer", "minimum": 1} in properties["count"]["anyOf"]
    assert {"type": "string", "format": "date"} in properties["day"]["anyOf"]
