"""Logging in with a real OpenID provider: who gets in, once for each log-in, and what happens when it is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import CapturingLogger

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_agreement.application import openid
from slm_events.agreement import PrincipalEnrolled
from tests.support import openid_provider
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest
from tests.support.openid_log_ins import Browser, opened
from tests.support.openid_provider import NoProvider, RealProvider
from tests.support.real import unavailable

PASSWORD = "eleven green bottles"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProvider]:
    try:
        with openid_provider.running(tmp_path_factory.mktemp("oidc")) as running:
            yield running
    except NoProvider as missing:
        unavailable("a real OpenID provider", missing)


@pytest.fixture
async def service(database_url: str, provider: RealProvider) -> AsyncIterator[AgreementUnderTest]:
    service = await opened(database_url, **openid_provider.settings(provider.issuer))
    yield service
    await service.close()


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    return await negotiation.gather_cast(service.client, OPERATOR_KEY)


async def _log_in(
    service: AgreementUnderTest, provider: RealProvider, account: str, browser: Browser | None = None
) -> tuple[int, dict[str, Any]]:
    browser = browser or Browser(service)
    return await browser.come_back(await provider.log_in(await browser.begin(), account))


async def _viewer(service: AgreementUnderTest, by: str, key: str) -> str:
    person = {"key": key, "name": key.title(), "email": f"{key.title()}@example.com"}
    made = await negotiation.post(service.client, by, "/api/v1/people", person)
    enrolment = {"key": key, "name": key.title(), "roles": ["viewer"], "person_id": made["person_id"]}
    return str((await negotiation.post(service.client, by, "/api/v1/principals", enrolment))["principal_id"])


async def test_somebody_on_record_gets_a_session_of_twelve_hours(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    principal_id = await _viewer(service, cast.provider_manager_key, "lise")
    before = len(await service.told(PrincipalEnrolled))
    status, session = await _log_in(service, provider, "lise")
    assert (status, session["identified_by"], session["may_sign"]) == (201, "oidc", False)
    assert (session["principal_id"], session["client"]) == (principal_id, "Firefox on Linux")
    _, me = await service.ask(session["key"], "GET", "/api/v1/me")
    assert (me["person"]["name"], me["identified_by"], me["roles"]) == ("Lise", "oidc", ["viewer"])
    assert len(await service.told(PrincipalEnrolled)) == before + 1
    service.clock.move_to(service.clock.now() + 12 * 3_600_000_000)
    assert (await service.ask(session["key"], "GET", "/api/v1/me"))[0] == 401


async def test_the_log_in_has_pkce_and_asks_for_this_client(service: AgreementUnderTest) -> None:
    asked = parse_qs(urlsplit(await Browser(service).begin()).query)
    assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == (["code"], ["slm"], ["S256"])
    assert len(asked["code_challenge"][0]) == 43
    assert asked["redirect_uri"] == ["https://slm.example/openid/callback"]
    other = parse_qs(urlsplit(await Browser(service).begin()).query)
    assert all(asked[name] != other[name] for name in ("state", "nonce", "code_challenge"))


async def test_a_signature_says_that_the_provider_identified_the_person(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    status, session = await _log_in(service, provider, "grace")
    assert (status, session["may_sign"]) == (201, True)
    _, me = await service.ask(session["key"], "GET", "/api/v1/me")
    _, signatory = await service.ask(cast.provider_signatory_key, "GET", "/api/v1/me")
    assert me["principal_id"] == signatory["principal_id"]


async def test_a_log_in_is_completed_once(service: AgreementUnderTest, provider: RealProvider, cast: Cast) -> None:
    browser = Browser(service)
    back = await provider.log_in(await browser.begin(), "grace")
    first, second = await asyncio.gather(browser.come_back(back), browser.come_back(back))
    assert sorted([first[0], second[0]]) == [201, 409]
    status, problem = await browser.come_back(back)
    assert (status, problem["type"]) == (409, "/problems/log-in-over")


async def test_a_code_is_redeemed_once(service: AgreementUnderTest, provider: RealProvider, cast: Cast) -> None:
    browser = Browser(service)
    used = await provider.log_in(await browser.begin(), "grace")
    assert (await browser.come_back(used))[0] == 201
    fresh = await provider.log_in(await browser.begin(), "grace")
    status, problem = await browser.come_back({**fresh, "code": used["code"]})
    assert (status, problem["type"]) == (403, "/problems/identity-not-proven")


async def test_the_code_of_another_log_in_does_not_fit(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    browser, attacker = Browser(service), Browser(service)
    own = await provider.log_in(await browser.begin(), "grace")
    others = await provider.log_in(await attacker.begin(), "ada")
    assert (await browser.come_back({**own, "code": others["code"]}))[0] == 403


async def test_a_log_in_ends_in_the_browser_that_began_it(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    attackers = await provider.log_in(await Browser(service).begin(), "grace")
    status, problem = await Browser(service).come_back(attackers)
    assert (status, problem["type"]) == (409, "/problems/log-in-over")


async def test_a_log_in_ends_after_ten_minutes(service: AgreementUnderTest, provider: RealProvider, cast: Cast) -> None:
    browser = Browser(service)
    back = await provider.log_in(await browser.begin(), "grace")
    service.clock.move_to(service.clock.now() + 600_000_000)
    assert (await browser.come_back(back))[0] == 409


async def test_another_issuers_answer_is_refused(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    for iss in ("https://evil.example", None):
        browser = Browser(service)
        back = await provider.log_in(await browser.begin(), "grace")
        back.pop("iss")
        assert (await browser.come_back(back if iss is None else {**back, "iss": iss}))[0] == 403


async def test_the_provider_may_change_its_key(service: AgreementUnderTest, provider: RealProvider, cast: Cast) -> None:
    assert (await _log_in(service, provider, "grace"))[0] == 201
    before = len(provider.keys)
    provider.rotate()
    assert len(provider.keys) == before + 1
    assert (await _log_in(service, provider, "grace"))[0] == 201


async def test_all_strangers_are_refused_alike(service: AgreementUnderTest, provider: RealProvider, cast: Cast) -> None:
    # Two people of two companies have Lise's address, so that it says nothing about who comes.
    for manager in (cast.provider_manager_key, cast.customer_manager_key):
        await _viewer(service, manager, "lise")
    for account in ("nobody", "grace!unverified", "lise"):
        status, problem = await _log_in(service, provider, account)
        assert (status, problem["type"]) == (403, "/problems/person-unknown"), account
        assert problem["detail"] == "You have signed in, but nobody here is known under that account."


async def test_a_link_outlasts_a_change_of_the_address(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    principal_id = await _viewer(service, cast.provider_manager_key, "lise")
    assert (await _log_in(service, provider, "lise"))[0] == 201
    _, found = await service.ask(cast.provider_manager_key, "GET", f"/api/v1/principals/{principal_id}")
    path, edit = f"/api/v1/people/{found['person_id']}", {"name": "Lise", "email": "meitner@example.com"}
    assert (await service.ask(cast.provider_manager_key, "PUT", path, edit, if_match="*"))[0] == 200
    status, session = await _log_in(service, provider, "lise")
    assert (status, session["principal_id"]) == (201, principal_id)


async def test_a_link_alone_lets_nobody_in_who_may_sign(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    """A manager links a mailbox of their own to somebody who gets the right to sign later."""
    principal_id = await _viewer(service, cast.provider_manager_key, "lise")
    status, session = await _log_in(service, provider, "lise")
    assert status == 201
    assert (await service.ask(session["key"], "DELETE", "/api/v1/sessions/current"))[0] == 204
    _, found = await service.ask(OPERATOR_KEY, "GET", f"/api/v1/principals/{principal_id}")
    path, edit = f"/api/v1/people/{found['person_id']}", {"name": "Lise", "email": "meitner@example.com"}
    assert (await service.ask(cast.provider_manager_key, "PUT", path, edit, if_match="*"))[0] == 200
    role = {"name": "Lise", "roles": ["provider_signatory"], "person_id": found["person_id"]}
    assert (await service.ask(OPERATOR_KEY, "PUT", f"/api/v1/principals/{principal_id}", role, if_match="*"))[0] == 200
    assert (await _log_in(service, provider, "lise"))[0] == 403
    assert (await _log_in(service, provider, "meitner"))[1]["may_sign"]


async def test_without_the_provider_passwords_go_on(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    body = {"password": PASSWORD}
    assert (await service.ask(cast.provider_signatory_key, "POST", "/api/v1/me/password", body))[0] == 204
    browser = Browser(service)
    back = await provider.log_in(await browser.begin(), "grace")
    provider.stop()
    began = time.monotonic()
    status, problem = await browser.come_back(back)
    assert (status, problem["type"]) == (503, "/problems/provider-away")
    answer = await service.client.post("/api/v1/openid-sessions/log-ins", json={"browser": browser.secret})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert time.monotonic() - began < 5.0
    password = {"email": "grace@example.com", "password": PASSWORD}
    assert (await service.client.post("/api/v1/sessions", json=password)).status_code == 201
    provider.start()


async def test_the_installation_names_the_provider_and_keeps_its_secret(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast, caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # Where and from which level on the logs are written is up to the test that configured them last.
    logger = CapturingLogger()
    monkeypatch.setattr(openid, "_logger", logger)
    found = (await service.client.get("/api/v1/installation")).json()
    assert found["openid_provider"] == "Acme Login"
    browser = Browser(service)
    back = await provider.log_in(await browser.begin(), "nobody")
    assert (await browser.come_back(back))[0] == 403
    said = repr(logger.calls) + caplog.text + "".join(capsys.readouterr())
    assert "nobody on record" in said
    for secret in (openid_provider.SECRET, browser.secret, back["code"], back["state"], "eyJ"):
        assert secret not in said
