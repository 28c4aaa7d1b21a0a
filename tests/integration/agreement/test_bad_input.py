"""Invalid input is answered by a problem document that names the field, the value and the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


def _order(cast: Cast, document: Any, **more: Any) -> dict[str, Any]:
    return {
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "service_id": cast.service_id,
        "template": "sla-standard",
        "document": document,
    } | more


async def test_every_fault_of_a_document_is_named_in_one_answer(service: AgreementUnderTest, cast: Cast) -> None:
    targets: list[dict[str, Any]] = [
        {**terms.monthly_availability_target(), "aggregation": "quantile"},
        {**terms.monthly_response_time_target(), "objective": {"at_least": "100.5"}},
        {**terms.hourly_response_time_target(), "window": {"rolling": "P1M"}},
        {**terms.p1_resolution_target(), "service_hours": "nights", "group_by": ["region"]},
    ]
    document = {**terms.agreement_document(EFFECTIVE), "targets": targets, "timezone": "Mars/Olympus"}
    status, problem = await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", _order(cast, document))
    assert (status, problem["type"]) == (422, "/problems/invalid")
    fields = {error["field"] for error in problem["errors"]}
    assert {
        "timezone",
        "targets[0].aggregation",
        "targets[1].objective.at_least",
        "targets[2].window.rolling",
        "targets[3].service_hours",
        "targets[3].group_by",
    } <= fields
    assert all(error["remedy"] for error in problem["errors"])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "mou"}, "kind"),
        ({"customer_party_id": "nobody"}, "customer_party_id"),
        ({"service_id": "nothing"}, "service_id"),
        ({"template": "none"}, "template"),
        ({"key": "with/slash"}, "key"),
    ],
)
async def test_an_order_that_cannot_be_is_refused(
    service: AgreementUnderTest, cast: Cast, more: dict[str, Any], field: str
) -> None:
    order = _order(cast, terms.agreement_document(EFFECTIVE), **more)
    status, problem = await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", order)
    assert (status, problem["errors"][0]["field"]) == (422, field)


async def test_a_document_that_names_the_unregistered_is_refused(service: AgreementUnderTest, cast: Cast) -> None:
    document = {
        **terms.agreement_document(EFFECTIVE),
        "requirements": ["nothing"],
        "signatories": {"provider": ["nobody"]},
    }
    status, problem = await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", _order(cast, document))
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["signatories.provider[0]", "requirements[0]"]


@pytest.mark.parametrize("body", [b"{", b'{"name": NaN}', b'{"name": "\\ud800"}', b'{"name": "\\u0000"}', b"[]", b""])
async def test_malformed_bodies_are_problems_and_never_faults_of_ours(
    service: AgreementUnderTest, cast: Cast, body: bytes
) -> None:
    headers = {"Authorization": f"Bearer {OPERATOR_KEY}", "Content-Type": "application/json"}
    response = await service.client.post("/api/v1/parties", content=body, headers=headers)
    assert response.status_code in (400, 422), response.text
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "document",
    [
        b'{"clauses": {"charges": {"rate": NaN}}}',
        b'{"clauses": {"charges": {"rate": 1e999}}}',
        b'{"clauses": {"charges": {"rate": 99999999999999999999999}}}',
        b'{"clauses": {"charges": {"text": "\\ud800"}}}',
        b'{"targets": [[]], "term": {"effective_at": "0001-01-01T00:00:00+23:59"}}',
        b'{"closing_delay": 7, "service_hours": [], "review": 3, "reporting": null}',
    ],
)
async def test_documents_without_a_canonical_form_are_refused(
    service: AgreementUnderTest, cast: Cast, document: bytes
) -> None:
    import json

    order = json.dumps(_order(cast, {})).encode()[: -len("{}}")] + document + b"}"
    headers = {"Authorization": f"Bearer {cast.provider_manager_key}", "Content-Type": "application/json"}
    response = await service.client.post("/api/v1/agreements", content=order, headers=headers)
    assert response.status_code == 422, response.text
    assert response.json()["errors"]


async def test_moves_out_of_turn_are_refused_with_what_to_do(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await negotiation.draft_agreement(service.client, cast, terms.agreement_document(EFFECTIVE), "k")
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    named = {"revision_hash": agreement["revision"]["hash"]}
    assert (await service.ask(cast.provider_manager_key, "POST", f"{path}/accept", named))[0] == 409
    status, problem = await service.ask(
        cast.provider_manager_key, "POST", f"{path}/propose", {"revision_hash": "0" * 64}
    )
    assert (status, problem["errors"][0]["field"]) == (422, "revision_hash")
    await negotiation.propose_draft(service.client, cast, agreement)
    await negotiation.propose_draft(service.client, cast, agreement)  # the same move again is the same move
    assert (await service.ask(cast.provider_manager_key, "POST", f"{path}/accept", named))[0] == 409
    assert (await service.ask(cast.viewer_key, "POST", f"{path}/accept", named))[0] == 403
    assert (await service.ask(cast.customer_signatory_key, "POST", f"{path}/sign", named))[0] == 409


async def test_a_revision_needs_the_tag_of_what_its_author_has_seen(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await negotiation.draft_agreement(service.client, cast, terms.agreement_document(EFFECTIVE), "k")
    path = f"/api/v1/agreements/{agreement['agreement_id']}/revisions"
    body = {"document": {**terms.agreement_document(EFFECTIVE), "title": "Other"}}
    assert (await service.ask(cast.provider_manager_key, "POST", path, body))[0] == 428
    assert (await service.ask(cast.provider_manager_key, "POST", path, body, if_match='"1.0"'))[0] == 201
    assert (await service.ask(cast.provider_manager_key, "POST", path, body, if_match='"1.0"'))[0] == 412


async def test_the_same_idempotency_key_gives_the_same_agreement(service: AgreementUnderTest, cast: Cast) -> None:
    order = _order(cast, terms.agreement_document(EFFECTIVE))
    answers = [
        await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", order, idempotency_key="one")
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 201


async def test_the_check_tells_what_is_empty_before_anybody_accepts(service: AgreementUnderTest, cast: Cast) -> None:
    document = {"title": "Bare", "targets": [], "clauses": {}}
    order = _order(cast, document, template=None, key="bare")
    status, agreement = await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", order)
    assert status == 201
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    _, checked = await service.ask(cast.provider_manager_key, "GET", f"{path}/check")
    assert [point["filled"] for point in checked["points"]] == [False] * 10
    codes = {finding["code"] for finding in checked["findings"] if finding["severity"] == "error"}
    assert codes == {"specific.no-target", "time-bound.no-effective-at", "complete.empty-point"}
    await negotiation.propose_draft(service.client, cast, agreement)
    named = {"revision_hash": agreement["revision"]["hash"]}
    status, problem = await service.ask(cast.customer_manager_key, "POST", f"{path}/accept", named)
    assert status == 422
    assert {error["code"] for error in problem["errors"]} == codes


async def test_the_documented_examples_hold(service: AgreementUnderTest, cast: Cast) -> None:
    from slm_agreement.api import examples

    order = _order(cast, examples.DOCUMENT)
    status, agreement = await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", order)
    assert status == 201, agreement
    holidays = agreement["document"]["service_hours"]["business"]["holidays"]
    assert {"date": "2027-10-03", "name": "Tag der Deutschen Einheit"} in holidays
    openapi = (await service.client.get("/openapi.json")).json()
    assert examples.AGREEMENT in openapi["components"]["schemas"]["NewAgreement"]["examples"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("people", "party_id"),
        ("principals", "party_id"),
        ("services", "provider_party_id"),
        ("requirements", "customer_party_id"),
    ],
)
async def test_a_party_id_that_is_none_is_not_found(
    service: AgreementUnderTest, cast: Cast, path: str, field: str
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "people": {"name": "X"},
        "principals": {"name": "X", "roles": []},
        "services": {"name": "X"},
        "requirements": {"service_id": cast.service_id, "text": "X"},
    }
    body = {**bodies[path], field: "nobody"}
    status, problem = await service.ask(OPERATOR_KEY, "POST", f"/api/v1/{path}", body)
    assert (status, problem["type"]) == (404, "/problems/not-found")
