"""The storage of Monday mails in PostgreSQL: when each person's next mail is due, and the deliveries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from slm_chassis.clock import Clock, real_now
from slm_chassis.database import Database, Transaction
from slm_notification.adapters.mail_tables import mail_delivery
from slm_notification.application.week_ports import DueWeek
from slm_notification.domain.readers import MAIL, Preference, mail_delivery_id
from slm_notification.domain.weeks import WEEK, Week, next_monday

# Of several principals any one will do: what is read is the same for all roles of a party.
_DUE = text("""
    SELECT w.person_id, p.party_id, w.next_at AS due_at, c.time_zone, c.monday_service_ids AS service_ids, (
        SELECT q.principal_id FROM mail_principal AS q
        WHERE q.person_id = w.person_id AND (q.ends_at IS NULL OR q.ends_at > :now)
        ORDER BY q.principal_id LIMIT 1
    ) AS principal_id
    FROM mail_week AS w
    JOIN mail_preference AS c ON c.person_id = w.person_id JOIN mail_person AS p ON p.person_id = w.person_id
    WHERE w.next_at <= :now AND w.person_id <> ALL(CAST(:but AS text[]))
    ORDER BY w.next_at, w.person_id LIMIT :limit
""")
_MOVE = text("UPDATE mail_week SET next_at = :next_at WHERE person_id = :person_id AND next_at = :due_at")
# A mail that is due already stays due: who changes a choice on Monday morning still gets it.
_CHOOSE = text("""
    INSERT INTO mail_week AS w (person_id, next_at) VALUES (:person_id, :next_at)
    ON CONFLICT (person_id) DO UPDATE SET next_at = CASE WHEN w.next_at <= :now THEN w.next_at ELSE :next_at END
""")
_END = text("DELETE FROM mail_week WHERE person_id = :person_id")


class SqlWeekDesk:
    """The storage of Monday mails, each call in its own transaction; implements ``application.week_ports.WeekDesk``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def clock(self) -> Clock:
        """The clock of the installation."""
        return self._database.clock

    async def weeks_due(self, limit: int, but: Collection[str]) -> Sequence[DueWeek]:
        """Return at most ``limit`` people whose mail is due, the earliest due first. People in ``but`` are left out."""
        asked = {"now": self._database.clock.now(), "limit": limit, "but": sorted(but)}
        async with self._database.read() as connection:
            return [DueWeek(**row) for row in (await connection.execute(_DUE, asked)).mappings()]

    async def store_week(self, due: DueWeek, week: Week, content: Mapping[str, Any] | None) -> bool:
        """Store the delivery of a mail, to be sent at once, and let the person's next mail be due on the next Monday.

        Without ``content`` no mail is sent this week. Return False, and store nothing, if this mail was written
        already.
        """
        async with self._database.begin() as transaction:
            following = next_monday(transaction.now, due.time_zone)
            moved = {"person_id": due.person_id, "due_at": due.due_at, "next_at": following}
            # The row is locked from here on: of two processes that write the same mail, one stores it.
            if (await transaction.execute(_MOVE, moved)).rowcount == 0:
                return False
            if content is not None:
                row = _row(due, week, content, transaction.now)
                await transaction.execute(insert(mail_delivery).on_conflict_do_nothing(), row)
            return True


async def choose_week(transaction: Transaction, chosen: Preference) -> None:
    """Let the person's next Monday mail be due on the next Monday, or never if no service is chosen."""
    if not chosen.monday_service_ids:
        await transaction.execute(_END, {"person_id": chosen.person_id})
        return
    following = next_monday(transaction.now, chosen.time_zone)
    asked = {"person_id": chosen.person_id, "next_at": following, "now": transaction.now}
    await transaction.execute(_CHOOSE, asked)


def _row(due: DueWeek, week: Week, content: Mapping[str, Any], now: int) -> dict[str, Any]:
    delivery_id = mail_delivery_id(due.person_id, week.name)
    stored_at = real_now()
    return {
        "delivery_id": delivery_id,
        "event_id": week.name,
        "person_id": due.person_id,
        "channel": MAIL,
        "party_id": due.party_id,
        "event_type": WEEK,
        "agreement_id": None,
        "kind": WEEK,
        "severity": "normal",
        "is_digest": False,
        "content": dict(content),
        "finding_id": None,
        "bundle": delivery_id,
        "state": "waiting",
        "created_at": now,
        "stored_at": stored_at,
        "due_at": stored_at,
    }
