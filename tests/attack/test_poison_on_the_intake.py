"""Unreadable records of every kind on the intake topics: the facts of another party are evaluated all the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from slm_chassis.identity import named_id
from slm_chassis.log.port import Record
from slm_monitor.adapters.formats.column_codec import encode_intake_record
from tests.attack.conftest import Effort
from tests.integration.monitor.test_poison_of_one_party import NOTHING, poison, unstorable
from tests.support.monitor import CUSTOMER, PROVIDER, available, finalized
from tests.support.monitor_service import PARTITIONS, Service, migrated_database, serving

UP = "payments.checkout"
AGREEMENT = named_id(PROVIDER, "agreement", "intake")
INTERNAL = "application/vnd.slm.intake+msgpack"
TOPICS = ("slm.measurements", "slm.tickets")
DEEP = b"[" * 5_000 + b"]" * 5_000


@pytest.fixture
async def service(postgres: object) -> AsyncIterator[Service]:
    async with serving(await migrated_database()) as running:
        await running.register(UP, "availability")
        target = {**available(), "target_id": named_id(PROVIDER, "target", "intake")}
        await running.agree(finalized(target, agreement_id=AGREEMENT, agreement_key="intake"))
        yield running


def poisons(number: int, random: Any) -> list[Record]:
    """One record of every kind that cannot be evaluated."""
    item = {
        "indicator": "x",
        "source": "desk",
        "ticket": f"{number}",
        "event": "opened",
        "owner": CUSTOMER,
        "at": "2026-11-05T09:00:00Z",
    }
    texts = [
        json.dumps([{**item, name: value}]).encode()
        for name in ("id", "priority", "indicator", "unheard_of")
        for value in ("\0", "\ud800", "x" * 10_000)
    ]
    bodies = [*texts, DEEP, b"", b"\xff\xfe", random.randbytes(200), b"[" + b'{"a":1},' * 2_000 + b"{}]"]
    foreign = [Record("k\0", body, {"ce_source": source}) for body in bodies for source in ("/gateway", "/nobody\0")]
    facts = [poison(number), unstorable(number)]
    own = [random.randbytes(200), b"\x81", b"\xff\x00", *(encode_intake_record(NOTHING, [fact]) for fact in facts)]
    return [*foreign, *(Record("", body, {"content-type": INTERNAL}) for body in own)]


@pytest.mark.timeout(1800)
async def test_unreadable_records_keep_nobody_elses_facts_waiting(service: Service, effort: Effort) -> None:
    random = effort.random()
    rounds = effort.cases(3, 120)
    for number in range(rounds):
        records = poisons(number, random)
        for topic in TOPICS:
            await service.log.append(topic, records, random.randrange(PARTITIONS))
    sent = await service.measure({"indicator": UP, "at": "2026-11-05T09:00:00Z", "state": "down"})
    params = {"agreement_id": AGREEMENT, "min_position": sent["position"]}
    for _ in range(effort.cases(30, 150)):
        answer = await service.provider.get("/api/v1/targets", params=params)
        if answer.status_code != 504:
            break
    assert answer.status_code == 200, answer.text
    assert (await service.client("").get("/readyz")).json() == {"status": "ready", "reasons": []}
    mine = (await service.provider.get("/api/v1/quarantine/sources")).json()["items"]
    assert mine == []
    print(f"\n{rounds * len(poisons(0, random)) * len(TOPICS)} records, judged beside them, seed {effort.seed}")
