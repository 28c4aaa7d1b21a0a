"""An endpoint whose receiver answered 410: nothing waits there, whatever was on its way."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from slm_notification.adapters.sql_desk import ledger_of
from slm_notification.application.ports import NewDelivery
from slm_notification.application.sending import WebhookSender
from slm_notification.domain.attempts import AttemptAnswer
from slm_notification.domain.endpoints import HeardEvent
from tests.integration.notification.conftest import BREACH, PROVIDER, Service
from tests.integration.notification.test_coming_back import change_rows, fail, go_on
from tests.support.receiver import Receiver


async def states(service: Service) -> list[str]:
    return sorted(each["state"] for each in await service.deliveries())


async def test_410_ends_what_a_killed_process_was_sending(service: Service, receiver: Receiver) -> None:
    made = await service.make("provider", receiver.url())
    await service.hear(BREACH, 3)
    desk = service.worker(WebhookSender)._desk
    [_killed], [refused] = await desk.claim(1, 31.0), await desk.claim(1, 31.0)
    await fail(service, refused, 410)
    assert await states(service) == ["failed"] * 3
    [answered] = [each for each in await service.deliveries() if each["status"] is not None]
    assert (answered["delivery_id"], answered["status"]) == (refused.delivery_id, 410)
    assert (await service.status(made["endpoint_id"]))["waiting"] == 0


@pytest.mark.parametrize("end", ["refused", "accepted", "given back"])
async def test_what_is_on_its_way_at_a_410_is_accepted_or_ends(service: Service, receiver: Receiver, end: str) -> None:
    await service.make("provider", receiver.url())
    await service.hear(BREACH, 2)
    desk = service.worker(WebhookSender)._desk
    [other], [refused] = await desk.claim(1, 31.0), await desk.claim(1, 31.0)
    await fail(service, refused, 410)
    if end == "refused":
        await fail(service, other, 503)
    elif end == "accepted":
        await desk.record_success(other, AttemptAnswer(204))
    else:
        await desk.release([other])
    assert await states(service) == (["delivered", "failed"] if end == "accepted" else ["failed", "failed"])
    async with service.app.database.read() as connection:
        leased = "SELECT count(*) FROM webhook_delivery WHERE leased_until IS NOT NULL"
        assert await connection.scalar(text(leased)) == 0


async def test_what_is_on_its_way_while_the_endpoint_goes_on_is_sent_again(
    service: Service, receiver: Receiver
) -> None:
    made = await service.make("provider", receiver.url())
    await service.hear(BREACH, 2)
    desk = service.worker(WebhookSender)._desk
    [other], [refused] = await desk.claim(1, 31.0), await desk.claim(1, 31.0)
    await fail(service, refused, 410)
    await go_on(service, made["endpoint_id"], receiver.url())
    await fail(service, other, 503)
    assert await states(service) == ["failed", "waiting"]


async def test_410_ends_what_is_being_written_meanwhile(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url())
    await service.hear(BREACH)
    [refused] = await service.worker(WebhookSender)._desk.claim(1, 31.0)
    async with service.app.database.begin() as transaction:
        ledger = ledger_of(transaction)
        [endpoint] = await ledger.endpoints_of([PROVIDER])
        event = HeardEvent(
            event_id="late",
            event_type=BREACH,
            agreement_id=None,
            service_id=None,
            party_ids=[PROVIDER],
            named_party_ids=[PROVIDER],
            recorded_at=ledger.now,
            body="{}",
        )
        await ledger.keep_events([event])
        await ledger.add_deliveries([NewDelivery(endpoint, event)], 0)
        gone = asyncio.create_task(fail(service, refused, 410))
        await asyncio.wait([gone], timeout=0.5)
    await gone
    assert await states(service) == ["failed", "failed"]


@pytest.mark.parametrize("state", ["paused", "suspended", "gone"])
async def test_only_an_active_endpoint_has_a_next_attempt(service: Service, receiver: Receiver, state: str) -> None:
    made = await service.make("provider", receiver.url())
    receiver.status = 500
    await service.hear(BREACH)
    await service.send()
    assert (await service.status(made["endpoint_id"]))["next_attempt_at"] is not None
    await change_rows(service, f"UPDATE webhook_endpoint SET state = '{state}'")
    status = await service.status(made["endpoint_id"])
    assert (status["state"], status["next_attempt_at"]) == (state, None)
