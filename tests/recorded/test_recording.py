"""The public API answers and publishes what was recorded, value by value, on the embedded log and on Kafka."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import __main__ as recorded
from tests.recorded.comparing import differences, read, write
from tests.recorded.plain import Plain
from tests.support import kafka as kafka_support
from tests.support import real

ANSWER: dict[str, Any] = {
    "request": {"stage": "s", "as": "viewer", "method": "GET", "path": "/api/v1/targets"},
    "answer": {"status": 200, "headers": {}, "body": {"items": [{"verdict": "met"}], "next": None}},
}


async def _same(log: str = "") -> None:
    # Not below pytest's own folder: PostgreSQL's user cannot enter it.
    with tempfile.TemporaryDirectory(prefix="slm-recorded-") as folder:
        played = await recorded.demonstration(Path(folder) / "data", log)
    for name, entries in zip(recorded.NAMES, played, strict=True):
        assert list(differences(read(recorded.HERE / "demo" / name), entries)) == []


async def test_the_demonstration_is_as_recorded_on_the_embedded_log(postgres: object) -> None:
    await _same()


@pytest.mark.soak
async def test_the_demonstration_is_as_recorded_on_kafka(postgres: object) -> None:
    try:
        broker = kafka_support.private()
    except Exception as cause:
        real.unavailable("Kafka", cause)
    try:
        await _same(f"kafka://{broker.address}")
    finally:
        broker.remove()


@pytest.mark.soak
async def test_the_whole_scenario_is_as_recorded(postgres: object) -> None:
    with tempfile.TemporaryDirectory(prefix="slm-recorded-") as folder:
        played = await recorded.whole(Path(folder) / "data")
    for name, entries in zip(recorded.NAMES, played, strict=True):
        assert list(differences(read(recorded.HERE / "whole" / name), entries)) == []


def test_the_recording_has_answers_of_every_kind() -> None:
    answers = read(recorded.HERE / "whole" / "answers.jsonl.gz")
    assert len(answers) >= 300
    assert {200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 412, 422, 428} <= {
        each["answer"]["status"] for each in answers
    }


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"items": [{"outcome": "met"}], "next": None}, 'body.items[0].verdict: "met" became nothing'),
        ({"items": [{"verdict": "missed"}], "next": None}, 'body.items[0].verdict: "met" became "missed"'),
        ({"items": [], "next": None}, "body.items[0]: {"),
        ({"items": [{"verdict": "met"}], "next": False}, "body.next: null became false"),
    ],
)
def test_each_value_that_changed_is_named(change: Any, line: str, tmp_path: Path) -> None:
    changed = {**ANSWER, "answer": {**ANSWER["answer"], "body": change}}
    write(tmp_path / "one", [ANSWER, ANSWER])
    found = list(differences(read(tmp_path / "one"), [ANSWER, changed]))
    assert found
    assert line in found[0]
    assert found[0].startswith("1 s, GET /api/v1/targets as viewer: answer.")


def test_an_answer_more_or_less_is_a_difference() -> None:
    assert list(differences([ANSWER], [])) == ["0 s, GET /api/v1/targets as viewer: only in the old one"]
    assert list(differences([], [ANSWER])) == ["0 s, GET /api/v1/targets as viewer: only in the new one"]


def test_ids_are_counted_by_first_appearance() -> None:
    one, other = "0193a5c0-7a00-7000-8000-000000000001", "0193a5c0-7a00-7000-8000-000000000002"
    assert Plain().value({"a": other, "b": [one, f"x/{other}"], "c": "0" * 64}) == {
        "a": "<id 1>",
        "b": ["<id 2>", "x/<id 1>"],
        "c": "<hash 1>",
    }
