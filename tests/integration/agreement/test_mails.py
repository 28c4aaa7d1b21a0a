"""A mail leaves once the change that it is about is committed, whatever the mail server does meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_agreement.adapters.smtp import MailSender
from slm_agreement.settings import AgreementSettings
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest
from tests.support.mailbox import Mailbox, link_in

LISE = "lise@example.com"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
async def mailing(database_url: str, mailbox: Mailbox) -> AsyncIterator[AgreementUnderTest]:
    service = await AgreementUnderTest.open(
        database_url, smtp_url=mailbox.url, mail_from="SLM <slm@example.com>", console_url="https://slm.example.com/"
    )
    yield service
    await service.close()


@pytest.fixture
async def cast(mailing: AgreementUnderTest) -> Cast:
    return await negotiation.gather_cast(mailing.client, OPERATOR_KEY)


def _sender(service: AgreementUnderTest) -> MailSender:
    return next(worker for worker in service.app.workers if isinstance(worker, MailSender))


async def _waiting(service: AgreementUnderTest) -> list[tuple[int, str]]:
    async with service.app.database.read() as connection:
        rows = await connection.exec_driver_sql("SELECT tries, text FROM mail")
        return [(row[0], row[1]) for row in rows]


async def test_an_invitation_is_mailed_and_its_code_not_shown(
    mailing: AgreementUnderTest, mailbox: Mailbox, cast: Cast
) -> None:
    body = {"alias": "The bakery", "email": "Emil@bakery.example"}
    made = await negotiation.post(mailing.client, cast.provider_manager_key, "/api/v1/invitations", body)
    assert (made["code"], made["link"]) == (None, None)
    assert await _sender(mailing).step()
    [text] = mailbox.to("Emil@bakery.example")
    assert "Ada Byron of Acme Hosting invites you (The bakery)" in text and "2026-12-06" in text
    link = link_in(text)
    assert link.startswith("https://slm.example.com/invitations/slm_")
    newcomer = {"party": {"key": "bakery", "name": "The Bakery"}, "person": {"key": "emil", "name": "Emil"}}
    code, _, query = link.rpartition("/")[2].partition("?")
    assert query == "for=company", "the page asks a company who it is"
    answer = await mailing.ask(
        code, "POST", "/api/v1/invitations/accept", {**newcomer, "password": "eleven green bottles"}
    )
    assert answer[0] == 200
    assert await _waiting(mailing) == [] and not await _sender(mailing).step()


async def test_an_invitation_without_an_address_shows_its_code(
    mailing: AgreementUnderTest, mailbox: Mailbox, cast: Cast
) -> None:
    made = await negotiation.post(mailing.client, cast.provider_manager_key, "/api/v1/invitations", {})
    assert made["code"] and not await _sender(mailing).step()


async def test_the_invitation_of_who_signs_is_mailed_and_shown_to_nobody(
    mailing: AgreementUnderTest, mailbox: Mailbox, cast: Cast
) -> None:
    made = await negotiation.post(
        mailing.client, cast.provider_manager_key, "/api/v1/invitations", {"email": "emil@bakery.example"}
    )
    assert made["code"] is None and await _sender(mailing).step()
    code = link_in(mailbox.to("emil@bakery.example")[0]).rpartition("/")[2].partition("?")[0]
    reply = {
        "party": {"key": "bakery", "name": "The Bakery"},
        "person": {"key": "emil", "name": "Emil"},
        "signatory": {"name": "Rosa", "email": "rosa@bakery.example"},
        "password": "eleven green bottles",
    }
    status, answer = await mailing.ask(code, "POST", "/api/v1/invitations/accept", reply)
    assert (status, answer["signatory_link"]) == (200, None), answer
    assert await _sender(mailing).step()
    [text] = mailbox.to("rosa@bakery.example")
    assert "Emil of The Bakery invites you (Rosa)" in text
    code = link_in(text).rpartition("/")[2]
    status, session = await mailing.ask(
        code, "POST", "/api/v1/invitations/accept", {"password": "eleven green bottles"}
    )
    me = (await mailing.ask(session["key"], "GET", "/api/v1/me"))[1]
    assert (status, me["person"]["name"], me["may_sign"]) == (200, "Rosa", True)


async def test_the_first_start_mails_the_invitation_of_who_signs(mailing: AgreementUnderTest, mailbox: Mailbox) -> None:
    made = await negotiation.post(mailing.client, OPERATOR_KEY, "/api/v1/installation/links", {})
    body = {
        "code": made["code"],
        "name": "Northhost",
        "party": {"name": "Northhost GmbH"},
        "person": {"name": "Sam Keller", "email": "sam@northhost.example"},
        "signatory": {"name": "Petra Vogel", "email": "petra@northhost.example"},
        "password": "eleven green bottles",
    }
    answer = (await mailing.client.post("/api/v1/installation", json=body)).json()
    assert answer["signatory_link"] is None, answer
    assert await _sender(mailing).step()
    [text] = mailbox.to("petra@northhost.example")
    assert "Sam Keller of Northhost GmbH invites you (Petra Vogel)" in text and "/invitations/slm_" in text


async def test_a_refused_mail_is_tried_again_and_given_up(
    mailing: AgreementUnderTest, mailbox: Mailbox, cast: Cast
) -> None:
    mailbox.refusal = "451 later"
    await negotiation.post(mailing.client, cast.provider_manager_key, "/api/v1/invitations", {"email": LISE})
    assert await _sender(mailing).step() and not await _sender(mailing).step()
    await mailing.move_to("2026-11-22T10:01:00Z")
    mailbox.refusal = "554 never"
    assert await _sender(mailing).step()
    await mailing.move_to("2026-11-24T10:00:00Z")
    assert not await _sender(mailing).step()
    # What was given up keeps no secret.
    assert await _waiting(mailing) == [(2, "")]


async def test_a_mail_outlives_a_mail_server_that_is_away(
    mailing: AgreementUnderTest, mailbox: Mailbox, cast: Cast
) -> None:
    mailbox.stop()
    await negotiation.post(mailing.client, cast.provider_manager_key, "/api/v1/invitations", {"email": LISE})
    assert await _sender(mailing).step()
    [(tries, text)] = await _waiting(mailing)
    assert tries == 1 and "https://" in text
    await mailing.move_to("2026-11-22T10:02:00Z")
    mailbox.start()
    assert await _sender(mailing).step()
    assert len(mailbox.to(LISE)) == 1


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "nobody", "<a@b>"])
async def test_an_address_takes_one_recipient(mailing: AgreementUnderTest, cast: Cast, address: str) -> None:
    body = {"email": address}
    status, problem = await mailing.ask(cast.provider_manager_key, "POST", "/api/v1/invitations", body)
    assert (status, problem["errors"][0]["field"]) == (422, "email")
    assert await _waiting(mailing) == []


async def test_names_of_others_stay_in_their_line(mailing: AgreementUnderTest, mailbox: Mailbox, cast: Cast) -> None:
    body = {"email": LISE, "alias": "Lise\n\nOpen https://evil.example instead\n"}
    await negotiation.post(mailing.client, cast.provider_manager_key, "/api/v1/invitations", body)
    assert await _sender(mailing).step()
    [text] = mailbox.to(LISE)
    assert "\n\nOpen https://evil.example" not in text


def test_a_mail_server_needs_a_sender_and_the_consoles_address() -> None:
    for given in (
        {"smtp_url": "smtp://localhost"},
        {"smtp_url": "http://localhost", "mail_from": "a@b.example", "console_url": "https://c.example"},
    ):
        with pytest.raises(ValueError, match=r"SLM_MAIL_FROM|smtp://host"):
            AgreementSettings(**given)
