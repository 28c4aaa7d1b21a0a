"""The storage of mails in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import RowMapping, Table, text
from sqlalchemy.dialects.postgresql import insert

from slm_chassis.clock import SECOND, real_now
from slm_chassis.database import Database, Transaction
from slm_chassis.sql_ledger import SqlLedgerOfTransaction, SqlRepository, upsert
from slm_events.instants import UtcMicroseconds
from slm_notification.adapters.mail_tables import (
    mail_agreement,
    mail_cause,
    mail_delivery,
    mail_person,
    mail_preference,
    mail_principal,
)
from slm_notification.adapters.sql_weeks import choose_week
from slm_notification.application.mail_ports import (
    ClaimedMail,
    FailedMail,
    MailContent,
    MailedNotice,
    NewMailDelivery,
)
from slm_notification.domain.bundles import Bundle, WaitingDelivery, bundles_of, when_to_make
from slm_notification.domain.notices import FINDINGS
from slm_notification.domain.readers import MAIL, Preference, Reader, mail_delivery_id

_MOST_OF_A_PERSON = 20_000
_READERS = """
    SELECT p.person_id, p.party_id, p.name, p.email, c.rules, coalesce(c.time_zone, 'UTC') AS time_zone, (
        SELECT array_agg(DISTINCT role ORDER BY role) FROM mail_principal AS q, unnest(q.roles) AS role
        WHERE q.person_id = p.person_id AND (q.ends_at IS NULL OR q.ends_at > :now)
    ) AS roles, (
        SELECT min(q.principal_id) FROM mail_principal AS q
        WHERE q.person_id = p.person_id AND (q.ends_at IS NULL OR q.ends_at > :now)
    ) AS principal_id
    FROM mail_person AS p LEFT JOIN mail_preference AS c ON c.person_id = p.person_id
    WHERE p.email <> '' AND EXISTS (
        SELECT 1 FROM mail_principal AS q
        WHERE q.person_id = p.person_id AND (q.ends_at IS NULL OR q.ends_at > :now)
    )
"""
_READERS_OF = text(f"{_READERS} AND p.party_id = ANY(CAST(:party_ids AS text[])) ORDER BY p.person_id")
_READER = text(f"{_READERS} AND p.person_id = :person_id")
_PEOPLE_WITH_DUE = text("""
    SELECT DISTINCT person_id FROM mail_delivery
    WHERE state = 'waiting' AND message_id IS NULL AND due_at <= :now LIMIT :limit
""")
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('mails of ' || :person_id, 0))")
_WAITING = text("""
    SELECT d.delivery_id, d.kind, d.is_digest, d.bundle, c.cause_id, d.stored_at, d.due_at
    FROM mail_delivery AS d LEFT JOIN mail_cause AS c ON c.party_id = d.party_id AND c.finding_id = d.finding_id
    WHERE d.person_id = :person_id AND d.state = 'waiting' AND d.message_id IS NULL AND d.due_at <= :now
    ORDER BY d.stored_at, d.delivery_id LIMIT :most
""")
_MADE = text("""
    SELECT bundle, max(made_at) AS made_at FROM mail_message
    WHERE person_id = :person_id AND bundle = ANY(CAST(:bundles AS text[])) AND made_at > :since
    GROUP BY bundle
""")
_MAKE = text("""
    INSERT INTO mail_message (message_id, person_id, party_id, bundle, cause_id, is_digest, state, attempts, is_away,
        problem, created_at, made_at, due_at)
    SELECT delivery_id, person_id, party_id, CAST(:bundle AS text), CAST(:cause_id AS text), is_digest, 'waiting', 0,
        false, '', CAST(:created_at AS bigint), CAST(:now AS bigint), CAST(:now AS bigint)
    FROM mail_delivery WHERE delivery_id = :first
""")
_BIND = text("UPDATE mail_delivery SET message_id = :first WHERE delivery_id = ANY(CAST(:delivery_ids AS text[]))")
_HOLD = text("UPDATE mail_delivery SET due_at = :due_at WHERE delivery_id = ANY(CAST(:delivery_ids AS text[]))")
_CLAIM = text("""
    UPDATE mail_message AS m
    SET leased_until = :leased_until, attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, :now)
    FROM (
        SELECT message_id FROM mail_message
        WHERE state = 'waiting' AND due_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE m.message_id = due.message_id
    RETURNING m.message_id, m.person_id, m.cause_id, m.is_digest, m.attempts, m.first_attempt_at, m.created_at,
        m.leased_until
""")
_CONTENT = text("""
    SELECT d.kind, d.content, a.title, d.agreement_id
    FROM mail_delivery AS d LEFT JOIN mail_agreement AS a ON a.agreement_id = d.agreement_id
    WHERE d.message_id = :message_id ORDER BY d.stored_at, d.delivery_id LIMIT :most
""")
_COUNT = text("SELECT count(*) FROM mail_delivery WHERE message_id = :message_id")
# In any state, because the mail server has accepted the mail.
_SENT = text("""
    UPDATE mail_message SET state = 'sent', sent_at = :now, leased_until = NULL, problem = '', is_away = false
    WHERE message_id = :message_id
""")
_HASTEN = text("UPDATE mail_message SET due_at = :now WHERE state = 'waiting' AND is_away AND due_at > :now")
_NOT_SENT = text("""
    UPDATE mail_message
    SET state = :state, due_at = coalesce(CAST(:due_at AS bigint), due_at), leased_until = NULL, problem = :problem,
        is_away = :is_away
    WHERE message_id = :message_id AND state = 'waiting' AND leased_until = :leased_until
""")
_STATE_OF_DELIVERIES = text("""
    UPDATE mail_delivery AS d SET state = m.state FROM mail_message AS m
    WHERE m.message_id = :message_id AND d.message_id = m.message_id AND d.state <> m.state
""")
_PRUNE = (
    text("DELETE FROM mail_delivery WHERE stored_at < :before"),
    text("DELETE FROM mail_cause WHERE stored_at < :before"),
)
_PRUNE_MAILS = text("DELETE FROM mail_message WHERE made_at < :before")


class SqlMailLedger(SqlLedgerOfTransaction):
    """The storage of mails and preferences within one transaction."""

    async def put_people(self, rows: Collection[Mapping[str, Any]]) -> None:
        """Insert or replace people: ``person_id``, ``party_id``, ``name`` and ``email`` of each."""
        await self._put(mail_person, rows, "person_id")

    async def put_principals(self, rows: Collection[Mapping[str, Any]]) -> None:
        """Insert or replace principals: ``principal_id``, ``person_id``, ``roles`` and ``ends_at`` of each."""
        await self._put(mail_principal, rows, "principal_id")

    async def put_titles(self, titles: Mapping[str, str]) -> None:
        """Store the titles of agreements, by id."""
        rows = [{"agreement_id": agreement_id, "title": title} for agreement_id, title in titles.items()]
        await self._put(mail_agreement, rows, "agreement_id")

    async def put_causes(self, causes: Mapping[tuple[str, str], str]) -> None:
        """Store the causes of breaches and risks.

        ``causes``: keys are (id of the party that sees the cause, id of the breach or risk), values the cause's id.
        """
        stored_at = real_now()
        rows = [
            {"party_id": party_id, "finding_id": finding_id, "cause_id": cause_id, "stored_at": stored_at}
            for (party_id, finding_id), cause_id in causes.items()
        ]
        await self._put(mail_cause, rows, "finding_id")

    async def readers_of(self, party_ids: Collection[str]) -> Sequence[Reader]:
        """Return the people of these parties who have a mail address and may log in now."""
        asked = {"party_ids": sorted(party_ids), "now": self.now}
        return [_reader(row) for row in (await self._transaction.execute(_READERS_OF, asked)).mappings()]

    async def add_mail_deliveries(self, deliveries: Sequence[NewMailDelivery]) -> None:
        """Store deliveries. Those that are stored already are not changed."""
        if deliveries:
            rows = [self._row(each) for each in deliveries]
            await self._transaction.execute(insert(mail_delivery).on_conflict_do_nothing(), rows)

    async def preference(self, person_id: str) -> Preference | None:
        """Return the choices of a person about mails; None if the person has not chosen anything yet."""
        return await SqlRepository(self._transaction, mail_preference, Preference).get(person_id)

    async def put_preference(self, preference: Preference) -> None:
        """Insert or replace the choices of a person about mails."""
        await SqlRepository(self._transaction, mail_preference, Preference).put(preference)
        await choose_week(self._transaction, preference)

    async def _put(self, table: Table, rows: Collection[Mapping[str, Any]], key: str) -> None:
        if rows:
            # Sorted, so that two transactions do not wait for each other.
            await self._transaction.execute(upsert(table), sorted(rows, key=lambda row: str(row[key])))

    def _row(self, new: NewMailDelivery) -> dict[str, Any]:
        notice, delivery_id = new.notice, mail_delivery_id(new.reader.person_id, new.event_id)
        lines = [list(line) for line in notice.lines]
        return {
            "delivery_id": delivery_id,
            "event_id": new.event_id,
            "person_id": new.reader.person_id,
            "channel": MAIL,
            "party_id": new.reader.party_id,
            "event_type": new.event_type,
            "agreement_id": new.agreement_id,
            "kind": notice.kind,
            "severity": notice.severity,
            "is_digest": new.is_digest,
            "content": {"headline": notice.headline, "lines": lines, "path": notice.path},
            "finding_id": notice.finding_id,
            "bundle": f"{notice.kind}:{notice.service_id}" if notice.kind in FINDINGS else delivery_id,
            "state": "waiting",
            "created_at": self.now,
            "stored_at": real_now(),
            "due_at": new.due_at,
        }


class SqlMailDesk:
    """The storage of mails, each call in its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlMailLedger]:
        """Open a transaction and yield its ledger; the changes commit when the ``async with`` ends."""
        async with self._database.begin() as transaction:
            yield SqlMailLedger(transaction)

    async def people_with_due(self, limit: int) -> Sequence[str]:
        """Return the ids of at most ``limit`` people who have due deliveries that are not in a mail yet."""
        async with self._database.read() as connection:
            rows = await connection.execute(_PEOPLE_WITH_DUE, {"now": real_now(), "limit": limit})
            return list(rows.scalars())

    async def make_mails(self, person_id: str, together: int) -> int:
        """Make mails from a person's waiting deliveries. Deliveries that belong together become one mail. Return the
        number of mails made.

        Two mails about the same cause are made at least ``together`` microseconds apart.
        """
        made = 0
        async with self._database.begin() as transaction:
            if not (await transaction.execute(_TRY_LOCK, {"person_id": person_id})).scalar_one():
                return 0  # Another process makes them.
            now = real_now()
            asked = {"person_id": person_id, "now": now, "most": _MOST_OF_A_PERSON}
            rows = (await transaction.execute(_WAITING, asked)).mappings()
            bundles = bundles_of([WaitingDelivery(**row) for row in rows])
            latest = await _latest(transaction, person_id, bundles, now - together)
            for bundle in bundles:
                at = when_to_make(bundle, latest, together)
                if at <= now:
                    await _make(transaction, bundle, now)
                    made += 1
                elif at > now + SECOND * 60:
                    ids = [each.delivery_id for each in bundle.deliveries]
                    await transaction.execute(_HOLD, {"delivery_ids": ids, "due_at": at})
        return made

    async def claim_mails(self, most: int, lease_seconds: float) -> Sequence[ClaimedMail]:
        """Claim at most ``most`` due mails. No other process sends them before ``lease_seconds`` have passed."""
        now = real_now()
        asked = {"now": now, "most": most, "leased_until": now + int(lease_seconds * SECOND)}
        async with self._database.begin() as transaction:
            return [ClaimedMail(**row) for row in (await transaction.execute(_CLAIM, asked)).mappings()]

    async def reader(self, person_id: str) -> Reader | None:
        """Return the person; None if the person has no mail address or may not log in now."""
        async with self._database.read() as connection:
            asked = {"person_id": person_id, "now": self._database.clock.now()}
            row = (await connection.execute(_READER, asked)).mappings().one_or_none()
        return None if row is None else _reader(row)

    async def content_of(self, message_id: str, most: int) -> MailContent:
        """Return the content of a mail, with at most ``most`` of its notices."""
        async with self._database.read() as connection:
            rows = await connection.execute(_CONTENT, {"message_id": message_id, "most": most})
            notices = [MailedNotice(row.kind, row.content, row.title, row.agreement_id) for row in rows]
            count = (await connection.execute(_COUNT, {"message_id": message_id})).scalar_one()
        return MailContent(notices, int(count))

    async def store_sent(self, claim: ClaimedMail, *, was_away: bool) -> None:
        """Store that the mail server has accepted a mail.

        If the server was away before (``was_away``), all mails that waited for it are due now.
        """
        async with self._database.begin() as transaction:
            await transaction.execute(_SENT, {"message_id": claim.message_id, "now": real_now()})
            await transaction.execute(_STATE_OF_DELIVERIES, {"message_id": claim.message_id})
            if was_away:
                await transaction.execute(_HASTEN, {"now": real_now()})

    async def store_failed(self, claim: ClaimedMail, failed: FailedMail) -> None:
        """Store a failed attempt, unless the mail was sent or claimed again since."""
        state = "failed" if failed.due_at is None else "waiting"
        await self._not_sent(claim, state, failed)

    async def store_dropped(self, claim: ClaimedMail, problem: str) -> None:
        """Store that a mail is not sent, and why."""
        await self._not_sent(claim, "dropped", FailedMail(problem, None, False))

    async def _not_sent(self, claim: ClaimedMail, state: str, failed: FailedMail) -> None:
        row = {
            "message_id": claim.message_id,
            "leased_until": claim.leased_until,
            "state": state,
            "due_at": failed.due_at,
            "problem": failed.problem,
            "is_away": failed.is_away,
        }
        async with self._database.begin() as transaction:
            await transaction.execute(_NOT_SENT, row)
            await transaction.execute(_STATE_OF_DELIVERIES, {"message_id": claim.message_id})

    async def prune_mails(self, before: UtcMicroseconds) -> int:
        """Remove mails and deliveries stored before an instant of real time; return how many mails were removed."""
        async with self._database.begin() as transaction:
            for statement in _PRUNE:
                await transaction.execute(statement, {"before": before})
            return (await transaction.execute(_PRUNE_MAILS, {"before": before})).rowcount


async def _latest(
    transaction: Transaction, person_id: str, bundles: Sequence[Bundle], since: UtcMicroseconds
) -> dict[str, UtcMicroseconds]:
    keys = sorted({key for bundle in bundles for key in bundle.keys})
    rows = await transaction.execute(_MADE, {"person_id": person_id, "bundles": keys, "since": since})
    return {row.bundle: row.made_at for row in rows}


async def _make(transaction: Transaction, bundle: Bundle, now: UtcMicroseconds) -> None:
    first = bundle.first
    row = {
        "first": first.delivery_id,
        "bundle": bundle.key,
        "cause_id": None if first.is_digest else first.cause_id,
        "created_at": transaction.now,
        "now": now,
    }
    await transaction.execute(_MAKE, row)
    ids = [each.delivery_id for each in bundle.deliveries]
    await transaction.execute(_BIND, {"first": first.delivery_id, "delivery_ids": ids})


def _reader(row: RowMapping) -> Reader:
    return Reader(
        row["person_id"],
        row["party_id"],
        row["name"],
        row["email"],
        row["roles"] or (),
        row["rules"] or {},
        row["time_zone"],
        row["principal_id"] or "",
    )


def mail_ledger_of(transaction: Transaction) -> SqlMailLedger:
    """Return the ledger of mails of a transaction that the caller has begun."""
    return SqlMailLedger(transaction)
