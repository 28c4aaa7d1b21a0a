"""People are mailed what they should hear of: each once, in the end, and nothing that is not theirs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from slm_chassis.clock import SECOND, SystemClock, real_now
from slm_chassis.log.port import Record
from slm_events import envelope
from slm_events.agreement import PersonRecorded, PrincipalEnrolled
from slm_events.catalogue import PUBLISHED
from slm_events.causes import CauseRevised
from slm_events.instants import to_text
from slm_notification.application.mail_sending import NotificationMailer
from tests.integration.notification.conftest import BREACH, CUSTOMER, PROVIDER, RISK, STRANGER, Service
from tests.support.mailbox import Mailbox
from tests.support.service import until

MANAGER = "service_level_manager"
ADA, CARL, SUE = "ada@acme.example", "carl@shop.example", "sue@other.example"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def settings(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "smtp_url": mailbox.url,
        "mail_from": "Service levels <slm@acme.example>",
        "console_url": "https://slm.acme.example/",
        "mail_reply_seconds": 0.5,
    }


class Post:
    """The service with people: one manager of the provider, one of the customer, and one of a stranger."""

    def __init__(self, service: Service, mailbox: Mailbox) -> None:
        self.service = service
        self.mailbox = mailbox
        self.number = 0

    async def tell(self, event: Any) -> None:
        """Let the service hear an event about people or causes."""
        self.number += 1
        row, now = PUBLISHED[type(event)], to_text(SystemClock().now())
        attributes = envelope.Envelope(
            id=f"0193a5c0-1111-7000-8000-{self.number:012}",
            source="/slm/test/other",
            type=row.type,
            subject=str(getattr(event, row.subject_field)),
            time=now,
            recorded_at=now,
            data=event,
        )
        record = Record(str(getattr(event, row.key_field)), envelope.to_json(event), envelope.to_headers(attributes))
        await self.service.log.append(row.topic.name, [record])
        await self.service.handle()

    async def enrol(self, name: str, party_id: str, email: str | None, *roles: str, ends_at: str | None = None) -> None:
        person_id = f"person of {email or name}"
        await self.tell(PersonRecorded(person_id=person_id, party_id=party_id, name=name, email=email))
        await self.tell(
            PrincipalEnrolled(
                principal_id=f"principal of {person_id}",
                party_id=party_id,
                name=name,
                roles=list(roles),
                person_id=person_id,
                ends_at=ends_at,
            )
        )

    @property
    def mailer(self) -> NotificationMailer:
        return self.service.worker(NotificationMailer)

    async def send(self) -> None:
        """Make and send all that is due now."""
        while await self.mailer.step():
            await self.mailer.settle()

    async def arrived(self, count: int, seconds: float = 20.0) -> list[EmailMessage]:
        """Send until ``count`` mails have arrived, and once more; return all mails."""

        async def enough() -> bool:
            await self.send()
            return len(self.mailbox.messages) >= count

        await until(enough, seconds)
        await self.send()
        assert len(self.mailbox.messages) == count
        return self.mailbox.messages

    async def rows(self, statement: str) -> list[Any]:
        async with self.service.app.database.read() as connection:
            return list(await connection.exec_driver_sql(statement))


@pytest.fixture
async def post(service: Service, mailbox: Mailbox) -> AsyncIterator[Post]:
    post = Post(service, mailbox)
    # It reads the principals that the test puts on the log; without it no key would be accepted.
    reading = asyncio.create_task(service.app.access.run())
    await post.enrol("Ada Byron", PROVIDER, ADA, MANAGER)
    await post.enrol("Carl Shop", CUSTOMER, CARL, MANAGER)
    await post.enrol("Sue Other", STRANGER, SUE, MANAGER)
    yield post
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


def texts(message: EmailMessage) -> tuple[str, str]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None and html is not None
    return plain.get_content(), html.get_content()


async def test_who_may_see_a_breach_is_mailed_it_with_a_link(post: Post) -> None:
    await post.service.hear(BREACH)
    messages = await post.arrived(2)
    assert {str(each["To"]) for each in messages} == {ADA, CARL}
    for each in messages:
        assert str(each["Subject"]) == "■ Breached: Checkout is available"
        for text in texts(each):
            assert "https://slm.acme.example/breaches/2a8e15fd-accd-5b24-b49b-2692f21963f6" in text
            assert "99.898 %" in text and "at least 99.9 %" in text and "22 Nov 2026, 10:43 (UTC)" in text
    assert len({each["Message-ID"] for each in messages}) == 2
    assert await post.rows("SELECT DISTINCT state, channel FROM mail_delivery") == [("sent", "mail")]


async def test_the_risk_that_a_customer_does_not_see_is_mailed_to_the_provider_alone(post: Post) -> None:
    await post.service.hear(RISK, hidden_from_party_id=CUSTOMER)
    [message] = await post.arrived(1)
    assert message["To"] == ADA
    # Disclosed later: then the customer hears of it, and the provider not again.
    await post.service.hear("slm.monitor.risk-disclosed.v1")
    assert [str(each["To"]) for each in await post.arrived(2)] == [ADA, CARL]
    # The plan of a risk is shown to a customer by the page only, as far as it may see it.
    assert "Duty manager" not in "".join(texts(post.mailbox.messages[1]))


async def test_an_event_that_is_read_twice_is_one_mail(post: Post) -> None:
    [event_id] = await post.service.hear(BREACH)
    async with post.service.app.database.begin() as transaction:
        await transaction.connection.exec_driver_sql("DELETE FROM inbox")
    await post.service.append(BREACH, event_id)
    await post.service.handle()
    assert len(await post.rows("SELECT 1 FROM inbox")) == 1, "it was handled again"
    await post.arrived(2)


async def test_nobody_is_mailed_history_or_what_is_old(post: Post) -> None:
    await post.service.hear(BREACH, importing=True)
    await post.service.hear(BREACH, import_id="i")
    await post.service.hear(BREACH, catch_up=1)
    await post.service.hear(BREACH, at=SystemClock().now() - 80 * 3_600 * SECOND)
    assert await post.rows("SELECT 1 FROM mail_delivery") == []


async def test_roles_say_who_hears_of_what(post: Post) -> None:
    await post.enrol("Vic", PROVIDER, "vic@acme.example", "viewer")
    await post.enrol("Petra", PROVIDER, "petra@acme.example", "provider_signatory")
    await post.enrol("Otto", PROVIDER, None, MANAGER)
    await post.enrol("Lea", PROVIDER, "left@acme.example", MANAGER, ends_at="2026-01-01T00:00:00.000000Z")
    await post.service.hear(BREACH)
    await post.service.hear("slm.agreement.agreement-agreed.v1")
    told = await post.rows("SELECT person_id, kind FROM mail_delivery")
    assert {(row[0].removeprefix("person of "), row[1]) for row in told} == {
        (ADA, "breach"),
        (CARL, "breach"),
        (ADA, "signature"),
        (CARL, "signature"),
        ("petra@acme.example", "signature"),
    }


async def test_who_left_meanwhile_gets_nothing(post: Post) -> None:
    await post.service.hear(BREACH)
    await post.enrol("Ada Byron", PROVIDER, ADA, MANAGER, ends_at="2026-01-01T00:00:00.000000Z")
    [message] = await post.arrived(1)
    assert message["To"] == CARL
    assert await post.rows("SELECT state FROM mail_message ORDER BY state") == [("dropped",), ("sent",)]


async def test_who_proposed_is_not_told_that_an_answer_is_awaited(post: Post) -> None:
    await post.service.hear("slm.agreement.agreement-proposed.v1", by_party_id=PROVIDER)
    [message] = await post.arrived(1)
    assert message["To"] == CARL and "now you answer" in str(message["Subject"])


@pytest.mark.parametrize("shared", [True, False])
async def test_a_storm_of_one_cause_is_one_mail_to_each(post: Post, shared: bool) -> None:
    ids = [f"breach {number}" for number in range(1_000)]
    for number, breach_id in enumerate(ids):
        await post.service.append(
            BREACH,
            f"0193a5c0-2222-7000-8000-{number:012}",
            breach_id=breach_id,
            service_id=f"s {number if shared else 0}",
        )
    if shared:
        for party_id in (PROVIDER, CUSTOMER):
            await post.tell(_cause(party_id, ids))
    await post.service.handle()
    messages = await post.arrived(2, 60.0)
    assert {str(each["To"]) for each in messages} == {ADA, CARL}
    for each in messages:
        plain, _ = texts(each)
        assert "1000 breached" in str(each["Subject"]) and "… and 980 more." in plain
        assert ("https://slm.acme.example/causes/the-cause" in plain) is shared
    # What comes of the same cause within the time of bundling waits for one more mail.
    await post.service.hear(BREACH, breach_id=ids[0], service_id="s 0")
    await asyncio.sleep(2.5)
    await post.arrived(2)
    assert await post.rows("SELECT count(*) FROM mail_delivery WHERE state = 'waiting'") == [(2,)]


def _cause(party_id: str, breach_ids: list[str]) -> CauseRevised:
    return CauseRevised(
        cause_id="the-cause",
        party_id=party_id,
        revision=0,
        change="created",
        provider_party_id=PROVIDER,
        start_at="2026-11-22T10:00:00.000000Z",
        end_at=None,
        breach_ids=breach_ids,
        published_at="2026-11-22T10:44:00.000000Z",
    )


@pytest.mark.parametrize(
    "name",
    ["Eve\r\nBcc: spy@evil.example", "Eve\nSubject: other", "Eve\u2028\u0085\x0bX: y", "=?utf-8?q?=0d=0aBcc:x?="],
)
async def test_names_cannot_add_a_header(post: Post, name: str) -> None:
    await post.enrol(name, PROVIDER, "eve@acme.example", MANAGER)
    await post.service.hear(BREACH, target_title=name)
    for each in await post.arrived(3):
        assert each["Bcc"] is None and each["X"] is None and len(each.get_all("Subject", [])) == 1
        assert each["To"] in (ADA, CARL, "eve@acme.example")
        plain, html = texts(each)
        assert "\nBcc:" not in plain and "\nSubject:" not in plain and "\nBcc" not in html


async def test_texts_of_others_are_no_html(post: Post) -> None:
    await post.service.hear(BREACH, target_title="<img src='https://evil.example/x'>")
    for each in await post.arrived(2):
        assert "<img" not in texts(each)[1]


@pytest.mark.parametrize("address", ["a@b.example, c@d.example", "a@b.example\nBcc: c@d.example", "nobody"])
async def test_an_address_is_one_recipient_or_none(post: Post, address: str) -> None:
    await post.enrol("Mallory", PROVIDER, address, MANAGER)
    await post.service.hear(BREACH)
    await post.arrived(2)
    assert ("dropped",) in await post.rows("SELECT state FROM mail_message")


async def test_a_server_that_is_away_loses_none(post: Post) -> None:
    post.mailbox.stop()
    await post.service.hear(BREACH)
    await until(lambda: _tried(post))
    await post.service.hear("slm.agreement.agreement-agreed.v1")
    await post.send()
    assert post.mailbox.messages == []
    post.mailbox.start()
    messages = await post.arrived(4, 60.0)
    assert len({each["Message-ID"] for each in messages}) == 4


async def test_what_waits_for_a_server_is_sent_soon_though_the_process_that_tried_was_killed(post: Post) -> None:
    post.mailbox.stop()
    await post.service.hear(BREACH)
    await until(lambda: _tried(post))
    async with post.service.app.database.begin() as transaction:
        # No pause ends within the test, so what arrives was due because another mail was accepted.
        later = real_now() + 3_600 * SECOND
        await transaction.connection.exec_driver_sql(
            f"UPDATE mail_message SET due_at = {later}, is_away = true WHERE state = 'waiting'"
        )
    post.mailbox.start()
    old = post.mailer
    fresh = NotificationMailer(old._desk, old._server, old._links, old._rules, old._limits)
    assert await fresh.step() == 0
    await post.service.hear("slm.agreement.agreement-agreed.v1")

    async def all_arrived() -> bool:
        while await fresh.step():
            await fresh.settle()
        return len(post.mailbox.messages) == 4

    await until(all_arrived)


async def _tried(post: Post) -> bool:
    await post.send()
    return await post.rows("SELECT 1 FROM mail_message WHERE attempts > 0 AND problem <> '' AND is_away") != []


async def test_a_mail_that_is_refused_now_is_repeated_and_one_that_is_refused_for_ever_is_given_up(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post.mailbox.refusal = "451 later"
    await post.service.hear(BREACH)
    await until(lambda: _refused(post, "waiting"))
    post.mailbox.refusal = "554 never"
    await until(lambda: _refused(post, "failed"))
    post.mailbox.refusal = None
    await post.send()
    assert post.mailbox.messages == []
    problems = await post.rows("SELECT problem FROM mail_message")
    assert all("554" in row[0] for row in problems)
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("slm_")]
    assert any("mail not sent" in each for each in ours)
    assert not any(ADA in each or CARL in each for each in ours)


async def _refused(post: Post, state: str) -> bool:
    await post.send()
    rows = await post.rows(f"SELECT 1 FROM mail_message WHERE state = '{state}' AND problem <> ''")
    return len(rows) == 2


async def test_a_repeated_mail_has_its_message_id(post: Post) -> None:
    await post.service.hear(BREACH)
    first = {each["To"]: each["Message-ID"] for each in await post.arrived(2)}
    # As after a kill between the server's reply and the commit.
    async with post.service.app.database.begin() as transaction:
        await transaction.connection.exec_driver_sql("UPDATE mail_message SET state = 'waiting'")
    messages = await post.arrived(4)
    assert {each["To"]: each["Message-ID"] for each in messages[2:]} == first


async def test_people_see_what_they_were_mailed_and_managers_all_of_their_party(post: Post) -> None:
    await post.service.hear(BREACH)
    await post.arrived(2)
    of_ada = {"person_id": f"person of {ADA}", "state": "sent", "kind": "breach", "when": "at_once", "attempts": 1}
    [row] = (await post.service.ask("manager", "GET", "/api/v1/mail-deliveries")).json()["items"]
    assert {name: row[name] for name in of_ada} == of_ada and row["sent_at"] and row["message_id"]
    for who, count in (("viewer", 0), ("stranger", 0), ("customer", 0), ("operator", 2)):
        found = (await post.service.ask(who, "GET", "/api/v1/mail-deliveries")).json()["items"]
        assert len(found) == count, who
    own = (await post.service.ask("manager", "GET", "/api/v1/mail-deliveries", params={"state": "failed"})).json()
    assert own["items"] == []
