"""Critical periods in the document: kept as they were written, refused where they mean nothing."""

from __future__ import annotations

from typing import Any

import pytest

from slm_agreement.domain.contracting.answering import compute_terms_hash
from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.errors import Invalid
from tests.unit.agreement.people import AVAILABILITY, IDENTITY, SHARE, resolved

NIGHT = {"from": "2026-12-03T18:00", "to": "2026-12-04T02:00"}
ELECTION = {"key": "election-night", "occurrences": {"dates": [NIGHT]}}
MONTHLY = {"rule": "FREQ=MONTHLY;BYMONTHDAY=-1", "from": "2026-12-31T18:00", "duration": "PT6H"}
YEAR = {"effective_at": "2026-12-01T00:00:00Z", "expires_at": "2027-12-01T00:00:00Z"}


def faults(*periods: Any, **changed: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        resolved(targets=[AVAILABILITY], critical_periods=list(periods), **changed)
    return {each.field: each.remedy for each in refused.value.findings}


def test_nothing_written_leaves_nothing_in_the_document() -> None:
    assert "critical_periods" not in resolved(targets=[AVAILABILITY])


def test_periods_are_completed_and_resolving_again_changes_nothing() -> None:
    month_end = {"key": "month-end", "title": "End of month", "occurrences": MONTHLY, "freeze": True}
    once = resolved(targets=[AVAILABILITY], term=YEAR, critical_periods=[ELECTION, month_end])
    assert once["critical_periods"] == [{**ELECTION, "title": "election-night", "freeze": False}, month_end]
    assert documents.resolve_document(once, IDENTITY.subject, None, "") == once


def test_dates_are_stored_in_order_of_time() -> None:
    later = {"from": "2027-01-03T18:00", "to": "2027-01-04T02:00"}
    period = {**ELECTION, "occurrences": {"dates": [later, NIGHT]}}
    (kept,) = resolved(targets=[AVAILABILITY], critical_periods=[period])["critical_periods"]
    assert kept["occurrences"] == {"dates": [NIGHT, later]}


@pytest.mark.parametrize(
    ("period", "field", "remedy"),
    [
        ({**ELECTION, "key": "Election night"}, ".key", "lower-case letters"),
        ({**ELECTION, "key": "2026"}, ".key", "beginning with a letter"),
        ({**ELECTION, "occurrences": {}}, ".occurrences", "write dates or a rule"),
        ({**ELECTION, "occurrences": {"dates": [NIGHT], **MONTHLY}}, ".occurrences", "one of them"),
        ({**ELECTION, "occurrences": {"dates": []}}, ".occurrences.dates", "1 to 500"),
        ({**ELECTION, "occurrences": {"dates": [{**NIGHT, "at": "noon"}]}}, ".occurrences.dates[0].at", ""),
        ({**ELECTION, "occurrences": {"dates": [{**NIGHT, "to": "2026-12-03T17:00"}]}}, ".occurrences.dates[0].to", ""),
        ({**ELECTION, "occurrences": {"dates": [NIGHT, NIGHT]}}, ".occurrences", "make it one"),
        ({**ELECTION, "occurrences": {**MONTHLY, "rule": "FREQ=NEVER"}}, ".occurrences.rule", ""),
        ({**ELECTION, "occurrences": {**MONTHLY, "duration": "P1M"}}, ".occurrences.duration", "PT8H"),
        (
            {**ELECTION, "occurrences": {"dates": [{"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"}]}},
            ".occurrences",
            "in the term",
        ),
        ({**ELECTION, "weight": 3}, ".weight", ""),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(period: dict[str, Any], field: str, remedy: str) -> None:
    found = faults(period, term=YEAR)
    assert remedy in found[f"critical_periods[0]{field}"]


def test_two_periods_do_not_share_a_key() -> None:
    assert "write another key" in faults(ELECTION, ELECTION)["critical_periods[1].key"]


def test_a_rule_without_end_needs_a_term_with_one() -> None:
    period = {**ELECTION, "occurrences": MONTHLY}
    assert "say where it ends" in faults(period)["critical_periods[0].occurrences.rule"]
    ended = {**MONTHLY, "rule": f"{MONTHLY['rule']};COUNT=3"}
    assert resolved(targets=[AVAILABILITY], critical_periods=[{**ELECTION, "occurrences": ended}])


def test_an_invalid_zone_is_the_only_finding_about_its_periods() -> None:
    assert set(faults(ELECTION, timezone="Berlin/Europe")) == {"timezone"}


NIGHTLY = {**AVAILABILITY, "window": {"occurrences_of": "election-night"}}


def agreed(*targets: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return resolved(**{"targets": list(targets), "critical_periods": [ELECTION], **changed})


def wrong(*targets: dict[str, Any], **changed: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        agreed(*targets, **changed)
    return {each.field: each.remedy for each in refused.value.findings}


def test_a_target_is_judged_by_the_occurrences_of_a_period() -> None:
    once = agreed(NIGHTLY)
    assert once["targets"][0]["window"] == {"occurrences_of": "election-night"}
    assert documents.resolve_document(once, IDENTITY.subject, None, "") == once


def test_an_unknown_period_is_refused_with_the_known_ones() -> None:
    other = {**NIGHTLY, "window": {"occurrences_of": "day"}}
    assert wrong(other)["targets[0].window.occurrences_of"].endswith("critical period: election-night")
    assert "define the period" in wrong(NIGHTLY, critical_periods=[])["targets[0].window.occurrences_of"]


def test_a_window_has_no_second_field_beside_the_period() -> None:
    both = {**NIGHTLY, "window": {"occurrences_of": "election-night", "calendar": "month"}}
    assert "targets[0].window.calendar" in wrong(both)


def test_an_occurrence_closes_so_coverage_and_volume_may_be_agreed() -> None:
    closing = {**SHARE, "window": NIGHTLY["window"], "min_coverage": "95", "expected_volume": 1000}
    (target,) = agreed(closing)["targets"]
    assert (target["min_coverage"], target["expected_volume"]) == ("95", 1000)


def test_occurrences_have_no_default_burn_rates() -> None:
    assert agreed(NIGHTLY)["targets"][0]["warn_at"]["burn_rate"] is None
    refused = wrong({**NIGHTLY, "warn_at": {"burn_rate": "default"}})
    assert "default pairs exist" in refused["targets[0].warn_at.burn_rate"]


def test_members_of_a_composite_have_its_period_as_window() -> None:
    composite = {
        "key": "both",
        "aggregation": {"composite": {"of": "verdicts", "rule": "all_of", "members": [{"target": "up"}]}},
        "window": NIGHTLY["window"],
    }
    assert agreed(NIGHTLY, composite)["targets"][1]["window"] == NIGHTLY["window"]
    assert "targets[1].aggregation.composite.members[0].target" in wrong(AVAILABILITY, composite)


def test_another_night_is_another_promise() -> None:
    first = agreed(NIGHTLY)
    later = {**ELECTION, "occurrences": {"dates": [{"from": "2027-01-03T18:00", "to": "2027-01-04T02:00"}]}}
    second = agreed(NIGHTLY, critical_periods=[later])
    hashes = {compute_terms_hash(each["targets"][0], each) for each in (first, second)}
    assert len(hashes) == 2
