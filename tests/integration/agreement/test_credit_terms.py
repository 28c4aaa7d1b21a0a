"""Money in the terms through the REST API: refused by its field, negotiated, compared, and signed with the hash."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from slm.demo import negotiation, terms
from slm_credits.schedule_document import parse_schedule
from slm_events.agreement import AgreementFinalized
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

BANDS: list[dict[str, Any]] = [
    {"from": "0", "percent_of_charge": "100"},
    {"from": "95", "percent_of_charge": "25"},
    {"from": "99", "percent_of_charge": "10"},
    {"from": "99.9", "nothing": True},
]
SCHEDULE: dict[str, Any] = {"currency": "EUR", "bands": BANDS, "clause": "Charges, 4"}
CHARGE = {"amount": "4200.00", "currency": "EUR", "per": "month"}


def document(bands: list[dict[str, Any]] = BANDS) -> dict[str, Any]:
    base = terms.agreement_document(EFFECTIVE)
    targets = [{**each, "credit": "bands-a"} if each["key"] == "availability" else each for each in base["targets"]]
    schedules = {"bands-a": {**SCHEDULE, "bands": bands}}
    return {**base, "targets": targets, "credit_schedules": schedules, "period_charge": CHARGE}


async def test_schedule_and_charge_are_negotiated_compared_and_signed(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    drafted = await negotiation.draft_agreement(service.client, cast, document(), "with-credits")
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    asked = {"revision_hash": proposed["revision"]["hash"]}
    accept = f"/api/v1/agreements/{proposed['agreement_id']}/accept"
    status, agreed = await service.ask(cast.customer_manager_key, "POST", accept, asked)
    assert status == 200, agreed
    agreement = await negotiation.sign_for_both_parties(service.client, cast, agreed)
    signed = agreement["document"]
    assert signed["period_charge"] == {**CHARGE, "amount": "4200"}
    assert parse_schedule(signed["credit_schedules"]["bands-a"]) == parse_schedule(SCHEDULE)
    assert {each["key"]: each["credit"] for each in signed["targets"]}["availability"] == "bands-a"
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    revision = await negotiation.get(
        service.client, cast.viewer_key, f"{path}/revisions/{agreement['revision']['hash']}"
    )
    assert revision["content"]["document"]["credit_schedules"] == signed["credit_schedules"]
    assert hashlib.sha256(rfc8785.dumps(revision["content"])).hexdigest() == revision["hash"]
    [finalized] = await service.told(AgreementFinalized)
    assert finalized.credits == [{"key": "bands-a", **signed["credit_schedules"]["bands-a"]}]
    assert finalized.period_charge == signed["period_charge"]


async def test_a_counter_proposal_of_another_rate_is_named_in_the_difference(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    drafted = await negotiation.draft_agreement(service.client, cast, document(), "dearer")
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    dearer = {**proposed["document"], "period_charge": {**CHARGE, "amount": "5000"}}
    countered = await negotiation.make_counter_proposal(service.client, cast, proposed, dearer)
    old, new = proposed["revision"]["number"], countered["revision"]["number"]
    path = f"/api/v1/agreements/{drafted['agreement_id']}/diff?from={old}&to={new}"
    status, found = await service.ask(cast.viewer_key, "GET", path)
    assert status == 200, found
    assert found["document"] == [{"field": "period_charge.amount", "from": "4200", "to": "5000"}]


async def test_a_gap_and_a_paid_success_are_refused_by_the_figure(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    body = {
        "key": "k",
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "service_id": cast.service_id,
    }
    gap = [{"from": "0", "to": "98.99", "flat": "5"}, {"from": "99", "nothing": True}]
    for bands, field, value in (
        (gap, "credit_schedules.bands-a.bands", "98.99"),
        (
            [{"from": "0", "flat": "5"}, {"from": "99.96", "nothing": True}],
            "credit_schedules.bands-a.bands[0]",
            "99.95",
        ),
    ):
        asked = {**body, "document": document(bands)}
        status, problem = await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", asked)
        assert (status, problem["type"]) == (422, "/problems/invalid")
        assert [(each["field"], each["value"]) for each in problem["errors"]] == [(field, value)]
        assert problem["errors"][0]["remedy"]


async def test_the_check_says_that_a_share_of_no_charge_cannot_be_computed(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    drafted = await negotiation.draft_agreement(
        service.client, cast, {**document(), "period_charge": None}, "without-charge"
    )
    path = f"/api/v1/agreements/{drafted['agreement_id']}/check"
    checked = await negotiation.get(service.client, cast.provider_manager_key, path)
    found = {each["code"]: (each["severity"], each["field"]) for each in checked["findings"]}
    assert found["credit.no-period-charge"] == ("warning", "period_charge")
