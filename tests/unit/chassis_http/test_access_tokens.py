"""An access token stands for a key in every service that reads the log, until the token or the key ends."""

from __future__ import annotations

import base64
import dataclasses
import json

import pytest

from slm_chassis.access_registry import AccessRegistry, AccessUnavailable
from slm_chassis.access_tokens import LIFETIME, PREFIX, SIGNING, AccessToken, TokenSigner
from slm_chassis.clock import SECOND, ManualClock
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Record
from slm_chassis.reading_tokens import announcement_of
from slm_events import instants
from slm_events.access_tokens import TokenKeyAnnounced
from slm_events.catalogue import ACCESS
from tests.support import api as trial
from tests.support.service import records
from tests.unit.chassis_http.things import ask

NOW = instants.from_text("2026-11-22T10:00:00Z")
KEY_ID = "id of slm_a"


def token_of(signer: TokenSigner, *scopes: str, key_id: str = KEY_ID, ends: int = NOW + LIFETIME) -> str:
    return signer.sign(AccessToken(key_id, frozenset(scopes), ends))


class World:
    """A registry on a log in which one key was issued, and a pair of keys that signs tokens."""

    def __init__(self, log: MemoryEventLog) -> None:
        self.log = log
        self.clock = ManualClock(NOW)
        self.registry = AccessRegistry(log, clock=self.clock)
        self.signer = TokenSigner(NOW)

    @classmethod
    async def made(cls, **key: object) -> World:
        world = cls(await trial.memory_log())
        await trial.announce(world.log, trial.enrolled("slm_a", "viewer", **key))
        return world

    async def status(self, token: str, **request: object) -> int:
        return (await ask(self.registry, self.log, token, **request)).status_code


async def test_a_token_is_accepted_with_the_roles_of_its_key() -> None:
    world = await World.made()
    await trial.announce(world.log, announcement_of(world.signer))
    async with trial.running(world.registry):
        token = token_of(world.signer)
        assert await world.status(token) == 200
        assert await world.status("", headers={"X-API-Key": token}) == 200
        found = world.registry.known(token)
    assert found is not None and found.by_token and found.key_id == KEY_ID and found.roles == {"viewer"}
    assert found.expires_at == NOW + LIFETIME and found.scopes == frozenset()


async def test_a_token_signed_with_a_key_newer_than_the_state_is_looked_up_before_refusal() -> None:
    world = await World.made()
    async with trial.running(world.registry):
        await world.registry.catch_up()
        await trial.announce(world.log, announcement_of(world.signer))
        assert await world.status(token_of(world.signer)) == 200


async def test_a_token_allows_its_own_scopes_else_those_of_the_key() -> None:
    world = await World.made(scopes=["things:read"])
    await trial.announce(world.log, announcement_of(world.signer))
    async with trial.running(world.registry):
        assert await world.status(token_of(world.signer)) == 200
        assert await world.status(token_of(world.signer), method="POST") == 403
        assert await world.status(token_of(world.signer, "others:read")) == 403
        assert await world.status(token_of(world.signer, "things:read")) == 200


async def test_wrong_tokens_are_refused() -> None:
    world, other = await World.made(), TokenSigner(NOW)
    await trial.announce(world.log, announcement_of(world.signer))
    good = token_of(world.signer)
    head, claims, signature = good.removeprefix(PREFIX).split(".")
    wrong_claims = token_of(world.signer, key_id="id of slm_b").split(".")[1]
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": world.signer.token_key_id}).encode()).decode()
    hmac = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": world.signer.token_key_id}).encode()).decode()
    wrong = {
        "a key that was never announced": token_of(other),
        "the id of another's signing key": PREFIX + f"{head}.{claims}." + token_of(other).split(".")[2],
        "claims of another token": f"{PREFIX}{head}.{wrong_claims}.{signature}",
        "an unknown key": token_of(world.signer, key_id="id of slm_b"),
        "no key": token_of(world.signer, key_id=""),
        "no signature": f"{PREFIX}{head}.{claims}.",
        "no algorithm": f"{PREFIX}{none.rstrip('=')}.{claims}.",
        "a secret that everybody knows": f"{PREFIX}{hmac.rstrip('=')}.{claims}.{signature}",
        "no prefix": good.removeprefix(PREFIX),
        "nothing": PREFIX,
        "dots": f"{PREFIX}...",
        "too long": good + "A" * 20_000,
    }
    async with trial.running(world.registry):
        for name, token in wrong.items():
            answer = await ask(world.registry, world.log, token)
            assert answer.status_code == 401, name
            assert answer.headers["www-authenticate"] == 'Bearer realm="slm", error="invalid_token"'
            assert token not in answer.text or token == PREFIX, name
        assert await world.status(good) == 200


async def test_a_token_is_refused_from_its_end() -> None:
    world = await World.made()
    await trial.announce(world.log, announcement_of(world.signer))
    async with trial.running(world.registry):
        token = token_of(world.signer)
        world.clock.move_to(NOW + LIFETIME - SECOND)
        assert await world.status(token) == 200
        world.clock.move_to(NOW + LIFETIME)
        assert await world.status(token) == 401


async def test_a_token_ends_with_its_key() -> None:
    world = await World.made()
    await trial.announce(world.log, announcement_of(world.signer))
    async with trial.running(world.registry):
        token = token_of(world.signer)
        assert await world.status(token) == 200
        await trial.announce(world.log, trial.enrolled("slm_a", "viewer", revoked_at="2026-11-22T10:00:00Z"))
        await world.registry.catch_up()
        assert world.registry.known(token) is None
        assert await world.status(token) == 401


async def test_a_token_ends_when_its_key_expires() -> None:
    world = await World.made(expires_at="2026-11-22T10:10:00Z")
    await trial.announce(world.log, announcement_of(world.signer))
    async with trial.running(world.registry):
        token = token_of(world.signer)
        found = await world.registry.identify(token)
        assert found is not None and found.expires_at == instants.from_text("2026-11-22T10:10:00Z")
        world.clock.move_to(instants.from_text("2026-11-22T10:10:00Z"))
        assert await world.status(token) == 401


async def test_no_token_outlives_the_end_of_its_signing_key() -> None:
    world = await World.made()
    await trial.announce(world.log, announcement_of(world.signer))
    async with trial.running(world.registry):
        token = token_of(world.signer, ends=NOW + 2 * SIGNING)
        assert await world.status(token) == 200
        world.clock.move_to(world.signer.signs_until + LIFETIME)
        assert await world.status(token) == 401


@pytest.mark.parametrize("change", [{"curve": "X25519"}, {"public_key": "AAAA"}, {"expires_at": "tomorrow"}])
async def test_a_signing_key_whose_latest_record_cannot_be_read_is_refused(change: dict[str, str]) -> None:
    world = await World.made()
    announced = announcement_of(world.signer)
    await trial.announce(world.log, announced)
    async with trial.running(world.registry):
        token = token_of(world.signer)
        assert await world.status(token) == 200
        await trial.announce(world.log, dataclasses.replace(announced, **change))
        await world.registry.catch_up()
        assert await world.status(token) == 401
        assert world.registry.known("slm_a") is not None


async def test_a_record_announces_no_key_under_another_name() -> None:
    world = await World.made()
    announced = dataclasses.replace(announcement_of(world.signer), token_key_id="another")
    async with trial.running(world.registry):
        await trial.announce(world.log, announced)
        [record] = [each for each in records(world.log, ACCESS.name) if each.key == "another"]
        await world.log.append(ACCESS.name, [Record(world.signer.token_key_id, record.value, record.headers)])
        await world.registry.catch_up()
        assert await world.status(token_of(world.signer)) == 401


async def test_a_token_opens_no_stream() -> None:
    world = await World.made()
    await trial.announce(world.log, announcement_of(world.signer))
    async with trial.running(world.registry):
        assert await world.status(token_of(world.signer), url="/api/v1/stream") == 403
        assert await world.status("slm_a", url="/api/v1/stream") == 200


async def test_whoever_signs_waits_until_everybody_can_know_the_key() -> None:
    world = await World.made()
    world.registry.logged_wait_seconds = 0.05
    async with trial.running(world.registry):
        with pytest.raises(AccessUnavailable):
            await world.registry.wait_for_token_key(world.signer.token_key_id)
        await trial.announce(world.log, announcement_of(world.signer))
        world.registry.logged_wait_seconds = 5.0
        await world.registry.wait_for_token_key(world.signer.token_key_id)


def test_only_the_public_half_is_announced() -> None:
    signer = TokenSigner(NOW)
    announced = announcement_of(signer)
    secret = signer._pair.as_dict(private=True)["d"]
    assert isinstance(announced, TokenKeyAnnounced) and secret not in str(announced)
    assert announced.public_key != secret and announced.expires_at == instants.to_text(NOW + SIGNING + LIFETIME)
