"""The audit trail: each party reads its own acts, and of the other party what is public."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

PATH = "/api/v1/audit-entries"


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    return await negotiation.gather_cast(service.client, OPERATOR_KEY)


async def entries(service: AgreementUnderTest, key: str, query: str = "") -> list[dict[str, Any]]:
    status, answer = await service.ask(key, "GET", f"{PATH}?limit=500{query}")
    assert status == 200, answer
    return list(answer["items"])


async def proposed(service: AgreementUnderTest, cast: Cast) -> dict[str, Any]:
    await negotiation.record_requirement(service.client, cast)
    drafted = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    return await negotiation.propose_draft(service.client, cast, drafted)


async def test_an_entry_says_who_when_what_how_and_from_where(service: AgreementUnderTest, cast: Cast) -> None:
    ada = cast.provider_manager_key
    me = (await service.ask(ada, "GET", "/api/v1/me"))[1]
    body = {"key": "probes", "name": "Probes in Berlin", "roles": ["integrator"]}
    made = await negotiation.post(service.client, ada, "/api/v1/principals", body)
    [entry] = await entries(service, ada, "&action=principal.enrol&subject_id=" + made["principal_id"])
    assert entry.pop("seq") > 0
    assert entry == {
        "at": "2026-11-22T10:00:00.000000Z",
        "action": "principal.enrol",
        "by_principal_id": me["principal_id"],
        "by_party_id": cast.provider_party_id,
        "by_name": "Ada Byron",
        "key_id": me["key_id"],
        "identified_by": "key",
        "address": "127.0.0.1",
        "subject_kind": "principal",
        "subject_id": made["principal_id"],
        "subject_name": "Probes in Berlin",
        "detail": {"name": "Probes in Berlin", "roles": ["integrator"]},
    }


async def test_a_session_is_named_with_what_it_was_begun_with(service: AgreementUnderTest, cast: Cast) -> None:
    password = {"password": "eleven green bottles"}
    assert (await service.ask(cast.provider_manager_key, "POST", "/api/v1/me/password", password))[0] == 204
    body = {"email": "ada@example.com", **password}
    session = (await service.client.post("/api/v1/sessions", json=body)).json()
    await negotiation.post(service.client, session["key"], "/api/v1/people", {"key": "hedy", "name": "Hedy Lamarr"})
    newest, begun = (await entries(service, session["key"]))[:2]
    assert (newest["action"], newest["identified_by"], newest["key_id"]) == (
        "person.record",
        "password",
        session["session_id"],
    )
    assert (begun["action"], begun["detail"]) == (
        "session.begin",
        {"session_id": session["session_id"], "identified_by": "password"},
    )
    assert begun["identified_by"] == "password"


async def test_the_other_side_sees_proposals_but_no_drafts_and_no_invitations(
    service: AgreementUnderTest, cast: Cast
) -> None:
    agreement = await proposed(service, cast)
    await negotiation.post(service.client, cast.provider_manager_key, "/api/v1/invitations", {"alias": "A secret"})
    await negotiation.post(
        service.client,
        cast.provider_manager_key,
        f"/api/v1/agreements/{agreement['agreement_id']}/comments",
        {"text": "For us only.", "internal": True, "revision_hash": agreement["revision"]["hash"]},
    )
    ours = await entries(service, cast.provider_manager_key)
    theirs = await entries(service, cast.customer_manager_key)
    mine = [each["action"] for each in ours if each["subject_id"] == agreement["agreement_id"]]
    seen = [each for each in theirs if each["subject_id"] == agreement["agreement_id"]]
    assert mine == ["agreement.comment", "agreement.propose", "agreement.draft"]
    assert [each["action"] for each in seen] == ["agreement.propose"]
    for hidden in ("by_name", "key_id", "identified_by", "address"):
        assert seen[0][hidden] is None
    assert seen[0]["by_party_id"] == cast.provider_party_id
    assert seen[0]["subject_name"] == agreement["document"]["title"]
    provider = {each["subject_id"] for each in ours if each["subject_kind"] in ("invitation", "principal", "person")}
    foreign = [each for each in theirs if each["subject_id"] in provider]
    assert [(each["action"], each["subject_name"]) for each in foreign] == [("invitation.accept", None)]
    assert "A secret" not in str(theirs) and "Ada Byron" not in str(theirs)


async def test_what_an_operator_did_to_a_party_stands_in_its_trail(service: AgreementUnderTest, cast: Cast) -> None:
    grace = (await service.ask(cast.provider_signatory_key, "GET", "/api/v1/me"))[1]["principal_id"]
    await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/sign-in-links", {"principal_id": grace})
    newest = (await entries(service, cast.provider_manager_key))[0]
    assert (newest["action"], newest["subject_name"], newest["by_name"]) == (
        "sign-in-link.make",
        "Grace Hopper",
        "bootstrap operator",
    )
    assert (newest["by_principal_id"], newest["key_id"], newest["address"]) == (None, None, None)
    assert all(each["subject_id"] != grace for each in await entries(service, cast.customer_manager_key))


@pytest.mark.parametrize("role", ["viewer_key", "provider_signatory_key", "integrator_key"])
async def test_only_managers_auditors_and_operators_read_it(service: AgreementUnderTest, cast: Cast, role: str) -> None:
    status, problem = await service.ask(getattr(cast, role), "GET", PATH)
    assert (status, problem["type"]) == (403, "/problems/missing-role")


async def test_an_auditor_reads_it_and_an_operator_reads_all(service: AgreementUnderTest, cast: Cast) -> None:
    body = {"key": "lise", "name": "Lise", "roles": ["auditor"], "ends_at": "2027-01-01T00:00:00Z"}
    made = await negotiation.post(service.client, cast.provider_manager_key, "/api/v1/principals", body)
    path = f"/api/v1/principals/{made['principal_id']}/keys"
    key = (await negotiation.post(service.client, cast.provider_manager_key, path, {"scopes": []}))["key"]
    assert await entries(service, key) == await entries(service, cast.provider_manager_key)
    parties = {each["by_party_id"] for each in await entries(service, OPERATOR_KEY)}
    assert parties >= {cast.provider_party_id, cast.customer_party_id, None}


async def test_entries_are_filtered_and_paged(service: AgreementUnderTest, cast: Cast) -> None:
    await proposed(service, cast)
    ada = cast.provider_manager_key
    every = await entries(service, ada)
    assert [each["seq"] for each in every] == sorted((each["seq"] for each in every), reverse=True)
    paged, cursor = [], ""
    while True:
        page = (await service.ask(ada, "GET", f"{PATH}?limit=3{cursor}"))[1]
        paged += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert paged == every
    me = (await service.ask(ada, "GET", "/api/v1/me"))[1]["principal_id"]
    hers = await entries(service, ada, f"&principal_id={me}")
    assert hers == [each for each in every if each["by_principal_id"] == me]
    assert {each["action"] for each in await entries(service, ada, "&action=agreement")} == {
        "agreement.draft",
        "agreement.propose",
    }
    assert await entries(service, ada, "&from=2026-11-22T10:00:00Z&to=2026-11-22T10:00:01Z") == every
    assert await entries(service, ada, "&to=2026-11-22T10:00:00Z") == []
    assert await entries(service, ada, "&action=agree%25") == []
    status, problem = await service.ask(ada, "GET", f"{PATH}?from=yesterday")
    assert (status, problem["errors"][0]["field"]) == (422, "query.from")
