"""Principals that end: an auditor at the date that is set, anybody who is deactivated at once."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest

PASSWORD = "eleven green bottles"
END = "2026-11-23T10:00:00Z"
JUST_BEFORE = "2026-11-23T09:59:59Z"
AUDITOR = {"key": "lise", "name": "Lise Meitner", "roles": ["auditor"]}


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    return await negotiation.gather_cast(service.client, OPERATOR_KEY)


async def enrol(service: AgreementUnderTest, cast: Cast, **body: Any) -> tuple[int, dict[str, Any]]:
    return await service.ask(cast.provider_manager_key, "POST", "/api/v1/principals", {**AUDITOR, **body})


async def with_account(service: AgreementUnderTest, cast: Cast, **body: Any) -> tuple[str, str]:
    """Enrol Lise with a password; return the id of her principal and the key of her session."""
    person = {"key": "lise", "name": "Lise Meitner", "email": "lise@example.com"}
    manager = cast.provider_manager_key
    made = await negotiation.post(service.client, manager, "/api/v1/people", person)
    status, principal = await enrol(service, cast, person_id=made["person_id"], **body)
    assert status == 201, principal
    principal_id = principal["principal_id"]
    code = (await negotiation.post(service.client, manager, "/api/v1/invitations", {"principal_id": principal_id}))[
        "code"
    ]
    accepted = await negotiation.post(service.client, code, "/api/v1/invitations/accept", {"password": PASSWORD})
    return principal_id, accepted["key"]


async def log_in(service: AgreementUnderTest) -> int:
    body = {"email": "lise@example.com", "password": PASSWORD}
    return (await service.client.post("/api/v1/sessions", json=body)).status_code


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({}, "ends_at"),
        ({"ends_at": "2026-11-22T10:00:00Z"}, "ends_at"),
        ({"ends_at": "next spring"}, "ends_at"),
        ({"ends_at": END, "roles": ["auditor", "viewer"]}, "roles"),
    ],
)
async def test_an_auditor_needs_an_end_and_no_other_role(
    service: AgreementUnderTest, cast: Cast, changed: dict[str, Any], field: str
) -> None:
    status, problem = await enrol(service, cast, **changed)
    assert (status, problem["errors"][0]["field"]) == (422, field)
    assert problem["errors"][0]["remedy"]


async def test_an_auditor_is_refused_from_the_end_on(service: AgreementUnderTest, cast: Cast) -> None:
    principal_id, session = await with_account(service, cast, ends_at="2026-11-22T20:00:00Z")
    me = (await service.ask(session, "GET", "/api/v1/me"))[1]
    assert (me["roles"], me["expires_at"]) == (["auditor"], "2026-11-22T20:00:00.000000Z")
    issued = await negotiation.post(
        service.client, cast.provider_manager_key, f"/api/v1/principals/{principal_id}/keys", {"scopes": []}
    )
    await service.move_to("2026-11-22T19:59:59Z")
    for key in (session, issued["key"]):
        assert (await service.ask(key, "GET", "/api/v1/people"))[0] == 200
    await service.move_to("2026-11-22T20:00:00Z")
    for key in (session, issued["key"]):
        assert (await service.ask(key, "GET", "/api/v1/people"))[0] == 401
    assert await log_in(service) == 401


async def test_an_end_can_be_moved(service: AgreementUnderTest, cast: Cast) -> None:
    principal_id, session = await with_account(service, cast, ends_at=END)
    path = f"/api/v1/principals/{principal_id}"
    shown = (await service.ask(session, "GET", path))[1]
    body = {"name": shown["name"], "roles": shown["roles"], "person_id": shown["person_id"]}
    manager = cast.provider_manager_key
    assert (await service.ask(manager, "PUT", path, body, if_match="*"))[0] == 422
    later = {**body, "ends_at": "2026-12-24T00:00:00Z"}
    assert (await service.ask(manager, "PUT", path, later, if_match="*"))[0] == 200
    await service.move_to(END)
    assert await log_in(service) == 201


async def test_who_is_deactivated_is_out_at_once(service: AgreementUnderTest, cast: Cast) -> None:
    principal_id, session = await with_account(service, cast, roles=["viewer"])
    manager, path = cast.provider_manager_key, f"/api/v1/principals/{principal_id}"
    link = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/sign-in-links", {"principal_id": principal_id})
    code = (await negotiation.post(service.client, manager, "/api/v1/invitations", {"principal_id": principal_id}))[
        "code"
    ]
    for _ in range(2):
        status, shown = await service.ask(manager, "POST", f"{path}/deactivate")
        assert (status, shown["ends_at"]) == (200, "2026-11-22T10:00:00.000000Z")
    assert (await service.ask(session, "GET", "/api/v1/me"))[0] == 401
    assert await log_in(service) == 401
    assert (await service.client.post("/api/v1/sessions", json={"code": link["code"]})).status_code == 401
    assert (await service.ask(code, "POST", "/api/v1/invitations/accept", {"password": PASSWORD}))[0] == 404
    assert (await service.ask(manager, "POST", f"{path}/keys", {"scopes": []}))[0] == 409
    assert (await service.ask(manager, "POST", "/api/v1/invitations", {"principal_id": principal_id}))[0] == 409

    body = {"name": shown["name"], "roles": shown["roles"], "person_id": shown["person_id"]}
    assert (await service.ask(manager, "PUT", path, body, if_match="*"))[0] == 200
    assert await log_in(service) == 201
    assert (await service.ask(session, "GET", "/api/v1/me"))[0] == 401


async def test_a_manager_deactivates_who_signs_but_not_the_reverse(service: AgreementUnderTest, cast: Cast) -> None:
    manager = cast.provider_manager_key
    grace = (await service.ask(cast.provider_signatory_key, "GET", "/api/v1/me"))[1]
    path = f"/api/v1/principals/{grace['principal_id']}"
    assert (await service.ask(manager, "POST", f"{path}/deactivate"))[0] == 200
    assert (await service.ask(cast.provider_signatory_key, "GET", "/api/v1/me"))[0] == 401
    body = {"name": "Grace", "roles": ["provider_signatory"], "person_id": grace["person"]["person_id"]}
    assert (await service.ask(manager, "PUT", path, body, if_match="*"))[0] == 403
    assert (await service.ask(OPERATOR_KEY, "PUT", path, body, if_match="*"))[0] == 200
    assert (await service.ask(cast.provider_signatory_key, "GET", "/api/v1/me"))[0] == 401


async def test_nobody_deactivates_themselves_or_people_of_others(service: AgreementUnderTest, cast: Cast) -> None:
    me = (await service.ask(cast.provider_manager_key, "GET", "/api/v1/me"))[1]
    path = f"/api/v1/principals/{me['principal_id']}/deactivate"
    assert (await service.ask(cast.provider_manager_key, "POST", path))[0] == 403
    assert (await service.ask(cast.customer_manager_key, "POST", path))[0] == 404
    assert (await service.ask(cast.provider_signatory_key, "POST", path))[0] == 403
