"""The tables of report-svc: what was heard, each fact under its id; the agenda; and the reports with every revision."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()


def _event(name: str) -> Column[object]:
    """An event's data as heard; null until that half of the life was heard."""
    return Column(name, JSONB(none_as_null=True))


agreement_version = Table(
    "agreement_version",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("finalized", JSONB, nullable=False),
)
"""Whole terms of every version signed."""

agreement_end = Table(
    "agreement_end",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("event", JSONB, nullable=False),
)
"""How versions ended: superseded, expired, terminated."""

target_window = Table(
    "target_window",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("target_id", Text, primary_key=True),
    Column("window_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("end_at", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("event", JSONB, nullable=False),
    Index("target_window_end", "agreement_id", "end_at"),
)
"""Closed windows and their restatements."""

breach = Table(
    "breach",
    metadata,
    Column("breach_id", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    Column("certain_at", BigInteger),
    Column("calendar_end_at", BigInteger),
    Column("recovered_at", BigInteger),
    _event("breached"),
    _event("withdrawn"),
    _event("recovered"),
    Index("breach_certain_at", "agreement_id", "certain_at"),
)
"""Breaches and what became of them; ``calendar_end_at`` only where the window is a calendar one."""

risk = Table(
    "risk",
    metadata,
    Column("risk_id", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    Column("raised_at", BigInteger),
    Column("cleared_at", BigInteger),
    _event("raised"),
    _event("cleared"),
    Index("risk_raised_at", "agreement_id", "raised_at"),
)
"""Warnings and how they ended."""

ticket_clock = Table(
    "ticket_clock",
    metadata,
    Column("target_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    Column("stopped_at", BigInteger, nullable=False),
    Column("stopped", JSONB, nullable=False),
    Index("ticket_clock_stopped_at", "agreement_id", "stopped_at"),
)
"""The last turn of each ticket's clock for a target; it is a stop where its state says so."""

action_plan = Table(
    "action_plan",
    metadata,
    Column("plan_id", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    Column("risk_id", Text, nullable=False),
    _event("opened"),
    _event("ended"),
    Index("action_plan_risk", "agreement_id", "risk_id"),
)
"""Plans against risks and how they ended."""

improvement_action = Table(
    "improvement_action",
    metadata,
    Column("action_id", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    Column("opened_at", BigInteger),
    Column("completed_at", BigInteger),
    _event("opened"),
    _event("completed"),
    Index("improvement_action_opened_at", "agreement_id", "opened_at"),
)
"""Actions that reviews opened."""

exclusion = Table(
    "exclusion",
    metadata,
    Column("exclusion_id", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    _event("decided"),
    _event("revoked"),
    Index("exclusion_agreement_id", "agreement_id"),
)
"""Exclusions: who asked, who decided and why, and whether they were taken back."""

import_heard = Table(
    "import_heard",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("import_id", Text, primary_key=True),
    Column("breach_events", Integer, nullable=False),
    Column("expected", Integer),
)
"""Imports that touched an agreement: events of breaches heard of each, and how many there are (null: not all judged).
An agreement's reports wait while any of its imports has not been heard whole."""

catch_up_heard = Table(
    "catch_up_heard",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("breach_events", Integer, nullable=False),
    Column("expected", Integer),
    Column("since", DateTime(timezone=True), nullable=False),
)
"""Likewise of signed versions that are judged over what was recorded before. ``since`` is the server's own time: no
report waits longer than ``PATIENCE`` for one."""

agenda = Table(
    "agenda",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("stale_from", BigInteger),
    Column("settled_until", BigInteger),
    Column("due_at", BigInteger),
    Column("stale_since", DateTime(timezone=True)),
    Column("touched_at", DateTime(timezone=True)),
    Column("not_before", DateTime(timezone=True)),
    Index("agenda_due_at", "due_at"),
    Index("agenda_stale_since", "stale_since", postgresql_where=text("stale_from IS NOT NULL")),
)
"""What is to be done per agreement. The time stamps are the server's own time and serve pauses only."""

report = Table(
    "report",
    metadata,
    Column("report_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("newest", Boolean, nullable=False),
    Column("agreement_id", Text, nullable=False),
    Column("provider_party_id", Text, nullable=False),
    Column("customer_party_id", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("period_start_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("changes", JSONB, nullable=False),
    Column("built_at", BigInteger, nullable=False),
    Column("figures", LargeBinary),
    Index("report_newest", "period_start_at", "report_id", postgresql_where=text("newest")),
)
"""Reports; revision 0 is the interim one, ``newest`` marks the one that is shown first. ``figures`` is the answer that
an interim one was made from, byte for byte."""
