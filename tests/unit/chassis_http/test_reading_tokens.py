"""A token that reads in the place of a person reads what it names, with the person's rights, until either ends."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from slm_chassis.access_registry import AccessUnavailable
from slm_chassis.access_tokens import ReadingToken, TokenSigner
from slm_chassis.clock import SECOND
from slm_chassis.log.port import Record
from slm_chassis.reading_tokens import READS_FOR, AnnouncedSigner, announcement_of
from slm_events import instants
from slm_events.access_tokens import TokenKeyAnnounced
from slm_events.catalogue import ACCESS
from tests.support import api as trial
from tests.unit.chassis_http.test_access_tokens import NOW, World

ADA = "principal of slm_a"
THINGS = ("GET /api/v1/things",)


def token_for(signer: TokenSigner, *requests: str, principal_id: str = ADA) -> str:
    return signer.sign(ReadingToken(principal_id, requests or THINGS, NOW + READS_FOR))


async def world_of(**changed: Any) -> World:
    """Return a world in which the only key of the principal was revoked: it can read only by a token."""
    world = await World.made(revoked_at="2026-11-22T09:00:00Z")
    if changed:
        known = trial.enrolled("slm_a", "viewer", revoked_at="2026-11-22T09:00:00Z")
        await trial.announce(world.log, dataclasses.replace(known, **changed))
    await trial.announce(world.log, announcement_of(world.signer))
    return world


async def test_it_reads_as_the_person_though_no_key_of_the_person_is_valid() -> None:
    world = await world_of()
    async with trial.running(world.registry):
        token = token_for(world.signer)
        assert await world.status("slm_a") == 401
        assert await world.status(token) == 200
        found = world.registry.known(token)
    assert found is not None and found.by_token and found.key_id is None
    assert found.roles == {"viewer"} and found.party_id == "party-a" and found.expires_at == NOW + READS_FOR


async def test_it_sends_only_the_requests_that_it_names_and_changes_nothing() -> None:
    world = await world_of()
    async with trial.running(world.registry):
        assert await world.status(token_for(world.signer), method="POST") == 404
        assert await world.status(token_for(world.signer, "GET /api/v1/others")) == 404
        assert await world.status(token_for(world.signer, "GET /api/v1/stream"), url="/api/v1/stream") == 403


@pytest.mark.parametrize("claims", [{"sub": ADA}, {"sub": ADA, "requests": []}, {"sub": ADA, "requests": [1]}])
async def test_a_token_without_requests_reads_nothing(claims: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    world = await world_of()
    monkeypatch.setattr("slm_chassis.access_tokens.json.dumps", _saying(claims | {"exp": (NOW + READS_FOR) // SECOND}))
    token = token_for(world.signer)
    monkeypatch.undo()
    async with trial.running(world.registry):
        assert await world.status(token) == 401


def _saying(claims: dict[str, Any]) -> Any:
    from json import dumps

    return lambda *_args, **_more: dumps(claims)


@pytest.mark.parametrize(
    "more", ["POST /api/v1/things", "DELETE /api/v1/things", "POST /api/v1/agreements/a/sign", "GET /api/v1/a\nPOST /x"]
)
async def test_a_token_that_would_change_something_is_refused_as_a_whole(more: str) -> None:
    world = await world_of()
    async with trial.running(world.registry):
        assert await world.status(token_for(world.signer, *THINGS, "POST /api/v1/agreements/a/reading-links")) == 200
        assert await world.status(token_for(world.signer, *THINGS, more)) == 401


async def test_it_ends_by_itself_and_with_the_person() -> None:
    world = await world_of(ends_at=instants.to_text(NOW + 60 * SECOND))
    async with trial.running(world.registry):
        token = token_for(world.signer)
        assert await world.status(token) == 200
        world.clock.move_to(NOW + 60 * SECOND)
        assert await world.status(token) == 401
    world = await world_of()
    async with trial.running(world.registry):
        assert await world.status(token_for(world.signer)) == 200
        world.clock.move_to(NOW + READS_FOR)
        assert await world.status(token_for(world.signer)) == 401


async def test_it_has_the_roles_that_the_person_has_when_it_is_used() -> None:
    world = await world_of()
    async with trial.running(world.registry):
        token = token_for(world.signer)
        assert await world.status(token) == 200
        await trial.announce(world.log, dataclasses.replace(trial.enrolled("slm_a", "integrator"), keys=[]))
        await world.registry.catch_up()
        found = world.registry.known(token)
    assert found is not None and found.roles == {"integrator"}


async def test_it_is_refused_for_nobody_and_for_a_principal_whose_latest_record_cannot_be_read() -> None:
    world = await world_of()
    async with trial.running(world.registry):
        assert await world.status(token_for(world.signer, principal_id="nobody")) == 401
        assert await world.status(token_for(world.signer)) == 200
        await world.log.append(ACCESS.name, [Record(ADA, b"not an event", {})])
        await world.registry.catch_up()
        assert await world.status(token_for(world.signer)) == 401


async def test_an_end_that_is_no_instant_voids_the_record() -> None:
    world = await world_of()
    async with trial.running(world.registry):
        await trial.announce(world.log, dataclasses.replace(trial.enrolled("slm_a", "viewer"), ends_at="soon"))
        await world.registry.catch_up()
        assert await world.status("slm_a") == 401
        assert await world.status(token_for(world.signer)) == 401


async def test_a_process_announces_one_key_a_day_and_signs_once_the_log_has_delivered_it() -> None:
    world = await World.made()
    told: list[TokenKeyAnnounced] = []

    async def publish(event: TokenKeyAnnounced) -> None:
        told.append(event)

    world.registry.logged_wait_seconds = 0.05
    signer = AnnouncedSigner(publish, world.registry, world.clock)
    async with trial.running(world.registry):
        with pytest.raises(AccessUnavailable):
            await signer.reading_token(ADA, THINGS)
        [announced] = told
        await trial.announce(world.log, announced)
        world.registry.logged_wait_seconds = 5.0
        tokens = await asyncio.gather(*(signer.reading_token(ADA, THINGS) for _ in range(3)))
        assert len(told) == 1
        assert [await world.status(each) for each in tokens] == [200, 200, 200]
