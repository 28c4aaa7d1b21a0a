"""The words that changed: the present ones are in use, as recorded, and the earlier ones are gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from slm_events.catalogue import PUBLISHED
from slm_monitor.api.document import DOCUMENT as MONITOR
from slm_review.api.document import DOCUMENT as REVIEW
from tests.recorded.comparing import read

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "docs/reference/words.md"
RECORDED = ROOT / "tests/recorded/whole"
STAYS = {"status", "cause"}
"""Fields that have another meaning, too."""
KEPT = {WORDS, ROOT / "docs/names-in-older-commits.md", ROOT / "tests/integration/slm/test_upgraded_words.py"}
"""Files that speak of the earlier words."""
SUFFIXES = {".py", ".md", ".json", ".yaml", ".html", ".js", ".patch"}


def rows(*kinds: str) -> list[tuple[str, str, str]]:
    """(kind, earlier, now) of each row, or of those of some kinds."""
    table = re.findall(r"^\| (\w+) \| `([^`]+)` \| `([^`]+)` \|", WORDS.read_text(encoding="utf-8"), re.MULTILINE)
    return [row for row in table if not kinds or row[0] in kinds]


@cache
def answers() -> list[dict[str, Any]]:
    return read(RECORDED / "answers.jsonl.gz")


def entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Every field of a JSON value with what it holds, at any depth."""
    if isinstance(value, list):
        for inner in value:
            yield from entries(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from entries(inner)


@cache
def used_fields() -> frozenset[str]:
    """Fields of events, of recorded answers and of the bodies that were sent."""
    bodies = [part for each in answers() for part in (each["request"].get("body"), each["answer"].get("body"))]
    events = [each["data"] for each in read(RECORDED / "events.jsonl.gz")]
    published = {field.name for event in PUBLISHED for field in fields(event)}
    return frozenset(published | {name for name, _ in entries([*bodies, *events])})


def test_every_row_has_a_kind_and_two_words() -> None:
    lines = [line for line in WORDS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert len(rows()) == len(lines) - 1
    assert {kind for kind, _, _ in rows()} == {"parameter", "route", "field", "value", "problem", "event"}
    assert all(earlier != now for _, earlier, now in rows())


@pytest.mark.parametrize(("kind", "earlier", "now"), rows("event"))
def test_events_have_their_present_names(kind: str, earlier: str, now: str) -> None:
    names = {event.__name__ for event in PUBLISHED}
    assert (now in names, earlier in names) == (True, False)


@pytest.mark.parametrize(("kind", "earlier", "now"), rows("problem"))
def test_problems_have_their_present_codes(kind: str, earlier: str, now: str) -> None:
    codes = {**MONITOR.types, **REVIEW.types}
    assert (now in codes, earlier in codes) == (True, False)


@pytest.mark.parametrize(("kind", "earlier", "now"), rows("field"))
def test_fields_have_their_present_names(kind: str, earlier: str, now: str) -> None:
    assert now in used_fields()
    assert earlier in STAYS or earlier not in used_fields()


def test_status_is_of_http_of_a_process_or_of_a_service() -> None:
    found = {
        value
        for each in answers()
        for name, value in entries(each["answer"].get("body"))
        if name == "status" and not isinstance(value, int)
    }
    assert found <= {"alive", "ready", "not ready", "pipeline", "live", "retired"}


def test_only_the_step_of_a_breach_has_a_root_cause() -> None:
    steps = [inner for each in answers() for name, inner in entries(each["answer"].get("body")) if name == "steps"]
    taken = [step for each in steps for step in each if step.get("step") == "root-cause"]
    assert taken
    assert all("root_cause" in step and "cause" not in step for step in taken)


@pytest.mark.parametrize(("kind", "earlier", "now"), rows("parameter"))
def test_parameters_have_their_present_names(kind: str, earlier: str, now: str) -> None:
    asked = {name: each for each in answers() for name in each["request"].get("query", {})}
    assert asked[now]["answer"]["status"] < 500
    assert earlier not in asked


@pytest.mark.parametrize(("kind", "earlier", "now"), rows("route"))
def test_routes_have_their_present_paths(kind: str, earlier: str, now: str) -> None:
    assert (_answered(now), _answered(earlier)) == (True, False)


def _answered(route: str) -> bool:
    method, path = route.split(" ")
    pattern = re.compile("/api/v1" + re.sub(r"\{\w+\}", "[^/]+", path))
    return any(
        each["request"]["method"] == method and pattern.fullmatch(each["request"]["path"]) and _is_served(each)
        for each in answers()
    )


def _is_served(each: dict[str, Any]) -> bool:
    return each["answer"]["status"] < 400


@pytest.mark.parametrize(("kind", "earlier", "now"), rows("value"))
def test_states_and_steps_have_their_present_names(kind: str, earlier: str, now: str) -> None:
    said: set[str] = set()
    for each in answers():
        for name, value in entries(each["answer"].get("body")):
            if name in ("state", "step", "allowed"):
                said |= set(value) if isinstance(value, list) else {value}
    assert earlier not in said
    assert now in said


def test_no_source_and_no_guide_says_an_earlier_word() -> None:
    distinct = {earlier for _, earlier, _ in rows("event", "problem")}
    distinct |= {earlier for _, earlier, _ in rows("field") if "_" in earlier}
    pattern = re.compile(rf"\b({'|'.join(sorted(distinct))})\b")
    found = {
        f"{path.relative_to(ROOT)}: {word}"
        for folder in ("docs", "services", "shared", "deploy", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in SUFFIXES and path not in KEPT and "migrations" not in path.parts
        for word in pattern.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set()
