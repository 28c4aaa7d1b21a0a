"""A receiver that was away and is back: what waited for it is sent at once, and a replay brings the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import text

from slm_chassis.clock import SECOND, SystemClock, real_now
from slm_events.instants import to_text
from slm_notification.application.sending import WebhookSender
from slm_notification.domain.attempts import AttemptAnswer, ClaimedDelivery, FailedAttempt
from tests.integration.notification.conftest import BREACH, ENDPOINTS, RISK, Service
from tests.support.receiver import Receiver

AN_HOUR = {"first_retry_seconds": 3_600.0}
"""Whatever is sent again within a test was not sent because its own pause was over."""


async def change_rows(service: Service, statement: str) -> None:
    async with service.app.database.begin() as transaction:
        await transaction.execute(text(statement))


async def fail(service: Service, claim: ClaimedDelivery, status: int) -> None:
    """Store that the receiver answered with this status, and that nothing is due before an hour has passed."""
    later = real_now() + 3_600 * SECOND
    follows = FailedAttempt("failed" if status == 410 else "waiting", later, later)
    await service.worker(WebhookSender)._desk.record_failure(claim, AttemptAnswer(status, "no"), follows, 2 * later)


async def end_pause(service: Service) -> None:
    """Let the pause of all failing endpoints be over."""
    await change_rows(service, "UPDATE webhook_endpoint SET retry_at = 0 WHERE retry_at IS NOT NULL")


async def go_on(service: Service, endpoint_id: str, url: str) -> None:
    answer = await service.ask(
        "provider",
        "PUT",
        f"{ENDPOINTS}/{endpoint_id}",
        json={"title": "Back", "url": url, "paused": False},
        headers={"If-Match": "*"},
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "active")


async def test_a_replay_brings_what_happened_while_the_only_endpoint_was_gone(
    service: Service, receiver: Receiver
) -> None:
    start = SystemClock().now()
    made = await service.make("provider", receiver.url())
    receiver.status = 410
    [refused] = await service.hear(BREACH)
    await service.send()
    missed = await service.hear(BREACH, 3)
    assert len(await service.deliveries()) == 1
    receiver.status = 200
    await go_on(service, made["endpoint_id"], receiver.url())
    assert await service.send() == 0
    receiver.got.clear()
    path = f"{ENDPOINTS}/{made['endpoint_id']}/replays"
    replayed = await service.ask("provider", "POST", path, json={"from": to_text(start)})
    assert (replayed.status_code, replayed.json()["deliveries"]) == (202, 4)
    assert await service.send() == 4
    assert {each.event["id"] for each in receiver.got} == {refused, *missed}


@pytest.mark.parametrize("settings", [AN_HOUR])
@pytest.mark.parametrize("state", ["active", "paused", "suspended"])
async def test_who_makes_an_endpoint_active_gets_at_once_what_failed_before(
    service: Service, receiver: Receiver, state: str
) -> None:
    made = await service.make("provider", receiver.url())
    receiver.status = 500
    await service.hear(BREACH, 3)
    assert await service.send() == 3
    await change_rows(service, f"UPDATE webhook_endpoint SET state = '{state}'")
    receiver.status = 200
    assert await service.send() == 0
    await go_on(service, made["endpoint_id"], receiver.url())
    assert await service.send() == 3
    assert {each["state"] for each in await service.deliveries()} == {"delivered"}


@pytest.mark.parametrize("settings", [AN_HOUR])
async def test_the_first_success_brings_at_once_what_failed_before(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url("/back"))
    await service.make("provider", receiver.url("/away"))
    receiver.status = 500
    await service.hear(BREACH, 3)
    assert await service.send() == 6
    receiver.status, receiver.of_path = 200, {"/away": 500}
    await end_pause(service)
    assert await service.send() == 0
    receiver.got.clear()
    await service.hear(BREACH)
    await service.send()
    assert sum(each.path == "/back" for each in receiver.got) == 4
    assert sum(each.path == "/away" for each in receiver.got) == 1


@pytest.mark.parametrize("settings", [AN_HOUR])
async def test_what_is_never_accepted_is_not_tried_again_at_every_success(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url())
    receiver.refused_types = {RISK}
    await service.hear(RISK)
    await service.send()
    for _ in range(4):
        await end_pause(service)
        await service.hear(BREACH)
        await service.send()
    types = [each.event["type"] for each in receiver.got]
    assert (types.count(BREACH), types.count(RISK)) == (4, 2)


@pytest.mark.parametrize("settings", [AN_HOUR])
async def test_a_request_that_began_first_and_failed_last_is_sent_again_with_the_others(
    service: Service, receiver: Receiver
) -> None:
    await service.make("provider", receiver.url())
    await service.hear(BREACH, 2)
    desk = service.worker(WebhookSender)._desk
    [slow], [fast] = await desk.claim(1, 31.0), await desk.claim(1, 31.0)
    assert slow.claimed_at < fast.claimed_at
    for claim in (fast, slow):
        await fail(service, claim, 500)
    await end_pause(service)
    await service.hear(BREACH)
    assert await service.send() == 3


@pytest.mark.parametrize("settings", [AN_HOUR])
async def test_what_a_killed_process_was_sending_comes_with_the_first_success(
    service: Service, receiver: Receiver
) -> None:
    await service.make("provider", receiver.url())
    await service.hear(BREACH)
    desk = service.worker(WebhookSender)._desk
    await desk.claim(1, -1.0)  # Its process ends before it sends: the lease is over.
    receiver.status = 500
    assert await service.send() == 1
    receiver.status = 200
    await end_pause(service)
    assert await service.send() == 0
    await service.hear(BREACH)
    assert await service.send() == 2


@pytest.mark.parametrize("settings", [AN_HOUR])
@pytest.mark.parametrize(("minutes", "expected"), [(9, 3_600), (11, 600)])
async def test_a_long_failure_leaves_no_pause_of_more_than_ten_minutes(
    service: Service, receiver: Receiver, minutes: int, expected: int
) -> None:
    await service.make("provider", receiver.url())
    receiver.refused_types = {RISK}
    await service.hear(RISK)
    await service.send()
    receiver.status = 500
    await end_pause(service)
    await change_rows(service, "UPDATE webhook_endpoint SET failures = 0, failing_since = NULL")
    await service.hear(BREACH)
    await service.send()
    await end_pause(service)
    await change_rows(service, f"UPDATE webhook_endpoint SET failing_since = failing_since - {minutes * 60 * SECOND}")
    await change_rows(service, f"UPDATE webhook_delivery SET first_failed_at = first_failed_at - {3_600 * SECOND}")
    receiver.status = 200
    await service.hear(BREACH)
    await service.send()
    async with service.app.database.read() as connection:
        due_at = (
            await connection.execute(text("SELECT min(due_at) FROM webhook_delivery WHERE state = 'waiting'"))
        ).scalar_one()
    assert 0.7 * expected < (due_at - real_now()) / SECOND < 1.3 * expected


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_receiver_may_ask_for_a_pause(service: Service, receiver: Receiver, form: str) -> None:
    await service.make("provider", receiver.url())
    until = datetime.now(UTC) + timedelta(hours=2)
    receiver.status = 503
    receiver.headers = {"Retry-After": "7200" if form == "seconds" else format_datetime(until, usegmt=True)}
    await service.hear(BREACH)
    await service.send()
    async with service.app.database.read() as connection:
        due_at, retry_at = (
            await connection.execute(text("SELECT due_at, retry_at FROM webhook_delivery, webhook_endpoint"))
        ).one()
    wanted = int(until.timestamp()) * SECOND
    assert abs(due_at - wanted) < 60 * SECOND
    assert abs(retry_at - wanted) < 60 * SECOND
