"""The events that notification-svc consumes: all that the live stream shows, and those about people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slm_chassis.database import Transaction
from slm_chassis.subscriptions import BatchProjection
from slm_events.agreement import KeyRevoked, PersonRecorded, PrincipalEnrolled
from slm_events.envelope import Envelope
from slm_notification.adapters.sql_desk import ledger_of
from slm_notification.adapters.sql_mails import mail_ledger_of
from slm_notification.adapters.sql_writers import writer_ledger_of
from slm_notification.application import clock_hearing, hearing, mailing
from slm_notification.domain.endpoints import SENT

_PEOPLE = (PersonRecorded, PrincipalEnrolled, KeyRevoked)
EVENTS: tuple[type[Any], ...] = (*(row.event for row in SENT.values()), *_PEOPLE)
"""The classes of all events that can be sent, and of those from which the service learns who gets mails. They share one
handler, because the catalogue says who may see an event, and every event is sent as a whole: an event that is added to
the catalogue needs no change here.
"""


def projection(keep_microseconds: int, mail_age: int | None) -> BatchProjection:
    """Return the handler that stores received events and their deliveries.

    It stores them in the transaction that marks the events as handled, so that a crash loses none. ``mail_age``:
    events older than this many microseconds are not told by mail; None if this installation sends no mails.
    """

    async def apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
        sent = [each for each in envelopes if not isinstance(each.data, _PEOPLE)]
        await hearing.keep_heard_events(ledger_of(transaction), sent, keep_microseconds)
        await clock_hearing.keep_clocks(writer_ledger_of(transaction), sent)
        await mailing.keep_mails(mail_ledger_of(transaction), envelopes, mail_age)

    return BatchProjection(EVENTS, apply)
