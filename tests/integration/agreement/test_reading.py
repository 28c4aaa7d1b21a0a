"""What lists and pages of agreements need in one request: names, needs, counts, ends, customers and suppliers."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

ENDS = "2027-03-01T00:00:00Z"
LATER = "2026-12-05T00:00:00Z"


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


async def _get(service: AgreementUnderTest, key: str, path: str) -> dict[str, Any]:
    return await negotiation.get(service.client, key, f"/api/v1/{path}")


async def _drafted(service: AgreementUnderTest, cast: Cast, key: str = "k", **changed: Any) -> dict[str, Any]:
    return await negotiation.draft_agreement(
        service.client, cast, {**terms.agreement_document(EFFECTIVE), **changed}, key
    )


async def _moved(service: AgreementUnderTest, key: str, agreement: dict[str, Any], move: str, **more: Any) -> Any:
    body = {"revision_hash": agreement["revision"]["hash"], **more}
    path = f"/api/v1/agreements/{agreement['agreement_id']}/{move}"
    return await negotiation.post(service.client, key, path, body)


async def _needs(service: AgreementUnderTest, key: str, query: str = "") -> list[tuple[str, str, bool]]:
    items = (await _get(service, key, f"agreements{query}"))["items"]
    return [(need["need"], need["about"], need["yours"]) for item in items for need in item["needs"]]


async def _signature_of(service: AgreementUnderTest, key: str, agreement: dict[str, Any]) -> Any:
    [signature] = (await _get(service, key, f"agreements/{agreement['agreement_id']}"))["signatures"]
    return signature


async def test_an_agreement_names_what_it_refers_to(service: AgreementUnderTest, cast: Cast) -> None:
    _, people = await service.ask(cast.provider_signatory_key, "GET", "/api/v1/people")
    grace = next(each for each in people["items"] if each["name"] == "Grace Hopper")
    drafted = await _drafted(service, cast, signatories={"provider": [grace["person_id"]]})
    assert (drafted["provider_name"], drafted["customer_name"]) == ("Acme Hosting", "The Corner Shop")
    assert (drafted["service_name"], drafted["service_outcome"]) == (
        terms.SERVICE["name"],
        terms.SERVICE["outcome"],
    )
    assert (drafted["your_side"], drafted["requirements"][0]["text"]) == ("provider", terms.REQUIREMENT["text"])
    assert drafted["signatories"] == [{"side": "provider", "person_id": grace["person_id"], "name": "Grace Hopper"}]


async def test_a_guessed_person_of_the_other_party_has_no_name_until_it_accepts(
    service: AgreementUnderTest, cast: Cast
) -> None:
    _, people = await service.ask(cast.customer_signatory_key, "GET", "/api/v1/people")
    emmy = next(each for each in people["items"] if each["name"] == "Emmy Noether")
    drafted = await _drafted(service, cast, signatories={"customer": [emmy["person_id"]]})
    assert drafted["signatories"][0]["name"] is None
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    assert proposed["signatories"][0]["name"] is None
    agreed = await _moved(service, cast.customer_manager_key, proposed, "accept")
    path = f"agreements/{agreed['agreement_id']}"
    assert (await _get(service, cast.provider_manager_key, path))["signatories"][0]["name"] == "Emmy Noether"
    assert [need["yours"] for need in agreed["needs"]] == [False]  # Emmy signs, not Carl
    [need] = (await _get(service, cast.customer_signatory_key, path))["needs"]
    assert (need["need"], need["yours"], need["deadline"]) == ("signature", True, "2026-12-01T00:00:00.000000Z")


async def test_each_person_reads_what_is_needed_of_them(service: AgreementUnderTest, cast: Cast) -> None:
    ada, carl = cast.provider_manager_key, cast.customer_manager_key
    grace, emmy = cast.provider_signatory_key, cast.customer_signatory_key
    drafted = await _drafted(service, cast)
    assert await _needs(service, ada) == []
    assert (await _get(service, carl, "agreements"))["items"] == []
    proposed = await _moved(service, ada, drafted, "propose", answer_by="2026-11-25T16:00:00Z")
    assert await _needs(service, carl) == [("answer", "revision", True)]
    assert await _needs(service, emmy) == [("answer", "revision", True)]
    assert await _needs(service, cast.viewer_key) == [("answer", "revision", False)]
    for signs_or_manages in (carl, emmy):
        assert await _needs(service, signs_or_manages, "?needs=answer") == [("answer", "revision", True)]
    assert await _needs(service, cast.viewer_key, "?needs=answer") == []
    assert await _needs(service, ada) == []
    agreed = await _moved(service, carl, proposed, "accept")
    assert await _needs(service, grace, "?needs=signature") == [("signature", "revision", True)]
    assert [each["other_signed_at"] for each in agreed["needs"]] == [None]
    await _moved(service, grace, agreed, "sign")
    assert await _needs(service, grace) == []
    assert await _needs(service, emmy) == [("signature", "revision", True)]
    [need] = (await _get(service, emmy, "agreement-summary"))["needs"]
    assert need["other_signed_at"] == (await _signature_of(service, emmy, agreed))["signed_at"]
    [own] = (await _get(service, emmy, f"agreements/{agreed['agreement_id']}"))["needs"]
    [listed] = (await _get(service, emmy, "agreements"))["items"][0]["needs"]
    assert own["other_signed_at"] == listed["other_signed_at"] == need["other_signed_at"]
    await _moved(service, emmy, agreed, "sign")
    await service.move_to("2026-12-05T00:00:00Z")
    path = f"/api/v1/agreements/{agreed['agreement_id']}/terminate"
    body = {"reason": "Insourced", "at": "2026-12-20T00:00:00Z", "by_consent": True}
    await negotiation.post(service.client, emmy, path, body)
    assert await _needs(service, grace, "?needs=decision") == [("decision", "termination_request", True)]
    assert await _needs(service, emmy) == []


async def test_after_a_refusal_only_a_manager_is_asked_for_another_revision(
    service: AgreementUnderTest, cast: Cast
) -> None:
    proposed = await negotiation.propose_draft(service.client, cast, await _drafted(service, cast))
    keys = [target["key"] for target in proposed["document"]["targets"]]
    refuse = [{"target": keys[0], "reason": "Too low."}]
    await _moved(service, cast.customer_signatory_key, proposed, "answer", accept=keys[1:], refuse=refuse)
    assert await _needs(service, cast.provider_manager_key) == [("answer", "revision", True)]
    assert await _needs(service, cast.provider_signatory_key) == [("answer", "revision", False)]
    path = f"agreements/{proposed['agreement_id']}"
    for key, yours in ((cast.provider_manager_key, True), (cast.provider_signatory_key, False)):
        assert [need["yours"] for need in (await _get(service, key, path))["needs"]] == [yours]


async def test_the_list_is_filtered_and_shows_what_is_negotiated(service: AgreementUnderTest, cast: Cast) -> None:
    drafted = await _drafted(service, cast, "one", timezone="Europe/Zurich")
    first = await negotiation.propose_draft(service.client, cast, drafted)
    await _drafted(service, cast, "two", title="Second")
    ada, carl = cast.provider_manager_key, cast.customer_manager_key

    async def titles(key: str, query: str) -> list[str]:
        return [each["title"] for each in (await _get(service, key, f"agreements?{query}"))["items"]]

    assert await titles(ada, "state=draft") == ["Second"]
    assert await titles(carl, "state=draft") == []
    assert len(await titles(ada, f"party_id={cast.customer_party_id}&service_id={cast.service_id}&kind=sla")) == 2
    assert await titles(ada, f"party_id={cast.service_id}") == []
    assert (await service.ask(ada, "GET", "/api/v1/agreements?state=lost"))[0] == 422
    assert (await service.ask(ada, "GET", "/api/v1/agreements?needs=money"))[0] == 422
    [line] = (await _get(service, carl, "agreements"))["items"]
    assert line["negotiated"]["answer_awaited_from"] == cast.customer_party_id
    assert (line["customer_name"], line["effective_at"]) == ("The Corner Shop", "2026-12-01T00:00:00.000000Z")
    assert line["timezone"] == line["negotiated"]["timezone"] == first["timezone"] == "Europe/Zurich"
    assert line["agreement_id"] == first["agreement_id"]


async def test_one_request_summarizes_the_first_page(service: AgreementUnderTest, cast: Cast) -> None:
    term = {"effective_at": EFFECTIVE, "expires_at": ENDS, "notice": "P30D"}
    first = await _drafted(service, cast, "one", term=term)
    agreed = await _moved(
        service, cast.customer_manager_key, await negotiation.propose_draft(service.client, cast, first), "accept"
    )
    await negotiation.sign_for_both_parties(service.client, cast, agreed)
    second = await _drafted(service, cast, "two", title="Second")
    await _moved(service, cast.provider_manager_key, second, "propose", answer_by="2026-11-25T16:00:00Z")
    await _drafted(service, cast, "three", title="Third")
    carl = await _get(service, cast.customer_manager_key, "agreement-summary?days=60")
    assert carl["counts"] == {"finalized": 1, "proposed": 1}
    assert carl["needs_count"] == {"answer": 1, "signature": 0, "decision": 0}
    [need] = carl["needs"]
    assert (need["title"], need["deadline"]) == ("Second", "2026-11-25T16:00:00.000000Z")
    assert (need["other_party_name"], need["yours"]) == ("Acme Hosting", True)
    assert carl["ending"] == []
    ada = await _get(service, cast.provider_manager_key, "agreement-summary?days=75")
    assert (ada["counts"]["draft"], ada["needs"]) == (1, [])
    [end] = ada["ending"]
    assert (end["ends_at"], end["last_notice_at"]) == (
        "2027-03-01T00:00:00.000000Z",
        "2027-01-30T00:00:00.000000Z",
    )
    for summary in (ada, carl):
        [signed] = summary["signed"]
        assert (signed["agreement_id"], signed["version"]) == (agreed["agreement_id"], 1)
        assert (signed["effective_at"], signed["timezone"]) == ("2026-12-01T00:00:00.000000Z", "UTC")
    viewer = await _get(service, cast.viewer_key, "agreement-summary")
    assert (viewer["needs"][0]["yours"], viewer["needs_count"]["answer"]) == (False, 0)
    await service.move_to(LATER)
    assert (await _get(service, cast.customer_manager_key, "agreement-summary"))["signed"] == []


async def test_a_party_reads_on_which_sides_of_agreements_it_is(service: AgreementUnderTest, cast: Cast) -> None:
    async def sides(key: str) -> tuple[bool, bool]:
        me = await _get(service, key, "me")
        return me["is_provider"], me["is_customer"]

    ada, carl = cast.provider_manager_key, cast.customer_manager_key
    assert await sides(ada) == await sides(carl) == await sides(OPERATOR_KEY) == (False, False)
    drafted = await _drafted(service, cast)
    assert (await sides(ada), await sides(carl)) == ((True, False), (False, False))
    await negotiation.propose_draft(service.client, cast, drafted)
    assert (await sides(ada), await sides(carl)) == ((True, False), (False, True))
    assert await sides(OPERATOR_KEY) == (False, False)


async def test_customers_and_suppliers_are_known_by_agreements(service: AgreementUnderTest, cast: Cast) -> None:
    ada, carl = cast.provider_manager_key, cast.customer_manager_key
    [known] = (await _get(service, ada, "party-summaries"))["items"]
    assert (known["name"], known["is_customer"], known["agreements"]) == ("The Corner Shop", False, 0)
    agreed = await _moved(
        service, carl, await negotiation.propose_draft(service.client, cast, await _drafted(service, cast)), "accept"
    )
    await negotiation.sign_for_both_parties(service.client, cast, agreed)
    [customer] = (await _get(service, ada, "party-summaries?relation=customer"))["items"]
    assert (customer["party_id"], customer["signed"], customer["negotiated"]) == (cast.customer_party_id, 1, 0)
    assert (await _get(service, ada, "party-summaries?relation=supplier"))["items"] == []
    [supplier] = (await _get(service, carl, "party-summaries?relation=supplier"))["items"]
    assert supplier["name"] == "Acme Hosting"
    page = await _get(service, carl, f"parties/{cast.provider_party_id}/summary")
    assert [(each["name"], each["holds"]) for each in page["signers"]] == [("Grace Hopper", None)]
    own = await _get(service, carl, f"parties/{cast.customer_party_id}/summary")
    assert [(each["name"], each["side"], each["holds"]) for each in own["signers"]] == [
        ("Emmy Noether", "customer", True)
    ]
    assert (await service.ask(carl, "GET", f"/api/v1/parties/{cast.service_id}/summary"))[0] == 404


async def test_a_comparison_has_titles_and_says_which_answers_stand(service: AgreementUnderTest, cast: Cast) -> None:
    proposed = await negotiation.propose_draft(service.client, cast, await _drafted(service, cast))
    countered = await negotiation.make_counter_proposal(
        service.client, cast, proposed, terms.counter_proposal(proposed["document"])
    )
    path = f"agreements/{proposed['agreement_id']}/diff?from=1&to=2"
    found = await _get(service, cast.viewer_key, path)
    assert [change["title"] for change in found["targets"]] == ["Checkout is available"]
    assert {each["target"] for each in found["unchanged_targets"]} == {
        target["key"] for target in countered["document"]["targets"]
    } - {"availability"}
    stands = {each["target"]: each["provider"]["stands"] for each in found["target_answers"]}
    assert stands.pop("availability") is False
    assert set(stands.values()) == {True}


async def test_a_summary_includes_the_lists_that_explain_it(service: AgreementUnderTest, cast: Cast) -> None:
    carl, names = cast.customer_manager_key, ("me", "parties", "people", "services")
    assert not set(names) & (await _get(service, carl, "agreement-summary")).keys()
    found = await _get(service, carl, "agreement-summary?" + "&".join(f"include={name}" for name in names))
    for name in names:
        assert found[name] == await _get(service, carl, name if name == "me" else f"{name}?limit=500"), name
    status, problem = await service.ask(carl, "GET", "/api/v1/agreement-summary?include=agreements")
    assert (status, problem["errors"][0]["field"]) == (422, "query.include[0]")


async def test_a_summary_includes_nothing_that_the_key_may_not_read(service: AgreementUnderTest, cast: Cast) -> None:
    me = await _get(service, cast.provider_manager_key, "me")
    path = f"/api/v1/principals/{me['principal_id']}/keys"
    scopes = {"scopes": ["agreement-summary:read", "services:read"]}
    limited = (await negotiation.post(service.client, cast.provider_manager_key, path, scopes))["key"]
    assert "services" in await _get(service, limited, "agreement-summary?include=services")
    status, problem = await service.ask(limited, "GET", "/api/v1/agreement-summary?include=services&include=people")
    assert (status, "people:read" in problem["detail"]) == (403, True)
