"""Money in the terms: schedules and charge are resolved and signed, and a target's schedule has to fit it."""

from __future__ import annotations

from typing import Any

import pytest

from slm_agreement.domain.checks.smart import run_smart_check
from slm_agreement.domain.contracting.answering import compute_terms_hash
from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.documents.canonical import canonical_json
from slm_agreement.domain.documents.differences import compare_documents
from slm_agreement.domain.errors import Invalid
from slm_agreement.domain.versions.finalizing import agreement_finalized_event
from slm_credits.schedule_document import parse_schedule
from tests.unit.agreement.people import AVAILABILITY, CLOCK, IDENTITY, NAMES, NOW, SHARE, draft, resolved

BANDS: list[dict[str, Any]] = [
    {"from": "0", "percent_of_charge": "100"},
    {"from": "95", "percent_of_charge": "25"},
    {"from": "99", "percent_of_charge": 10},
    {"from": 99.9, "nothing": True},
]
SCHEDULE: dict[str, Any] = {"currency": "EUR", "bands": BANDS, "cap_per_period": {"percent_of_charge": "30"}}
CHARGE = {"amount": "4200.00", "currency": "EUR"}
UP = {**AVAILABILITY, "credit": "bands-a"}
MEAN: dict[str, Any] = {
    "key": "quick",
    "indicator": {"key": "payments.latency", "unit": "ms"},
    "aggregation": "mean",
    "objective": {"at_most": "300"},
    "window": {"calendar": "month"},
    "credit": "bands-a",
}


def money(**changed: Any) -> dict[str, Any]:
    return resolved(**{"targets": [UP], "credit_schedules": {"bands-a": SCHEDULE}, "period_charge": CHARGE, **changed})


def refused(**changed: Any) -> dict[str, tuple[str, str]]:
    """Field → value and remedy of what is refused."""
    with pytest.raises(Invalid) as found:
        money(**changed)
    return {each.field: (each.value, each.remedy) for each in found.value.findings}


def warned(**changed: Any) -> dict[str, str]:
    """Code → severity of what the check finds about money."""
    version = draft(**{"targets": [UP], "credit_schedules": {"bands-a": SCHEDULE}, "period_charge": CHARGE, **changed})
    found = run_smart_check(version, version.revisions[-1], [], NOW)
    return {each.code: each.severity for each in found if each.code.startswith("credit.")}


def test_no_money_leaves_nothing_in_the_document() -> None:
    assert not {"credit_schedules", "period_charge"} & set(resolved(targets=[AVAILABILITY]))


def test_charge_and_schedule_are_written_out_and_resolving_again_changes_nothing() -> None:
    once = money()
    assert once["period_charge"] == {"amount": "4200", "currency": "EUR", "per": "month"}
    written = once["credit_schedules"]["bands-a"]
    assert (written["measure"], written["minimum_payout"], written["minor_unit"]) == ("attained", "0", 2)
    assert [band["from"] for band in written["bands"]] == ["0", "95", "99", "99.9"]
    assert parse_schedule(written) == parse_schedule(SCHEDULE)
    assert once["targets"][0]["credit"] == "bands-a"
    again = documents.resolve_document(once, IDENTITY.subject, None, "")
    assert again == once
    assert canonical_json(again) == canonical_json(once)


def test_the_hash_of_a_revision_is_another_where_only_a_rate_differs() -> None:
    dearer = {"bands-a": {**SCHEDULE, "cap_per_period": {"percent_of_charge": "31"}}}
    assert canonical_json(money()) != canonical_json(money(credit_schedules=dearer))


def test_the_difference_of_two_revisions_names_the_rate() -> None:
    dearer = {"bands-a": {**SCHEDULE, "cap_per_period": {"percent_of_charge": "31"}}}
    found = compare_documents(money(), money(credit_schedules=dearer, period_charge={**CHARGE, "amount": "5000"}))
    assert found["document"] == [
        {"field": "period_charge.amount", "from": "4200", "to": "5000"},
        {"field": "credit_schedules.bands-a.cap_per_period.percent_of_charge", "from": "30", "to": "31"},
    ]
    without = compare_documents(money(), resolved(targets=[AVAILABILITY]))
    assert {"field": "credit", "from": "bands-a", "to": None} in without["targets"][0]["fields"]


def test_a_gap_is_refused_by_the_value_that_falls_through() -> None:
    gap = {**SCHEDULE, "bands": [{"from": "0", "to": "98.99", "flat": "5"}, {"from": "99.9", "nothing": True}]}
    value, remedy = refused(credit_schedules={"bands-a": gap})["credit_schedules.bands-a.bands"]
    assert (value, remedy.startswith("no band contains 98.99")) == ("98.99", True)


def test_a_band_that_pays_for_a_met_objective_is_refused_by_the_figure() -> None:
    easier = {**UP, "objective": {"at_least": "99.5", "unit": "percent"}}
    value, remedy = refused(targets=[easier])["credit_schedules.bands-a.bands[2]"]
    assert value == "99.5"
    assert remedy.startswith("target up: this band pays the customer for 99.5, which meets the objective of 99.5")
    rewarded = [*BANDS[:3], {"from": "99.9", "nothing": True}, {"from": "99.99", "flat": "50", "reward": True}]
    assert money(credit_schedules={"bands-a": {**SCHEDULE, "bands": rewarded}})


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"targets": [{**AVAILABILITY, "credit": "bands-b"}]}, "targets[0].credit", "bands-a"),
        ({"credit_schedules": None}, "targets[0].credit", "a schedule of credit_schedules"),
        ({"targets": [{**AVAILABILITY, "credit": 5}]}, "targets[0].credit", "letters"),
        ({"targets": [{**CLOCK, "credit": "bands-a"}]}, "targets[0].credit", "compliance target"),
        ({"targets": [{**UP, "window": {"rolling": "P28D"}}]}, "targets[0].credit", "never closes"),
        ({"targets": [MEAN]}, "targets[0].credit", "measure value"),
        ({"credit_schedules": {"bands-a": 5}}, "credit_schedules.bands-a", "an object"),
        ({"credit_schedules": {"bands a": SCHEDULE}}, "credit_schedules.bands a", "letters"),
        ({"credit_schedules": {"bands-a": {**SCHEDULE, "cap": 5}}}, "credit_schedules.bands-a.cap", "leave it out"),
        (
            {"credit_schedules": {"bands-a": {"currency": "USD", "bands": BANDS}}},
            "credit_schedules.bands-a.currency",
            "EUR",
        ),
        ({"credit_schedules": 5}, "credit_schedules", "schedules by name"),
        ({"period_charge": "4200"}, "period_charge", "an object"),
        ({"period_charge": {"currency": "EUR"}}, "period_charge.amount", "decimal"),
        ({"period_charge": {"amount": "1", "currency": "euro"}}, "period_charge.currency", "ISO 4217"),
        ({"period_charge": {**CHARGE, "per": "moon"}}, "period_charge.per", "month"),
        ({"clauses": {"charges": {"amount": "4201"}}}, "clauses.charges.amount", "only one price"),
        ({"clauses": {"charges": {"currency": "USD"}}}, "clauses.charges.currency", "only one price"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(changed: dict[str, Any], field: str, said: str) -> None:
    found = refused(**changed)
    assert field in found, found
    assert said in found[field][1]


def test_the_same_price_may_stand_in_the_clause_too() -> None:
    said = {"charges": {"text": "A fixed price.", "amount": "4200.0", "currency": "EUR", "per": "month"}}
    assert money(clauses=said)["clauses"]["charges"]["amount"] == "4200.0"


def test_a_figure_in_its_own_unit_has_a_schedule_of_values() -> None:
    slow = {
        "currency": "EUR",
        "measure": "value",
        "closed": "right",
        "bands": [{"to": 300, "nothing": True}, {"from": 300, "flat": 9}],
    }
    once = money(targets=[MEAN], credit_schedules={"bands-a": slow})
    assert once["credit_schedules"]["bands-a"]["bands"][1] == {
        "from": "300",
        "to": None,
        "closed": "right",
        "flat": "9",
        "reward": False,
        "clause": "",
    }


def test_the_check_warns_of_a_schedule_that_nobody_names_and_of_no_charge() -> None:
    assert warned() == {}
    assert warned(targets=[AVAILABILITY]) == {"credit.unused-schedule": "warning"}
    assert warned(period_charge=None) == {"credit.no-period-charge": "warning"}
    flat = {"currency": "EUR", "bands": [{"flat": "5"}, {"from": "99.9", "nothing": True}]}
    assert warned(period_charge=None, credit_schedules={"bands-a": flat}) == {}


def test_an_occurrence_of_a_critical_period_is_closed_so_it_may_cost_something() -> None:
    night = {"key": "night", "occurrences": {"dates": [{"from": "2026-12-03T18:00", "to": "2026-12-04T02:00"}]}}
    found = money(targets=[{**UP, "window": {"occurrences_of": "night"}}], critical_periods=[night])
    assert found["targets"][0]["credit"] == "bands-a"


def test_two_targets_may_name_one_schedule() -> None:
    fast = {**SHARE, "credit": "bands-a", "objective": {"at_least": "99.95"}}
    assert [each["credit"] for each in money(targets=[UP, fast])["targets"]] == ["bands-a", "bands-a"]


def test_the_event_of_signing_carries_charge_and_schedules() -> None:
    version = draft(targets=[UP], credit_schedules={"bands-a": SCHEDULE}, period_charge=CHARGE)
    version.tabled = version.revisions[-1].number
    event = agreement_finalized_event(version, NAMES)
    [carried] = event.credits
    assert carried["key"] == "bands-a"
    assert parse_schedule({name: value for name, value in carried.items() if name != "key"}) == parse_schedule(SCHEDULE)
    assert event.period_charge == {"amount": "4200", "currency": "EUR", "per": "month"}
    assert event.targets[0]["credit"] == "bands-a"


def test_an_answer_to_a_target_falls_with_the_price_of_a_miss() -> None:
    def terms_hash(index: int, document: dict[str, Any]) -> str:
        return compute_terms_hash(document["targets"][index], document)

    both = money(targets=[UP, SHARE])
    dearer = money(targets=[UP, SHARE], credit_schedules={"bands-a": {**SCHEDULE, "minimum_payout": "10"}})
    charged = money(targets=[UP, SHARE], period_charge={**CHARGE, "amount": "5000"})
    assert len({terms_hash(0, each) for each in (both, dearer, charged)}) == 3
    # Nothing changes for the target that costs nothing.
    assert len({terms_hash(1, each) for each in (both, dearer, charged)}) == 1
