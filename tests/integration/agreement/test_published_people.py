"""People are published with their address: at each change, and once those who were recorded before."""

from __future__ import annotations

from typing import Any

from slm.demo import negotiation
from slm_agreement import bootstrap
from slm_agreement.settings import AgreementSettings
from slm_chassis.outbox import OutboxRelay
from slm_events.envelope import from_record
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest
from tests.support.service import records


async def published(service: AgreementUnderTest, topic: str) -> list[Any]:
    relay = next(worker for worker in service.app.workers if isinstance(worker, OutboxRelay))
    while await relay.step():
        pass
    return [from_record(each.value, each.headers).data for each in records(service.log, topic)]


async def test_a_person_is_published_with_each_change(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    people = (await negotiation.get(service.client, cast.provider_manager_key, "/api/v1/people"))["items"]
    known = {each.person_id: each for each in await published(service, "slm.people")}
    assert {each["person_id"] for each in people} <= known.keys()
    for each in people:
        event = known[each["person_id"]]
        assert (event.name, event.email, event.party_id) == (each["name"], each["email"], each["party_id"])


async def test_who_was_recorded_before_is_published_once(service: AgreementUnderTest, database_url: str) -> None:
    await negotiation.gather_cast(service.client, OPERATOR_KEY)
    at_first = [each.person_id for each in await published(service, "slm.people")]
    assert at_first
    async with service.app.database.begin() as transaction:
        await transaction.connection.exec_driver_sql("DELETE FROM done_once")
    for _ in range(2):
        # A start of the service, and another one.
        app = await bootstrap.build(AgreementSettings(database_url=database_url), service.log, service.clock)
        await app.database.close()
    again = [each.person_id for each in await published(service, "slm.people")]
    assert sorted(again) == sorted([*at_first, *set(at_first)])


async def test_no_other_topic_has_an_address(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    body = {"key": "zoe", "name": "Zoe", "email": "zoe@hidden.example"}
    await negotiation.post(service.client, cast.provider_manager_key, "/api/v1/people", body)
    assert "zoe@hidden.example" in str(await published(service, "slm.people"))
    for topic in ("slm.access", "slm.catalogue", "slm.agreements"):
        assert "zoe@hidden.example" not in str(await published(service, topic))
