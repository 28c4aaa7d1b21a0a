"""A Monday mail is due on Monday at eight, is written once, waits for the product, and is left out if too late."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from slm_chassis.clock import SystemClock
from slm_events.agreement import PrincipalEnrolled
from slm_events.instants import to_text
from slm_notification.adapters.sql_weeks import SqlWeekDesk
from slm_notification.application.week_ports import AnswersUnavailable, DueWeek
from slm_notification.application.week_writing import LATEST, WeekWriter
from slm_notification.domain.weeks import ServiceAnswers, Week, next_monday, week_of
from tests.integration.notification.conftest import PROVIDER
from tests.integration.notification.test_mails import ADA, MANAGER, Post, mailbox, post, settings, texts
from tests.integration.notification.test_preferences import ada
from tests.unit.notification.test_weeks import told

__all__ = ["ada", "mailbox", "post", "settings"]
PATH = "/api/v1/notification-preferences"
DAY = 86_400_000_000
PERSON = f"person of {ADA}"


class Product:
    """Answers about every chosen service, or does not answer; as many people are asked for as at the same time."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.asked: list[str] = []
        self.sees = True

    async def answers(self, due: DueWeek, week: Week) -> Sequence[ServiceAnswers]:
        self.asked.append(due.person_id)
        await asyncio.sleep(0.05)
        if due.person_id in self.away:
            raise AnswersUnavailable("monitor-svc cannot be reached")
        return [told(each) for each in due.service_ids] if self.sees else []


class Weeks:
    """The service, a product that a test can stop, and the writer of Monday mails."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.product = Product()
        self.desk = SqlWeekDesk(post.service.app.database)
        self.writer = self.another_writer()

    def another_writer(self) -> WeekWriter:
        return WeekWriter(self.desk, self.product, retry_seconds=0.1)

    async def choose(self, *service_ids: str, zone: str = "UTC", key: str = "ada") -> None:
        body = {"time_zone": zone, "monday_service_ids": list(service_ids)}
        answer = await self.post.service.ask(key, "PUT", PATH, json=body, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["monday_service_ids"] == list(service_ids)

    async def due_in(self, microseconds: int) -> int:
        at = SystemClock().now() + microseconds
        await self.change(f"UPDATE mail_week SET next_at = {at}")
        return at

    async def change(self, statement: str) -> None:
        async with self.post.service.app.database.begin() as transaction:
            await transaction.execute(text(statement))

    async def next_at(self) -> list[int]:
        return [row[0] for row in await self.post.rows("SELECT next_at FROM mail_week ORDER BY person_id")]


@pytest.fixture
def weeks(post: Post, ada: str) -> Weeks:
    return Weeks(post)


async def test_it_is_due_on_the_next_monday_of_the_reader_and_never_without_a_service(weeks: Weeks) -> None:
    await weeks.choose("checkout", zone="Asia/Tokyo")
    assert await weeks.next_at() == [next_monday(SystemClock().now(), "Asia/Tokyo")]
    await weeks.choose("checkout", "mail", zone="America/New_York")
    assert await weeks.next_at() == [next_monday(SystemClock().now(), "America/New_York")]
    assert await weeks.writer.step() == 0 and not weeks.product.asked
    await weeks.choose()
    assert await weeks.next_at() == []


async def test_it_is_sent_at_once_with_all_chosen_services_and_then_due_a_week_later(weeks: Weeks) -> None:
    await weeks.choose("checkout", "mail")
    at = await weeks.due_in(-1)
    assert await weeks.writer.step() == 1
    [message] = await weeks.post.arrived(1)
    assert message["To"] == ADA and message["Subject"] == "Your Monday: none of 2 services is down, all kept last week"
    for words in texts(message):
        assert words.index("checkout") < words.index("mail") and words.count("Minutes lost") == 2
    assert await weeks.next_at() == [next_monday(SystemClock().now(), "UTC")]
    [row] = await weeks.post.rows("SELECT event_id, person_id, channel, state, delivery_id FROM mail_delivery")
    assert tuple(row[:4]) == (week_of(at, "UTC").name, PERSON, "mail", "sent")
    assert message["Message-ID"].startswith(f"<{row[4]}@")


async def test_of_several_writers_one_writes_it(weeks: Weeks) -> None:
    await weeks.choose("checkout")
    await weeks.due_in(-1)
    assert sum(await asyncio.gather(*(weeks.another_writer().step() for _ in range(4)))) == 1
    assert len(weeks.product.asked) == 4
    await weeks.post.arrived(1)


async def test_a_week_that_is_due_again_is_not_mailed_again(weeks: Weeks) -> None:
    await weeks.choose("checkout")
    for _ in range(2):
        await weeks.due_in(-1)
        await weeks.writer.step()
    await weeks.post.arrived(1)


async def test_a_writer_that_dies_before_it_stores_leaves_the_mail_to_the_next(weeks: Weeks) -> None:
    await weeks.choose("checkout")
    await weeks.due_in(-1)
    dying = asyncio.create_task(weeks.writer.step())
    await asyncio.sleep(0.02)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    assert await weeks.post.rows("SELECT * FROM mail_delivery") == []
    assert await weeks.another_writer().step() == 1
    await weeks.post.arrived(1)


async def test_it_waits_for_the_product_and_others_do_not_wait_for_it(
    weeks: Weeks, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await weeks.choose("checkout")
    await weeks.post.enrol("Bea Second", PROVIDER, "bea@acme.example", MANAGER)
    bea = "person of bea@acme.example"
    await weeks.change(
        f"INSERT INTO mail_preference SELECT '{bea}', rules, time_zone, version, monday_service_ids "
        "FROM mail_preference"
    )
    await weeks.change(f"INSERT INTO mail_week VALUES ('{bea}', 0)")
    await weeks.due_in(-1)
    weeks.product.away = {bea}
    assert await weeks.writer.step() == 1 and await weeks.writer.step() == 0
    [message] = await weeks.post.arrived(1)
    assert message["To"] == ADA and weeks.product.asked.count(bea) == 1, "asked again at once"
    weeks.product.away = set()
    await asyncio.sleep(0.15)
    assert await weeks.writer.step() == 1
    await weeks.post.arrived(2)
    assert "Monday mail not written yet" in caplog.text and "bea@acme.example" not in caplog.text.replace(bea, "")


async def test_a_choice_on_monday_morning_does_not_lose_the_mail(weeks: Weeks) -> None:
    await weeks.choose("checkout")
    at = await weeks.due_in(-1)
    await weeks.choose("checkout", "mail", zone="Asia/Tokyo")
    assert await weeks.next_at() == [at]


@pytest.mark.parametrize("reason", ["late", "nobody", "unseen"])
async def test_it_is_left_out(weeks: Weeks, reason: str) -> None:
    await weeks.choose("checkout")
    await weeks.due_in(-LATEST - 1_000_000 if reason == "late" else -1)
    if reason == "nobody":
        gone = PrincipalEnrolled(
            principal_id=f"principal of {PERSON}", party_id=PROVIDER, name="Ada", roles=[MANAGER], person_id=PERSON,
            ends_at=to_text(SystemClock().now()),
        )  # fmt: skip
        await weeks.post.tell(gone)
    weeks.product.sees = reason != "unseen"
    assert await weeks.writer.step() == 0
    assert weeks.product.asked == ([PERSON] if reason == "unseen" else [])
    assert await weeks.next_at() == [next_monday(SystemClock().now(), "UTC")]
    await weeks.post.send()
    assert weeks.post.mailbox.messages == []


async def test_too_many_services_are_refused(weeks: Weeks) -> None:
    body: dict[str, Any] = {"time_zone": "UTC", "monday_service_ids": [f"s-{number}" for number in range(21)]}
    answer = await weeks.post.service.ask("ada", "PUT", PATH, json=body, headers={"If-Match": "*"})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "monday_service_ids"
