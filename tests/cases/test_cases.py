"""Published known answers, each compared with the previews. The list of unanswered cases may only shrink."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cases import reading
from tests.cases.explained import EXPLANATIONS
from tests.cases.reading import Case
from tests.cases.run import EXPLAINED, FAILED, PASSED, UNMAPPED, main, outcome, report

KNOWN: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("known_gaps.yaml").read_text(encoding="utf-8")
)
MOST_EXPLAINED = 20


def published() -> list[Any]:
    """Every case at hand; one skipped parameter where there are none."""
    found = [pytest.param(case, id=case.id) for path in reading.files() for case in reading.cases(path)]
    absent = pytest.param(None, id="absent", marks=pytest.mark.skip(reason=f"no cases under {reading.SHARED}"))
    return found or [absent]


VARIANTS = reading.cases(Path(__file__).with_name("variants.json"))
"""Cases of the same kinds and sources as the published ones that say what those do not, answered by the sources."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in VARIANTS])
def test_what_a_source_says_elsewhere_is_met_or_explained_too(case: Case) -> None:
    found = outcome(case)
    assert found.status in (PASSED, EXPLAINED), found.line()


@pytest.mark.parametrize("case", published())
def test_a_published_answer_is_met_explained_or_a_known_gap(case: Case) -> None:
    found = outcome(case)
    known = next((status for status, cases in KNOWN.items() if case.id in (cases or {})), None)
    if found.status in (PASSED, EXPLAINED):
        assert known is None, f"{case.id} is {found.status} now: take it out of known_gaps.yaml"
    else:
        assert known == found.status, found.line()


def test_gaps_are_failed_or_unmapped_and_name_what_is_missing() -> None:
    assert set(KNOWN) <= {FAILED, UNMAPPED}
    assert all(reason for cases in KNOWN.values() for reason in (cases or {}).values())


@pytest.mark.skipif(not reading.files(), reason=f"no cases under {reading.SHARED}")
def test_few_answers_are_explained_and_every_explanation_is_needed() -> None:
    cases = [case for path in reading.files() for case in reading.cases(path)]
    explained = [found for found in map(outcome, cases) if found.status == EXPLAINED]
    assert len(explained) <= MOST_EXPLAINED
    explained += [found for found in map(outcome, VARIANTS) if found.status == EXPLAINED]
    assert {each.why for each in explained} == {each.reason for each in EXPLANATIONS}


def test_a_wrong_answer_is_seen() -> None:
    data = {
        "id": "X",
        "source": "elsewhere",
        "kind": "deadline",
        "calendar": "24x7",
        "timezone": "UTC",
        "holidays": [],
        "events": [{"at": "2026-11-02T09:00:00Z", "type": "created"}],
        "target_minutes": 60,
        "expected": {"deadline": "2026-11-02T10:00:01Z"},
    }
    found = outcome(reading.case_of(data))
    assert (found.status, found.ours) == (FAILED, {"deadline": "2026-11-02T10:00:00.000000Z"})


def test_a_field_that_nothing_answers_is_unmapped_and_not_passed() -> None:
    data = {"id": "X", "source": "elsewhere", "kind": "availability", "events": [], "expected": {"aura": 1}}
    assert outcome(reading.case_of(data)).status == UNMAPPED


def test_an_explanation_covers_only_what_the_sources_rule_makes_of_our_answer() -> None:
    data = {
        "id": "X",
        "source": "google/slo-generator report.py",
        "group": "report",
        "input": {"sli": Decimal("0.9896"), "goal": Decimal("0.99"), "threshold": 1},
        "expected": {"burn_rate": Decimal("1.0"), "alert": False},
    }
    assert outcome(reading.case_of(data)).status == EXPLAINED
    wrong = {**data, "expected": {"burn_rate": Decimal("1.1"), "alert": True}}
    assert outcome(reading.case_of(wrong)).status == FAILED


@pytest.mark.parametrize(
    "written",
    [
        1,
        None,
        {"id": "X"},
        {"id": "X", "kind": "deadline", "expected": {}},
        {
            "id": "X",
            "kind": "deadline",
            "events": [{"at": "yesterday", "type": "created"}],
            "target_hours": 1,
            "expected": {"deadline": "2024-01-01T01:00:00Z"},
        },
        {"id": "X", "kind": "availability", "events": "none", "expected": {"sli_percent": 1}},
        {"id": "X", "group": "report", "input": [1], "expected": {"sli": 1}},
        {"id": "X", "supports": 5, "expected": {"holds": True}},
    ],
)
def test_what_is_no_case_is_unmapped_in_a_line(written: Any, tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([written]), encoding="utf-8")
    lines, counts = report([file])
    assert len(lines) == 1 and counts == {UNMAPPED: 1}


def test_a_file_that_cannot_be_read_is_one_unmapped_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert main([str(tmp_path / "broken.json"), str(tmp_path / "absent.json")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 0 failed, 0 explained, 2 unmapped"


def test_a_quirk_is_compared_with_its_clean_answer_and_the_cases_question() -> None:
    data = {
        "id": "X",
        "source": "elsewhere",
        "kind": "availability",
        "calendar": "24x7",
        "timezone": "UTC",
        "events": [{"at": "2024-01-01T00:00:00Z", "state": "DOWN"}, {"at": "2024-01-01T06:00:00Z", "state": "UP"}],
        "expected": {"period": ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"], "sli_percent": 80},
        "quirk": "rounds to tens",
        "expected_clean": {"sli_percent": 75},
    }
    assert outcome(reading.case_of(data)).status == PASSED


def test_a_quirk_without_a_clean_answer_is_explained_and_nothing_else_is() -> None:
    data = {
        "id": "X",
        "source": "elsewhere",
        "kind": "elapsed",
        "calendar": "24x7",
        "quirk": "counts by fives",
        "events": [{"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:00:12Z"}],
        "expected": {"elapsed_seconds": 10},
    }
    assert outcome(reading.case_of(data)).status == EXPLAINED
    assert outcome(reading.case_of({**data, "expected_clean": {"elapsed_seconds": 11}})).status == FAILED
    assert outcome(reading.case_of({**data, "expected": {"aura": 1}})).status == UNMAPPED


@pytest.mark.parametrize(
    ("written", "status"), [("66.7", PASSED), ("66.6", FAILED), ("0.7", FAILED), ("66.66667", PASSED)]
)
def test_what_never_ends_is_held_to_the_digits_that_were_published(written: str, status: str) -> None:
    data = {
        "id": "X",
        "source": "elsewhere",
        "kind": "availability",
        "events": [{"up_hours": 2, "down_hours": 1}],
        "expected": {"sli_percent" if float(written) > 1 else "sli": Decimal(written)},
    }
    assert outcome(reading.case_of(data)).status == status
