"""What an author may write about a target, and what it is resolved to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.errors import Invalid
from slm_agreement.domain.terms.reading import decimal_text
from slm_chassis.identity import named_id
from tests.unit.agreement.odd import places, replaced
from tests.unit.agreement.people import AVAILABILITY, CLOCK, CUSTOMER, IDENTITY, PROVIDER, SHARE, resolved, written


def _target(target: dict[str, Any], **more: Any) -> dict[str, Any]:
    [only] = resolved(targets=[target], **more)["targets"]
    assert isinstance(only, dict)
    return only


def _fields(*targets: Any, **more: Any) -> dict[str, str]:
    """Field → remedy of what is refused."""
    with pytest.raises(Invalid) as refused:
        resolved(targets=list(targets), **more)
    return {finding.field: finding.remedy for finding in refused.value.findings}


def test_resolving_what_is_resolved_changes_nothing() -> None:
    once = resolved(targets=[AVAILABILITY, SHARE, CLOCK], service_hours={"b": {"timezone": "UTC", "weekly": {}}})
    assert documents.resolve_document(once, IDENTITY.subject, None, "") == once


def test_a_target_keeps_its_id_whatever_else_changes() -> None:
    expected = named_id(IDENTITY.agreement_id, "target", "up")
    assert _target(AVAILABILITY)["target_id"] == expected
    assert _target({**AVAILABILITY, "objective": {"at_least": "90"}, "target_id": "mine"})["target_id"] == expected


def test_every_default_is_written_out() -> None:
    target = _target(CLOCK)
    assert {name: target[name] for name in ("start", "stop", "pause", "on_priority_change", "on_reopen")} == {
        "start": "opened",
        "stop": ["resolved", "closed"],
        "pause": [],
        "on_priority_change": "carry_elapsed",
        "on_reopen": "resume",
    }
    assert target["applies_to"] == {"type": "incident", "priority": ["P1"]}
    assert target["window"] == {"per": "ticket"}
    assert target["warn_at"] == {"elapsed": ["50", "75", "90"]}
    assert (target["on_terms_change"], target["carry_pauses"], target["escalations"]) == ("keep", True, [])
    assert (target["unknown"], target["degraded"], target["no_data"]) == ("removed", "up", "ignore")
    assert (target["weight"], target["credit"]) == ("1", None)


def test_null_warnings_mean_never() -> None:
    never = {"budget_consumed": [], "burn_rate": None, "projected": False, "budget_drop": [], "time_to_exhaustion": []}
    assert _target({**AVAILABILITY, "warn_at": None})["warn_at"] == {**never, "min_events": 0}
    assert _target({**CLOCK, "warn_at": None})["warn_at"] is None


@pytest.mark.parametrize(("literal", "text"), [("99.90", "99.9"), (99, "99"), (99.9, "99.9"), ("0", "0")])
def test_an_objective_is_kept_exactly(literal: Any, text: str) -> None:
    assert _target({**AVAILABILITY, "objective": {"at_least": literal}})["objective"]["at_least"] == text


def test_a_float_that_may_not_be_what_was_written_is_refused() -> None:
    assert "targets[0].objective.at_least" in _fields({**AVAILABILITY, "objective": {"at_least": 99.99999999999999}})


@given(st.decimals(min_value=0, max_value=100, places=6))
def test_short_decimals_survive_being_read_as_floats(number: Any) -> None:
    assert decimal_text(float(number)) == decimal_text(str(number))


def test_a_limit_may_carry_its_unit() -> None:
    target = _target({**SHARE, "aggregation": {"share_at_most": "300 ms"}, "indicator": "payments.latency"})
    assert (target["aggregation"], target["indicator"]["unit"]) == ({"share_at_most": "300"}, "ms")
    wrong = {**SHARE, "aggregation": {"share_at_most": "1s"}}
    assert _fields(wrong) == {"targets[0].aggregation.share_at_most": "write the limit in the indicator's unit, ms"}


def test_an_indicator_belongs_to_the_provider_or_to_who_is_named() -> None:
    assert _target(AVAILABILITY)["indicator"]["owner_party_id"] == PROVIDER
    owned = {**AVAILABILITY, "indicator": {"key": "shop", "owner": "customer"}}
    assert _target(owned)["indicator"]["owner_party_id"] == CUSTOMER
    foreign = {**AVAILABILITY, "indicator": {"key": "shop", "owner_party_id": "somebody"}}
    assert "targets[0].indicator.owner" in _fields(foreign)


@pytest.mark.parametrize("aggregation", [{"percentile": 7}, "outage", {"availability": 1}, None, 7])
def test_what_is_no_aggregation_is_refused_and_what_is_one_is_named(aggregation: Any) -> None:
    assert "availability" in _fields({**AVAILABILITY, "aggregation": aggregation})["targets[0].aggregation"]


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ({**AVAILABILITY, "objective": {"at_most": "1"}}, "objective"),
        ({**AVAILABILITY, "objective": {"at_least": "100.1"}}, "objective.at_least"),
        ({**AVAILABILITY, "objective": {"at_least": "99", "unit": "ms"}}, "objective.unit"),
        ({**AVAILABILITY, "window": {"calendar": "fortnight"}}, "window.calendar"),
        ({**AVAILABILITY, "window": {"rolling": "PT90S"}}, "window.rolling"),
        ({**AVAILABILITY, "window": {"calendar": "month", "begin": 29}}, "window.begin"),
        ({**AVAILABILITY, "window": {"calendar": "month", "begin": "sunday"}}, "window.begin"),
        ({**AVAILABILITY, "window": {"calendar": "week", "begin": 7}}, "window.begin"),
        ({**AVAILABILITY, "window": {"calendar": "day", "begin": 1}}, "window.begin"),
        ({**AVAILABILITY, "window": {"calendar": "day", "at": "noon"}}, "window.at"),
        ({**AVAILABILITY, "window": {"rolling": "PT1H", "at": "12:00"}}, "window.at"),
        ({**AVAILABILITY, "no_data": "worse"}, "no_data"),
        ({**AVAILABILITY, "window": {"per": "ticket"}}, "window.per"),
        ({**AVAILABILITY, "service_hours": "nights"}, "service_hours"),
        ({**AVAILABILITY, "degraded": {"weight": 1.5}}, "degraded.weight"),
        ({**AVAILABILITY, "degraded": "half"}, "degraded"),
        ({**AVAILABILITY, "credit": "bands-a"}, "credit"),
        ({**CLOCK, "group_by": ["region"]}, "group_by"),
        ({**AVAILABILITY, "weight": "0"}, "weight"),
        ({**AVAILABILITY, "indicator": "a/b"}, "indicator.key"),
        ({**AVAILABILITY, "key": "a b"}, "key"),
        ({**AVAILABILITY, "warn_at": {"budget_consumed": ["90", "50"]}}, "warn_at.budget_consumed"),
        ({**SHARE, "aggregation": {"share_at_most": "-1"}}, "aggregation.share_at_most"),
        ({**CLOCK, "objective": {"within": {"business_days": 2.5}}}, "objective.within.business_days"),
        ({**CLOCK, "objective": {"within": {"calendar": "P1M"}}}, "objective.within.calendar"),
        ({**CLOCK, "objective": {"within": {"calendar": "-PT1H"}}}, "objective.within.calendar"),
        ({**CLOCK, "clock": "waiting"}, "clock"),
        ({**CLOCK, "applies_to": {"prioritiy": "P1"}}, "applies_to.prioritiy"),
        ({**CLOCK, "on_reopen": "forget"}, "on_reopen"),
        ({**CLOCK, "start": "began"}, "start"),
        ({**CLOCK, "stop": {"team": ["network"]}}, "stop"),
        ({**CLOCK, "after_first_response": True}, "after_first_response"),
        ({**CLOCK, "escalations": [{"at": {"due_at": "x"}}]}, "escalations[0].at"),
        ({**CLOCK, "warn_at": {"projected": True}}, "warn_at.projected"),
        ({**CLOCK, "indicator": "payments.checkout"}, "indicator"),
    ],
)
def test_a_fault_is_named_by_its_field_with_a_remedy(target: dict[str, Any], field: str) -> None:
    fields = _fields(target)
    assert f"targets[0].{field}" in fields
    assert all(fields.values())


def test_a_burn_rate_pair_that_cannot_fire_is_refused_with_a_reason() -> None:
    pair = {"long": "PT10M", "short": "PT1M", "factor": "20"}
    remedy = _fields({**SHARE, "warn_at": {"burn_rate": [pair]}})["targets[0].warn_at.burn_rate[0].factor"]
    assert "never fire" in remedy
    assert "20" in remedy
    assert _target({**SHARE, "warn_at": {"burn_rate": [{**pair, "factor": "19.9"}]}})


def test_a_window_that_is_not_nominal_has_no_default_pairs() -> None:
    rolling = {**SHARE, "window": {"rolling": "PT1H"}}
    assert _target(rolling)["warn_at"]["burn_rate"] is None
    assert "targets[0].warn_at.burn_rate" in _fields({**rolling, "warn_at": {"burn_rate": "default"}})
    assert _target({**SHARE, "window": {"rolling": "P28D"}})["warn_at"]["burn_rate"] == "default"


def test_two_targets_cannot_share_a_key_or_use_an_indicator_two_ways() -> None:
    assert "targets[1].key" in _fields(AVAILABILITY, AVAILABILITY)
    other = {**SHARE, "key": "other", "indicator": {"key": "payments.latency", "unit": "s"}}
    assert "targets[1].indicator" in _fields(SHARE, other)


def test_things_that_are_no_targets_are_refused() -> None:
    assert {"targets[0]", "targets[1]"} <= set(_fields([], "target"))
    with pytest.raises(Invalid):
        resolved(targets={"a": 1})


def test_a_countrys_holidays_are_frozen_as_dates() -> None:
    berlin = {"country": "DE", "subdivision": "BE"}
    hours = {"b": {"timezone": "Europe/Berlin", "weekly": {"mon-fri": [["08:00", "18:00"]]}, "holidays": [berlin]}}
    document = resolved(service_hours=hours)
    assert {"date": "2027-03-08", "name": "Frauentag"} in document["service_hours"]["b"]["holidays"]
    assert set(document["service_hours"]) == {"24x7", "b"}
    with pytest.raises(Invalid) as refused:
        resolved(service_hours=hours, term={})
    assert [finding.field for finding in refused.value.findings] == ["term.effective_at"]


def test_faults_of_service_hours_keep_their_place() -> None:
    fields = _fields(service_hours={"b": {"timezone": "UTC", "weekly": {"mon": [["18:00", "08:00"]]}}})
    assert any(field.startswith("service_hours.b.weekly.mon") for field in fields)


def test_an_unknown_field_of_the_document_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        documents.resolve_document(written(penalties="all"), IDENTITY.subject, None, "")
    assert [finding.field for finding in refused.value.findings] == ["penalties"]


_ODD = [
    None,
    True,
    0,
    -1,
    10**400,
    1.5,
    "",
    " ",
    "x",
    "P1M",
    "9999999999999999999999",
    "2026-02-30T00:00:00Z",
    "\0",
    [],
    [[]],
    [None],
    {},
    {"": {}},
    {"x": None},
    [{"date": "x"}],
    "1e400",
    "PT99999999999H",
]


@pytest.mark.parametrize("odd", _ODD, ids=repr)
def test_whatever_stands_wherever_in_a_document_is_taken_or_refused_with_findings(odd: Any) -> None:
    around = {
        "timezone": "Europe/Berlin",
        "weekly": {"mon-fri": [["08:00", "18:00"]]},
        "holidays": [{"country": "DE"}],
        "overrides": [{"date": "2026-12-24", "intervals": [["08:00", "12:00"]]}],
    }
    share = {**SHARE, "warn_at": {"burn_rate": [{"long": "PT1H", "short": "PT5M", "factor": "2"}]}}
    plan = {"owner": "x", "plan": [{"step": "x", "owner": "y"}]}
    rates = [{"weekly": {"mon-fri": [["08:00", "18:00"]]}, "rate": "50"}]
    credit = {
        "currency": "EUR",
        "measure": "missed_units",
        "closed": "right",
        "bands": [{"from": "0", "to": "5", "nothing": True}, {"from": "5", "per_missed_unit": "20", "rates": rates}],
        "cap_per_period": {"percent_of_charge": "30"},
        "minimum_payout": "10",
        "earn_back": {"met_windows": 3},
        "chronic_failure": {"breached": 3, "of": 12, "lasts": "P90D"},
    }
    document = written(
        targets=[{**AVAILABILITY, "responsible": plan, "credit": "c"}, {**share, "service_hours": "b"}, CLOCK],
        credit_schedules={"c": credit},
        period_charge={"amount": "4200", "currency": "EUR", "per": "month"},
        term={"effective_at": "2026-12-01T00:00:00Z", "expires_at": "2026-12-31T00:00:00Z"},
        service_hours={"b": around},
        signatories={"provider": ["a"]},
        supports=[PROVIDER],
        review={"cadence": "month"},
        reporting={"period": "month"},
    )
    for path in places(document):
        try:
            taken = documents.resolve_document(replaced(document, path, odd), IDENTITY.subject, None, "")
            assert documents.resolve_document(taken, IDENTITY.subject, None, "") == taken
        except Invalid as refused:
            assert all(finding.remedy for finding in refused.findings), path
        except Exception as error:
            raise AssertionError(f"{odd!r} at {path}") from error


def test_only_an_unusual_beginning_of_a_window_is_kept() -> None:
    billing = {"calendar": "month", "begin": 15, "at": "12:00"}
    assert _target({**AVAILABILITY, "window": billing})["window"] == billing
    usual = {"calendar": "week", "begin": "monday", "at": "00:00"}
    assert _target({**AVAILABILITY, "window": usual})["window"] == {"calendar": "week"}
