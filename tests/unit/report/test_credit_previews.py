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
                "band": {"from": "99", "to": "99.9"},
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
    }


def test_a_gap_is_refused_by_the_value_that_would_fall_through() -> None:
    bands = [{"from": "0", "to": "98.99", "flat": "5"}, {"from": "99", "nothing": True}]
    with pytest.raises(Refused) as refused:
        ask_credit(schedule={"currency": "EUR", "bands": bands}, figures=[{"target": "up", "attained": "98.995"}])
    assert refused.value.problem["status"] == 422
    (error,) = refused.value.problem["errors"]
    assert (error["field"], error["value"]) == ("bands", "98.99")
