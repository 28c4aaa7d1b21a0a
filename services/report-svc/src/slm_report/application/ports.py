"""What the use cases need of a store: what was heard, what is to be done next, and the reports made so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from slm_chassis.database import Database, Transaction
from slm_events.agreement import AgreementFinalized, AgreementTurned
from slm_events.clocks import ClockStopped
from slm_events.monitor import (
    BreachWithdrawn,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetRecovered,
    WindowClosed,
)
from slm_events.review import ActionOpened, ActionPlanEnded, ActionPlanOpened
from slm_report.domain.facts import Facts
from slm_report.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Stored:
    """A revision of a report as it is kept."""

    report_id: str
    revision: int
    agreement_id: str
    period: str
    state: str
    verdict: str
    digest: str
    document: dict[str, Any]
    changes: list[dict[str, Any]]
    built_at: int


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is to be done about an agreement. Instants in microseconds UTC; None: nothing."""

    agreement_id: str
    stale_from: int | None
    """Reports of periods from this instant on may no longer say what is known."""
    settled_until: int | None
    """Periods that end up to here have had their turn when they were due."""
    due_at: int | None
    """When the next period's report is due."""


class Heard(Protocol):
    """What other services told, each fact kept under its id, inside one transaction. Keeping twice is keeping once."""

    async def keep_version(self, event: AgreementFinalized) -> None: ...
    async def keep_end(self, event: AgreementTurned) -> None: ...
    async def keep_window(self, event: WindowClosed) -> None: ...
    async def keep_breach(self, event: TargetBreached) -> None: ...
    async def keep_withdrawal(self, event: BreachWithdrawn) -> None: ...
    async def keep_recovery(self, event: TargetRecovered) -> None: ...
    async def keep_risk(self, event: TargetAtRisk) -> None: ...
    async def keep_clearing(self, event: RiskCleared) -> None: ...
    async def keep_plan(self, event: ActionPlanOpened) -> None: ...
    async def keep_plan_end(self, event: ActionPlanEnded) -> None: ...
    async def keep_action(self, event: ActionOpened) -> None: ...

    async def keep_clock(self, event: ClockStopped) -> int:
        """Returns the earliest instant that changed: this stop, or the one it replaces."""
        ...

    async def breach_certain_at(self, breach_id: str) -> int | None:
        """None: the breach itself was not heard yet."""
        ...

    async def versions(self, agreement_id: str) -> list[AgreementFinalized]: ...
    async def ends(self, agreement_id: str) -> list[AgreementTurned]: ...

    async def facts(self, agreement_id: str, period: Period, trend_windows: int) -> Facts:
        """What can matter to the period, with up to ``trend_windows`` closed windows a target before it."""
        ...


class Reports(Protocol):
    """The reports made so far and the agenda of the next ones, inside one transaction."""

    async def mark_stale(self, agreement_id: str, since: int) -> None:
        """Reports of periods from an instant on have to be looked at again."""
        ...

    async def lock_agenda(self, agreement_id: str) -> Agenda:
        """The agreement's agenda, made if there is none; held until the transaction ends: one author at a time."""
        ...

    async def next_agenda(self, now: int, quiet_seconds: float) -> Agenda | None:
        """Lock one agenda that is due, or stale and not touched for a while; None where nobody waits."""
        ...

    async def settle_agenda(self, agenda: Agenda) -> None: ...

    async def postpone(self, agreement_id: str, seconds: float) -> None:
        """Leave an agenda alone for a while."""
        ...

    async def newest(self, report_id: str, *, state: str | None = None) -> Stored | None: ...

    async def save(self, stored: Stored) -> None:
        """Keep a revision; an interim one replaces the interim before it."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Where reports are written: the database, and the two stores to be had inside a transaction of it."""

    database: Database
    heard: Callable[[Transaction], Heard]
    reports: Callable[[Transaction], Reports]
