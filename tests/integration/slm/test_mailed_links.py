"""A mail about an agreement has a link for a reader without an account, and no secret stays anywhere else."""

from __future__ import annotations

import asyncio
import logging
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from slm.demo import negotiation, terms
from slm.installation import open_installation
from slm_chassis.clock import SystemClock
from slm_chassis.settings import Settings
from slm_events.instants import to_text
from tests.integration.slm.test_monday_mails import World, plain_text
from tests.support.mailbox import Mailbox, code_in
from tests.support.operator_key import KEY

EMMY = "emmy@example.com"
PASSWORD = "seven brown horses on a hill"


@pytest.fixture
async def world() -> AsyncIterator[tuple[World, dict[str, Any]]]:
    """An installation with an agreement that both parties accepted and nobody has signed."""
    with tempfile.TemporaryDirectory() as folder, Mailbox() as mailbox:
        settings = Settings(
            data_dir=Path(folder) / "data",
            bootstrap_key=SecretStr(KEY),
            partitions=2,
            smtp_url=SecretStr(mailbox.url),
            mail_from="slm@acme.example",
            console_url="https://slm.acme.example",
        )
        async with open_installation(settings) as installation:
            for app in installation.apps:
                await app.start()
            transport = httpx.ASGITransport(installation.face, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://slm", timeout=30.0) as client:
                cast = await negotiation.gather_cast(client, KEY)
                await negotiation.record_requirement(client, cast)
                document = terms.agreement_document(to_text(SystemClock().now()))
                drafted = await negotiation.draft_agreement(client, cast, document, "shop")
                proposed = await negotiation.propose_draft(client, cast, drafted)
                countered = await negotiation.make_counter_proposal(
                    client, cast, proposed, terms.counter_proposal(proposed["document"])
                )
                agreed = await negotiation.accept_counter_proposal(client, cast, countered)
                yield World(installation, client, mailbox, cast), agreed


async def mail_to_emmy(world: World, about: str) -> str:
    """The text of the mail to Emmy whose subject has these words, as soon as it has come."""
    async with asyncio.timeout(60):
        while True:
            for each in world.mailbox.messages:
                if each["To"] == EMMY and about in str(each["Subject"]):
                    return plain_text(each) if each.is_multipart() else str(each.get_content())
            await asyncio.sleep(0.1)


async def rows_of(world: World, *tables: str) -> str:
    app = next(each for each in world.installation.apps if each.context == "notification")
    async with app.database.read() as connection:
        return "".join([str((await connection.execute(text(f"SELECT * FROM {name}"))).all()) for name in tables])


async def test_who_has_no_account_reads_by_the_link_in_the_mail(
    world: tuple[World, dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    installation, agreed = world
    client, path = installation.client, f"/api/v1/agreements/{agreed['agreement_id']}"
    told = await mail_to_emmy(installation, "signatures are awaited")
    assert f"https://slm.acme.example/agreements/{agreed['agreement_id']}" in told and "You have no account?" in told
    [link] = re.findall(r"https://slm\.acme\.example/guest/(slm_\S+)", told)
    assert (await client.post("/api/v1/guest-sessions/codes", json={"link": link})).status_code == 202
    code = code_in(await mail_to_emmy(installation, "Your code"))
    begun = await client.post("/api/v1/guest-sessions", json={"link": link, "code": code})
    assert begun.status_code == 201, begun.text
    headers = {"Authorization": f"Bearer {begun.json()['key']}"}
    read = await client.get(path, headers=headers)
    assert read.status_code == 200 and read.json()["title"] == "Checkout for the shop"
    revision = {"revision_hash": agreed["revision"]["hash"]}
    assert (await client.post(f"{path}/sign", json=revision, headers=headers)).status_code == 404
    logged = [each.getMessage() for each in caplog.records if each.name != "mail.log"]
    assert len(logged) >= 10 and not [each for each in logged if link in each]  # mail.log is the mail server's own
    assert link not in await rows_of(installation, "mail_delivery", "mail_message", "heard_event", "outbox")


async def test_who_can_log_in_gets_the_page_only(world: tuple[World, dict[str, Any]]) -> None:
    installation, agreed = world
    cast, client = installation.cast, installation.client
    await mail_to_emmy(installation, "signatures are awaited")
    headers = {"Authorization": f"Bearer {cast.customer_signatory_key}", "If-Match": "*"}
    body: dict[str, Any] = {"rules": [{"kind": "agreement", "severity": "normal", "when": "at_once"}]}
    assert (await client.put("/api/v1/notification-preferences", json=body, headers=headers)).status_code == 200
    set_up = await client.post("/api/v1/me/password", json={"password": PASSWORD}, headers=headers)
    assert set_up.status_code == 204, set_up.text
    await negotiation.sign_for_both_parties(client, cast, agreed)
    told = await mail_to_emmy(installation, "Signed by both")
    assert "https://slm.acme.example/agreements/" in told and "/guest/" not in told
