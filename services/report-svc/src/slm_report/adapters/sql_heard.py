"""What was heard, in PostgreSQL: every fact under its id, so that hearing twice changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import insert

from slm_chassis.database import Transaction
from slm_events import instants
from slm_events.agreement import AgreementFinalized, AgreementTurned
from slm_events.catalogue import BY_TYPE
from slm_events.clocks import ClockStopped
from slm_events.envelope import from_json, type_of
from slm_events.monitor import (
    BreachWithdrawn,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetRecovered,
    WindowClosed,
)
from slm_events.review import ActionOpened, ActionPlanEnded, ActionPlanOpened
from slm_report.adapters import fact_queries, tables
from slm_report.domain.facts import Facts, calendar_end_of
from slm_report.domain.periods import Period


class SqlHeard:
    """``application.ports.Heard`` inside a transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def keep_version(self, event: AgreementFinalized) -> None:
        await self._keep(tables.agreement_version, _agreement(event), {"finalized": asdict(event)})

    async def keep_end(self, event: AgreementTurned) -> None:
        await self._keep(tables.agreement_end, _agreement(event) | {"type": type_of(event)}, {"event": asdict(event)})

    async def keep_window(self, event: WindowClosed) -> None:
        end_at = instants.from_text(event.window_end_at or event.closed_at)
        key = {
            "agreement_id": event.agreement_id,
            "target_id": event.target_id,
            "window_id": event.window_id,
            "revision": event.revision,
        }
        await self._keep(tables.target_window, key, {"end_at": end_at, "type": type_of(event), "event": asdict(event)})

    async def keep_breach(self, event: TargetBreached) -> None:
        await self._keep_newest(
            tables.breach,
            {"breach_id": event.breach_id},
            {
                "agreement_id": event.agreement_id,
                "certain_at": instants.from_text(event.certain_at),
                "calendar_end_at": calendar_end_of(event),
                "breached": asdict(event),
            },
            "breached",
            "revision",
        )

    async def keep_withdrawal(self, event: BreachWithdrawn) -> None:
        values = {"agreement_id": event.agreement_id, "withdrawn": asdict(event)}
        await self._keep_newest(tables.breach, {"breach_id": event.breach_id}, values, "withdrawn", "revision")

    async def keep_recovery(self, event: TargetRecovered) -> None:
        values = {
            "agreement_id": event.agreement_id,
            "recovered_at": instants.from_text(event.recovered_at),
            "recovered": asdict(event),
        }
        await self._keep_newest(tables.breach, {"breach_id": event.breach_id}, values, "recovered", "published_at")

    async def keep_risk(self, event: TargetAtRisk) -> None:
        values = {
            "agreement_id": event.agreement_id,
            "raised_at": instants.from_text(event.at),
            "raised": asdict(event),
        }
        await self._keep_newest(tables.risk, {"risk_id": event.risk_id}, values, "raised", "published_at")

    async def keep_clearing(self, event: RiskCleared) -> None:
        values = {
            "agreement_id": event.agreement_id,
            "cleared_at": instants.from_text(event.at),
            "cleared": asdict(event),
        }
        await self._keep_newest(tables.risk, {"risk_id": event.risk_id}, values, "cleared", "published_at")

    async def keep_plan(self, event: ActionPlanOpened) -> None:
        values = {"agreement_id": event.agreement_id, "risk_id": event.risk_id, "opened": asdict(event)}
        await self._keep(tables.action_plan, {"plan_id": event.plan_id}, values)

    async def keep_plan_end(self, event: ActionPlanEnded) -> None:
        values = {"agreement_id": event.agreement_id, "risk_id": event.risk_id, "ended": asdict(event)}
        await self._keep(tables.action_plan, {"plan_id": event.plan_id}, values)

    async def keep_action(self, event: ActionOpened) -> None:
        values = {
            "agreement_id": event.agreement_id,
            "opened_at": instants.from_text(event.opened_at),
            "opened": asdict(event),
        }
        await self._keep(tables.improvement_action, {"action_id": event.action_id}, values)

    async def keep_clock(self, event: ClockStopped) -> int:
        clocks, stopped_at = tables.ticket_clock, instants.from_text(event.at)
        key = {"target_id": event.target_id, "source": event.source, "ticket": event.ticket}
        was = select(clocks.c.stopped_at).filter_by(**key)
        before = (await self._transaction.execute(was)).scalar_one_or_none()
        values = {"agreement_id": event.agreement_id, "stopped_at": stopped_at, "stopped": asdict(event)}
        await self._keep_newest(clocks, key, values, "stopped", "published_at")
        return stopped_at if before is None else min(stopped_at, before)

    async def breach_certain_at(self, breach_id: str) -> int | None:
        query = select(tables.breach.c.certain_at).where(tables.breach.c.breach_id == breach_id)
        return (await self._transaction.execute(query)).scalar_one_or_none()

    async def versions(self, agreement_id: str) -> list[AgreementFinalized]:
        rows = tables.agreement_version
        query = select(rows.c.finalized).where(rows.c.agreement_id == agreement_id).order_by(rows.c.version)
        return [from_json(AgreementFinalized, row) for row in (await self._transaction.execute(query)).scalars()]

    async def ends(self, agreement_id: str) -> list[AgreementTurned]:
        rows = tables.agreement_end
        query = select(rows.c.type, rows.c.event).where(rows.c.agreement_id == agreement_id)
        found = await self._transaction.execute(query.order_by(rows.c.version, rows.c.type))
        return [from_json(BY_TYPE[row.type].event, row.event) for row in found]

    async def facts(self, agreement_id: str, period: Period, trend_windows: int) -> Facts:
        return await fact_queries.facts(self._transaction, agreement_id, period, trend_windows)

    async def _keep(self, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        statement = insert(table).values(**key, **values)
        await self._transaction.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    async def _keep_newest(
        self, table: Table, key: Mapping[str, Any], values: Mapping[str, Any], column: str, order: str
    ) -> None:
        """Replace what is kept unless the half that ``column`` holds is newer there, by the event's field ``order``."""
        statement = insert(table).values(**key, **values)
        mine, theirs = statement.excluded[column], table.c[column]
        newer = func.coalesce(mine[order] >= theirs[order], True)
        await self._transaction.execute(
            statement.on_conflict_do_update(index_elements=list(key), set_=values, where=newer)
        )


def _agreement(event: AgreementFinalized | AgreementTurned) -> dict[str, Any]:
    return {"agreement_id": event.agreement_id, "version": event.version}
