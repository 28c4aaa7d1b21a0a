"""The events that notification-svc consumes: all that the live stream shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slm_chassis.database import Transaction
from slm_chassis.subscriptions import BatchProjection
from slm_events.envelope import Envelope
from slm_notification.adapters.sql_desk import ledger_of
from slm_notification.application import hearing
from slm_notification.domain.endpoints import SENT

EVENTS: tuple[type[Any], ...] = tuple(row.event for row in SENT.values())
"""Every event that can be sent. There is one handler for all of them, because who sees an event and what is sent of it
follow from the catalogue: an event that is added to it needs nothing here.
"""


def projection(keep_microseconds: int) -> BatchProjection:
    """Return the handler of received events. Their deliveries are written in the transaction that reads them."""

    async def apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
        await hearing.keep_heard_events(ledger_of(transaction), envelopes, keep_microseconds)

    return BatchProjection(EVENTS, apply)
