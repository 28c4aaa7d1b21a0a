"""Credit schedules in words, where the agreement, a promise and a change of it are shown."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views.agreements import changes, document, signing
from slm_console.views.agreements.credits import credits_in_words
from slm_console.views.agreements.document import Sources
from slm_console.views.agreements.shown_terms import cost_in_words
from tests.unit.console.negotiated import ALDER, READER, agreement, available, directory

EUR = "€\N{NO-BREAK SPACE}"
BANDS: list[dict[str, Any]] = [
    {"from": "0", "to": "95", "closed": "left", "percent_of_charge": "100", "clause": "Charges, 4"},
    {"from": "95", "to": "99.9", "closed": "left", "percent_of_charge": "25"},
    {"from": "99.9", "to": "99.99", "closed": "left", "nothing": True},
    {"from": "99.99", "to": "100", "closed": "left", "flat": "50", "reward": True},
]
SCHEDULE: dict[str, Any] = {
    "currency": "EUR",
    "measure": "attained",
    "bands": BANDS,
    "cap_per_period": {"percent_of_charge": "30"},
    "cap_per_year": {"amount": "5000"},
    "minimum_payout": "10",
    "earn_back": {"met_windows": 3},
    "chronic_failure": {"breached": 3, "of": 12, "lasts": "P90D"},
}
CHARGE = {"amount": "4300", "currency": "EUR", "per": "month"}
SAID = [
    "Below 95 %: 100 % of the charge (Charges, 4).",
    "From 95 % to below 99.9 %: 25 % of the charge.",
    f"From 99.99 % on: {EUR}50 as a reward for the provider.",
    "At most 30 % of the charge in a period.",
    f"At most {EUR}5,000 in a year.",
    f"Less than {EUR}10 is carried to the next period.",
    "A credit is taken back if the next 3 periods are all met.",
    "3 missed periods of the last 12 give the right to end the agreement, for 90 days.",
]


def with_credits(schedule: dict[str, Any] = SCHEDULE) -> dict[str, Any]:
    made = agreement("proposed")
    first, *rest = made["document"]["targets"]
    made["document"] |= {
        "targets": [{**first, "credit": "bands-a"}, *rest],
        "credit_schedules": {"bands-a": schedule},
        "period_charge": CHARGE,
    }
    made["document"]["clauses"].pop("charges", None)
    return made


def said(measure: str, *bands: dict[str, Any], unit: str = "percent") -> list[str]:
    schedule = {"currency": "EUR", "measure": measure, "bands": list(bands)}
    target = {"credit": "a", "objective": {"at_most": "300", "unit": unit}}
    return credits_in_words(READER, {"credit_schedules": {"a": schedule}}, target)


def test_a_promise_shows_what_a_miss_costs_and_the_price_is_the_charge() -> None:
    page = document.page_of(READER, directory(ALDER), Sources(with_credits()))
    assert page.promises[0].costs == SAID
    assert page.promises[1].costs == []
    assert ("Price", f"{EUR}4,300 a month") in page.facts


def test_the_page_of_a_target_says_its_own_costs_and_a_service_those_of_all() -> None:
    made = with_credits()
    assert cost_in_words(READER, made, "target-1") == " ".join(SAID)
    assert cost_in_words(READER, made, "target-2") == "No credits are agreed."
    assert cost_in_words(READER, made).startswith("Checkout is available: Below 95 %:")


def test_another_rate_is_a_change_of_the_promise_that_names_it() -> None:
    cheaper = {**SCHEDULE, "bands": [{**BANDS[0], "percent_of_charge": "50"}, *BANDS[1:]]}
    found = changes.between(READER, with_credits()["document"], with_credits(cheaper)["document"])
    assert list(found.targets) == ["availability"]
    change = found.targets["availability"]
    assert "Below 95 %: 100 % of the charge" in change.before and "Below 95 %: 50 %" in change.after
    dearer = with_credits()["document"] | {"period_charge": {**CHARGE, "amount": "5000"}}
    assert [name for name, _, _ in changes.between(READER, with_credits()["document"], dearer).terms] == [
        "Charge of a period"
    ]


@pytest.mark.parametrize(
    ("measure", "bands", "sentences"),
    [
        (
            "value",
            [
                {"from": None, "to": "300", "closed": "right", "nothing": True},
                {"from": "300", "to": "500", "closed": "right", "flat": "9.5"},
                {"from": "500", "to": None, "closed": "right", "flat": "20"},
            ],
            [f"Above 300 ms up to 500 ms: {EUR}9.50.", f"Above 500 ms: {EUR}20."],
        ),
        (
            "missed_units",
            [
                {"from": "0", "to": "5", "closed": "right", "per_missed_unit": "20", "rates": [{}]},
                {"from": "5", "to": None, "closed": "right", "percent_per_unit": "2"},
            ],
            [
                f"Up to 5 missed: {EUR}20 for each missed unit, other rates at some hours.",
                "Above 5 missed: 2 % of the charge for each missed unit.",
            ],
        ),
        (
            "missed_percent",
            [{"from": "0", "to": "100", "closed": "left", "per_missed_percent": "1/3"}],
            ["Whatever the figure: EUR 1/3 for each percentage point missed."],
        ),
    ],
)
def test_every_formula_and_side_has_its_words(measure: str, bands: list[dict[str, Any]], sentences: list[str]) -> None:
    assert said(measure, *bands, unit="ms") == sentences


def test_a_target_without_a_schedule_costs_nothing() -> None:
    assert credits_in_words(READER, {}, available()) == []
    assert credits_in_words(READER, {"credit_schedules": {}}, {**available(), "credit": "gone"}) == []


def test_who_signs_reads_the_price_and_what_a_miss_costs() -> None:
    page = signing.signing_page(READER, directory(ALDER, "provider_signatory"), with_credits(), [])
    assert f"The price is {EUR}4,300 a month." in page.until
    assert "What a miss costs: Below 95 %: 100 % of the charge" in page.promises[0][1]
    assert "What a miss costs" not in page.promises[1][1]
