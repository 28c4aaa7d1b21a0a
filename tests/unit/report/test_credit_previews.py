"""The door at which a credit schedule is tried."""

from __future__ import annotations

import pytest

from slm_report.api.credit_previews import CreditPreviewRequest
from tests.cases.previews import Refused, ask_credit


def test_the_documented_example_is_answered_with_its_clause_and_reckoning() -> None:
    (example,) = CreditPreviewRequest.model_json_schema()["examples"]
    answer = ask_credit(**example)
    assert answer == {
        "currency": "EUR",
        "lines": [
            {
                "target": "availability",
                "kind": "credit",
                "value": "1997/20",
                "band": {"from": "99", "to": "99.9", "closed": "left"},
                "reckoning": "10 % of the charge of 4200",
                "clause": "Charges, 4.2",
                "exact": "420",
                "amount": "420.00",
                "capped_by": None,
            }
        ],
        "credits": "420.00",
        "rewards": "0.00",
        "payout": "420.00",
        "below_minimum_payout": False,
        "carried": "0.00",
    }


def test_a_gap_is_refused_by_the_value_that_would_fall_through() -> None:
    bands = [{"from": "0", "to": "98.99", "flat": "5"}, {"from": "99", "nothing": True}]
    with pytest.raises(Refused) as refused:
        ask_credit(schedule={"currency": "EUR", "bands": bands}, figures=[{"target": "up", "attained": "98.995"}])
    assert refused.value.problem["status"] == 422
    (error,) = refused.value.problem["errors"]
    assert (error["field"], error["value"]) == ("bands", "98.99")


def test_without_a_charge_the_amount_is_missing_and_not_zero() -> None:
    schedule = {"currency": "EUR", "bands": [{"percent_of_charge": "25"}, {"from": "99.9", "nothing": True}]}
    answer = ask_credit(schedule=schedule, figures=[{"target": "up", "attained": "98"}])
    (line,) = answer["lines"]
    assert (line["kind"], line["amount"], line["exact"]) == ("charge_missing", None, None)
    assert answer["payout"] == "0.00"


def test_a_band_that_pays_for_a_met_objective_is_refused_by_the_figure() -> None:
    schedule = {"currency": "EUR", "bands": [{"percent_of_charge": "25"}, {"from": "99.95", "nothing": True}]}
    figures = [{"target": "up", "attained": "98", "objective": "99.9"}]
    with pytest.raises(Refused) as refused:
        ask_credit(schedule=schedule, charge="100", figures=figures)
    (error,) = refused.value.problem["errors"]
    assert (error["field"], error["value"]) == ("bands[0]", "99.9")


def test_units_are_priced_by_the_hour_in_which_they_were_missed() -> None:
    rates = [{"weekly": {"mon-fri": [["08:00", "18:00"]]}, "rate": "50"}]
    schedule = {"currency": "EUR", "measure": "missed_units", "bands": [{"per_missed_unit": "20", "rates": rates}]}
    # Monday 17:50 to 18:10 in Berlin: ten minutes in the office hours, ten after them.
    missed = [{"at": "2026-11-23T16:50:00Z", "until": "2026-11-23T17:10:00Z"}]
    answer = ask_credit(
        schedule=schedule, timezone="Europe/Berlin", figures=[{"target": "up", "attained": "98", "missed": missed}]
    )
    assert [(line["amount"], line["reckoning"]) for line in answer["lines"]] == [
        ("700.00", "50 × 10 + 20 × 10 units missed")
    ]
    refused_at = {"at": "2026-11-23T16:50:00Z", "until": "2026-11-23T16:50:00Z"}
    with pytest.raises(Refused) as refused:
        ask_credit(schedule=schedule, figures=[{"target": "up", "missed": [refused_at]}])
    assert refused.value.problem["errors"][0]["field"] == "figures[0].missed[0].until"
