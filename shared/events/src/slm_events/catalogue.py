"""The catalogue of all published events, each with its type, topic and key. No other event is published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_events import (
    access_tokens,
    agreement,
    backtests,
    breach_life,
    causes,
    clocks,
    exclusions,
    monitor,
    report,
    review,
)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the event log: its name, the service that writes it, and for how many days its records are kept (None:
    for ever).
    """

    name: str
    writer: str
    compacted: bool = False
    retention_days: int | None = None
    intake: bool = False
    """Whether the topic takes in facts: its records get their time from the log (append time) and are distributed over
    the evaluation workers of monitor-svc.
    """
    parks: bool = False
    """Whether later records with the same key wait after a consumer stored a record as a dead letter."""


ACCESS = Topic("slm.access", "agreement", compacted=True)
CATALOGUE = Topic("slm.catalogue", "agreement", compacted=True)
PEOPLE = Topic("slm.people", "agreement", compacted=True)
"""A topic of its own, so that only services that send mails read the addresses of people."""
AGREEMENTS = Topic("slm.agreements", "agreement", parks=True)
MEASUREMENTS = Topic("slm.measurements", "anyone", retention_days=7, intake=True)
TICKETS = Topic("slm.tickets", "anyone", retention_days=30, intake=True)
BREACHES = Topic("slm.breaches", "monitor")
TARGETS = Topic("slm.targets", "monitor")
REPORTS = Topic("slm.reports", "report")
REVIEWS = Topic("slm.reviews", "review")
DEAD_LETTERS = Topic("slm.dead-letters", "any", retention_days=30)

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        ACCESS,
        CATALOGUE,
        PEOPLE,
        AGREEMENTS,
        MEASUREMENTS,
        TICKETS,
        BREACHES,
        TARGETS,
        REPORTS,
        REVIEWS,
        DEAD_LETTERS,
    )
}


@dataclass(frozen=True, slots=True)
class EventType:
    """One published event: its class, type and topic, and the fields that hold its key and its subject."""

    event: type[Any]
    type: str
    topic: Topic
    key_field: str
    subject_field: str
    parties: tuple[str, ...]
    """The names of the event's fields that hold the ids of the parties who may see it."""

    def parties_who_see(self, data: Mapping[str, Any]) -> list[str]:
        """Return the ids of the parties who may see this event: those in its party fields, except a party from which it
        is hidden.
        """
        hidden = data.get("hidden_from_party_id")
        return [str(data[name]) for name in self.parties if data.get(name) and data[name] != hidden]


_BOTH = ("provider_party_id", "customer_party_id")


def _type(event: type[Any], context: str, major: int = 1) -> str:
    kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", event.__name__).lower()
    return f"slm.{context}.{kebab}.v{major}"


def _events_on(topic: Topic, key: str, subject: str, parties: tuple[str, ...], *events: type[Any]) -> list[EventType]:
    return [EventType(event, _type(event, topic.writer), topic, key, subject, parties) for event in events]


_ALL: tuple[EventType, ...] = (
    *_events_on(ACCESS, "principal_id", "principal_id", (), agreement.PrincipalEnrolled, agreement.KeyRevoked),
    *_events_on(ACCESS, "token_key_id", "token_key_id", (), access_tokens.TokenKeyAnnounced),
    *_events_on(PEOPLE, "person_id", "person_id", (), agreement.PersonRecorded),
    *_events_on(CATALOGUE, "party_id", "party_id", ("party_id",), agreement.PartyRegistered),
    *_events_on(
        CATALOGUE, "relation_id", "relation_id", ("first_party_id", "second_party_id"), agreement.PartiesRelated
    ),
    *_events_on(CATALOGUE, "service_id", "service_id", ("provider_party_id",), agreement.ServiceCatalogued),
    *_events_on(AGREEMENTS, "requirement_id", "requirement_id", ("customer_party_id",), agreement.RequirementRecorded),
    *_events_on(
        AGREEMENTS,
        "agreement_id",
        "agreement_id",
        _BOTH,
        agreement.AgreementProposed,
        agreement.AgreementCountered,
        agreement.AgreementAnswerMissed,
        agreement.AgreementAgreed,
        agreement.AgreementWithdrawn,
        agreement.AgreementFinalized,
        agreement.AgreementInForce,
        agreement.AgreementSuperseded,
        agreement.AgreementExpired,
        agreement.AgreementTerminated,
        agreement.AmendmentDrafted,
    ),
    *_events_on(AGREEMENTS, "agreement_id", "agreement_id", ("party_id",), agreement.SupportsSigned),
    *_events_on(AGREEMENTS, "agreement_id", "agreement_id", ("recorded_by_party_id",), agreement.AgreementRecorded),
    *_events_on(AGREEMENTS, "agreement_id", "backtest_id", _BOTH, backtests.BacktestRequested),
    *_events_on(
        AGREEMENTS,
        "agreement_id",
        "comment_id",
        ("by_party_id", "other_party_id"),
        agreement.AgreementCommented,
        agreement.AgreementCommentResolved,
    ),
    *_events_on(
        BREACHES,
        "agreement_id",
        "target_id",
        _BOTH,
        monitor.TargetAtRisk,
        monitor.RiskDisclosed,
        monitor.RiskCleared,
        monitor.TargetBreached,
        monitor.BreachRevised,
        monitor.TargetRecovered,
        monitor.BreachWithdrawn,
        breach_life.BreachAcknowledged,
        breach_life.BreachRootCauseGiven,
        breach_life.BreachProblemLinked,
        breach_life.BreachClosed,
    ),
    *_events_on(
        TARGETS,
        "agreement_id",
        "target_id",
        _BOTH,
        monitor.TargetUnjudgeable,
        monitor.TargetJudgeable,
        monitor.WindowClosed,
        monitor.WindowRestated,
        monitor.WindowAdjusted,
        clocks.ClockStarted,
        clocks.ClockPaused,
        clocks.ClockResumed,
        clocks.ClockStopped,
        clocks.ClockCancelled,
        clocks.ClockWarned,
        clocks.ClockDeadlineMoved,
        clocks.ClockEscalated,
    ),
    *_events_on(TARGETS, "agreement_id", "import_id", _BOTH, monitor.ImportJudged),
    *_events_on(TARGETS, "agreement_id", "agreement_id", _BOTH, monitor.AgreementCaughtUp),
    *_events_on(TARGETS, "agreement_id", "backtest_id", _BOTH, backtests.TargetBacktested),
    *_events_on(
        TARGETS,
        "agreement_id",
        "exclusion_id",
        _BOTH,
        exclusions.ExclusionRequested,
        exclusions.ExclusionDecided,
        exclusions.ExclusionRevoked,
    ),
    *_events_on(
        TARGETS, "indicator", "indicator", ("owner_party_id",), monitor.IndicatorStale, monitor.IndicatorResumed
    ),
    *_events_on(TARGETS, "subject", "subject", ("owner_party_id",), monitor.FactQuarantined),
    *_events_on(TARGETS, "provider_party_id", "cause_id", ("party_id",), causes.CauseRevised),
    *_events_on(REPORTS, "agreement_id", "report_id", _BOTH, report.ReportPublished),
    *_events_on(
        REVIEWS,
        "agreement_id",
        "plan_id",
        _BOTH,
        review.ActionPlanOpened,
        review.PlanStepCompleted,
        review.ActionPlanEnded,
    ),
    *_events_on(
        REVIEWS,
        "agreement_id",
        "review_id",
        _BOTH,
        review.ReviewScheduled,
        review.ReviewOpened,
        review.ReviewConcluded,
        review.ReviewLapsed,
    ),
    *_events_on(REVIEWS, "agreement_id", "action_id", _BOTH, review.ActionOpened, review.ActionCompleted),
    *_events_on(REVIEWS, "agreement_id", "lesson_id", _BOTH, review.LessonRecorded),
    *_events_on(REVIEWS, "agreement_id", "acceptance_id", _BOTH, review.PeriodAccepted),
    *_events_on(REVIEWS, "agreement_id", "dispute_id", _BOTH, review.BreachDisputed, review.DisputeDecided),
    *_events_on(REVIEWS, "agreement_id", "answer_id", _BOTH, review.SatisfactionSurveyed),
    *_events_on(
        REVIEWS, "agreement_id", "proposal_id", _BOTH, review.TargetRevisionProposed, review.TargetRevisionDeclined
    ),
)


PUBLISHED: dict[type[Any], EventType] = {row.event: row for row in _ALL}
BY_TYPE: dict[str, EventType] = {row.type: row for row in PUBLISHED.values()}
