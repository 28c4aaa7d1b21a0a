"""Who reads a mailbox gets the account of its address, also where somebody else named the address first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_agreement.adapters.smtp import MailSender
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest
from tests.support.mailbox import Mailbox, link_in

LISE = "lise@example.com"
HERS, THEIRS = "eleven green bottles", "twelve other bottles"


@dataclass
class Mailing:
    """A service that sends mails, and the two parties."""

    service: AgreementUnderTest
    mailbox: Mailbox
    cast: Cast

    async def enrol(self, manager: str, key: str) -> str:
        """A viewer with Lise's address; return the id of the principal."""
        client = self.service.client
        about = {"key": key, "name": key.title()}
        person = await negotiation.post(client, manager, "/api/v1/people", {**about, "email": LISE})
        body = {**about, "roles": ["viewer"], "person_id": person["person_id"]}
        return str((await negotiation.post(client, manager, "/api/v1/principals", body))["principal_id"])

    async def code(self, manager: str, principal_id: str, *, mailed: bool) -> str:
        body = {"principal_id": principal_id, **({"email": LISE} if mailed else {})}
        made = await negotiation.post(self.service.client, manager, "/api/v1/invitations", body)
        if not mailed:
            return str(made["code"])
        sender = next(worker for worker in self.service.app.workers if isinstance(worker, MailSender))
        while await sender.step():
            pass
        return link_in(self.mailbox.to(LISE)[-1]).rpartition("/")[2]

    async def accept(self, code: str, password: str, **more: Any) -> tuple[int, dict[str, Any]]:
        return await self.service.ask(code, "POST", "/api/v1/invitations/accept", {"password": password, **more})

    async def log_in(self, password: str) -> int:
        body = {"email": LISE, "password": password}
        return (await self.service.client.post("/api/v1/sessions", json=body)).status_code

    async def squatted(self, *, mailed: bool = False) -> str:
        """The customer's manager names Lise's address first, and sets a password; return the principal's id."""
        manager = self.cast.customer_manager_key
        principal_id = await self.enrol(manager, "squatter")
        status, _ = await self.accept(await self.code(manager, principal_id, mailed=mailed), THEIRS)
        assert status == 200
        return principal_id


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
async def mailing(database_url: str, mailbox: Mailbox) -> AsyncIterator[Mailing]:
    service = await AgreementUnderTest.open(
        database_url, smtp_url=mailbox.url, mail_from="SLM <slm@example.com>", console_url="https://slm.example.com"
    )
    yield Mailing(service, mailbox, await negotiation.gather_cast(service.client, OPERATOR_KEY))
    await service.close()


async def test_who_got_the_code_by_mail_takes_an_address_that_nobody_proved(mailing: Mailing) -> None:
    squatter = await mailing.squatted()
    manager = mailing.cast.provider_manager_key
    code = await mailing.code(manager, await mailing.enrol(manager, "lise"), mailed=True)
    status, problem = await mailing.accept(code, HERS)
    assert (status, problem["type"]) == (409, "/problems/address-taken")
    assert "take_address" in problem["detail"]
    assert await mailing.log_in(THEIRS) == 201
    assert (await mailing.accept(code, HERS, take_address=True))[0] == 200
    assert (await mailing.log_in(HERS), await mailing.log_in(THEIRS)) == (201, 401)
    query = f"/api/v1/audit-entries?action=account&subject_id={squatter}"
    for key, seen in ((mailing.cast.customer_manager_key, 1), (manager, 0)):
        assert len((await mailing.service.ask(key, "GET", query))[1]["items"]) == seen


async def test_a_code_that_was_passed_on_takes_no_address(mailing: Mailing) -> None:
    await mailing.squatted()
    manager = mailing.cast.provider_manager_key
    code = await mailing.code(manager, await mailing.enrol(manager, "lise"), mailed=False)
    assert (await mailing.accept(code, HERS, take_address=True))[0] == 409
    assert (await mailing.log_in(HERS), await mailing.log_in(THEIRS)) == (401, 201)


async def test_a_proven_address_is_not_taken(mailing: Mailing) -> None:
    await mailing.squatted(mailed=True)
    manager = mailing.cast.provider_manager_key
    code = await mailing.code(manager, await mailing.enrol(manager, "lise"), mailed=True)
    status, problem = await mailing.accept(code, HERS, take_address=True)
    assert status == 409 and "take_address" not in problem["detail"]
    assert await mailing.log_in(THEIRS) == 201


async def test_who_was_deactivated_holds_no_address(mailing: Mailing) -> None:
    squatter = await mailing.squatted(mailed=True)
    path = f"/api/v1/principals/{squatter}/deactivate"
    assert (await mailing.service.ask(OPERATOR_KEY, "POST", path))[0] == 200
    manager = mailing.cast.provider_manager_key
    code = await mailing.code(manager, await mailing.enrol(manager, "lise"), mailed=False)
    assert (await mailing.accept(code, HERS))[0] == 200
    assert (await mailing.log_in(HERS), await mailing.log_in(THEIRS)) == (201, 401)
