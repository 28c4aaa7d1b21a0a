"""Tokens that no real provider makes: each is refused. Party and roles by claims."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from tests.support import fake_openid, openid_provider
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest
from tests.support.fake_openid import Claims, FakeProvider
from tests.support.openid_log_ins import Browser, opened

RULES = [
    {"claim": "groups", "value": "managers", "party": "acme", "roles": ["service_level_manager"]},
    {"claim": "realm_access.roles", "value": "readers", "party": "acme", "roles": ["viewer"]},
    {"claim": "groups", "value": "signers", "party": "acme", "roles": ["provider_signatory"]},
    {"claim": "groups", "value": "guests", "party": "elsewhere", "roles": ["viewer"]},
]


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with fake_openid.faking() as provider:
        yield provider


@pytest.fixture
async def service(database_url: str, provider: FakeProvider) -> AsyncIterator[AgreementUnderTest]:
    service = await opened(database_url, **openid_provider.settings(provider.issuer, oidc_seconds=3.0))
    await negotiation.gather_cast(service.client, OPERATOR_KEY)
    yield service
    await service.close()


@pytest.fixture
async def ruled(database_url: str, provider: FakeProvider) -> AsyncIterator[AgreementUnderTest]:
    service = await opened(database_url, **openid_provider.settings(provider.issuer, oidc_roles=RULES))
    await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/parties", {"key": "acme", "name": "Acme"})
    yield service
    await service.close()


async def _log_in(service: AgreementUnderTest, provider: FakeProvider) -> tuple[int, dict[str, Any]]:
    browser = Browser(service)
    asked = parse_qs(urlsplit(await browser.begin()).query)
    provider.nonce = asked["nonce"][0]
    return await browser.come_back({"state": asked["state"][0], "code": "any"})


async def _refused(service: AgreementUnderTest, provider: FakeProvider, what: str = "") -> None:
    status, problem = await _log_in(service, provider)
    assert (status, problem["type"]) == (403, "/problems/identity-not-proven"), what
    assert problem["detail"] == "What the provider sent does not prove who you are. Begin another log-in."


async def test_a_good_token_lets_in(service: AgreementUnderTest, provider: FakeProvider) -> None:
    assert (await _log_in(service, provider))[0] == 201
    assert len(provider.forms[0]["code_verifier"]) == 43


WRONG_CLAIMS: list[Claims] = [
    {"iss": "https://evil.example"},
    {"iss": None},
    {"aud": "other"},
    {"aud": ["other"]},
    {"aud": None},
    {"aud": ["slm", "other"]},
    {"aud": ["slm", "other"], "azp": "other"},
    {"azp": "other"},
    {"nonce": "another"},
    {"nonce": None},
    {"sub": None},
    {"sub": "x" * 256},
    {"exp": None},
    {"iat": None},
    {"exp": "tomorrow"},
    {"exp": True},
    {"exp": float("inf")},
]


async def test_wrong_claims_are_refused(service: AgreementUnderTest, provider: FakeProvider) -> None:
    for wrong in WRONG_CLAIMS:
        provider.claims = wrong
        await _refused(service, provider, str(wrong))


async def test_clocks_may_differ_by_thirty_seconds(service: AgreementUnderTest, provider: FakeProvider) -> None:
    for claim, seconds, status in (
        # A log-in takes a while on a slow machine, and a token that has expired goes on to get older.
        ("exp", -15, 201), ("exp", -32, 403), ("iat", 28, 201), ("iat", 60, 403), ("nbf", 28, 201), ("nbf", 60, 403),
    ):  # fmt: skip
        provider.claims = {claim: service.clock.now() // 1_000_000 + seconds}
        assert (await _log_in(service, provider))[0] == status, (claim, seconds)


def _with_other_key(provider: FakeProvider) -> Callable[[Claims], str]:
    other = fake_openid.rsa_key("one")
    return lambda claims: provider.token(claims, other)


def _with_unknown_key(provider: FakeProvider) -> Callable[[Claims], str]:
    other = fake_openid.rsa_key("two")
    return lambda claims: provider.token(claims, other)


def _changed(provider: FakeProvider) -> Callable[[Claims], str]:
    def make(claims: Claims) -> str:
        head, _, end = provider.token(claims).split(".")
        return f"{head}.{provider.token({**claims, 'sub': 'another'}).split('.')[1]}.{end}"

    return make


FORGERIES: dict[str, Callable[[FakeProvider], Callable[[Claims], str]]] = {
    "no signature": lambda provider: fake_openid.unsigned,
    "the public key as a secret": lambda provider: (
        lambda claims: fake_openid.signed_with_public_key(claims, provider.key)  # type: ignore[arg-type]
    ),
    "another key of the same id": _with_other_key,
    "a key that is not published": _with_unknown_key,
    "claims changed after signing": _changed,
    "no token": lambda provider: lambda claims: "x",
    "no header": lambda provider: lambda claims: "e30.e30.e30",
    "a long token": lambda provider: lambda claims: "a" * 40_000,
}


async def test_forged_tokens_are_refused(service: AgreementUnderTest, provider: FakeProvider) -> None:
    for name, forgery in FORGERIES.items():
        provider.make = forgery(provider)
        await _refused(service, provider, name)


async def test_a_withdrawn_key_is_refused_and_a_new_one_taken(
    service: AgreementUnderTest, provider: FakeProvider
) -> None:
    old = provider.key
    assert (await _log_in(service, provider))[0] == 201
    provider.key = ECKey.generate_key("P-256", {"kid": "two", "use": "sig", "alg": "ES256"}, private=True)
    assert (await _log_in(service, provider))[0] == 201
    provider.make = lambda claims: provider.token(claims, old)
    await _refused(service, provider)


async def test_a_secret_among_the_published_keys_is_not_used(
    service: AgreementUnderTest, provider: FakeProvider
) -> None:
    public = {**provider.key.as_dict(private=False), "use": "enc"}
    provider.published = [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}, public]
    await _refused(service, provider)


async def test_missing_claims_come_from_the_userinfo_endpoint(
    service: AgreementUnderTest, provider: FakeProvider
) -> None:
    provider.claims = {"email": None, "email_verified": None}
    provider.metadata = {"userinfo_endpoint": f"{provider.issuer}/userinfo"}
    provider.userinfo = {"sub": "sub-of-grace", "email": "grace@example.com", "email_verified": "true"}
    assert (await _log_in(service, provider))[0] == 201
    provider.userinfo["sub"] = "another"
    await _refused(service, provider)


WRONG_METADATA: list[dict[str, Any]] = [
    {"issuer": "https://evil.example"},
    {"token_endpoint": "http://evil.example/token"},
    {"token_endpoint": None},
    {"jwks_uri": 7},
]


async def test_wrong_metadata_is_no_provider(service: AgreementUnderTest, provider: FakeProvider) -> None:
    for wrong in WRONG_METADATA:
        provider.metadata = wrong
        answer = await service.client.post("/api/v1/openid-sessions/log-ins", json={"browser": "b" * 43})
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/provider-away"), wrong


async def test_a_slow_provider_is_away_after_three_seconds(service: AgreementUnderTest, provider: FakeProvider) -> None:
    provider.answers_after_seconds = 8.0
    began = time.monotonic()
    answer = await service.client.post("/api/v1/openid-sessions/log-ins", json={"browser": "b" * 43})
    assert answer.status_code == 503
    assert time.monotonic() - began < 5.0
    provider.answers_after_seconds = 0.0


async def test_rules_record_somebody_new_with_party_and_roles(
    ruled: AgreementUnderTest, provider: FakeProvider
) -> None:
    provider.claims = {"groups": ["managers", "others"], "realm_access": {"roles": ["readers"]}}
    status, session = await _log_in(ruled, provider)
    assert status == 201, session
    _, me = await ruled.ask(session["key"], "GET", "/api/v1/me")
    assert (me["party"]["key"], me["roles"]) == ("acme", ["service_level_manager", "viewer"])
    assert (me["person"]["name"], me["person"]["email"]) == ("Grace", "grace@example.com")
    provider.claims = {"groups": [], "realm_access": {"roles": ["readers"]}}
    status, again = await _log_in(ruled, provider)
    assert (status, again["principal_id"]) == (201, session["principal_id"])
    assert (await ruled.ask(session["key"], "GET", "/api/v1/me"))[1]["roles"] == ["viewer"]


async def test_an_unverified_address_is_not_recorded(ruled: AgreementUnderTest, provider: FakeProvider) -> None:
    provider.claims = {"groups": "managers", "email_verified": False}
    status, session = await _log_in(ruled, provider)
    assert status == 201
    assert (await ruled.ask(session["key"], "GET", "/api/v1/me"))[1]["person"]["email"] is None


NO_RULE: list[Claims] = [
    {"groups": ["others"]},
    {"groups": {"managers": True}},
    {"groups": ["managers", "guests"]},
    {"groups": ["guests"]},
    {"groups": ["managers", "signers"]},
    {"groups": ["signers"], "email_verified": False},
]


async def test_who_fulfils_no_rule_is_refused(ruled: AgreementUnderTest, provider: FakeProvider) -> None:
    for claims in NO_RULE:
        provider.claims = claims
        status, problem = await _log_in(ruled, provider)
        assert (status, problem["type"]) == (403, "/problems/person-unknown"), claims
        assert problem["detail"] == "You have signed in, but nobody here is known under that account."
    assert (await ruled.ask(OPERATOR_KEY, "GET", "/api/v1/people"))[1]["items"] == []


async def test_a_rule_may_make_somebody_a_signatory(ruled: AgreementUnderTest, provider: FakeProvider) -> None:
    provider.claims = {"realm_access": {"roles": ["readers"]}}
    assert not (await _log_in(ruled, provider))[1]["may_sign"]
    provider.claims = {"groups": ["signers"]}
    assert (await _log_in(ruled, provider))[1]["may_sign"]


async def test_people_of_other_parties_are_kept_out(database_url: str, provider: FakeProvider) -> None:
    service = await opened(database_url, **openid_provider.settings(provider.issuer, oidc_party="elsewhere"))
    try:
        cast: Cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
        assert cast.provider_signatory_key
        party = {"key": "elsewhere", "name": "Elsewhere"}
        await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/parties", party)
        assert (await _log_in(service, provider))[0] == 403
    finally:
        await service.close()


async def test_without_a_provider_there_is_nothing(database_url: str) -> None:
    service = await opened(database_url)
    try:
        answer = await service.client.post("/api/v1/openid-sessions/log-ins", json={"browser": "b" * 43})
        assert answer.status_code == 404
        body = {"browser": "b" * 43, "state": "s", "code": "c"}
        assert (await service.client.post("/api/v1/openid-sessions", json=body)).status_code == 404
        assert (await service.client.get("/api/v1/installation")).json()["openid_provider"] is None
    finally:
        await service.close()
