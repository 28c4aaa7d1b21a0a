"""Principals reach a service over the log; without a live key and the right role nothing is shown."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Mapping

import pytest

from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.access_registry import FRESH_SECONDS, AccessRegistry, AccessUnavailable
from slm_chassis.app import topic_specs
from slm_chassis.clock import ManualClock
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import LogUnavailable, Record
from slm_events import instants
from slm_events.catalogue import ACCESS
from tests.support import api as trial
from tests.unit.chassis_http.things import ask


async def test_a_key_is_256_random_bits_behind_a_prefix() -> None:
    key = new_key()
    assert key.startswith("slm_") and len(key) == 4 + 43
    assert key != new_key()


async def test_a_principal_enrolled_before_the_start_is_known() -> None:
    log = await trial.memory_log()
    await trial.announce(log, trial.enrolled("slm_a", "viewer"))
    async with trial.running(AccessRegistry(log)) as registry:
        assert (await ask(registry, log, "slm_a")).json() == {"name": "owner of slm_a"}
        assert registry.caught_up


async def test_a_key_newer_than_the_state_is_looked_up_before_refusal() -> None:
    log = await trial.memory_log()
    async with trial.running(AccessRegistry(log)) as registry:
        await registry.catch_up()
        await trial.announce(log, trial.enrolled("slm_a", "viewer"))
        assert (await ask(registry, log, "slm_a")).status_code == 200


async def test_a_revoked_key_stays_dead_if_older_state_arrives_later() -> None:
    log = await trial.memory_log()
    async with trial.running(AccessRegistry(log)) as registry:
        registry.learn(trial.enrolled("slm_a", "viewer"))
        registry.learn(trial.enrolled("slm_a", "viewer", revoked_at="2026-11-22T10:00:00Z"))
        await trial.announce(log, trial.enrolled("slm_a", "viewer"))
        await registry.catch_up()
        answer = await ask(registry, log, "slm_a")
    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]


@pytest.mark.parametrize("is_log_first", [False, True])
async def test_a_request_that_waits_for_a_key_goes_on_once_it_arrives(is_log_first: bool) -> None:
    log = await trial.memory_log()
    issued = trial.enrolled("slm_a", "viewer")
    async with trial.running(AccessRegistry(log)) as registry:
        registry.logged_wait_seconds = 60.0
        if is_log_first:
            await trial.announce(log, issued)
            await registry.catch_up()
        registry.learn(issued)
        waiting = asyncio.create_task(registry.wait_until_logged(issued.principal_id))
        await asyncio.sleep(0.01)
        assert waiting.done() == is_log_first
        if not is_log_first:
            await trial.announce(log, issued)
        await asyncio.wait_for(waiting, 5)


async def test_nobody_waits_for_ever_for_a_log_that_is_away() -> None:
    registry = AccessRegistry(await trial.memory_log())
    registry.logged_wait_seconds = 0.01
    registry.learn(trial.enrolled("slm_a", "viewer"))
    await asyncio.wait_for(registry.wait_until_logged("principal of slm_a"), 5)


async def test_a_new_key_is_not_lost_to_older_state_of_its_principal() -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log)
    issued = trial.enrolled("slm_a", "viewer")
    registry.learn(issued)
    await trial.announce(log, dataclasses.replace(issued, keys=[]))
    async with trial.running(registry):
        await registry.catch_up()
        assert registry.known("slm_a") is not None
        await trial.announce(log, issued)
        await trial.announce(log, dataclasses.replace(issued, keys=[]))
        await registry.catch_up()
        assert registry.known("slm_a") is None


async def test_a_key_its_principal_no_longer_has_is_dead() -> None:
    registry = AccessRegistry(await trial.memory_log())
    registry.learn(trial.enrolled("slm_a", "viewer"))
    event = trial.enrolled("slm_a", "viewer")
    event.keys.clear()
    registry.learn(event)
    assert registry.known("slm_a") is None


async def test_an_unreadable_access_record_of_nobody_is_passed_over() -> None:
    log = await trial.memory_log()
    await log.append(ACCESS.name, [Record("x", b"\xff", {})], 0)
    await log.append(ACCESS.name, [Record("x", b"{}", {"ce_id": "1", "ce_source": "s", "ce_type": "nothing"})], 0)
    await trial.announce(log, trial.enrolled("slm_a", "viewer"))
    async with trial.running(AccessRegistry(log)) as registry:
        await registry.catch_up()
        assert registry.known("slm_a")


HEADERS = {"ce_id": "1", "ce_source": "/slm/test", "ce_type": "slm.agreement.principal-enrolled.v1"}
STATE = {"principal_id": "principal of slm_a", "party_id": "p", "name": "n", "roles": ["viewer"], "keys": []}


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b"", {}),
        (b"[" * 200_000, HEADERS),
        (b"\xff\xfe", HEADERS),
        (b"null", HEADERS),
        (json.dumps({**STATE, "roles": "operator"}).encode(), HEADERS),
        (json.dumps({**STATE, "keys": [5]}).encode(), HEADERS),
        (json.dumps({**STATE, "keys": [{"sha256": 1}]}).encode(), HEADERS),
        (json.dumps({**STATE, "principal_id": "another"}).encode(), HEADERS),
        (json.dumps({**STATE, "party_id": 7}).encode(), HEADERS),
        (json.dumps(STATE).encode(), {**HEADERS, "ce_type": "slm.agreement.party-registered.v1"}),
        (json.dumps(STATE).encode(), {**HEADERS, "ce_type": "slm.agreement.principal-enrolled.v9"}),
    ],
)
async def test_an_unreadable_record_voids_the_keys_of_its_principal(value: bytes, headers: dict[str, str]) -> None:
    log = await trial.memory_log()
    issued, other = trial.enrolled("slm_a", "viewer"), trial.enrolled("slm_b", "viewer")
    died: list[str] = []
    async with trial.running(AccessRegistry(log)) as registry:
        registry.on_death(died.append)
        await trial.announce(log, issued)
        await trial.announce(log, other)
        assert (await ask(registry, log, "slm_a")).status_code == 200
        await log.append(ACCESS.name, [Record(issued.principal_id, value, headers)])
        await registry.catch_up()
        assert (await ask(registry, log, "slm_a")).status_code == 401
        assert (await ask(registry, log, "slm_b")).status_code == 200
        assert died == ["id of slm_a"] and registry.is_dead("id of slm_a")
        await trial.announce(log, issued)
        await registry.catch_up()
        assert (await ask(registry, log, "slm_a")).status_code == 200
        assert not registry.is_dead("id of slm_a")


class Interrupted(MemoryEventLog):
    """A log that can be away: it neither answers nor refuses, as behind a cut cable."""

    def __init__(self) -> None:
        super().__init__()
        self.is_there = asyncio.Event()
        self.is_there.set()

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        await self.is_there.wait()
        return await super().end_offsets(topic)


async def test_two_seconds_after_the_log_was_lost_no_key_is_accepted() -> None:
    log = Interrupted()
    await log.ensure_topics(topic_specs(1))
    await trial.announce(log, trial.enrolled("slm_a", "viewer"))
    async with trial.running(AccessRegistry(log, bootstrap_key=trial.BOOTSTRAP_KEY)) as registry:
        for key in ("slm_a", trial.BOOTSTRAP_KEY):
            assert (await ask(registry, log, key)).status_code == 200
        log.is_there.clear()
        await asyncio.sleep(FRESH_SECONDS + 0.1)
        for key in ("slm_a", trial.BOOTSTRAP_KEY, "slm_unknown"):
            refused = await ask(registry, log, key)
            assert (refused.status_code, refused.json()["type"]) == (503, "/problems/access-unknown")
        log.is_there.set()
        async with asyncio.timeout(FRESH_SECONDS + 1.0):
            while (await ask(registry, log, "slm_a")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_a_different_log_in_the_place_of_the_first_is_not_trusted() -> None:
    log = await trial.memory_log()
    await trial.announce(log, trial.enrolled("slm_a", "viewer"))
    registry = AccessRegistry(log)
    async with trial.running(registry):
        await registry.catch_up()
    registry._log = await trial.memory_log()
    with pytest.raises(AccessUnavailable):
        await registry.catch_up()


async def test_many_wrong_keys_at_once_ask_the_log_once() -> None:
    class CountingLog(MemoryEventLog):
        asked = 0

        async def end_offsets(self, topic: str) -> dict[int, int]:
            self.asked += 1
            return dict(await super().end_offsets(topic))

    log = CountingLog()
    await log.ensure_topics(topic_specs(1))
    async with trial.running(AccessRegistry(log)) as registry:
        await registry.catch_up()
        log.asked = 0
        answers = await asyncio.gather(*(registry.identify(f"slm_{n}") for n in range(100)))
    assert answers == [None] * 100
    # One question for all of them, and the registry's own of its start.
    assert log.asked < 5


async def test_with_the_log_away_an_unknown_key_is_not_judged() -> None:
    class AwayLog(MemoryEventLog):
        async def end_offsets(self, topic: str) -> dict[int, int]:
            raise LogUnavailable("no broker")

    log = AwayLog()
    registry = AccessRegistry(log)
    with pytest.raises(AccessUnavailable):
        await registry.identify("slm_a")
    answer = await ask(registry, log, "slm_a")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_a_key_is_refused_from_the_instant_it_expires() -> None:
    log, clock = await trial.memory_log(), ManualClock(instants.from_text("2026-11-22T21:59:59Z"))
    registry = AccessRegistry(log, clock=clock)
    registry.learn(trial.enrolled("slm_a", "viewer", expires_at="2026-11-22T22:00:00Z"))
    assert (await ask(registry, log, "slm_a")).status_code == 200
    clock.move_to(instants.from_text("2026-11-22T22:00:00Z"))
    assert (await ask(registry, log, "slm_a")).status_code == 401


async def test_an_expired_key_closes_what_it_opened_within_two_seconds() -> None:
    log, clock = await trial.memory_log(), ManualClock(instants.from_text("2026-11-22T21:59:59Z"))
    closed: list[str] = []
    async with trial.running(AccessRegistry(log, clock=clock)) as registry:
        registry.on_death(closed.append)
        registry.learn(trial.enrolled("slm_a", "viewer", expires_at="2026-11-22T22:00:00Z"))
        clock.move_to(instants.from_text("2026-11-22T22:00:00Z"))
        async with asyncio.timeout(2.0):
            while not closed:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert registry.is_dead("id of slm_a")
        # A record of the same principal that still has the expired key must not bring it back.
        registry.learn(trial.enrolled("slm_a", "viewer", expires_at="2026-11-22T22:00:00Z"))
        assert registry.known("slm_a") is None and registry.is_dead("id of slm_a")


async def test_a_key_whose_expiry_cannot_be_read_is_refused() -> None:
    log = await trial.memory_log()
    async with trial.running(AccessRegistry(log)) as registry:
        await trial.announce(log, trial.enrolled("slm_a", "viewer", expires_at="tomorrow"))
        await registry.catch_up()
        assert (await ask(registry, log, "slm_a")).status_code == 401


async def test_the_bootstrap_key_is_an_operators_and_needs_no_log() -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log, bootstrap_key=trial.BOOTSTRAP_KEY)
    principal = registry.known(trial.BOOTSTRAP_KEY)
    assert principal and principal.is_operator and principal.may_see("any party") and principal.has_role("viewer")
    assert (await ask(registry, log, trial.BOOTSTRAP_KEY, method="POST")).status_code == 200


@pytest.mark.parametrize("header", [{"X-API-Key": "slm_a"}, {"Authorization": "bearer  slm_a"}])
async def test_a_key_may_come_in_either_header(header: dict[str, str]) -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log)
    registry.learn(trial.enrolled("slm_a", "viewer"))
    assert (await ask(registry, log, headers=header)).status_code == 200


async def test_a_key_in_an_address_is_refused() -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log)
    registry.learn(trial.enrolled("slm_a", "viewer"))
    for url in ("/api/v1/things?key=slm_a", "/api/v1/stream?key=slm_a"):
        refused = await ask(registry, log, url=url)
        assert refused.status_code == 401
        assert "Authorization: Bearer" in refused.json()["detail"]


async def test_a_missing_role_is_named() -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log)
    registry.learn(trial.enrolled("slm_a", "business_signatory"))
    answer = await ask(registry, log, "slm_a", method="POST")
    assert answer.status_code == 403
    assert "integrator or viewer" in answer.json()["detail"]


async def test_a_key_is_good_only_for_its_scopes() -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log)
    registry.learn(trial.enrolled("slm_a", "viewer", scopes=["things:read"]))
    assert (await ask(registry, log, "slm_a")).status_code == 200
    refused = await ask(registry, log, "slm_a", method="POST")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/out-of-scope")


async def test_a_limited_key_finds_nothing_else() -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log)
    registry.learn(trial.enrolled("slm_a", "viewer", limited_to=["POST /api/v1/things", "GET /api/v1/endless/**"]))
    refused = await ask(registry, log, "slm_a")
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/not-found")
    assert (await ask(registry, log, "slm_a", method="POST")).status_code == 200
    assert (await ask(registry, log, "slm_a", url="/api/v1/stream")).status_code == 404


async def test_a_key_whose_limits_cannot_be_read_is_refused() -> None:
    log = await trial.memory_log()
    async with trial.running(AccessRegistry(log)) as registry:
        await trial.announce(log, trial.enrolled("slm_a", "viewer", limited_to="everything"))
        await registry.catch_up()
        assert (await ask(registry, log, "slm_a")).status_code == 401


async def test_a_principal_sees_its_own_party_and_no_other() -> None:
    principal = Principal("p", "party-a", "A", frozenset({"viewer"}))
    assert principal.may_see("party-b", "party-a")
    assert not principal.may_see("party-b", None)
    assert not Principal("p", None, "nobody", frozenset({"viewer"})).may_see("party-a", None)


async def test_a_hash_takes_any_text() -> None:
    assert len(hash_of("\ud800 é")) == 64
