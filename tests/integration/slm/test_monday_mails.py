"""The owner's Monday: one mail a week, with the figures that the product answers to its reader and to nobody else."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm.installation import Installation, open_installation
from slm_chassis.clock import SystemClock
from slm_chassis.settings import Settings
from slm_events.instants import from_text, to_text
from slm_notification.domain.weeks import month_name, week_of
from tests.support.mailbox import Mailbox
from tests.support.operator_key import KEY

PREFERENCES = "/api/v1/notification-preferences"
HOUR, DAY = 3_600_000_000, 86_400_000_000
LABELS = ["Works now", "Last week", "month", "Minutes lost", "Next"]


@dataclass(frozen=True)
class World:
    """An installation with an agreement that began two months ago, one outage of last week, and what is planned."""

    installation: Installation
    client: httpx.AsyncClient
    mailbox: Mailbox
    cast: Cast

    async def get(self, key: str, path: str) -> Any:
        return await negotiation.get(self.client, key, path)

    async def choose(self, key: str, *service_ids: str, zone: str = "UTC") -> None:
        headers = {"Authorization": f"Bearer {key}", "If-Match": "*"}
        body = {"time_zone": zone, "monday_service_ids": list(service_ids)}
        answer = await self.client.put(PREFERENCES, json=body, headers=headers)
        assert answer.status_code == 200, answer.text

    async def let_it_be_monday(self) -> None:
        """Let the mail of everybody who gets one be due now."""
        app = next(each for each in self.installation.apps if each.context == "notification")
        async with app.database.begin() as transaction:
            await transaction.execute(text("UPDATE mail_week SET next_at = :now"), {"now": transaction.now})

    async def mondays(self, count: int) -> list[EmailMessage]:
        """Return the Monday mails, a few seconds after ``count`` of them have arrived."""
        async with asyncio.timeout(60):
            while len(found := self._mondays()) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.sleep(3.0)
        assert len(self._mondays()) == count
        return found

    def _mondays(self) -> list[EmailMessage]:
        return [each for each in self.mailbox.messages if "Your Monday" in str(each["Subject"])]


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
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
                yield await _world(installation, client, mailbox)


async def _world(installation: Installation, client: httpx.AsyncClient, mailbox: Mailbox) -> World:
    now = SystemClock().now()
    began = datetime.fromtimestamp((now - 62 * DAY) // 1_000_000, UTC).replace(day=1, hour=0, minute=0, second=0)
    effective_at = to_text(from_text(began.isoformat()))
    document = terms.agreement_document(effective_at, to_text(now + 60 * DAY))
    document |= {"targets": [terms.monthly_availability_target()]}
    cast, agreement = await negotiation.negotiate_and_sign(client, KEY, effective_at, document=document)
    indicator = {"key": terms.AVAILABILITY_INDICATOR, "kind": "availability", "service_id": cast.service_id}
    await negotiation.post(client, cast.integrator_key, "/api/v1/indicators", {**indicator, "initial_state": "up"})
    last_tuesday = week_of(now, "UTC").last_starts_at + DAY
    outage = {"from": to_text(last_tuesday + 10 * HOUR), "to": to_text(last_tuesday + 12 * HOUR)}
    fact = [{"indicator": terms.AVAILABILITY_INDICATOR, "outage": outage}]
    async with asyncio.timeout(30):
        while not (await negotiation.get(client, cast.viewer_key, "/api/v1/targets"))["items"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await negotiation.post(client, cast.integrator_key, "/api/v1/measurements", fact)
    span = {"from": to_text(now + 5 * DAY), "to": to_text(now + 5 * DAY + HOUR)}
    asked = {"agreement_id": agreement["agreement_id"], "kind": "planned", "text": "Upgrade", "interval": span}
    await negotiation.post(client, cast.provider_manager_key, "/api/v1/exclusions", asked)
    found = World(installation, client, mailbox, cast)
    async with asyncio.timeout(30):
        while not (await found.get(cast.viewer_key, "/api/v1/breaches"))["items"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        while not (await found.get(cast.viewer_key, "/api/v1/reviews"))["items"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return found


def plain_text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def lines_in(message: EmailMessage) -> dict[str, str]:
    """Label → text of each line about the only service of a mail."""
    return dict(re.findall(r"^  ([A-Z][\w ]+): (.*)$", plain_text(message), re.MULTILINE))


async def test_both_sides_are_mailed_what_the_product_answers_to_them(world: World) -> None:
    cast = world.cast
    await world.choose(cast.provider_manager_key, cast.service_id, zone="Asia/Tokyo")
    await world.choose(cast.customer_signatory_key, cast.service_id)
    await world.let_it_be_monday()
    messages = await world.mondays(2)
    assert {str(each["To"]) for each in messages} == {"ada@example.com", "emmy@example.com"}
    mine = next(each for each in messages if each["To"] == "emmy@example.com")
    summary = await world.get(cast.customer_signatory_key, "/api/v1/summary?timezone=UTC")
    [service] = summary["services"]
    lines = lines_in(mine)
    last_month, this_month = (month_name(each) for each in summary["months"][-2:])
    assert list(lines) == [each if each != "month" else last_month for each in LABELS]
    assert service["state"] == "up" and lines["Works now"] == "yes"
    assert lines["Last week"] == "not kept: 1 breach (Checkout is available)"
    assert lines[last_month] == {"met": "kept", "breached": "not kept"}[service["strip"][-2]]
    minutes = {0: "none", 7_200: "120 min"}[service["lost_seconds"]]
    assert lines["Minutes lost"] == f"{minutes} in {this_month} so far"
    assert "maintenance, not approved yet; " in lines["Next"] and "review of Checkout for the shop" in lines["Next"]
    assert f"https://slm.acme.example/services/{cast.service_id}" in plain_text(mine)
    html = mine.get_body(("html",))
    assert html is not None and all(each in html.get_content() for each in ("Works now", "Minutes lost", "Next"))
    assert str(mine["Subject"]) == "Your Monday: Checkout works, 1 breach last week"


async def test_the_mail_is_on_record_and_comes_once_a_week(world: World) -> None:
    key = world.cast.customer_manager_key
    before = len(world._mondays())
    await world.choose(key, world.cast.service_id)
    await world.let_it_be_monday()
    mine = [each for each in await world.mondays(before + 1) if each["To"] == "carl@example.com"]
    person_id = (await world.get(key, PREFERENCES))["person_id"]
    path = f"/api/v1/mail-deliveries?event_type=week&person_id={person_id}"
    [delivery] = (await world.get(key, path))["items"]
    week = week_of(SystemClock().now(), "UTC").name
    assert (delivery["event_id"], delivery["kind"], delivery["state"]) == (week, "week", "sent")
    assert str(mine[0]["Message-ID"]).startswith(f"<{delivery['message_id']}@")
    await world.let_it_be_monday()
    await world.mondays(before + 1)


async def test_a_service_of_strangers_is_not_told(world: World) -> None:
    before = len(world._mondays())
    other = await negotiation.gather_cast(world.client, KEY, "-elsewhere")
    await world.choose(other.customer_manager_key, world.cast.service_id)
    await world.let_it_be_monday()
    await world.mondays(before)
    app = next(each for each in world.installation.apps if each.context == "notification")
    async with app.database.read() as connection:
        waits = (
            await connection.execute(
                text("SELECT count(*) FROM mail_week WHERE next_at <= :now"), {"now": SystemClock().now()}
            )
        ).scalar_one()
    assert waits == 0
