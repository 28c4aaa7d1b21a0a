"""Answers target by target through the REST API: both directions, amendments, deadlines, and what both sides see."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_events.agreement import AgreementAgreed, AgreementAnswerMissed, AgreementCountered, AgreementFinalized
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


async def _proposed(service: AgreementUnderTest, cast: Cast, **more: Any) -> dict[str, Any]:
    drafted = await negotiation.draft_agreement(service.client, cast, terms.agreement_document(EFFECTIVE), "k")
    body = {"revision_hash": drafted["revision"]["hash"], **more}
    return await _move(service, cast.provider_manager_key, drafted, "propose", body)


async def _move(
    service: AgreementUnderTest, key: str, agreement: dict[str, Any], move: str, body: dict[str, Any]
) -> dict[str, Any]:
    return await negotiation.post(service.client, key, f"/api/v1/agreements/{agreement['agreement_id']}/{move}", body)


async def _answer(service: AgreementUnderTest, key: str, agreement: dict[str, Any], **body: Any) -> dict[str, Any]:
    return await _move(service, key, agreement, "answer", {"revision_hash": agreement["revision"]["hash"], **body})


def _keys(agreement: dict[str, Any]) -> list[str]:
    return [target["key"] for target in agreement["document"]["targets"]]


def _changed(document: dict[str, Any], key: str, **fields: Any) -> dict[str, Any]:
    targets = [{**each, **fields} if each["key"] == key else each for each in document["targets"]]
    return {**document, "targets": targets}


def _standing(agreement: dict[str, Any], side: str) -> dict[str, tuple[str, bool, bool]]:
    return {
        each["target"]: (each[side]["answer"], each[side]["stands"], each[side]["carried"])
        for each in agreement["target_answers"]
    }


async def test_refused_then_changed_then_accepted_becomes_agreed(service: AgreementUnderTest, cast: Cast) -> None:
    proposed = await _proposed(service, cast)
    assert proposed["answer_awaited_from"] == cast.customer_party_id
    keys = _keys(proposed)
    refuse = [{"target": "availability", "reason": "We need four nines."}]
    refused = await _answer(service, cast.customer_manager_key, proposed, accept=keys[1:], refuse=refuse)
    assert (refused["state"], refused["answer_awaited_from"]) == ("countered", cast.provider_party_id)
    assert refused["revision"]["hash"] == proposed["revision"]["hash"]
    first = refused["target_answers"][0]
    assert (first["customer"]["reason"], first["customer"]["by"]) == ("We need four nines.", "Carl Friedrich")
    assert [each["agreed"] for each in refused["target_answers"]] == [False] + [True] * (len(keys) - 1)

    better = _changed(refused["document"], "availability", objective={"at_least": "99.995", "unit": "percent"})
    countered = await _move(
        service,
        cast.provider_manager_key,
        refused,
        "counter",
        {"revision_hash": refused["revision"]["hash"], "document": better},
    )
    standing = _standing(countered, "customer")
    assert standing.pop("availability") == ("refused", False, False)
    assert set(standing.values()) == {("accepted", True, True)}

    agreed = await _answer(service, cast.customer_manager_key, countered, accept=["availability"])
    assert (agreed["state"], agreed["answer_awaited_from"]) == ("agreed", None)
    assert all(each["agreed"] for each in agreed["target_answers"])
    assert sorted(agreed["accepted_by"]) == sorted([cast.provider_party_id, cast.customer_party_id])
    finalized = await negotiation.sign_for_both_parties(service.client, cast, agreed)
    assert finalized["state"] == "finalized"
    kinds = [type(e) for e in await service.told(AgreementCountered, AgreementAgreed, AgreementFinalized)]
    assert kinds == [AgreementCountered, AgreementCountered, AgreementAgreed, AgreementFinalized]


async def test_an_answer_with_a_document_is_a_counter_proposal(service: AgreementUnderTest, cast: Cast) -> None:
    proposed = await _proposed(service, cast)
    keys = _keys(proposed)
    document = _changed(proposed["document"], "availability", objective={"at_least": "99.995", "unit": "percent"})
    countered = await _answer(
        service,
        cast.customer_manager_key,
        proposed,
        accept=keys[1:],
        refuse=[{"target": "availability", "reason": "More."}],
        document=document,
    )
    assert (countered["revision"]["number"], countered["answer_awaited_from"]) == (2, cast.provider_party_id)
    [event] = await service.told(AgreementCountered)
    assert event.target_answers[0] == {"target": "availability", "answer": "changed", "reason": "More."}
    # The other direction: the provider refuses a target of the customer's revision, and the customer answers.
    keep = [{"target": "availability", "reason": "We cannot."}]
    refused = await _answer(service, cast.provider_manager_key, countered, refuse=keep)
    assert refused["answer_awaited_from"] == cast.customer_party_id
    assert _standing(refused, "provider")["availability"] == ("refused", True, False)
    path = f"/api/v1/agreements/{proposed['agreement_id']}/answers"
    listed = await negotiation.get(service.client, cast.viewer_key, path)
    said = [(each["revision_number"], each["answer"]) for each in listed["items"] if each["target"] == "availability"]
    assert said == [(1, "accepted"), (1, "changed"), (2, "accepted"), (2, "refused")]
    page = await negotiation.get(service.client, cast.viewer_key, f"{path}?limit=1")
    rest = await negotiation.get(service.client, cast.viewer_key, f"{path}?cursor={page['next']}")
    assert page["items"] + rest["items"] == listed["items"]


async def test_an_amendment_is_answered_target_by_target(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.move_to("2026-12-01T00:00:00Z")
    changed = {**agreement["document"], "term": {"effective_at": "2027-01-01T00:00:00Z"}}
    drafted = await _move(service, cast.customer_manager_key, agreement, "amendments", {"document": changed})
    named = {"revision_hash": drafted["revision"]["hash"]}
    proposed = await _move(service, cast.customer_manager_key, drafted, "propose", named)
    keys = _keys(proposed)
    refuse = [{"target": keys[0], "reason": "Not from January."}]
    refused = await _answer(service, cast.provider_manager_key, proposed, accept=keys[1:], refuse=refuse)
    assert (refused["version"], refused["state"]) == (2, "countered")
    agreed = await _answer(service, cast.provider_manager_key, refused, accept=keys)
    assert (agreed["version"], agreed["state"]) == (2, "agreed")


async def test_answers_that_cannot_be_are_refused_with_what_to_write(service: AgreementUnderTest, cast: Cast) -> None:
    proposed = await _proposed(service, cast)
    path = f"/api/v1/agreements/{proposed['agreement_id']}/answer"
    named = {"revision_hash": proposed["revision"]["hash"]}
    twice = [{"target": "availability", "reason": "a"}, {"target": "availability", "reason": "b"}]
    for body, field in (
        ({"accept": ["availability"]}, "accept"),
        ({"accept": ["no-such"]}, "accept"),
        ({"refuse": twice}, "refuse[1].target"),
        ({"refuse": [{"target": "availability", "reason": ""}]}, "refuse[0].reason"),
        ({"answer_by": "yesterday"}, "answer_by"),
        ({"refuse": [twice[0]], "accept": _keys(proposed)[1:], "answer_by": "2026-11-22T10:00:00Z"}, "answer_by"),
    ):
        status, problem = await service.ask(cast.customer_manager_key, "POST", path, {**named, **body})
        assert (status, problem["errors"][0]["field"]) == (422, field), body
    status, problem = await service.ask(cast.provider_manager_key, "POST", path, {**named, "accept": _keys(proposed)})
    assert (status, problem["type"]) == (409, "/problems/other-side-answers")
    assert (await service.ask(cast.viewer_key, "POST", path, {**named, "accept": _keys(proposed)}))[0] == 403
    assert (await service.ask(OPERATOR_KEY, "POST", path, {**named, "accept": _keys(proposed)}))[0] == 403


async def test_a_missed_answer_is_an_event_once_and_survives_a_restart(database_url: str) -> None:
    service = await AgreementUnderTest.open(database_url)
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    proposed = await _proposed(service, cast, answer_by="2026-11-25T16:00:00Z")
    assert (proposed["answer_by"], proposed["answer_missed"]) == ("2026-11-25T16:00:00.000000Z", False)
    await service.close()
    service = await AgreementUnderTest.open(database_url)
    try:
        assert await service.move_to("2026-11-25T15:59:59.999999Z") == 0
        assert await service.move_to("2026-11-25T16:00:00Z") == 1
        assert await service.move_to("2026-11-26T16:00:00Z") == 0
        [missed] = await service.told(AgreementAnswerMissed)
        assert (missed.awaited_party_id, missed.answer_by) == (cast.customer_party_id, "2026-11-25T16:00:00.000000Z")
        path = f"/api/v1/agreements/{proposed['agreement_id']}"
        seen = await negotiation.get(service.client, OPERATOR_KEY, path)
        assert (seen["state"], seen["answer_missed"]) == ("proposed", True)
        agreed = await _answer(service, cast.customer_manager_key, proposed, accept=_keys(proposed))
        assert (agreed["state"], agreed["answer_by"]) == ("agreed", None)
    finally:
        await service.close()
