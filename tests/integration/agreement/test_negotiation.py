"""The whole negotiation through the REST API, to the event that carries its terms and beyond."""

from __future__ import annotations

import hashlib

import rfc8785

from slm.demo import negotiation, terms
from slm_chassis.identity import NAMESPACE, named_id
from slm_events.agreement import (
    AgreementAgreed,
    AgreementCountered,
    AgreementExpired,
    AgreementFinalized,
    AgreementInForce,
    AgreementProposed,
    AgreementSuperseded,
    AgreementTerminated,
)
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest


async def test_two_parties_finalize_an_agreement_and_its_event_has_all_terms(
    service: AgreementUnderTest,
) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    assert agreement["state"] == "finalized"
    assert agreement["missing_signatures"] == []
    moves = await service.told(AgreementProposed, AgreementCountered, AgreementAgreed, AgreementFinalized)
    assert [type(move) for move in moves] == [
        AgreementProposed,
        AgreementCountered,
        AgreementAgreed,
        AgreementFinalized,
    ]
    finalized = moves[-1]
    assert isinstance(finalized, AgreementFinalized)
    assert finalized.revision_hash == agreement["revision"]["hash"]
    installation = named_id(NAMESPACE, "installation", "local")
    assert finalized.provider_party_id == named_id(installation, "acme-hosting") == cast.provider_party_id
    assert finalized.agreement_id == named_id(cast.provider_party_id, "agreement", terms.AGREEMENT_KEY)
    assert (finalized.provider_name, finalized.customer_name) == ("Acme Hosting", "The Corner Shop")
    assert (finalized.service_key, finalized.closing_delay_seconds) == ("checkout", 600)
    assert finalized.service_hours["24x7"] == "24x7"
    assert finalized.service_hours["business"]["weekly"]["fri"] == [["08:00", "18:00"]]
    assert finalized.review == {"cadence": "month", "on_breach": True, "after_met_windows": 3}
    assert [signature["party_id"] for signature in finalized.signatures] == [
        cast.provider_party_id,
        cast.customer_party_id,
    ]


async def test_the_finalized_targets_have_exactly_the_documented_shape(service: AgreementUnderTest) -> None:
    cast, _ = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    [finalized] = await service.told(AgreementFinalized)
    by_key = {target["key"]: target for target in finalized.targets}
    provider = cast.provider_party_id
    assert by_key["availability"] == {
        "target_id": named_id(finalized.agreement_id, "target", "availability"),
        "key": "availability",
        "title": "Checkout is available",
        "service_id": cast.service_id,
        "indicator": {
            "owner_party_id": provider,
            "key": "payments.checkout",
            "kind": "availability",
            "unit": None,
        },
        "aggregation": "availability",
        "objective": {"at_least": "99.99", "unit": "percent"},
        "window": {"calendar": "month"},
        "service_hours": "24x7",
        "unknown": "removed",
        "degraded": "up",
        "planned_downtime": "removed",
        "no_data": "ignore",
        "warn_at": {
            "budget_consumed": ["50", "75", "90"],
            "burn_rate": "default",
            "projected": True,
            "budget_drop": [],
            "time_to_exhaustion": [],
            "min_events": 0,
        },
        "unacceptable": None,
        "group_by": [],
        "expected_volume": None,
        "on_amendment": "next_window",
        "warn_again_after": "PT1H",
        "assets": [],
        "weight": "3",
        "responsible": {
            "owner": "Checkout operations",
            "plan": [
                {"step": "Move traffic to the second site", "owner": "Duty engineer"},
                {"step": "Call the payment provider", "owner": "Supplier manager"},
            ],
        },
        "credit": None,
    }
    assert by_key["fast-hour"]["window"] == {"rolling": "PT1H"}
    assert by_key["fast-hour"]["aggregation"] == {"share_at_most": "300"}
    assert by_key["fast-hour"]["warn_at"]["burn_rate"] == [{"long": "PT2M", "short": "PT1M", "factor": "2"}]
    assert by_key["p1-resolution"]["indicator"] is None
    assert by_key["p1-resolution"]["applies_to"] == {"type": "incident", "priority": ["P1"]}
    assert by_key["p1-resolution"]["stop"] == ["resolved", "closed"]


async def test_the_hash_of_a_revision_is_that_of_its_canonical_content(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    path = f"/api/v1/agreements/{agreement['agreement_id']}/revisions/{agreement['revision']['hash']}"
    revision = await negotiation.get(service.client, cast.viewer_key, path)
    assert hashlib.sha256(rfc8785.dumps(revision["content"])).hexdigest() == revision["hash"]
    assert revision["content"]["agreement_id"] == agreement["agreement_id"]


async def test_playing_the_same_negotiation_again_makes_nothing_new(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    first = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    assert first["agreement_id"] == agreement["agreement_id"]
    assert first["state"] == "finalized"
    signed = await negotiation.sign_for_both_parties(service.client, cast, agreement)
    assert signed["state"] == "finalized"
    assert len(await service.told(AgreementFinalized)) == 1


async def test_another_document_under_the_same_key_is_refused(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    await negotiation.draft_agreement(service.client, cast, terms.agreement_document(EFFECTIVE), "k")
    body = {
        "key": "k",
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "service_id": cast.service_id,
        "document": {**terms.agreement_document(EFFECTIVE), "title": "Another"},
    }
    status, problem = await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", body)
    assert (status, problem["type"]) == (409, "/problems/key-taken")


async def test_an_agreement_comes_in_force_at_its_instant_and_not_before(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    assert await service.move_to("2026-11-30T23:59:59.999999Z") == 0
    assert await service.move_to("2026-12-01T00:00:07Z") == 1
    assert await service.move_to("2026-12-01T00:00:08Z") == 0
    [in_force] = await service.told(AgreementInForce)
    assert in_force.at == "2026-12-01T00:00:00.000000Z"
    seen = await negotiation.wait_until_in_force(service.client, cast, agreement["agreement_id"])
    assert seen["state"] == "in_force"


async def test_an_agreement_with_an_end_expires_there(service: AgreementUnderTest) -> None:
    document = terms.agreement_document("2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z")
    await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE, document=document)
    assert await service.move_to("2026-11-22T10:00:00Z") == 2
    [in_force] = await service.told(AgreementInForce)
    [expired] = await service.told(AgreementExpired)
    assert (in_force.at, expired.at) == ("2026-01-01T00:00:00.000000Z", "2026-06-01T00:00:00.000000Z")


async def test_an_amendment_supersedes_the_version_in_force_when_it_takes_effect(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.move_to("2026-12-01T00:00:00Z")
    path = f"/api/v1/agreements/{agreement['agreement_id']}/amendments"
    changed = {**agreement["document"], "term": {"effective_at": "2027-01-01T00:00:00Z"}, "title": "Amended"}
    amendment = await negotiation.post(service.client, cast.provider_manager_key, path, {"document": changed})
    assert (amendment["version"], amendment["state"]) == (2, "draft")
    proposed = await negotiation.propose_draft(service.client, cast, amendment)
    hash_ = {"revision_hash": proposed["revision"]["hash"]}
    accept = f"/api/v1/agreements/{agreement['agreement_id']}/accept"
    agreed = await negotiation.post(service.client, cast.customer_manager_key, accept, hash_)
    finalized = await negotiation.sign_for_both_parties(service.client, cast, agreed)
    assert (finalized["version"], finalized["state"]) == (2, "finalized")
    assert await service.move_to("2027-01-01T00:00:00Z") == 2
    [superseded] = await service.told(AgreementSuperseded)
    assert (superseded.version, superseded.by_version, superseded.at) == (1, 2, "2027-01-01T00:00:00.000000Z")
    seen = await negotiation.get(service.client, cast.viewer_key, f"/api/v1/agreements/{agreement['agreement_id']}")
    assert [(line["version"], line["state"]) for line in seen["versions"]] == [(1, "superseded"), (2, "in_force")]


async def test_a_signatory_terminates_with_a_reason(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.move_to("2026-12-05T00:00:00Z")
    path = f"/api/v1/agreements/{agreement['agreement_id']}/terminate"
    status, _ = await service.ask(cast.customer_manager_key, "POST", path, {"reason": "Insourced"})
    assert status == 403
    body = {"reason": "Insourced", "at": "2027-03-31T00:00:00Z"}
    ended = await negotiation.post(service.client, cast.customer_signatory_key, path, body)
    assert (ended["state"], ended["ends_at"]) == ("in_force", "2027-03-31T00:00:00.000000Z")
    assert await service.move_to("2027-04-01T00:00:00Z") == 1
    [terminated] = await service.told(AgreementTerminated)
    assert (terminated.reason, terminated.at) == ("Insourced", "2027-03-31T00:00:00.000000Z")
