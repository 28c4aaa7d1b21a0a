"""The tables of review-svc: one for each class of values in the domain, with columns named like the fields."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()


def _id(name: str) -> Column[Any]:
    return Column(name, Text, primary_key=True)


def _text(*names: str) -> list[Column[Any]]:
    return [Column(name, Text, nullable=False) for name in names]


def _maybe_text(*names: str) -> list[Column[Any]]:
    return [Column(name, Text) for name in names]


def _number(*names: str) -> list[Column[Any]]:
    return [Column(name, Integer, nullable=False) for name in names]


def _instant(*names: str) -> list[Column[Any]]:
    """Return required columns of instants (microseconds UTC) or of lengths of time (microseconds)."""
    return [Column(name, BigInteger, nullable=False) for name in names]


def _maybe_instant(*names: str) -> list[Column[Any]]:
    return [Column(name, BigInteger) for name in names]


def _document(*names: str) -> list[Column[Any]]:
    return [Column(name, JSONB, nullable=False) for name in names]


_PARTIES = ("provider_party_id", "customer_party_id")
_TARGET = ("target_id", "target_key", "target_title", *_PARTIES, "window_id")

agreement_version = Table(
    "agreement_version",
    metadata,
    _id("version_id"),
    *_text("agreement_id"),
    *_number("version"),
    *_text("kind", "title", "provider_party_id", "provider_name", "customer_party_id", "customer_name", "timezone"),
    *_instant("effective_at"),
    *_maybe_instant("expires_at"),
    *_instant("closing_delay"),
    *_document("targets", "review"),
    *_instant("finalized_at"),
    *_maybe_instant("ended_at"),
    *_maybe_text("ended_as", "recorded_by_party_id"),
    Index("agreement_version_agreement_id", "agreement_id"),
)

action_plan = Table(
    "action_plan",
    metadata,
    _id("plan_id"),
    *_text("risk_id", "agreement_id"),
    *_number("agreement_version"),
    *_text(*_TARGET, "service_id"),
    *_maybe_instant("window_end_at"),
    *_text("state", "cause", "threshold", "figure_display", "owner"),
    *_document("steps", "responsible"),
    *_maybe_instant("at_risk_at", "harm_expected_at", "due_at"),
    Column("time_left_seconds", BigInteger),
    *_maybe_instant("opened_at"),
    *_number("risk_revision"),
    *_maybe_instant("breach_named_at"),
    *_number("cleared_revision"),
    *_maybe_text("cleared_as"),
    *_maybe_instant("cleared_at", "quiet_at"),
    *_maybe_text("breach_id"),
    *_maybe_instant("ended_at"),
    *_text("customer_sees"),
    Index("action_plan_window", "agreement_id", "target_id", "window_id"),
    Index("action_plan_quiet", "quiet_at", postgresql_where=text("state IN ('open', 'watching')")),
    Index("action_plan_version", "agreement_id", "agreement_version", postgresql_where=text("state = 'waiting'")),
    Index("action_plan_opened_at", "opened_at", "plan_id"),
)

breach = Table(
    "breach",
    metadata,
    _id("breach_id"),
    *_text("agreement_id"),
    *_number("agreement_version"),
    *_text(*_TARGET),
    *_maybe_instant("window_start_at", "window_end_at"),
    *_text("level"),
    *_number("revision"),
    Column("is_standing", Boolean, nullable=False),
    *_document("objective"),
    *_text("figure_display"),
    *_maybe_text("shortfall"),
    *_maybe_instant("certain_at"),
    Column("ticket", JSONB(none_as_null=True)),
    *_maybe_text("withdrawal_cause", "review_id"),
    Index("breach_target_window", "agreement_id", "target_id", "window_id"),
)

attained_window = Table(
    "attained_window",
    metadata,
    _id("attained_id"),
    *_text("agreement_id"),
    *_number("agreement_version"),
    *_text(*_TARGET),
    *_maybe_instant("window_start_at", "window_end_at"),
    *_text("verdict"),
    *_number("revision"),
    *_document("objective"),
    *_text("aggregation", "unit"),
    *_maybe_text("figure"),
    *_text("figure_display"),
    *_instant("closed_at"),
    *_maybe_text("restatement_cause", "coverage_percent"),
    Index("attained_window_target", "agreement_id", "target_id", "window_end_at"),
)

published_report = Table(
    "published_report",
    metadata,
    _id("report_id"),
    *_text("agreement_id"),
    *_number("revision"),
    *_text("period"),
    *_instant("period_start_at", "period_end_at"),
    *_text("verdict"),
    *_number("breaches"),
    *_text("url"),
    *_instant("published_at"),
    Index("published_report_agreement_id", "agreement_id"),
)

review = Table(
    "review",
    metadata,
    _id("review_id"),
    *_text("agreement_id"),
    *_number("agreement_version"),
    *_text("agreement_title", *_PARTIES, "reason"),
    *_maybe_text("period"),
    *_text("state"),
    *_instant("start_at"),
    *_maybe_instant("end_at"),
    *_instant("due_at"),
    *_maybe_instant("opened_at", "concluded_at"),
    *_maybe_text("concluded_by_principal_id"),
    *_text("summary"),
    *_document("attendees"),
    Index("review_agreement_id", "agreement_id", "state"),
    Index("review_scheduled", "due_at", postgresql_where=text("state = 'scheduled'")),
    Index("review_due_at", "due_at", "review_id"),
)

agenda_item = Table(
    "agenda_item",
    metadata,
    _id("item_id"),
    *_text("review_id", "agreement_id", "kind", "ref_id"),
    *_instant("at"),
    *_text("state", "title"),
    *_document("detail"),
    Index("agenda_item_review", "review_id", "at", "item_id"),
    Index("agenda_item_ref", "ref_id"),
)

lesson = Table(
    "lesson",
    metadata,
    _id("lesson_id"),
    *_text("review_id", "agreement_id", *_PARTIES, "text", "recorded_by_principal_id"),
    *_instant("recorded_at"),
    Index("lesson_agreement_id", "agreement_id"),
    Index("lesson_review_id", "review_id"),
    Index("lesson_recorded_at", "recorded_at", "lesson_id"),
)

action = Table(
    "action",
    metadata,
    _id("action_id"),
    *_text("review_id", "agreement_id", *_PARTIES),
    *_maybe_text("target_id", "target_key"),
    *_text("text", "owner"),
    *_instant("due_at"),
    *_text("expected_change", "state"),
    *_document("external_refs"),
    *_text("opened_by_principal_id"),
    *_instant("opened_at"),
    *_maybe_instant("completed_at"),
    *_maybe_text("completed_by_principal_id"),
    *_text("completion_note"),
    Index("action_agreement_id", "agreement_id"),
    Index("action_review_id", "review_id"),
    Index("action_external_refs", "external_refs", postgresql_using="gin"),
    Index("action_opened_at", "opened_at", "action_id"),
)

proposal = Table(
    "proposal",
    metadata,
    _id("proposal_id"),
    *_maybe_text("review_id"),
    *_text("agreement_id"),
    *_number("agreement_version"),
    *_text(*_PARTIES),
    *_document("targets"),
    *_text("origin", "state"),
    *_maybe_text("proposed_by_party_id", "proposed_by_principal_id"),
    *_instant("proposed_at"),
    Column("amendment_version", Integer),
    *_maybe_text("amendment_revision_hash"),
    *_maybe_instant("drafted_at", "ended_at"),
    *_maybe_text("ended_by_party_id", "ended_by_principal_id"),
    *_text("end_reason"),
    Index("proposal_agreement_id", "agreement_id"),
    Index("proposal_review_id", "review_id"),
    Index("proposal_proposed_at", "proposed_at", "proposal_id"),
    Index("proposal_targets", "targets", postgresql_using="gin"),
)

amendment = Table(
    "amendment",
    metadata,
    _id("amendment_id"),
    *_text("agreement_id"),
    *_number("version"),
    *_text("revision_hash", "proposal_id"),
    *_instant("drafted_at"),
    Index("amendment_proposal_id", "proposal_id"),
)
