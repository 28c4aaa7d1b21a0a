"""Signed terms that cannot be read: which targets they concern, and that all others have their lines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from slm_monitor.domain.terms.terms_history import (
    ALL,
    TargetTermsHistory,
    build_terms_histories,
    explain_unreadable_targets,
)
from tests.support.monitor import available, fast, finalized, resolved


def signed(**changed: Any) -> dict[str, Any]:
    return asdict(finalized(available(), resolved(), fast(), **changed))


def test_only_the_target_that_cannot_be_read_has_no_line() -> None:
    broken = signed()
    broken["targets"][0]["aggregation"] = "sum"
    assert list(explain_unreadable_targets([broken])) == [available()["target_id"]]
    found = {line.latest.key: line.latest.place for line in build_terms_histories([broken], None)}
    assert found == {resolved()["key"]: 1, fast()["key"]: 2}


def test_a_target_unreadable_in_one_version_has_none_by_the_others() -> None:
    second = signed(version=2, effective_at="2026-12-01T00:00:00Z")
    second["targets"][2]["objective"] = {"about": "99"}
    assert {line.latest.key for line in build_terms_histories([signed(), second], None)} == {
        available()["key"],
        resolved()["key"],
    }


def test_where_the_agreement_itself_cannot_be_read_no_target_can() -> None:
    for broken in (signed(effective_at="soon"), signed(service_hours={"24x7": {"weekly": 3}})):
        assert list(explain_unreadable_targets([broken])) == [ALL]
        assert build_terms_histories([broken], None) == []


def test_terms_that_can_be_read_are() -> None:
    assert explain_unreadable_targets([signed()]) == {}
    assert len(build_terms_histories([signed()], None)) == 3


def test_a_target_alone_has_the_histories_that_it_has_among_all() -> None:
    second = signed(version=2, effective_at="2026-12-01T00:00:00Z")
    del second["targets"][0]
    broken = signed(version=3, effective_at="2026-12-02T00:00:00Z")
    broken["targets"][2]["aggregation"] = "sum"
    bad_hours = signed(service_hours={"24x7": {"weekly": 3}})
    targets = [available()["target_id"], resolved()["target_id"], fast()["target_id"]]
    for versions in ([signed()], [signed(), second], [signed(), second, broken], [signed(), bad_hours]):
        all_lines = build_terms_histories(versions, None)
        for target in targets:
            alone = build_terms_histories(versions, None, target)
            expected = [line for line in all_lines if line.target_id == target]
            assert [_shown(line) for line in alone] == [_shown(line) for line in expected]


def _shown(line: TargetTermsHistory) -> tuple[Any, ...]:
    return line.target_id, line.versions, line.begins_at, line.ends_at
