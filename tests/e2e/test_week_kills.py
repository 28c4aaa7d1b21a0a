"""``kill -9`` of notification-svc while it writes Monday mails: everybody gets one mail of the week.

The other services are a simulation, in the test's own process.
"""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import asyncpg

from slm_chassis.clock import SystemClock
from slm_events.agreement import PersonRecorded, PrincipalEnrolled
from tests.support.mailing import WAITS_SECONDS, MailingProcess, mailing_process
from tests.support.receiver import ReceivedWebhook, Receiver, receiving
from tests.support.service import until
from tests.unit.notification.test_event_filters import parties_of, sample
from tests.unit.notification.test_weeks import MONTHS, STATE

PEOPLE, KILLS, LEAST = 100, 5, 4
"""``LEAST``: between two kills, the other services are asked in the place of at least this number of people."""
SUMMARY = "/api/v1/summary"


def product(got: ReceivedWebhook) -> tuple[int, bytes]:
    """Answer like the other services about a service that is up, with nothing planned."""
    answers = {
        SUMMARY: {"months": MONTHS, "services": [{"service_id": "s-1", "service_name": "Checkout", **STATE}]},
        "/api/v1/agreement-summary": {"services": {"items": []}, "ending": []},
    }
    return 200, json.dumps(answers.get(got.path.split("?")[0], {"items": [], "next": None})).encode()


async def enrol(process: MailingProcess, number: int) -> None:
    """Let the service hear of a person of the provider."""
    party_id = parties_of(sample("slm.monitor.target-breached.v1"))[0]
    person_id, name = f"person-{number:03}", f"Person {number}"
    person = PersonRecorded(person_id=person_id, party_id=party_id, name=name, email=f"person-{number:03}@acme.example")
    principal = PrincipalEnrolled(
        principal_id=f"principal-{number:03}", party_id=party_id, name=name, roles=["viewer"], person_id=person_id
    )
    await process.append("slm.agreement.person-recorded.v1", person, f"0193a5c0-2222-7000-8000-{number:012}")
    await process.append("slm.agreement.principal-enrolled.v1", principal, f"0193a5c0-3333-7000-8000-{number:012}")


async def test_kills_lose_no_monday_mail_and_write_none_twice(tmp_path: Path, postgres: object) -> None:
    chance = random.Random(4)
    async with receiving() as others:
        others.answering, others.pause = product, 0.15
        url = others.url("")
        urls = {f"SLM_NOTIFICATION_{name}_URL": url for name in ("AGREEMENT", "MONITOR", "REVIEW")}
        async with mailing_process(tmp_path, SLM_NOTIFICATION_MAIL_AT_ONCE="1", **urls) as process:
            connection = await asyncpg.connect(process.database_url)
            try:
                await survived(process, others, connection, chance)
            finally:
                await connection.close()


async def survived(
    process: MailingProcess, others: Receiver, connection: asyncpg.Connection, chance: random.Random
) -> None:
    """Let the mails of all people be due, kill the process while it writes them, and look at what arrived."""

    async def count(table: str) -> int:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table} WHERE person_id LIKE 'person-%'"))

    async def all_known() -> bool:
        return await count("mail_principal") == PEOPLE

    async def all_written() -> bool:
        return await count("mail_delivery") == PEOPLE

    async def all_arrived() -> bool:
        return len(arrived(process)) == PEOPLE

    for number in range(PEOPLE):
        await enrol(process, number)
    await until(all_known, WAITS_SECONDS)
    await connection.execute(
        "INSERT INTO mail_preference (person_id, rules, time_zone, version, monday_service_ids) "
        "SELECT person_id, '{}', 'UTC', 1, '[\"s-1\"]' FROM mail_person WHERE person_id LIKE 'person-%'"
    )
    await connection.execute(
        "INSERT INTO mail_week (person_id, next_at) SELECT person_id, CAST($1 AS bigint) FROM mail_preference",
        SystemClock().now(),
    )
    before = 0
    for _ in range(KILLS):
        await until(lambda least=before + LEAST: has_asked(others, least), WAITS_SECONDS)  # type: ignore[misc]
        await asyncio.sleep(chance.uniform(0.0, 0.2))
        await process.kill()
        assert await count("mail_delivery") < PEOPLE, "the kill came after the last mail was written"
        before = asked(others)
        await process.start()
    await until(all_written, WAITS_SECONDS)
    await until(all_arrived, WAITS_SECONDS)
    # A mail that was on its way at a kill is sent again when its lease has ended.
    await asyncio.sleep(12.0)
    found = arrived(process)
    repeats = sum(len(ids) - 1 for ids in found.values())
    print(f"{KILLS} kills: {PEOPLE} people, {len(found)} mailed, {repeats} repeats, {asked(others)} questions")
    assert await count("mail_delivery") == PEOPLE
    assert all(len(set(ids)) == 1 for ids in found.values())
    assert repeats <= KILLS
    # After a kill the answers for one person are asked for again, because one mail is written after the other.
    assert asked(others) <= PEOPLE + KILLS


def asked(others: Receiver) -> int:
    return sum(each.path.split("?")[0] == SUMMARY for each in others.got)


async def has_asked(others: Receiver, count: int) -> bool:
    return asked(others) >= count


def arrived(process: MailingProcess) -> dict[str, list[str]]:
    """Address of each person whose Monday mail has arrived → the Message-IDs of the mails."""
    found: dict[str, list[str]] = {}
    for each in process.mailbox.messages:
        if str(each["Subject"]).startswith("Your Monday"):
            found.setdefault(str(each["To"]), []).append(str(each["Message-ID"]))
    return found
