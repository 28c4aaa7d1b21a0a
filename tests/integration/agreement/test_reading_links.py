"""Somebody without an account gets a link that only reads: it asks for a mailed code, ends, and can be withdrawn."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from slm_chassis.access import hash_of
from slm_chassis.access_tokens import AccessToken, ReadingToken, TokenSigner
from slm_chassis.clock import SECOND
from slm_chassis.reading_tokens import announcement_of
from tests.integration.agreement.test_guests import EMMY, Scene, mailbox, scene
from tests.support.api import announce

__all__ = ["mailbox", "scene"]
PASSWORD = "seven brown horses on a hill"


async def made(scene: Scene, key: str) -> tuple[int, dict[str, Any]]:
    return await scene.service.ask(key, "POST", f"{scene.path}/reading-links")


def secret_of(answer: dict[str, Any]) -> str:
    assert answer["url"].startswith("https://slm.example.com/guest/slm_")
    return str(answer["url"].rpartition("/")[2])


async def reading_key(scene: Scene) -> str:
    """The key of a session that was begun with a link that only reads."""
    status, answer = await made(scene, scene.cast.customer_signatory_key)
    assert status == 201, answer
    link = secret_of(answer)
    status, session = await scene.post("guest-sessions", link=link, code=await scene.code(link))
    assert status == 201, session
    return str(session["key"])


async def test_it_reads_the_agreement_and_does_nothing_else(scene: Scene) -> None:
    key, ask = await reading_key(scene), scene.service.ask
    assert (await ask(key, "GET", scene.path))[0] == 200
    assert (await ask(key, "GET", f"{scene.path}/events"))[0] == 200
    revision_hash = scene.agreement["revision"]["hash"]
    for act in ("accept", "answer", "counter", "comments", "sign", "guest-links", "reading-links"):
        body = {"revision_hash": revision_hash, "text": "Good."}
        assert (await ask(key, "POST", f"{scene.path}/{act}", body))[0] == 404, act
    for path in ("/api/v1/agreements", "/api/v1/people", "/api/v1/guest-links"):
        assert (await ask(key, "GET", path))[0] == 404
    assert (await ask(scene.cast.customer_signatory_key, "GET", scene.path))[1]["signatures"] == []


async def test_the_link_alone_opens_nothing_and_is_nowhere_stored(scene: Scene) -> None:
    _, answer = await made(scene, scene.cast.customer_signatory_key)
    link = secret_of(answer)
    assert (answer["reads_only"], answer["state"], answer["expires_at"]) == (
        True,
        "open",
        "2026-12-22T10:00:00.000000Z",
    )
    assert (await scene.post("guest-sessions", link=link, code="123456"))[0] == 401
    assert scene.mailbox.to(EMMY) == [], "the link is in a mail that another service sends"
    async with scene.service.app.database.read() as connection:
        for table in ("guest_link", "audit", "attempt", "mail", "outbox"):
            rows = str((await connection.execute(text(f"SELECT * FROM {table}"))).all())
            assert link not in rows
            assert (hash_of(link) in rows) is (table == "guest_link")


async def test_the_own_manager_sees_and_withdraws_it_and_its_sessions_end(scene: Scene) -> None:
    key, ask, cast = await reading_key(scene), scene.service.ask, scene.cast
    assert (await ask(cast.provider_manager_key, "GET", "/api/v1/guest-links"))[1]["items"] == []
    [listed] = (await ask(cast.customer_manager_key, "GET", "/api/v1/guest-links"))[1]["items"]
    assert listed["reads_only"] and "url" not in listed
    path = f"/api/v1/guest-links/{listed['link_id']}/withdraw"
    assert (await ask(cast.provider_manager_key, "POST", path))[0] == 404
    assert (await ask(cast.customer_manager_key, "POST", path))[0] == 200
    assert (await ask(key, "GET", scene.path))[0] == 401


async def test_whoever_can_log_in_gets_none(scene: Scene) -> None:
    key = scene.cast.customer_signatory_key
    assert (await scene.service.ask(key, "POST", "/api/v1/me/password", {"password": PASSWORD}))[0] in (200, 204)
    status, problem = await made(scene, key)
    assert (status, problem["type"]) == (409, "/problems/has-account")


async def test_machines_strangers_and_tokens_of_keys_get_none(scene: Scene) -> None:
    assert (await made(scene, scene.cast.integrator_key))[0] == 403
    status, operator = await scene.service.ask(scene.cast.customer_manager_key, "GET", scene.path + "x")
    assert status == 404, operator
    now = scene.service.app.database.clock.now()
    signer = TokenSigner(now)
    await announce(scene.service.app.log, announcement_of(signer))
    of_key = signer.sign(AccessToken(scene.emmy["key_id"], frozenset(), now + 300 * SECOND))
    assert (await scene.service.ask(of_key, "GET", scene.path))[0] == 200
    assert (await made(scene, of_key))[0] == 403


async def test_a_service_makes_one_in_the_place_of_the_person(scene: Scene) -> None:
    now = scene.service.app.database.clock.now()
    signer = TokenSigner(now)
    await announce(scene.service.app.log, announcement_of(signer))

    def token(*requests: str) -> str:
        return signer.sign(ReadingToken(scene.emmy["principal_id"], requests, now + 300 * SECOND))

    status, answer = await made(scene, token(f"POST {scene.path}/reading-links"))
    assert status == 201 and answer["person_id"] == scene.emmy["person"]["person_id"]
    assert (await made(scene, token(f"GET {scene.path}")))[0] == 404
    revision = {"revision_hash": scene.agreement["revision"]["hash"]}
    assert (await scene.service.ask(token(f"POST {scene.path}/sign"), "POST", f"{scene.path}/sign", revision))[0] == 401


async def test_links_are_limited(scene: Scene) -> None:
    statuses = [(await made(scene, scene.cast.customer_signatory_key))[0] for _ in range(6)]
    assert statuses == [201] * 5 + [429]
