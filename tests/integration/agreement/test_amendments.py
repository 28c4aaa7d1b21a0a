"""A proposed target becomes a draft amendment, once."""

from __future__ import annotations

from typing import Any

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_chassis.identity import named_id
from slm_events.agreement import AmendmentDrafted
from slm_events.review import TargetRevisionDeclined, TargetRevisionProposed
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

PROPOSAL = "0d1bd2b0-3cb4-5b14-9f4c-5b1f2a1f7e10"


def _proposed(cast: Cast, agreement: dict[str, Any], **changed: Any) -> TargetRevisionProposed:
    target_id = named_id(agreement["agreement_id"], "target", "availability")
    given = {
        "proposal_id": PROPOSAL,
        "review_id": "r",
        "agreement_id": agreement["agreement_id"],
        "agreement_version": 1,
        "target_id": target_id,
        "target_key": "availability",
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "objective": {"at_least": "99.95", "unit": "percent"},
        "reason": "Met three months in a row.",
        "proposed_by_party_id": None,
        "proposed_at": EFFECTIVE,
    }
    return TargetRevisionProposed(**(given | changed))


async def test_a_proposed_target_becomes_a_draft_amendment_that_both_see_and_sign(
    service: AgreementUnderTest,
) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.move_to("2026-12-10T00:00:00Z")
    await service.hear(_proposed(cast, agreement))
    [drafted] = await service.told(AmendmentDrafted)
    assert (drafted.version, drafted.proposal_id) == (2, PROPOSAL)
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    amendment = await negotiation.get(service.client, cast.viewer_key, f"{path}?version=2")
    assert (amendment["state"], amendment["proposal_id"]) == ("draft", PROPOSAL)
    assert amendment["revision"]["hash"] == drafted.revision_hash
    objectives = {target["key"]: target["objective"] for target in amendment["document"]["targets"]}
    assert objectives["availability"] == {"at_least": "99.95", "unit": "percent"}
    assert objectives["fast-month"] == {"at_least": "95", "unit": "percent"}

    difference = await negotiation.get(
        service.client,
        cast.viewer_key,
        f"{path}/diff?from={agreement['revision']['hash']}&to={drafted.revision_hash}",
    )
    [change] = difference["targets"]
    assert change == {
        "target": "availability",
        "title": "Checkout is available",
        "change": "changed",
        "fields": [{"field": "objective.at_least", "from": "99.99", "to": "99.95"}],
    }

    dated = {**amendment["document"], "term": {"effective_at": "2027-01-01T00:00:00Z"}}
    status, amendment = await service.ask(
        cast.customer_manager_key, "POST", f"{path}/revisions", {"document": dated}, if_match='"2.0"'
    )
    assert status == 201, amendment
    hash_ = {"revision_hash": amendment["revision"]["hash"]}
    await negotiation.post(service.client, cast.customer_manager_key, f"{path}/propose", hash_)
    agreed = await negotiation.accept_counter_proposal(service.client, cast, amendment)
    assert (await negotiation.sign_for_both_parties(service.client, cast, agreed))["state"] == "finalized"


async def test_a_proposal_heard_twice_makes_one_draft(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.hear(_proposed(cast, agreement), event_id="same")
    await service.hear(_proposed(cast, agreement), event_id="same")
    await service.hear(_proposed(cast, agreement), event_id="under another id")
    assert len(await service.told(AmendmentDrafted)) == 1


async def test_a_proposal_that_cannot_be_drafted_is_noted_and_goes_no_further(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.hear(_proposed(cast, agreement, objective={"at_least": "101", "unit": "percent"}))
    await service.hear(_proposed(cast, agreement, proposal_id="p2", target_id="gone", target_key="gone"))
    assert await service.told(AmendmentDrafted) == []
    path = f"/api/v1/agreements/{agreement['agreement_id']}/events"
    history = await negotiation.get(service.client, cast.viewer_key, path)
    assert [item["action"] for item in history["items"][-2:]] == ["proposal.refuse", "proposal.refuse"]


async def test_an_amendment_written_against_an_older_version_is_not_accepted(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    dated = {**agreement["document"], "term": {"effective_at": "2027-01-01T00:00:00Z"}}
    first = await negotiation.post(
        service.client, cast.provider_manager_key, f"{path}/amendments", {"document": {**dated, "title": "First"}}
    )
    second = await negotiation.post(
        service.client, cast.provider_manager_key, f"{path}/amendments", {"document": {**dated, "title": "Second"}}
    )
    assert (first["version"], second["version"]) == (2, 3)
    for amendment in (first, second):
        await negotiation.propose_draft(service.client, cast, amendment)
    hash_ = {"revision_hash": first["revision"]["hash"]}
    agreed = await negotiation.post(service.client, cast.customer_manager_key, f"{path}/accept", hash_)
    await negotiation.sign_for_both_parties(service.client, cast, agreed)
    hash_ = {"revision_hash": second["revision"]["hash"]}
    status, problem = await service.ask(cast.customer_manager_key, "POST", f"{path}/accept", hash_)
    assert (status, problem["errors"][0]["code"]) == (422, "up-to-date.base-version")
    # Countering writes it anew, against what was signed since.
    again = await negotiation.make_counter_proposal(service.client, cast, second, {**dated, "title": "Second, rebased"})
    assert (await negotiation.accept_counter_proposal(service.client, cast, again))["state"] == "agreed"


async def test_another_target_of_a_proposal_is_added_to_its_draft(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.hear(_proposed(cast, agreement))
    second = named_id(agreement["agreement_id"], "target", "fast-month")
    faster = {"at_least": "97", "unit": "percent"}
    more = _proposed(cast, agreement, target_id=second, target_key="fast-month", objective=faster)
    await service.hear(more)
    await service.hear(more)
    first, again = await service.told(AmendmentDrafted)
    assert (first.version, again.version) == (2, 2)
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    amendment = await negotiation.get(service.client, cast.viewer_key, f"{path}?version=2")
    objectives = {target["key"]: target["objective"] for target in amendment["document"]["targets"]}
    assert (objectives["availability"]["at_least"], objectives["fast-month"]["at_least"]) == ("99.95", "97")
    assert amendment["revision"]["hash"] == again.revision_hash


async def test_the_draft_of_a_declined_proposal_is_withdrawn(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.hear(_proposed(cast, agreement))
    declined = TargetRevisionDeclined(
        proposal_id=PROPOSAL,
        agreement_id=agreement["agreement_id"],
        agreement_version=1,
        provider_party_id=cast.provider_party_id,
        customer_party_id=cast.customer_party_id,
        reason="Not now.",
        declined_by_party_id=cast.customer_party_id,
        declined_at=EFFECTIVE,
    )
    await service.hear(declined)
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    amendment = await negotiation.get(service.client, cast.viewer_key, f"{path}?version=2")
    assert amendment["state"] == "withdrawn"
