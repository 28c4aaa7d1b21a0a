"""A guest reads and signs one agreement, with a link and a code that went to the address on record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_agreement.adapters.smtp import MailSender
from slm_chassis.access import hash_of
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest
from tests.support.mailbox import Mailbox, code_in, link_in

EMMY = "emmy@example.com"


@dataclass
class Scene:
    """An agreement that both parties accepted, and Emmy, who signs for the customer and never logs in."""

    service: AgreementUnderTest
    mailbox: Mailbox
    cast: Cast
    agreement: dict[str, Any]
    emmy: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/api/v1/agreements/{self.agreement['agreement_id']}"

    async def mails(self) -> None:
        sender = next(worker for worker in self.service.app.workers if isinstance(worker, MailSender))
        while await sender.step():
            pass

    async def send_link(self, by: str, person_id: str = "") -> tuple[int, dict[str, Any]]:
        body = {"person_id": person_id or self.emmy["person"]["person_id"]}
        return await self.service.ask(by, "POST", f"{self.path}/guest-links", body)

    async def link(self) -> str:
        """A link for Emmy from the provider's manager, as it came by mail."""
        assert (await self.send_link(self.cast.provider_manager_key))[0] == 201
        await self.mails()
        return link_in(self.mailbox.to(EMMY)[-1]).rpartition("/guest/")[2]

    async def post(self, path: str, **body: str) -> tuple[int, dict[str, Any]]:
        response = await self.service.client.post(f"/api/v1/{path}", json=body)
        return response.status_code, response.json()

    async def code(self, link: str) -> str:
        assert (await self.post("guest-sessions/codes", link=link))[0] == 202
        await self.mails()
        return code_in(self.mailbox.to(EMMY)[-1])

    async def key(self) -> str:
        link = await self.link()
        status, session = await self.post("guest-sessions", link=link, code=await self.code(link))
        assert status == 201, session
        return str(session["key"])


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
async def scene(database_url: str, mailbox: Mailbox) -> AsyncIterator[Scene]:
    service = await AgreementUnderTest.open(
        database_url, smtp_url=mailbox.url, mail_from="SLM <slm@example.com>", console_url="https://slm.example.com"
    )
    client = service.client
    cast = await negotiation.gather_cast(client, OPERATOR_KEY)
    await negotiation.record_requirement(client, cast)
    drafted = await negotiation.draft_agreement(client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY)
    proposed = await negotiation.propose_draft(client, cast, drafted)
    countered = await negotiation.make_counter_proposal(
        client, cast, proposed, terms.counter_proposal(proposed["document"])
    )
    agreed = await negotiation.accept_counter_proposal(client, cast, countered)
    _, emmy = await service.ask(cast.customer_signatory_key, "GET", "/api/v1/me")
    yield Scene(service, mailbox, cast, agreed, emmy)
    await service.close()


async def test_a_guest_reads_comments_and_signs_by_a_mailed_code(scene: Scene) -> None:
    key = await scene.key()
    ask = scene.service.ask
    me = (await ask(key, "GET", "/api/v1/me"))[1]
    assert (me["identified_by"], me["expires_at"]) == ("mail_code", "2026-12-22T10:00:00.000000Z")
    assert (await ask(key, "GET", scene.path))[0] == 200
    revision_hash = scene.agreement["revision"]["hash"]
    comment = {"revision_hash": revision_hash, "text": "Good."}
    assert (await ask(key, "POST", f"{scene.path}/comments", comment))[0] == 201
    status, signed = await ask(key, "POST", f"{scene.path}/sign", {"revision_hash": revision_hash})
    assert status == 200, signed
    [signature] = signed["signatures"]
    assert (signature["name"], signature["identified_by"]) == ("Emmy Noether", "mail_code")
    assert (await ask(key, "DELETE", "/api/v1/sessions/current"))[0] == 204
    assert (await ask(key, "GET", scene.path))[0] == 401


async def test_a_guests_key_reaches_nothing_else(scene: Scene) -> None:
    key = await scene.key()
    principal = f"/api/v1/principals/{scene.emmy['principal_id']}"
    other = scene.path.replace(scene.agreement["agreement_id"], scene.emmy["principal_id"])
    for method, path in (
        ("GET", other),
        ("GET", "/api/v1/agreements"),
        ("GET", f"{scene.path}x"),
        ("GET", "/api/v1/people"),
        ("GET", principal),
        ("POST", f"{principal}/keys"),
        ("POST", "/api/v1/me/password"),
        ("GET", "/api/v1/sessions"),
        ("POST", f"{scene.path}/terminate"),
        ("POST", f"{scene.path}/guest-links"),
        ("POST", f"{scene.path}/withdraw"),
        ("DELETE", f"/api/v1/sessions/{scene.emmy['principal_id']}"),
    ):
        status, problem = await scene.service.ask(key, method, path, {} if method == "POST" else None)
        assert (status, problem["type"]) == (404, "/problems/not-found"), (method, path)


async def test_the_sender_chooses_the_person_and_never_the_mailbox(scene: Scene) -> None:
    status, link = await scene.send_link(scene.cast.provider_manager_key)
    assert status == 201 and EMMY not in str(link) and "slm_" not in str(link)
    await scene.mails()
    assert [message["To"] for message in scene.mailbox.messages] == [EMMY]
    body = {"person_id": scene.emmy["person"]["person_id"], "email": "mallory@example.com"}
    path = f"{scene.path}/guest-links"
    assert (await scene.service.ask(scene.cast.provider_manager_key, "POST", path, body))[0] == 422


async def test_people_of_the_other_side_are_not_told_apart(scene: Scene) -> None:
    body = {"key": "max", "name": "Max"}
    without_address = await negotiation.post(
        scene.service.client, scene.cast.customer_manager_key, "/api/v1/people", body
    )
    unknown = "0193a5c0-7a00-7000-8000-000000000001"
    answers = [
        await scene.send_link(scene.cast.provider_manager_key, each) for each in (without_address["person_id"], unknown)
    ]
    assert [status for status, _ in answers] == [404, 404]
    assert len({problem["detail"].split("'")[2] for _, problem in answers}) == 1
    assert (await scene.send_link(scene.cast.customer_manager_key, without_address["person_id"]))[0] == 422


async def test_only_managers_of_the_two_parties_send_links(scene: Scene) -> None:
    for key in (scene.cast.viewer_key, scene.cast.provider_signatory_key, OPERATOR_KEY):
        assert (await scene.send_link(key))[0] == 403


async def test_a_draft_that_the_guest_may_not_see_is_not_sent(scene: Scene) -> None:
    document = terms.agreement_document(EFFECTIVE)
    drafted = await negotiation.draft_agreement(scene.service.client, scene.cast, document, "another")
    path = f"/api/v1/agreements/{drafted['agreement_id']}/guest-links"
    body = {"person_id": scene.emmy["person"]["person_id"]}
    assert (await scene.service.ask(scene.cast.provider_manager_key, "POST", path, body))[0] == 404


async def test_a_guessed_or_expired_link_is_not_found(scene: Scene) -> None:
    link = await scene.link()
    code = await scene.code(link)
    wrong = "slm_" + "a" * 43
    assert (await scene.post("guest-sessions/codes", link=wrong))[0] == 404
    assert (await scene.post("guest-sessions", link=wrong, code=code))[0] == 404
    await scene.service.move_to("2026-12-22T10:00:00Z")
    assert (await scene.post("guest-sessions/codes", link=link))[0] == 404
    assert (await scene.post("guest-sessions", link=link, code=code))[0] == 404


async def test_a_guests_session_ends_with_the_link(scene: Scene) -> None:
    key = await scene.key()
    await scene.service.move_to("2026-12-22T09:59:59Z")
    assert (await scene.service.ask(key, "GET", scene.path))[0] == 200
    await scene.service.move_to("2026-12-22T10:00:00Z")
    assert (await scene.service.ask(key, "GET", scene.path))[0] == 401


async def test_a_code_works_once_and_for_ten_minutes(scene: Scene) -> None:
    link = await scene.link()
    code = await scene.code(link)
    assert (await scene.post("guest-sessions", link=link, code=code))[0] == 201
    assert (await scene.post("guest-sessions", link=link, code=code))[0] == 401
    old, new = await scene.code(link), await scene.code(link)
    if old != new:
        assert (await scene.post("guest-sessions", link=link, code=old))[0] == 401
    await scene.service.move_to("2026-11-22T10:10:00Z")
    assert (await scene.post("guest-sessions", link=link, code=new))[0] == 401


async def test_guesses_are_limited_and_end_the_link(scene: Scene) -> None:
    link = await scene.link()
    code = await scene.code(link)
    wrong = "000000" if code != "000000" else "000001"
    for quarter in range(4):
        await scene.service.move_to(f"2026-11-22T{10 + quarter // 4}:{15 * (quarter % 4):02}:00Z")
        answers = [(await scene.post("guest-sessions", link=link, code=wrong))[0] for _ in range(6)]
        assert answers == [401] * 5 + [429]
    await scene.service.move_to("2026-11-22T12:00:00Z")
    assert (await scene.post("guest-sessions/codes", link=link))[0] == 404


async def test_links_and_codes_are_not_mailed_without_end(scene: Scene) -> None:
    link = await scene.link()
    codes = [(await scene.post("guest-sessions/codes", link=link))[0] for _ in range(6)]
    assert codes == [202] * 5 + [429]
    links = [(await scene.send_link(scene.cast.provider_manager_key))[0] for _ in range(5)]
    assert links == [201] * 4 + [429]


async def test_a_link_is_void_when_the_person_has_another_address(scene: Scene) -> None:
    link = await scene.link()
    code = await scene.code(link)
    person = scene.emmy["person"]
    edit = {"name": person["name"], "email": "emmy@elsewhere.example", "mandates": person["mandates"]}
    path = f"/api/v1/people/{person['person_id']}"
    assert (await scene.service.ask(scene.cast.customer_manager_key, "PUT", path, edit, if_match="*"))[0] == 403
    assert (await scene.service.ask(OPERATOR_KEY, "PUT", path, edit, if_match="*"))[0] == 200
    assert (await scene.post("guest-sessions", link=link, code=code))[0] == 404


async def test_mandates_hold_for_guests(scene: Scene) -> None:
    key = await scene.key()
    person = scene.emmy["person"]
    edit = {"name": person["name"], "email": EMMY, "mandates": []}
    path = f"/api/v1/people/{person['person_id']}"
    assert (await scene.service.ask(OPERATOR_KEY, "PUT", path, edit, if_match="*"))[0] == 200
    body = {"revision_hash": scene.agreement["revision"]["hash"]}
    assert (await scene.service.ask(key, "POST", f"{scene.path}/sign", body))[0] == 403


async def test_no_secret_of_a_guest_is_stored(scene: Scene) -> None:
    link = await scene.link()
    code = await scene.code(link)
    async with scene.service.app.database.read() as connection:
        for table in ("guest_link", "audit", "attempt", "mail"):
            rows = str((await connection.exec_driver_sql(f"SELECT * FROM {table}")).all())
            assert link not in rows and f"'{code}'" not in rows and hash_of(code) not in rows


async def test_without_a_mail_server_guests_are_refused(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    drafted = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    path, body = f"/api/v1/agreements/{drafted['agreement_id']}/guest-links", {"person_id": "x"}
    status, problem = await service.ask(cast.provider_manager_key, "POST", path, body)
    assert (status, problem["type"]) == (409, "/problems/mail-needed")


async def test_a_withdrawn_link_ends_with_its_sessions(scene: Scene) -> None:
    key, ask = await scene.key(), scene.service.ask
    other = await scene.link()
    manager = scene.cast.provider_manager_key
    first, second = (await ask(manager, "GET", "/api/v1/guest-links"))[1]["items"]
    assert (first["state"], first["created_by"], first["withdrawn_at"]) == ("open", "Ada Byron", None)
    assert EMMY not in str(first) and "slm_" not in str(first)
    path = f"/api/v1/guest-links/{first['link_id']}/withdraw"
    for refused, status in (
        (scene.cast.customer_manager_key, 404),
        (scene.cast.provider_signatory_key, 403),
        (key, 404),
    ):
        assert (await ask(refused, "POST", path))[0] == status
    for _ in range(2):
        status, ended = await ask(manager, "POST", path)
        assert (status, ended["state"], ended["withdrawn_at"]) == (200, "withdrawn", "2026-11-22T10:00:00.000000Z")
    assert (await ask(key, "GET", scene.path))[0] == 401
    assert (await ask(scene.cast.customer_signatory_key, "GET", scene.path))[0] == 200
    assert (await scene.post("guest-sessions/codes", link=other))[0] == 202
    assert (await ask(manager, "POST", f"/api/v1/guest-links/{second['link_id']}/withdraw"))[0] == 200
    assert (await scene.post("guest-sessions/codes", link=other))[0] == 404


async def test_a_party_lists_only_the_links_that_it_sent(scene: Scene) -> None:
    await scene.link()
    ask = scene.service.ask
    assert (await ask(scene.cast.customer_manager_key, "GET", "/api/v1/guest-links"))[1]["items"] == []
    assert (await ask(scene.cast.customer_signatory_key, "GET", "/api/v1/guest-links"))[1]["items"] == []
    mine = f"/api/v1/guest-links?agreement_id={scene.agreement['agreement_id']}"
    [link] = (await ask(scene.cast.provider_signatory_key, "GET", mine))[1]["items"]
    assert link["person_id"] == scene.emmy["person"]["person_id"]
    other = f"/api/v1/guest-links?agreement_id={scene.emmy['principal_id']}"
    assert (await ask(scene.cast.provider_manager_key, "GET", other))[1]["items"] == []


async def test_the_other_side_does_not_read_to_whom_links_were_sent(scene: Scene) -> None:
    await scene.link()
    for key, seen in ((scene.cast.provider_manager_key, True), (scene.cast.customer_manager_key, False)):
        events = (await scene.service.ask(key, "GET", f"{scene.path}/events"))[1]["items"]
        assert ("guest-link.send" in {each["action"] for each in events}) is seen
        trail = (await scene.service.ask(key, "GET", "/api/v1/audit-entries?action=guest-link"))[1]["items"]
        assert bool(trail) is seen
