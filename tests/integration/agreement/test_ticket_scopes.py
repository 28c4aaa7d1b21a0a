"""The check at signing keeps the tickets of one customer out of another's agreement."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest


async def drafted(service: AgreementUnderTest, cast: Cast, party_id: str, /, **applies_to: Any) -> dict[str, Any]:
    """A draft whose clock says this under ``applies_to``."""
    clock = terms.p1_resolution_target()
    clock["applies_to"] = {**clock["applies_to"], **applies_to}
    order = {
        "kind": "sla",
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": party_id,
        "service_id": cast.service_id,
        "template": "sla-standard",
        "key": f"draft-{uuid.uuid4()}",
        "document": {**terms.agreement_document(EFFECTIVE), "requirements": [], "targets": [clock]},
    }
    status, agreement = await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", order)
    assert status == 201, agreement
    return agreement


async def findings(service: AgreementUnderTest, cast: Cast, agreement: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Code → finding of the check."""
    path = f"/api/v1/agreements/{agreement['agreement_id']}/check"
    answer = await negotiation.get(service.client, cast.provider_manager_key, path)
    return {each["code"]: each for each in answer["findings"]}


async def test_a_target_for_another_customers_tickets_is_an_error(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    draft = await drafted(service, cast, cast.customer_party_id, customer=["corner-shop", "other-shop"])
    found = await findings(service, cast, draft)
    assert "specific.other-customer" in found
    assert found["specific.other-customer"]["severity"] == "error"
    assert found["specific.other-customer"]["value"] == "other-shop"
    path = f"/api/v1/agreements/{draft['agreement_id']}"
    hashed = {"revision_hash": draft["revision"]["hash"]}
    status, _ = await service.ask(cast.provider_manager_key, "POST", f"{path}/propose", hashed)
    assert status == 200
    status, problem = await service.ask(cast.customer_manager_key, "POST", f"{path}/accept", hashed)
    assert status == 422
    assert "targets[0].applies_to.customer" in {each["field"] for each in problem["errors"]}


async def test_a_targets_own_customer_and_service_are_no_error(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    draft = await drafted(service, cast, cast.customer_party_id, customer="corner-shop", service=["checkout"])
    assert not {code for code in await findings(service, cast, draft) if "other" in code or "overlap" in code}


async def test_a_name_that_two_customers_share_is_an_error(service: AgreementUnderTest) -> None:
    cast, _ = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    shared = [{"system": "crm", "id": "SHOPS"}]
    path = f"/api/v1/parties/{cast.customer_party_id}"
    edit = {"name": "The Corner Shop", "external_refs": shared}
    status, answer = await service.ask(OPERATOR_KEY, "PUT", path, edit, If_Match="*")
    assert status == 200, answer
    other = {"key": "other-shop", "name": "The Other Shop", "external_refs": shared}
    status, party = await service.ask(OPERATOR_KEY, "POST", "/api/v1/parties", other)
    assert status == 201, party
    related = {"party_ids": [cast.provider_party_id, party["party_id"]]}
    await service.ask(OPERATOR_KEY, "POST", "/api/v1/relations", related)
    draft = await drafted(service, cast, party["party_id"])
    found = await findings(service, cast, draft)
    assert "specific.customers-overlap" in found
    assert (found["specific.customers-overlap"]["value"], found["specific.customers-overlap"]["severity"]) == (
        "SHOPS",
        "error",
    )


async def sign_with_others(service: AgreementUnderTest, signed_id: str, count: int) -> None:
    """Add as many customers, and a signed agreement with each: a copy of the one with this id."""
    for number in range(count):
        key = f"shop-{uuid.uuid4()}"
        status, party = await service.ask(OPERATOR_KEY, "POST", "/api/v1/parties", {"key": key, "name": f"S {number}"})
        assert status == 201, party
        copied = {"agreement_id": str(uuid.uuid4()), "customer_party_id": party["party_id"], "key": key}
        async with service.app.database.engine.begin() as transaction:
            for table in ("agreement", "agreement_version"):
                changed = ", ".join(f"'{name}', '{value}'" for name, value in copied.items())
                copy = f"jsonb_populate_record(each, jsonb_build_object({changed}))"
                await transaction.execute(
                    text(f"INSERT INTO {table} SELECT ({copy}).* FROM {table} AS each WHERE agreement_id = :signed"),
                    {"signed": signed_id},
                )


async def statements_of_a_check(service: AgreementUnderTest, cast: Cast, agreement: dict[str, Any]) -> int:
    """The number of statements that the service sends to PostgreSQL for one check."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await findings(service, cast, agreement)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(sent)


async def test_a_check_reads_as_often_for_many_customers_as_for_one(service: AgreementUnderTest) -> None:
    # It read the customer and the service of each agreement: with 400 agreements, signing took ten times as long.
    cast, signed = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    draft = await drafted(service, cast, cast.customer_party_id)
    await sign_with_others(service, signed["agreement_id"], 1)
    with_one = await statements_of_a_check(service, cast, draft)
    await sign_with_others(service, signed["agreement_id"], 4)
    assert 0 < await statements_of_a_check(service, cast, draft) == with_one
