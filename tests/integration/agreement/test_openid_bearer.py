"""Access tokens of a real OpenID provider as keys of the API, in the service of people and in every other one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import ValidationError

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_agreement.settings import AgreementSettings
from slm_chassis.access_registry import AccessRegistry, AccessUnavailable
from slm_chassis.openid.access_tokens import access_token_checker, subject_hash
from slm_events.agreement import PrincipalEnrolled
from tests.support import openid_provider
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest
from tests.support.openid_log_ins import Browser, opened
from tests.support.openid_provider import NoProvider, RealProvider
from tests.support.real import unavailable

API = "urn:acme:slm"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProvider]:
    try:
        with openid_provider.running(tmp_path_factory.mktemp("oidc")) as running:
            yield running
    except NoProvider as missing:
        unavailable("a real OpenID provider", missing)


@pytest.fixture
async def service(database_url: str, provider: RealProvider) -> AsyncIterator[AgreementUnderTest]:
    service = await opened(database_url, **openid_provider.settings(provider.issuer, oidc_audience=API))
    yield service
    await service.close()


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    return await negotiation.gather_cast(service.client, OPERATOR_KEY)


async def _log_in(service: AgreementUnderTest, provider: RealProvider, account: str) -> dict[str, Any]:
    browser = Browser(service)
    status, session = await browser.come_back(await provider.log_in(await browser.begin(), account))
    assert status == 201, session
    return session


async def _me(service: AgreementUnderTest, token: str) -> tuple[int, dict[str, Any]]:
    return await service.ask(token, "GET", "/api/v1/me")


@asynccontextmanager
async def _another_service(service: AgreementUnderTest, provider: RealProvider) -> AsyncIterator[AccessRegistry]:
    """What every other service knows: the records on ``slm.access``, and the provider's keys."""
    await service.told(PrincipalEnrolled)
    settings = AgreementSettings(**openid_provider.settings(provider.issuer, oidc_audience=API))
    registry = AccessRegistry(service.log, clock=service.clock, tokens=access_token_checker(settings, service.clock))
    reading = asyncio.create_task(registry.run())
    try:
        yield registry
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def test_a_token_of_somebody_who_has_logged_in_is_a_key(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    token = await provider.access_token("ada", API)
    assert (await _me(service, token))[0] == 401
    session = await _log_in(service, provider, "ada")
    status, me = await _me(service, token)
    assert (status, me["principal_id"], me["may_sign"]) == (200, session["principal_id"], False)
    assert (await service.ask(token, "GET", "/api/v1/people"))[0] == 200
    async with _another_service(service, provider) as registry:
        found = await registry.identify(token)
        assert found is not None and found.principal_id == session["principal_id"]
        assert found.expires_at is not None and found.expires_at <= service.clock.now() + 660_000_000


async def test_wrong_tokens_are_no_keys(service: AgreementUnderTest, provider: RealProvider, cast: Cast) -> None:
    session = await _log_in(service, provider, "ada")
    good = await provider.access_token("ada", API)
    assert (await _me(service, good))[0] == 200
    head, body, end = good.split(".")
    other = (await provider.access_token("lise", API)).split(".")
    wrong = {
        "another audience": await provider.access_token("ada", "urn:acme:other"),
        "somebody who never logged in": await provider.access_token("lise", API),
        "claims of another token": f"{head}.{other[1]}.{end}",
        "no signature": f"{head}.{body}.",
        "no algorithm": f"eyJhbGciOiJub25lIn0.{body}.",
    }
    for name, token in wrong.items():
        status, problem = await _me(service, token)
        assert (status, problem["type"]) == (401, "/problems/wrong-key"), name
    registry = service.app.access
    sha256 = subject_hash(provider.issuer, "ada")
    assert registry._live(sha256) is not None, session
    assert registry.known(f"\0openid\0{provider.issuer}\0ada") is None
    service.clock.move_to(service.clock.now() + 700_000_000)
    assert (await _me(service, good))[0] == 401


async def test_whoever_may_sign_uses_no_tokens(service: AgreementUnderTest, provider: RealProvider, cast: Cast) -> None:
    await _log_in(service, provider, "grace")
    assert (await _me(service, await provider.access_token("grace", API)))[0] == 401


async def test_a_token_opens_no_stream(service: AgreementUnderTest, provider: RealProvider, cast: Cast) -> None:
    await _log_in(service, provider, "ada")
    token = await provider.access_token("ada", API)
    status, problem = await service.ask(token, "GET", "/api/v1/stream")
    assert (status, problem["type"]) == (403, "/problems/out-of-scope")


async def test_an_ended_principal_and_a_withdrawn_key_end_tokens(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    session = await _log_in(service, provider, "ada")
    old = await provider.access_token("ada", API)
    async with _another_service(service, provider) as registry:
        assert await registry.identify(old) is not None
        provider.rotate()
        fresh = await provider.access_token("ada", API)
        # The unknown key is asked for, and with it the list without the old one.
        assert await registry.identify(fresh) is not None
        assert await registry.identify(old) is None
        path = f"/api/v1/principals/{session['principal_id']}/deactivate"
        assert (await service.ask(OPERATOR_KEY, "POST", path))[0] == 200
        await service.told(PrincipalEnrolled)
        assert await registry.identify(fresh) is None
        assert (await _me(service, fresh))[0] == 401


async def test_without_the_provider_tokens_wait_and_keys_go_on(
    service: AgreementUnderTest, provider: RealProvider, cast: Cast
) -> None:
    token = await provider.access_token("ada", API)
    provider.stop()
    status, problem = await _me(service, token)
    assert (status, problem["type"]) == (503, "/problems/access-unknown")
    assert (await _me(service, cast.provider_manager_key))[0] == 200
    async with _another_service(service, provider) as registry:
        with pytest.raises(AccessUnavailable):
            await registry.identify(token)
    provider.start()


def test_an_audience_that_id_tokens_have_is_refused() -> None:
    with pytest.raises(ValidationError, match="SLM_OIDC_AUDIENCE"):
        AgreementSettings(**openid_provider.settings("https://login.example", oidc_audience="slm"))
