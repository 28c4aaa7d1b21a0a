"""The interfaces that the Monday mails need: their storage, and the client that reads from the product's services."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from slm_chassis.clock import Clock
from slm_events.instants import UtcMicroseconds
from slm_notification.domain.weeks import ServiceAnswers, Week


class AnswersUnavailable(Exception):
    """The product did not answer, or did not let this reader read. The mail is written later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWeek:
    """A person whose Monday mail is due, with the services that it is about."""

    person_id: str
    party_id: str
    principal_id: str | None
    """The principal in whose place the answers are read; None if the person may not log in any more."""
    time_zone: str
    service_ids: Sequence[str]
    due_at: UtcMicroseconds
    """Monday, 08:00 of the reader, in installation time."""


class WeekDesk(Protocol):
    """The storage of Monday mails, each call in its own transaction."""

    @property
    def clock(self) -> Clock:
        """The clock of the installation."""
        ...

    async def weeks_due(self, limit: int, but: Collection[str]) -> Sequence[DueWeek]:
        """Return at most ``limit`` people whose mail is due, the earliest due first. People in ``but`` are left out."""
        ...

    async def store_week(self, due: DueWeek, week: Week, content: Mapping[str, Any] | None) -> bool:
        """Store the delivery of a mail, to be sent at once, and let the person's next mail be due on the next Monday.

        Without ``content`` no mail is sent this week. Return False, and store nothing, if this mail was written
        already.
        """
        ...


class Product(Protocol):
    """Reads from the product's services what a person may see."""

    async def answers(self, due: DueWeek, week: Week) -> Sequence[ServiceAnswers]:
        """Return the answers about the services that the person still sees, in the order of ``due.service_ids``.

        Raises AnswersUnavailable.
        """
        ...
