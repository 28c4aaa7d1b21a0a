"""Keys of systems that end by themselves."""

from __future__ import annotations

from typing import Any

from slm.demo import negotiation
from slm_events import instants
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest

HOUR = 3_600_000_000


async def system(service: AgreementUnderTest) -> str:
    party = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/parties", {"key": "alder", "name": "Alder"})
    body = {"key": "probe", "party_id": party["party_id"], "name": "Probe", "roles": ["integrator"]}
    made = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/principals", body)
    return f"/api/v1/principals/{made['principal_id']}"


async def keys(service: AgreementUnderTest, path: str) -> list[dict[str, Any]]:
    answer: dict[str, Any] = (await service.ask(OPERATOR_KEY, "GET", path))[1]
    return list(answer["keys"])


async def test_a_key_is_refused_from_its_end_on(service: AgreementUnderTest) -> None:
    path = await system(service)
    ends = instants.to_text(service.clock.now() + HOUR)
    status, made = await service.ask(OPERATOR_KEY, "POST", f"{path}/keys", {"expires_at": ends})
    assert (status, made["expires_at"]) == (201, ends)
    assert (await keys(service, path))[0]["expires_at"] == ends
    assert (await service.ask(made["key"], "GET", "/api/v1/me"))[0] == 200
    await service.move_to(ends)
    assert (await service.ask(made["key"], "GET", "/api/v1/me"))[0] == 401


async def test_a_key_without_an_end_says_nothing_of_one(service: AgreementUnderTest) -> None:
    path = await system(service)
    status, made = await service.ask(OPERATOR_KEY, "POST", f"{path}/keys", {})
    assert status == 201 and "expires_at" not in made
    assert (await keys(service, path))[0]["expires_at"] is None


async def test_an_end_that_is_past_or_no_instant_is_refused(service: AgreementUnderTest) -> None:
    path = await system(service)
    for ends in (instants.to_text(service.clock.now()), "2020-01-01T00:00:00Z", "tomorrow"):
        status, problem = await service.ask(OPERATOR_KEY, "POST", f"{path}/keys", {"expires_at": ends})
        assert (status, problem["errors"][0]["field"]) == (422, "expires_at"), problem
    assert await keys(service, path) == []
