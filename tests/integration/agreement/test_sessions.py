"""Logging in with a password, what a session may do, and how it ends."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_agreement.adapters.argon2_passwords import Argon2Passwords
from slm_agreement.api import dependencies
from slm_agreement.application import sessions
from slm_agreement.application.sessions import Origin
from slm_agreement.domain.errors import TooManyAttempts, WrongCredentials
from slm_chassis.access import hash_of
from slm_events.agreement import AgreementFinalized, KeyRevoked, PrincipalEnrolled
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

PASSWORD = "eleven green bottles"
GRACE = {"email": "grace@example.com", "password": PASSWORD}


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    return await negotiation.gather_cast(service.client, OPERATOR_KEY)


async def _set_password(service: AgreementUnderTest, key: str, password: str = PASSWORD, **more: str) -> int:
    return (await service.ask(key, "POST", "/api/v1/me/password", {"password": password, **more}))[0]


async def _log_in(service: AgreementUnderTest, **body: str) -> tuple[int, dict[str, Any]]:
    response = await service.client.post("/api/v1/sessions", json=body)
    return response.status_code, response.json()


async def _session_of_grace(service: AgreementUnderTest, cast: Cast) -> dict[str, Any]:
    assert await _set_password(service, cast.provider_signatory_key) == 204
    status, session = await _log_in(service, **GRACE)
    assert status == 201, session
    return session


async def test_a_session_is_its_person_for_twelve_hours(service: AgreementUnderTest, cast: Cast) -> None:
    session = await _session_of_grace(service, cast)
    assert session["expires_at"] == "2026-11-22T22:00:00.000000Z"
    me = (await service.ask(session["key"], "GET", "/api/v1/me"))[1]
    assert (me["name"], me["party"]["name"], me["roles"]) == ("Grace Hopper", "Acme Hosting", ["provider_signatory"])
    assert (me["identified_by"], me["key_id"], me["email"]) == ("password", session["session_id"], GRACE["email"])
    assert [mandate["role"] for mandate in me["person"]["mandates"]] == ["provider_signatory"]
    await service.move_to("2026-11-22T21:59:59Z")
    assert (await service.ask(session["key"], "GET", "/api/v1/parties"))[0] == 200
    await service.move_to("2026-11-22T22:00:00Z")
    assert (await service.ask(session["key"], "GET", "/api/v1/parties"))[0] == 401


async def test_upper_case_and_spaces_of_an_address_do_not_matter(service: AgreementUnderTest, cast: Cast) -> None:
    await _session_of_grace(service, cast)
    assert (await _log_in(service, email=" Grace@Example.COM ", password=PASSWORD))[0] == 201


async def test_a_log_in_is_one_record_and_no_secret_is_stored(service: AgreementUnderTest, cast: Cast) -> None:
    assert await _set_password(service, cast.provider_signatory_key) == 204
    before = len(await service.told(PrincipalEnrolled))
    _, session = await _log_in(service, **GRACE)
    records = await service.told(PrincipalEnrolled)
    assert len(records) == before + 1
    [key] = [key for each in records for key in each.keys if key["key_id"] == session["session_id"]]
    assert (key["sha256"], key["expires_at"]) == (hash_of(session["key"]), session["expires_at"])
    async with service.app.database.read() as connection:
        for table in ("account", "principal", "audit", "attempt"):
            rows = str((await connection.exec_driver_sql(f"SELECT * FROM {table}")).all())
            assert PASSWORD not in rows and session["key"] not in rows


async def test_a_log_in_is_stored_under_no_idempotency_key(service: AgreementUnderTest, cast: Cast) -> None:
    assert await _set_password(service, cast.provider_signatory_key) == 204
    headers = {"Idempotency-Key": "once", "Authorization": f"Bearer {cast.provider_manager_key}"}
    answers = [await service.client.post("/api/v1/sessions", json=GRACE, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    keys = {answer.json()["key"] for answer in answers}
    assert len(keys) == 2
    async with service.app.database.read() as connection:
        stored = str((await connection.exec_driver_sql("SELECT * FROM idempotency_key")).all())
    assert not any(key in stored for key in keys)


async def test_unknown_address_and_wrong_password_are_answered_alike(service: AgreementUnderTest, cast: Cast) -> None:
    assert await _set_password(service, cast.provider_signatory_key) == 204
    wrong = await _log_in(service, email="grace@example.com", password="not this one")
    unknown = await _log_in(service, email="nobody@example.com", password="not this one")
    without_password = await _log_in(service, email="ada@example.com", password="not this one")
    assert wrong == unknown == without_password
    assert (wrong[0], wrong[1]["type"]) == (401, "/problems/wrong-credentials")


async def test_unknown_address_and_wrong_password_take_the_same_time(service: AgreementUnderTest, cast: Cast) -> None:
    dependencies.PASSWORDS.put(service.app.http, Argon2Passwords())
    assert await _set_password(service, cast.provider_signatory_key) == 204

    async def fastest(email: str) -> float:
        seconds = []
        for _ in range(4):
            began = time.perf_counter()
            await _log_in(service, email=email, password="not this one")
            seconds.append(time.perf_counter() - began)
        return min(seconds)

    known, unknown = await fastest("grace@example.com"), await fastest("nobody@example.com")
    assert 0.5 < known / unknown < 2, (known, unknown)


async def test_the_sixth_guess_at_an_account_waits(service: AgreementUnderTest, cast: Cast) -> None:
    assert await _set_password(service, cast.provider_signatory_key) == 204
    for email in ("grace@example.com", "nobody@example.com"):
        answers = [await _log_in(service, email=email, password=f"wrong {n}") for n in range(6)]
        assert [status for status, _ in answers] == [401] * 5 + [429]
    status, problem = await _log_in(service, **GRACE)
    assert (status, problem["type"]) == (429, "/problems/too-many-attempts")
    await service.move_to("2026-11-22T10:15:00Z")
    assert (await _log_in(service, **GRACE))[0] == 201


async def test_guesses_are_counted_when_they_come_at_once(service: AgreementUnderTest, cast: Cast) -> None:
    assert await _set_password(service, cast.provider_signatory_key) == 204
    answers = await asyncio.gather(
        *(_log_in(service, email="grace@example.com", password=f"wrong {n}") for n in range(12))
    )
    assert sorted(status for status, _ in answers) == [401] * 5 + [429] * 7


async def test_many_addresses_guessing_one_account_are_stopped(service: AgreementUnderTest, cast: Cast) -> None:
    assert await _set_password(service, cast.provider_signatory_key) == 204
    seen = set()
    for number in range(25):
        seen.add((await _log_in_from(service, f"192.0.2.{number}", password="wrong"))["status"])
    assert seen == {401, 429}


async def test_one_address_guessing_many_accounts_is_stopped(service: AgreementUnderTest, cast: Cast) -> None:
    answers = [await _log_in(service, email=f"p{n}@example.com", password="wrong") for n in range(51)]
    assert [status for status, _ in answers[-2:]] == [401, 429]


async def test_successful_log_ins_are_not_counted(service: AgreementUnderTest, cast: Cast) -> None:
    await _session_of_grace(service, cast)
    assert [(await _log_in(service, **GRACE))[0] for _ in range(8)] == [201] * 8


async def _log_in_from(service: AgreementUnderTest, address: str, password: str) -> dict[str, Any]:
    ledgers, passwords = service.app.http.state.ledgers, service.app.http.state.passwords
    try:
        await sessions.log_in(ledgers, passwords, "grace@example.com", password, Origin(address))
    except WrongCredentials:
        return {"status": 401}
    except TooManyAttempts:
        return {"status": 429}
    return {"status": 201}


async def test_a_log_in_always_makes_a_key_of_its_own(service: AgreementUnderTest, cast: Cast) -> None:
    first = await _session_of_grace(service, cast)
    headers = {"Authorization": f"Bearer {first['key']}", "Cookie": f"slm_session={first['key']}"}
    second = (await service.client.post("/api/v1/sessions", json=GRACE, headers=headers)).json()
    assert second["key"] != first["key"] and second["session_id"] != first["session_id"]
    for chosen in ("key", "session_id", "code"):
        response = await service.client.post("/api/v1/sessions", json={**GRACE, chosen: "slm_" + "a" * 43})
        assert response.status_code == 422
    assert (await service.ask("slm_" + "a" * 43, "GET", "/api/v1/me"))[0] == 401


async def test_sessions_are_listed_and_ended_by_their_holder(service: AgreementUnderTest, cast: Cast) -> None:
    first = await _session_of_grace(service, cast)
    second = (await _log_in(service, **GRACE, client="Firefox on Linux"))[1]
    listed = (await service.ask(second["key"], "GET", "/api/v1/sessions"))[1]["items"]
    assert [(each["client"], each["is_current"]) for each in listed] == [("", False), ("Firefox on Linux", True)]
    path = f"/api/v1/sessions/{first['session_id']}"
    assert (await service.ask(cast.provider_manager_key, "DELETE", path))[0] == 404
    assert (await service.ask(second["key"], "DELETE", path))[0] == 204
    assert (await service.ask(second["key"], "DELETE", path))[0] == 204
    assert (await service.ask(first["key"], "GET", "/api/v1/me"))[0] == 401
    assert (await service.ask(second["key"], "DELETE", "/api/v1/sessions/current"))[0] == 204
    assert (await service.ask(second["key"], "GET", "/api/v1/me"))[0] == 401
    revoked = {event.revoked_key_id for event in await service.told(KeyRevoked)}
    assert {first["session_id"], second["session_id"]} <= revoked


async def test_an_api_key_is_no_session(service: AgreementUnderTest, cast: Cast) -> None:
    assert (await service.ask(cast.provider_signatory_key, "DELETE", "/api/v1/sessions/current"))[0] == 404
    assert (await service.ask(cast.provider_signatory_key, "GET", "/api/v1/sessions"))[1]["items"] == []
    me = (await service.ask(cast.provider_signatory_key, "GET", "/api/v1/me"))[1]
    assert (me["identified_by"], me["expires_at"], me["email"]) == ("key", None, None)
    assert (await service.ask(OPERATOR_KEY, "GET", "/api/v1/me"))[1]["roles"] == ["operator"]


async def test_a_session_killed_between_log_in_and_answer_is_dead(service: AgreementUnderTest, cast: Cast) -> None:
    await _session_of_grace(service, cast)
    access = service.app.access

    async def kill(principal_id: str) -> None:
        listed = (await service.ask(OPERATOR_KEY, "GET", f"/api/v1/principals/{principal_id}"))[1]["keys"]
        path = f"/api/v1/principals/{principal_id}/keys/{listed[-1]['key_id']}"
        assert (await service.ask(cast.provider_manager_key, "DELETE", path))[0] == 204

    access.wait_until_logged = kill  # type: ignore[method-assign]
    status, session = await _log_in(service, **GRACE)
    assert (status, (await service.ask(session["key"], "GET", "/api/v1/me"))[0]) == (201, 401)


async def test_a_password_changed_during_a_log_in_wins(service: AgreementUnderTest, cast: Cast) -> None:
    session = await _session_of_grace(service, cast)
    passwords = service.app.http.state.passwords
    matches = passwords.matches

    async def slowly(password_hash: str | None, password: str) -> bool:
        passwords.matches = matches
        found = await matches(password_hash, password)
        changed = await _set_password(service, session["key"], "ten green bottles", current_password=PASSWORD)
        assert changed == 204
        return bool(found)

    passwords.matches = slowly
    assert (await _log_in(service, **GRACE))[0] == 401


async def test_a_changed_password_ends_the_other_sessions(service: AgreementUnderTest, cast: Cast) -> None:
    first = await _session_of_grace(service, cast)
    second = (await _log_in(service, **GRACE))[1]
    for current in ({}, {"current_password": "not this one"}):
        assert await _set_password(service, second["key"], "ten green bottles", **current) == 422
    assert await _set_password(service, second["key"], "ten green bottles", current_password=PASSWORD) == 204
    assert (await service.ask(first["key"], "GET", "/api/v1/me"))[0] == 401
    assert (await service.ask(second["key"], "GET", "/api/v1/me"))[0] == 200
    assert (await _log_in(service, **GRACE))[0] == 401
    assert (await _log_in(service, email=GRACE["email"], password="ten green bottles"))[0] == 201


async def test_guesses_at_the_current_password_are_limited(service: AgreementUnderTest, cast: Cast) -> None:
    session = await _session_of_grace(service, cast)
    answers = [
        await _set_password(service, session["key"], "ten green bottles", current_password=f"wrong {n}")
        for n in range(6)
    ]
    assert answers == [422] * 5 + [429]


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "grace grace grace"])
async def test_passwords_that_are_easy_to_guess_are_refused(
    service: AgreementUnderTest, cast: Cast, password: str
) -> None:
    body = {"password": password}
    status, problem = await service.ask(cast.provider_signatory_key, "POST", "/api/v1/me/password", body)
    assert (status, problem["errors"][0]["field"]) == (422, "password")
    assert password not in str(problem)


async def test_machines_operators_and_limited_keys_set_no_password(service: AgreementUnderTest, cast: Cast) -> None:
    me = (await service.ask(cast.provider_signatory_key, "GET", "/api/v1/me"))[1]
    path = f"/api/v1/principals/{me['principal_id']}/keys"
    limited = (await service.ask(cast.provider_signatory_key, "POST", path, {"scopes": ["me:write"]}))[1]["key"]
    for key in (cast.integrator_key, OPERATOR_KEY, limited):
        assert await _set_password(service, key) == 403


async def test_an_address_has_one_account(service: AgreementUnderTest, cast: Cast) -> None:
    await _session_of_grace(service, cast)
    carl = (await service.ask(cast.customer_manager_key, "GET", "/api/v1/me"))[1]["person"]
    edit = {"name": carl["name"], "email": "GRACE@example.com", "mandates": []}
    path = f"/api/v1/people/{carl['person_id']}"
    assert (await service.ask(cast.customer_manager_key, "PUT", path, edit, if_match="*"))[0] == 200
    status, problem = await service.ask(
        cast.customer_manager_key, "POST", "/api/v1/me/password", {"password": "carls own password"}
    )
    assert (status, problem["type"]) == (409, "/problems/address-taken")


async def test_the_oldest_of_twenty_one_sessions_ends(service: AgreementUnderTest, cast: Cast) -> None:
    made = [await _session_of_grace(service, cast)]
    for minute in range(20):
        await service.move_to(f"2026-11-22T10:{minute + 1:02}:00Z")
        made.append((await _log_in(service, **GRACE))[1])
    answers = [(await service.ask(each["key"], "GET", "/api/v1/me"))[0] for each in made]
    assert answers == [401] + [200] * 20


async def test_expired_sessions_leave_with_the_next_log_in(service: AgreementUnderTest, cast: Cast) -> None:
    first = await _session_of_grace(service, cast)
    await service.move_to("2026-11-23T10:00:00Z")
    second = (await _log_in(service, **GRACE))[1]
    latest = [e for e in await service.told(PrincipalEnrolled) if e.principal_id == second["principal_id"]][-1]
    ids = [key["key_id"] for key in latest.keys]
    assert second["session_id"] in ids and first["session_id"] not in ids


async def test_a_signature_in_a_session_says_how_the_person_was_identified(
    service: AgreementUnderTest, cast: Cast
) -> None:
    session = await _session_of_grace(service, cast)
    await negotiation.record_requirement(service.client, cast)
    drafted = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    body = terms.counter_proposal(proposed["document"])
    agreed = await negotiation.accept_counter_proposal(
        service.client, cast, await negotiation.make_counter_proposal(service.client, cast, proposed, body)
    )
    path, named = f"/api/v1/agreements/{agreed['agreement_id']}/sign", {"revision_hash": agreed["revision"]["hash"]}
    assert (await service.ask(session["key"], "POST", path, named))[0] == 200
    _, signed = await service.ask(cast.customer_signatory_key, "POST", path, named)
    assert [each["identified_by"] for each in signed["signatures"]] == ["password", "key"]
    [event] = await service.told(AgreementFinalized)
    assert [each["identified_by"] for each in event.signatures] == ["password", "key"]
