"""The tables of report-svc: received facts under their ids, the agendas of agreements, and the reports with all
revisions.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()


def _event(name: str) -> Column[object]:
    """Return the column for one event's data; it is null until the event is received."""
    return Column(name, JSONB(none_as_null=True))


agreement_version = Table(
    "agreement_version",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("finalized", JSONB, nullable=False),
)
"""The whole terms of every version that was signed or put on record. ``finalized`` is the event with the terms:
``AgreementFinalized`` or ``AgreementRecorded``.
"""

agreement_end = Table(
    "agreement_end",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("event", JSONB, nullable=False),
)
"""How versions ended: superseded, expired or terminated."""

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
"""Breaches with their withdrawal and recovery. ``calendar_end_at`` is the end of a calendar window, null for other
breaches.
"""

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
"""The last change of each ticket's clock for a target. The state in the event tells whether the clock has stopped."""

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
"""Action plans for risks, and how they ended."""

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
"""Improvement actions that reviews opened."""

exclusion = Table(
    "exclusion",
    metadata,
    Column("exclusion_id", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    _event("decided"),
    _event("revoked"),
    Index("exclusion_agreement_id", "agreement_id"),
)
"""Exclusions: who asked, who decided and why, and whether they were revoked."""

import_heard = Table(
    "import_heard",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("import_id", Text, primary_key=True),
    Column("breach_events", Integer, nullable=False),
    Column("expected", Integer),
)
"""For each import that affected an agreement: the number of its breach events received so far, and the final number
(null until known).

The agreement's reports wait while fewer events than the final number have been received.
"""

catch_up_heard = Table(
    "catch_up_heard",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("breach_events", Integer, nullable=False),
    Column("expected", Integer),
    Column("since", DateTime(timezone=True), nullable=False),
)
"""For each signed version whose past is being evaluated: the number of breach events received so far, and the final
number.

``since`` is the server's own time: no report waits longer than ``PATIENCE`` for the evaluation.
"""

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
"""The agenda of each agreement: which of its reports are stale, and when the next one is due.

The timestamps are the server's own time and serve only for pauses.
"""

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
"""Reports in all revisions. Revision 0 is the interim one; ``newest`` marks the one that is shown by default.

``figures`` is the answer of monitor-svc that an interim report was made from, byte for byte.
"""
