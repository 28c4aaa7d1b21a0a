"""Causes for tests: terms that share indicators, complete runs of the grouping, and causes in the form of the data
file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_chassis.identity import named_id
from slm_events.agreement import AgreementFinalized
from slm_monitor.adapters.causes.cause_grouping import CauseGroupingWorker
from slm_monitor.adapters.causes.cause_queries import CauseFilter, CauseQueries
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.history.fact_history import ParsedTermsCache
from tests.support.judged import PARTITIONS, Monitor
from tests.support.monitor import CUSTOMER, PROVIDER, available, finalized

OTHER_PROVIDER = named_id(PROVIDER, "party", "other-provider")
OPERATOR = Principal("operator", None, "operator", frozenset({"operator"}))
EVERYTHING = Page(1000, None)


def agreement(name: str, written: Mapping[str, Any], **changed: Any) -> AgreementFinalized:
    """Return an agreement with one target of the same name, from the data file's form ``written``."""
    more: dict[str, Any] = {"service_hours": written.get("hours", "24x7"), "assets": written.get("items", [])}
    if "warn" in written:
        more["warn_at"] = {"budget_consumed": [written["warn"]]}
    target = {
        **available(written.get("at_least", "99.9"), **more),
        "key": name,
        "target_id": named_id(PROVIDER, "target", name),
        "indicator": {"owner_party_id": PROVIDER, "key": written.get("indicator", "a")},
    }
    return finalized(
        target,
        agreement_id=named_id(PROVIDER, "agreement", name),
        agreement_key=name,
        provider_party_id=OTHER_PROVIDER if written.get("provider") else PROVIDER,
        customer_party_id=written.get("customer", CUSTOMER),
        **changed,
    )


def grouping(held: Monitor, most: int = 500) -> CauseGroupingWorker:
    """Return the worker that groups findings; ``most``: how many entries it handles at a time."""
    record = SqlHistory(held.database, held.store, PARTITIONS)
    return CauseGroupingWorker(held.database, record, ParsedTermsCache(), most=most)


async def regrouped(held: Monitor) -> None:
    """Group all findings that wait to be grouped again."""
    worker = grouping(held)
    while await worker.step():
        pass


async def causes(database: Database, caller: Principal = OPERATOR, **wanted: Any) -> list[dict[str, Any]]:
    page = await CauseQueries(database).page(caller, EVERYTHING, CauseFilter(**wanted), "start")
    return list(page["items"])


async def finding_names(database: Database) -> dict[str, str]:
    """Return finding id → key of its target, with a question mark for a risk."""
    query = """SELECT breach_id, document ->> 'target_key' FROM breach
               UNION ALL SELECT risk_id, (document ->> 'target_key') || '?' FROM risk"""
    async with database.read() as connection:
        return {row[0]: row[1] for row in await connection.execute(text(query))}


async def as_written(database: Database, found: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Return causes in the data file's form: [start, end, [findings]] with times of day."""
    names = await finding_names(database)
    return sorted(
        [
            cause["start_at"][11:16],
            None if cause["end_at"] is None else cause["end_at"][11:16],
            sorted(names[each] for each in (*cause["breach_ids"], *cause["risk_ids"])),
        ]
        for cause in found
    )


async def one(database: Database, cause_id: str, caller: Principal = OPERATOR) -> dict[str, Any] | None:
    return await CauseQueries(database).one(caller, cause_id)
