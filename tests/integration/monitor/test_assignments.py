"""Breaches, risks and causes are assigned and snoozed within a party, and nothing of it reaches the other party."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from slm_chassis.identity import named_id
from slm_events.instants import to_text
from tests.support.api import announce, enrolled
from tests.support.monitor import CUSTOMER, HOUR, PROVIDER, available, finalized
from tests.support.monitor_service import Service, problem

AGREEMENT = named_id(PROVIDER, "agreement", "assigned")
PERSON = "0193a5c0-7a00-7000-8000-000000000003"
THEIRS = "0193a5c0-7a00-7000-8000-000000000004"
"""A person of the provider."""
INDICATOR = "assigned.up"


@pytest.fixture(scope="module", autouse=True)
async def breached(service: Service) -> str:
    """Id of a breach: ten hours of downtime where seven are allowed."""
    for key, person, party in (("slm_person", PERSON, CUSTOMER), ("slm_other", THEIRS, PROVIDER)):
        await announce(service.log, enrolled(key, "viewer", party_id=party, person_id=person))
    await service.register(INDICATOR, "availability")
    target = {
        **available("99", warn_at={"budget_consumed": ["50"]}),
        "target_id": named_id(PROVIDER, "target", "assigned"),
        "indicator": {"owner_party_id": PROVIDER, "key": INDICATOR},
    }
    patient = {
        **target,
        "key": "patient",
        "target_id": named_id(PROVIDER, "target", "assigned-patient"),
        "objective": {"at_least": "98", "unit": "percent"},
    }
    await service.agree(finalized(target, patient, agreement_id=AGREEMENT, agreement_key="assigned"))
    begun = service.clock.now() - 10 * HOUR
    position = await service.measure(
        {"indicator": INDICATOR, "at": "2026-11-01T00:00:00Z", "state": "up"},
        {"indicator": INDICATOR, "at": to_text(begun), "state": "down"},
    )
    asked = {"agreement_id": AGREEMENT, "min_position": position["position"]}
    (found,) = (await service.provider.get("/api/v1/breaches", params=asked)).json()["items"]
    return str(found["breach_id"])


async def post(client: Any, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_an_assignment_is_seen_by_the_own_party_alone(service: Service, breached: str) -> None:
    kept = await post(service.customer, f"breaches/{breached}/assign", {"assigned_to": PERSON, "note": "Call them."})
    assert (kept["assigned_to"], kept["note"], kept["is_snoozed"]) == (PERSON, "Call them.", False)
    mine = (await service.customer.get("/api/v1/assignments", params={"assigned_to": PERSON})).json()["items"]
    assert [(each["kind"], each["item_id"]) for each in mine] == [("breach", breached)]
    for client in (service.provider, service.viewer, service.operator, service.foreigner):
        assert (await client.get("/api/v1/assignments")).json()["items"] == []
    for place in (f"breaches/{breached}", "breaches", "summary"):
        answer = await service.provider.get(f"/api/v1/{place}")
        assert PERSON not in answer.text and "Call them." not in answer.text
    async with service.app.database.read() as connection:
        noted = await connection.execute(text("SELECT action FROM audit WHERE subject = :id"), {"id": breached})
        assert noted.scalars().all() == ["breach.assigned"]


async def test_a_list_has_what_a_person_holds(service: Service, breached: str) -> None:
    await post(service.customer, f"breaches/{breached}/assign", {"assigned_to": PERSON})

    async def listed(client: Any, **params: Any) -> list[str]:
        items = (await client.get("/api/v1/breaches", params={"agreement_id": AGREEMENT, **params})).json()["items"]
        return [each["breach_id"] for each in items]

    assert await listed(service.customer, assigned_to=PERSON) == [breached]
    assert await listed(service.customer, assigned_to="somebody-else") == []
    assert await listed(service.provider, assigned_to=PERSON) == []
    await post(service.customer, f"breaches/{breached}/assign", {"assigned_to": None})
    assert await listed(service.customer, assigned_to=PERSON) == []


async def test_a_snoozed_breach_comes_back_at_its_instant_or_when_it_changes(service: Service, breached: str) -> None:
    path = f"breaches/{breached}/snooze"

    async def snoozed() -> list[str]:
        asked = {"agreement_id": AGREEMENT, "snoozed": "true"}
        items = (await service.provider.get("/api/v1/breaches", params=asked)).json()["items"]
        return [each["breach_id"] for each in items]

    later = to_text(service.clock.now() + HOUR)
    assert (await post(service.provider, path, {"until": later}))["is_snoozed"] is True
    assert await snoozed() == [breached]
    assert (await service.customer.get("/api/v1/assignments", params={"snoozed": "true"})).json()["items"] == []
    assert (await post(service.provider, path, {}))["is_snoozed"] is False
    assert await snoozed() == []
    assert (await post(service.provider, path, {"until_change": True}))["is_snoozed"] is True
    tag = (await service.provider.get(f"/api/v1/breaches/{breached}")).headers["ETag"]
    done = await service.provider.post(f"/api/v1/breaches/{breached}/acknowledge", headers={"If-Match": tag}, json={})
    assert done.status_code == 200, done.text
    assert await snoozed() == []


async def test_risks_and_causes_are_assigned_too_and_foreign_ones_are_unknown(service: Service, breached: str) -> None:
    asked = {"agreement_id": AGREEMENT}
    risk = (await service.provider.get("/api/v1/risks", params=asked)).json()["items"][0]["risk_id"]
    kept = await post(service.provider, f"risks/{risk}/assign", {"assigned_to": THEIRS})
    assert (kept["kind"], kept["assigned_to"]) == ("risk", THEIRS)
    for kind, identity in (("breaches", breached), ("risks", risk), ("causes", "nothing")):
        for act, body in (("assign", {"assigned_to": PERSON}), ("snooze", {})):
            refused = await service.foreigner.post(f"/api/v1/{kind}/{identity}/{act}", json=body)
            assert refused.status_code == 404
    operator = await service.operator.post(f"/api/v1/breaches/{breached}/assign", json={"assigned_to": PERSON})
    assert problem(operator)["type"] == "/problems/no-party"


async def test_what_is_no_id_of_a_person_holds_nothing(service: Service, breached: str) -> None:
    for wrong in ("Ada", "", f"{PERSON}0"):
        answer = await service.customer.post(f"/api/v1/breaches/{breached}/assign", json={"assigned_to": wrong})
        assert answer.status_code == 422 and "assigned_to" in answer.text


async def test_only_somebody_of_the_own_party_can_hold_it(service: Service, breached: str) -> None:
    """A person of the other party is refused like one that nobody knows."""
    unknown = "0193a5c0-7a00-7000-8000-00000000ffff"
    refusals = []
    for person in (THEIRS, unknown):
        answer = await service.customer.post(f"/api/v1/breaches/{breached}/assign", json={"assigned_to": person})
        document = problem(answer)
        assert (document["status"], document["errors"][0]["field"]) == (422, "assigned_to")
        refusals.append(answer.text.replace(person, "…"))
    kept = await post(service.customer, f"breaches/{breached}/assign", {"assigned_to": PERSON.upper()})
    assert kept["assigned_to"] == PERSON
    await announce(service.log, enrolled("slm_new", "viewer", party_id=CUSTOMER, person_id=unknown))
    assert (await post(service.customer, f"breaches/{breached}/assign", {"assigned_to": unknown}))[
        "assigned_to"
    ] == unknown
    nobody = problem(await service.customer.post("/api/v1/breaches/nothing/assign", json={"assigned_to": THEIRS}))
    assert nobody["status"] == 404
