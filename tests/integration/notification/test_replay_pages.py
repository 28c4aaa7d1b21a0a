"""A replay of more events than one request sends: each request brings it further, and the last one says so."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.clock import SystemClock
from slm_events.instants import to_text
from slm_notification.adapters.sql_desk import ledger_of
from slm_notification.application import webhooks
from tests.integration.notification.conftest import BREACH, ENDPOINTS, Service

PAGE = 3


async def replay(service: Service, endpoint_id: str, since: str) -> dict[str, Any]:
    answer = await service.ask("provider", "POST", f"{ENDPOINTS}/{endpoint_id}/replays", json={"from": since})
    assert answer.status_code == 202, answer.text
    replayed: dict[str, Any] = answer.json()
    return replayed


@pytest.mark.parametrize(
    ("at_instants", "pages"),
    [
        ([PAGE], [PAGE]),
        ([PAGE + 2], [PAGE + 2]),
        ([1, 1, 1], [3]),
        ([PAGE + 2, 1], [PAGE + 2, 1]),
        ([2, 3, 1, 1], [5, 2]),
        ([1, 1, 1, 1], [3, 1]),
    ],
)
async def test_each_request_brings_a_replay_further_until_nothing_is_left(
    service: Service, monkeypatch: pytest.MonkeyPatch, at_instants: list[int], pages: list[int]
) -> None:
    monkeypatch.setattr(webhooks, "MOST_REPLAYED", PAGE)
    made = await service.make("provider", "http://hooks.example/")
    start = SystemClock().now()
    for place, count in enumerate(at_instants):
        await service.hear(BREACH, count, at=start + place)
    sent, since = [], to_text(start)
    while len(sent) < 10:
        replayed = await replay(service, made["endpoint_id"], since)
        sent.append(replayed["deliveries"])
        if replayed["complete"]:
            break
        assert replayed["until"] > since
        since = replayed["until"]
    assert sent == pages


async def test_one_instant_may_have_more_events_than_a_statement_has_parameters(service: Service) -> None:
    async with service.app.database.begin() as transaction:
        ids = [str(number) for number in range(40_000)]
        assert await ledger_of(transaction).repeat_deliveries(ids, 0) == 0
