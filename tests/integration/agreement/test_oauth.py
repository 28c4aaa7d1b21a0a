"""The token endpoint: an API key and its id are client credentials (RFC 6749, 4.4), however a client sends them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_agreement import bootstrap
from slm_agreement.settings import AgreementSettings
from slm_chassis.access_registry import BOOTSTRAP_ID, AccessRegistry
from slm_chassis.app import ServiceApp
from slm_chassis.identity import new_id
from slm_chassis.outbox import OutboxRelay
from slm_events import instants
from slm_events.access_tokens import TokenKeyAnnounced
from slm_events.catalogue import ACCESS
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest
from tests.support.service import records

TOKEN, METADATA = "/api/v1/oauth/token", "/.well-known/oauth-authorization-server"
GRANT = {"grant_type": "client_credentials"}
BEYOND = ("agreements:read", "*:read", "services:read agreements:read")
"""Scopes that the client's key does not have."""
PASSWORD = {"password": "a long enough pass phrase 1"}
HOUR = 3_600_000_000


@dataclass(frozen=True)
class Client:
    """The credentials of a program: the id of a key, the key, and the principal whose key it is."""

    key_id: str
    key: str
    principal_id: str

    @property
    def in_form(self) -> dict[str, str]:
        return {"client_id": self.key_id, "client_secret": self.key}

    @property
    def in_header(self) -> dict[str, str]:
        return {"Authorization": basic(self.key_id, self.key)}


def basic(client_id: str, secret: str) -> str:
    text = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[AgreementUnderTest]:
    service = await AgreementUnderTest.open(database_url)
    service.app.access.logged_wait_seconds = 10.0
    async with relaying(service.app):
        yield service
    await service.close()


@asynccontextmanager
async def relaying(app: ServiceApp) -> AsyncIterator[None]:
    """Deliver what the service publishes, as in production."""
    relay = next(worker for worker in app.workers if isinstance(worker, OutboxRelay))
    running = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    return await negotiation.gather_cast(service.client, OPERATOR_KEY)


@pytest.fixture
async def client(service: AgreementUnderTest, cast: Cast) -> Client:
    """A program of the provider that may read services and write measurements."""
    return await issued(service, cast.provider_manager_key, {"scopes": ["services:read", "measurements:write"]})


async def issued(service: AgreementUnderTest, key: str, limits: dict[str, Any]) -> Client:
    about = {"key": new_id(), "name": "Collector", "roles": ["integrator"]}
    status, principal = await service.ask(key, "POST", "/api/v1/principals", about)
    assert status == 201, principal
    path = f"/api/v1/principals/{principal['principal_id']}/keys"
    status, made = await service.ask(key, "POST", path, limits)
    assert status == 201, made
    return Client(made["key_id"], made["key"], principal["principal_id"])


async def asked(service: AgreementUnderTest, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
    return await service.client.post(TOKEN, data=GRANT | (form or {}), headers=headers)


async def token_of(service: AgreementUnderTest, client: Client, **form: str) -> str:
    answer = await asked(service, client.in_form | form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def test_id_and_key_are_taken_from_the_header_and_from_the_form(
    service: AgreementUnderTest, client: Client
) -> None:
    for answer in (await asked(service, **client.in_header), await asked(service, client.in_form)):
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"
        assert answer.headers["content-type"] == "application/json"
        given = answer.json()
        assert given.keys() == {"access_token", "token_type", "expires_in", "scope"}
        assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
        assert given["scope"] == "measurements:write services:read"
        assert (await service.ask(given["access_token"], "GET", "/api/v1/services"))[0] == 200
    status, me = await service.ask(given["access_token"], "GET", "/api/v1/me")
    assert (status, me["type"]) == (403, "/problems/out-of-scope")


async def test_the_caller_is_the_principal_of_the_key(service: AgreementUnderTest, cast: Cast) -> None:
    client = await issued(service, cast.provider_manager_key, {"scopes": []})
    answer = (await asked(service, client.in_form)).json()
    assert answer["scope"] == "*:read *:write"
    status, me = await service.ask(answer["access_token"], "GET", "/api/v1/me")
    assert (status, me["principal_id"], me["key_id"]) == (200, client.principal_id, client.key_id)
    assert instants.from_text(me["expires_at"]) == service.clock.now() + HOUR


async def test_both_sides_of_an_agreement_use_tokens(service: AgreementUnderTest, cast: Cast) -> None:
    await negotiation.record_requirement(service.client, cast)
    document = terms.agreement_document("2026-12-01T00:00:00Z")
    agreement = await negotiation.draft_agreement(service.client, cast, document, "hosting")
    await negotiation.propose_draft(service.client, cast, agreement)
    for key in (cast.provider_manager_key, cast.customer_manager_key):
        token = await token_of(service, await issued(service, key, {"scopes": ["agreements:read"]}))
        status, read = await service.ask(token, "GET", f"/api/v1/agreements/{agreement['agreement_id']}")
        assert (status, read["agreement_id"]) == (200, agreement["agreement_id"])
        status, problem = await service.ask(token, "POST", "/api/v1/agreements", {})
        assert (status, problem["type"]) == (403, "/problems/out-of-scope")


async def test_a_token_may_have_less_than_its_key(service: AgreementUnderTest, client: Client) -> None:
    answer = await asked(service, client.in_form | {"scope": "measurements:write"})
    assert answer.json()["scope"] == "measurements:write"
    status, problem = await service.ask(answer.json()["access_token"], "GET", "/api/v1/services")
    assert (status, problem["type"]) == (403, "/problems/out-of-scope")
    for scope in (*BEYOND, "services", "services:read  measurements:write", "\u00e9"):
        answer = await asked(service, client.in_form | {"scope": scope})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), scope


def wrong_credentials(client: Client, other: Client) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """What is wrong → form and headers."""
    encoded = base64.b64encode(b"no colon").decode()
    return {
        "nothing": ({}, {}),
        "no secret": ({"client_id": client.key_id}, {}),
        "an empty secret": (client.in_form | {"client_secret": ""}, {}),
        "a wrong key": (client.in_form | {"client_secret": "slm_wrong"}, {}),
        "a wrong id": (client.in_form | {"client_id": "wrong"}, {}),
        "another's id": (client.in_form | {"client_id": other.key_id}, {}),
        "the principal's id": (client.in_form | {"client_id": client.principal_id}, {}),
        "a NUL": (client.in_form | {"client_secret": "\0openid\0x"}, {}),
        "a wrong key in the header": ({}, {"Authorization": basic(client.key_id, "slm_wrong")}),
        "no base64": ({}, {"Authorization": "Basic ???"}),
        "no colon": ({}, {"Authorization": f"Basic {encoded}"}),
        "another scheme": (client.in_form, {"Authorization": f"Bearer {client.key}"}),
    }


async def test_wrong_credentials_are_refused_alike(service: AgreementUnderTest, cast: Cast, client: Client) -> None:
    other = await issued(service, cast.customer_manager_key, {"scopes": []})
    refusals = set()
    for name, (form, headers) in wrong_credentials(client, other).items():
        answer = await asked(service, form, **headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), name
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers["cache-control"] == "no-store"
        refusals.add(answer.text)
    assert len(refusals) == 1, "nothing tells a wrong id from a wrong key"


async def test_a_token_gives_no_other_token(service: AgreementUnderTest, client: Client) -> None:
    token = await token_of(service, client)
    answer = await asked(service, client.in_form | {"client_secret": token})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_requests_that_are_malformed_say_so(service: AgreementUnderTest, client: Client) -> None:
    form = "application/x-www-form-urlencoded"
    good = f"grant_type=client_credentials&client_id={client.key_id}&client_secret={client.key}"
    wrong = {
        "JSON": (b'{"grant_type": "client_credentials"}', "application/json", "invalid_request"),
        "no type": (good.encode(), "", "invalid_request"),
        "no grant": (good.partition("&")[2].encode(), form, "invalid_request"),
        "an empty grant": (good.replace("=client_credentials", "=", 1).encode(), form, "invalid_request"),
        "a grant twice": (f"{good}&grant_type=client_credentials".encode(), form, "invalid_request"),
        "a scope twice": (f"{good}&scope=services:read&scope=services:read".encode(), form, "invalid_request"),
        "no UTF-8": (good.encode() + b"&x=\xff", form, "invalid_request"),
        "no UTF-8, encoded": (f"{good}&x=%ff".encode(), form, "invalid_request"),
        "many fields": ("&".join([good, *(f"x{number}=1" for number in range(60))]).encode(), form, "invalid_request"),
        "a password": (good.replace("client_credentials", "password").encode(), form, "unsupported_grant_type"),
    }
    for name, (body, kind, error) in wrong.items():
        headers = {"Content-Type": kind} if kind else {}
        answer = await service.client.post(TOKEN, content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, error), name
        assert client.key not in answer.text
    answer = await asked(service, client.in_form, **client.in_header)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), "credentials in two ways"
    unknown = await service.client.post(TOKEN, content=f"{good}&audience=x", headers={"Content-Type": form})
    assert unknown.status_code == 200, "parameters that are not known are passed over"
    same = await asked(service, {"client_id": client.key_id}, **client.in_header)
    assert same.status_code == 200, "the id beside the header names the same client"


async def test_a_secret_in_the_address_is_refused_and_not_repeated(service: AgreementUnderTest, client: Client) -> None:
    with capture_logs() as lines:
        answer = await service.client.post(TOKEN, params=GRANT | client.in_form, data=GRANT)
    assert answer.status_code == 422
    assert client.key not in answer.text and client.key not in str(lines)


async def test_no_secret_is_in_a_log_or_a_record(service: AgreementUnderTest, client: Client) -> None:
    with capture_logs() as lines:
        token = await token_of(service, client)
        await asked(service, **client.in_header)
        await asked(service, client.in_form | {"client_id": "wrong"})
        assert (await service.ask(token, "GET", "/api/v1/services"))[0] == 200
        assert (await service.ask(f"{token}x", "GET", "/api/v1/services"))[0] == 401
    published = str([each.value for topic in (ACCESS.name,) for each in records(service.log, topic)])
    for secret in (client.key, token, token.rpartition(".")[2], client.in_header["Authorization"].split()[1]):
        assert secret not in str(lines) and secret not in published


async def test_keys_that_are_no_programs_get_no_token(service: AgreementUnderTest, cast: Cast) -> None:
    status, _ = await service.ask(cast.provider_manager_key, "POST", "/api/v1/me/password", PASSWORD)
    assert status == 204
    _, me = await service.ask(cast.provider_manager_key, "GET", "/api/v1/me")
    session = (await service.client.post("/api/v1/sessions", json={"email": me["email"], **PASSWORD})).json()
    _, signatory = await service.ask(cast.provider_signatory_key, "GET", "/api/v1/me")
    refused = {
        "a session": Client(session["session_id"], session["key"], session["principal_id"]),
        "whoever may sign": Client(signatory["key_id"], cast.provider_signatory_key, signatory["principal_id"]),
        "the key in the settings": Client(BOOTSTRAP_ID, OPERATOR_KEY, BOOTSTRAP_ID),
    }
    for name, client in refused.items():
        answer = await asked(service, client.in_form)
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client"), name


async def test_a_token_makes_nothing_that_lasts(service: AgreementUnderTest, cast: Cast) -> None:
    _, me = await service.ask(cast.provider_manager_key, "GET", "/api/v1/me")
    manager = Client(me["key_id"], cast.provider_manager_key, me["principal_id"])
    token = await token_of(service, manager)
    for path, body in (
        (f"/api/v1/principals/{me['principal_id']}/keys", {"scopes": []}),
        ("/api/v1/invitations", {"alias": "Next door"}),
    ):
        status, problem = await service.ask(token, "POST", path, body)
        assert (status, problem["type"]) == (403, "/problems/not-allowed"), path
        assert (await service.ask(manager.key, "POST", path, body))[0] == 201
    status, problem = await service.ask(token, "POST", "/api/v1/me/password", PASSWORD)
    assert (status, problem["type"]) == (403, "/problems/not-allowed")


async def test_a_revoked_or_expired_key_gets_no_token_and_ends_its_tokens_in_every_service(
    service: AgreementUnderTest, cast: Cast, client: Client
) -> None:
    ends = instants.to_text(service.clock.now() + HOUR // 4)
    short = await issued(service, cast.provider_manager_key, {"scopes": [], "expires_at": ends})
    answer = (await asked(service, short.in_form)).json()
    assert answer["expires_in"] == 900
    async with another_service(service) as registry:
        token = await token_of(service, client)
        assert (await registry.identify(token)) is not None
        path = f"/api/v1/principals/{client.principal_id}/keys/{client.key_id}"
        assert (await service.ask(cast.provider_manager_key, "DELETE", path))[0] == 204
        assert (await service.ask(token, "GET", "/api/v1/services"))[0] == 401, "here at once"
        async with asyncio.timeout(2.0):
            while await registry.identify(token) is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert (await asked(service, client.in_form)).json()["error"] == "invalid_client"
        assert (await registry.identify(answer["access_token"])) is not None
        service.clock.move_to(service.clock.now() + HOUR // 4)
        assert await registry.identify(answer["access_token"]) is None
        assert (await asked(service, short.in_form)).json()["error"] == "invalid_client"


async def test_nothing_is_recorded_for_a_token_and_its_use_is_the_keys(
    service: AgreementUnderTest, client: Client
) -> None:
    await token_of(service, client)
    before = len(records(service.log, ACCESS.name))
    tokens = {await token_of(service, client, scope=scope) for scope in ("services:read", "measurements:write") * 10}
    assert len(tokens) == 2 and len(records(service.log, ACCESS.name)) == before
    assert len(await service.told(TokenKeyAnnounced)) == 1
    service.clock.move_to(service.clock.now() + 25 * HOUR)
    await token_of(service, client)
    announced = await service.told(TokenKeyAnnounced)
    assert len({each.public_key for each in announced}) == 2, "a new key signs each day"


async def test_replicas_and_restarts_accept_each_others_tokens(
    service: AgreementUnderTest, client: Client, database_url: str
) -> None:
    first = await token_of(service, client)
    settings = AgreementSettings(database_url=database_url, bootstrap_key=SecretStr(OPERATOR_KEY))
    replica = await bootstrap.build(settings, service.log, service.clock)
    reading = asyncio.create_task(replica.access.run())
    transport = httpx.ASGITransport(replica.http)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://replica") as other:
            answer = await other.post(TOKEN, data=GRANT | client.in_form)
            assert answer.status_code == 200, answer.text
            second = answer.json()["access_token"]
            assert first.partition(".")[0] != second.partition(".")[0], "each has a key of its own"
            for token in (first, second):
                answer = await other.get("/api/v1/services", headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code == 200
                assert (await service.ask(token, "GET", "/api/v1/services"))[0] == 200
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await replica.database.close()


async def test_while_the_log_is_away_no_token_is_given_that_others_would_refuse(database_url: str) -> None:
    service = await AgreementUnderTest.open(database_url)
    try:
        cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
        client = await issued(service, cast.provider_manager_key, {"scopes": []})
        for _ in range(2):
            answer = await asked(service, client.in_form)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/access-unknown")
            assert answer.headers["retry-after"] == "1"
        service.app.access.logged_wait_seconds = 10.0
        assert len(await service.told(TokenKeyAnnounced)) == 1
        await token_of(service, client)
    finally:
        await service.close()


async def test_guesses_from_one_address_are_limited(service: AgreementUnderTest, client: Client) -> None:
    guesses = [client.in_form | {"client_secret": f"slm_{number}"} for number in range(130)]
    answers = await asyncio.gather(*(asked(service, guess) for guess in guesses))
    limited = next(each for each in answers if each.status_code == 429)
    assert int(limited.headers["retry-after"]) >= 1
    assert {each.status_code for each in answers} == {401, 429}


async def test_clients_find_the_endpoint(service: AgreementUnderTest) -> None:
    answer = await service.client.get(METADATA, headers={"Host": "slm.example:8443"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "issuer": "http://slm.example:8443",
        "token_endpoint": f"http://slm.example:8443{TOKEN}",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
    }


@asynccontextmanager
async def another_service(service: AgreementUnderTest) -> AsyncIterator[AccessRegistry]:
    """What every other service knows: the records on ``slm.access``."""
    registry = AccessRegistry(service.log, clock=service.clock)
    reading = asyncio.create_task(registry.run())
    try:
        yield registry
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
