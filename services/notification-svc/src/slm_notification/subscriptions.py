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
"""The classes of all events that can be sent. They share one handler, because the catalogue says who may see an event,
and every event is sent as a whole: an event that is added to the catalogue needs no change here.
"""


def projection(keep_microseconds: int) -> BatchProjection:
    """Return the handler that stores received events and their deliveries.

    It stores them in the transaction that marks the events as handled, so that a crash loses none.
    """

    async def apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
        await hearing.keep_heard_events(ledger_of(transaction), envelopes, keep_microseconds)

    return BatchProjection(EVENTS, apply)
