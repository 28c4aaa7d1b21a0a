"""The columns that queries read, by table, and the SQL condition for the rows that a caller may see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, column, or_, select, table, true
from sqlalchemy.types import JSON, BigInteger, Boolean, Integer, Text

from slm_chassis.access import Principal

_PARTIES = (column("provider_party_id", Text), column("customer_party_id", Text))
BUDGET_LEFT = """1000000 - least(split_part({0}, '/', 1)::numeric * 10000
    / coalesce(nullif(split_part({0}, '/', 2), '')::numeric, 1), 1000000000000)::bigint"""
"""SQL for the budget left, in millionths of the budget; negative if the budget is overspent. ``{0}`` is SQL for the
consumed percentage of the budget, written as a fraction.
"""
HAS_WINDOWS = "(target.instance_of IS NOT NULL OR coalesce(target.terms -> 'group_by', '[]') IN ('[]', 'null'))"
"""SQL condition: the target has windows. A target with ``group_by`` has none of its own; its instances have windows."""
TARGET = table(
    "target",
    column("target_id", Text),
    column("agreement_id", Text),
    column("version", Integer),
    column("key", Text),
    column("title", Text),
    column("service_id", Text),
    column("indicator", Text),
    column("terms", JSON),
    column("instance_of", Text),
    column("labels", JSON),
    *_PARTIES,
)
WINDOW = table(
    "target_window",
    column("target_id", Text),
    column("window_id", Text),
    column("version", Integer),
    column("start", BigInteger),
    column("end", BigInteger),
    column("verdict", Text),
    column("good", BigInteger),
    column("total", BigInteger),
    column("figure", Text),
    column("display", Text),
    column("detail", JSON),
    column("closed_at", BigInteger),
    column("revision", Integer),
    column("as_of", BigInteger),
)
BREACH = table(
    "breach",
    column("breach_id", Text),
    column("target_id", Text),
    column("agreement_id", Text),
    column("version", Integer),
    column("window_id", Text),
    column("level", Text),
    column("ordinal", BigInteger),
    column("certain_at", BigInteger),
    column("published_at", BigInteger),
    column("service_id", Text),
    column("standing", Boolean),
    column("revision", Integer),
    column("until", BigInteger),
    column("document", JSON),
    *(column(each.name, Text) for each in _PARTIES),
)
RISK = table(
    "risk",
    column("risk_id", Text),
    column("target_id", Text),
    column("agreement_id", Text),
    column("window_id", Text),
    column("cause", Text),
    column("threshold", Text),
    column("opened_at", BigInteger),
    column("service_id", Text),
    column("standing", Boolean),
    column("cleared_at", BigInteger),
    column("outcome", Text),
    column("document", JSON),
    *(column(each.name, Text) for each in _PARTIES),
)
_FINDING = table("cause_finding", column("finding_id", Text), column("cause_id", Text))
CLOCK = table(
    "clock",
    column("target_id", Text),
    column("ticket", Text),
    column("ordinal", Integer),
    column("version", Integer),
    column("agreement_id", Text),
    column("service_id", Text),
    column("owner_party_id", Text),
    column("source", Text),
    column("number", Text),
    column("clock", Text),
    column("state", Text),
    column("started_at", BigInteger),
    column("deadline_at", BigInteger),
    column("stopped_at", BigInteger),
    column("breached_at", BigInteger),
    column("changed_at", BigInteger),
    column("elapsed_calendar", BigInteger),
    column("elapsed_service", BigInteger),
    column("pauses", JSON),
    column("net_calendar", BigInteger),
    column("net_service", BigInteger),
    *(column(each.name, Text) for each in _PARTIES),
)
QUARANTINE = table(
    "quarantine",
    column("quarantine_id", Text),
    column("owner_party_id", Text),
    column("subject", Text),
    column("reason", Text),
    column("fact", JSON),
    column("received_at", BigInteger),
    column("state", Text),
    column("decided_at", BigInteger),
)


def select_cause_id(finding_id: ColumnElement[str]) -> ColumnElement[Any]:
    """Return a column with the id of the cause of a breach or a risk.

    It is null until the breach or risk has been grouped into a cause, which takes about a second.
    """
    return select(_FINDING.c.cause_id).where(_FINDING.c.finding_id == finding_id).scalar_subquery().label("cause_id")


def build_party_condition(source: Any, caller: Principal) -> ColumnElement[bool]:
    """Return the SQL condition for the rows whose provider or customer is the caller's party.

    An operator sees all rows.
    """
    if caller.is_operator:
        return true()
    return or_(source.c.provider_party_id == caller.party_id, source.c.customer_party_id == caller.party_id)
