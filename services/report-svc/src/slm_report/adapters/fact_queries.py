"""Queries for the facts of a reporting period: stored events are read as domain facts in a fixed order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from slm_chassis.database import Transaction
from slm_events import exclusions, monitor, review
from slm_events.catalogue import BY_TYPE
from slm_events.clocks import ClockStopped
from slm_events.envelope import from_json
from slm_report.adapters import tables
from slm_report.domain.facts import Action, Breach, Exclusion, Facts, Plan, Risk
from slm_report.domain.periods import Period


async def read_facts(transaction: Transaction, agreement_id: str, period: Period, trend_windows: int) -> Facts:
    """Return every received fact that can matter to a period's report.

    For the trend, each target has up to ``trend_windows`` closed windows from before the period.
    """
    found: dict[str, Any] = {}
    for name, query, make in (
        ("windows", _windows(agreement_id, period, trend_windows), _window),
        ("breaches", _breaches(agreement_id, period), _breach_fact),
        ("risks", _risks(agreement_id, period), _risk_fact),
        ("clocks", _clocks(agreement_id, period), lambda row: from_json(ClockStopped, row.stopped)),
        ("plans", _plans(agreement_id, period), _plan),
        ("actions", _actions(agreement_id), _action),
    ):
        found[name] = [make(row) for row in await transaction.execute(query)]
    rows = tables.exclusion
    for row in await transaction.execute(select(rows).where(rows.c.agreement_id == agreement_id)):
        found.setdefault("exclusions", {})[row.exclusion_id] = _exclusion(row)
    return Facts(**found)


def _windows(agreement_id: str, period: Period, trend_windows: int) -> Select[Any]:
    rows = tables.target_window
    newest = (
        select(rows)
        .ext(distinct_on(rows.c.target_id, rows.c.window_id))
        .where(rows.c.agreement_id == agreement_id, rows.c.end_at <= period.end)
        .order_by(rows.c.target_id, rows.c.window_id, rows.c.revision.desc())
        .subquery()
    )
    earlier = newest.c.end_at <= period.start
    rank = func.row_number().over(partition_by=[newest.c.target_id, earlier], order_by=newest.c.end_at.desc())
    ranked = select(newest, rank.label("rank")).subquery()
    return (
        select(ranked.c.type, ranked.c.event)
        .where(or_(ranked.c.end_at > period.start, ranked.c.rank <= trend_windows))
        .order_by(ranked.c.end_at, ranked.c.target_id, ranked.c.window_id)
    )


def _breaches(agreement_id: str, period: Period) -> Select[Any]:
    """Select the breaches that a report of the period may need:

    - breaches that became certain in the period,
    - breaches of windows that overlap the period,
    - breaches of rolling targets that had not recovered when the period began.
    """
    rows = tables.breach
    # A breach that is certain at its window's end belongs to that window. LEAST ignores a NULL end.
    counted_at = func.least(rows.c.certain_at, rows.c.calendar_end_at - 1)
    rolling = and_(
        rows.c.calendar_end_at.is_(None),
        or_(rows.c.recovered_at.is_(None), rows.c.recovered_at > period.start),
        rows.c.breached["ticket"].astext.is_(None),
    )
    return (
        select(rows)
        .where(rows.c.agreement_id == agreement_id, rows.c.breached.is_not(None), counted_at < period.end)
        .where(or_(counted_at >= period.start, rows.c.calendar_end_at > period.start, rolling))
        .order_by(rows.c.certain_at, rows.c.breach_id)
    )


def _risks(agreement_id: str, period: Period) -> Select[Any]:
    rows = tables.risk
    return (
        select(rows)
        .where(rows.c.agreement_id == agreement_id, rows.c.raised.is_not(None), rows.c.raised_at < period.end)
        .where(or_(rows.c.raised_at >= period.start, rows.c.cleared_at.is_(None), rows.c.cleared_at >= period.start))
        .order_by(rows.c.raised_at, rows.c.risk_id)
    )


_STOPPED = ("met", "completed_late")


def _clocks(agreement_id: str, period: Period) -> Select[Any]:
    rows = tables.ticket_clock
    return (
        select(rows.c.stopped)
        .where(rows.c.agreement_id == agreement_id)
        .where(rows.c.stopped_at >= period.start, rows.c.stopped_at < period.end)
        .where(rows.c.stopped["state"].astext.in_(_STOPPED))
        .order_by(rows.c.stopped_at, rows.c.target_id, rows.c.source, rows.c.ticket)
    )


def _plans(agreement_id: str, period: Period) -> Select[Any]:
    rows, risks = tables.action_plan, _risks(agreement_id, period).subquery()
    return (
        select(rows)
        .where(rows.c.agreement_id == agreement_id, rows.c.opened.is_not(None))
        .where(rows.c.risk_id.in_(select(risks.c.risk_id)))
        .order_by(rows.c.plan_id)
    )


def _actions(agreement_id: str) -> Select[Any]:
    rows = tables.improvement_action
    known = and_(rows.c.agreement_id == agreement_id, rows.c.opened.is_not(None))
    return select(rows).where(known).order_by(rows.c.opened_at, rows.c.action_id)


def _window(row: Any) -> monitor.WindowClosed:
    window = from_json(BY_TYPE[row.type].event, row.event)
    assert isinstance(window, monitor.WindowClosed)
    return window


def _breach_fact(row: Any) -> Breach:
    return Breach(
        from_json(monitor.TargetBreached, row.breached),
        row.withdrawn and from_json(monitor.BreachWithdrawn, row.withdrawn),
        row.recovered and from_json(monitor.TargetRecovered, row.recovered),
    )


def _risk_fact(row: Any) -> Risk:
    raised = from_json(monitor.TargetAtRisk, row.raised)
    return Risk(raised, row.cleared and from_json(monitor.RiskCleared, row.cleared))


def _action(row: Any) -> Action:
    return Action(from_json(review.ActionOpened, row.opened), row.completed_at)


def _exclusion(row: Any) -> Exclusion:
    return Exclusion(
        row.decided and from_json(exclusions.ExclusionDecided, row.decided),
        row.revoked and from_json(exclusions.ExclusionRevoked, row.revoked),
    )


def _plan(row: Any) -> Plan:
    opened = from_json(review.ActionPlanOpened, row.opened)
    return Plan(opened, row.ended and from_json(review.ActionPlanEnded, row.ended))
