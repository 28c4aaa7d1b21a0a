"""The catalogue of the published language: every event with its type, topic and key. Nothing else is published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from slm_events import agreement, breach_life, clocks, exclusions, monitor, report, review


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its name, the service that writes it, and how long its records are kept (None: for ever)."""

    name: str
    writer: str
    compacted: bool = False
    retention_days: int | None = None
    intake: bool = False
    """Records get their time from the log (append time) and are distributed over the evaluation workers of
    monitor-svc.
    """
    parks: bool = False
    """If a consumer stores a record as a dead letter, later records with the same key wait behind it."""


ACCESS = Topic("slm.access", "agreement", compacted=True)
CATALOGUE = Topic("slm.catalogue", "agreement", compacted=True)
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
    """One event of the language: its class, type and topic, and the fields that hold its key and its subject."""

    event: type[Any]
    type: str
    topic: Topic
    key_field: str
    subject_field: str
    parties: tuple[str, ...]
    """The fields that hold the parties who may see it."""


_BOTH = ("provider_party_id", "customer_party_id")


def _type(event: type[Any], context: str, major: int = 1) -> str:
    kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", event.__name__).lower()
    return f"slm.{context}.{kebab}.v{major}"


def _events_on(topic: Topic, key: str, subject: str, parties: tuple[str, ...], *events: type[Any]) -> list[EventType]:
    return [EventType(event, _type(event, topic.writer), topic, key, subject, parties) for event in events]


_ALL: tuple[EventType, ...] = (
    *_events_on(ACCESS, "principal_id", "principal_id", (), agreement.PrincipalEnrolled, agreement.KeyRevoked),
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
        agreement.AgreementAgreed,
        agreement.AgreementWithdrawn,
        agreement.AgreementFinalized,
        agreement.AgreementInForce,
        agreement.AgreementSuperseded,
        agreement.AgreementExpired,
        agreement.AgreementTerminated,
        agreement.AmendmentDrafted,
    ),
    *_events_on(
        BREACHES,
        "agreement_id",
        "target_id",
        _BOTH,
        monitor.TargetAtRisk,
        monitor.RiskCleared,
        monitor.TargetBreached,
        monitor.BreachRevised,
        monitor.TargetRecovered,
        monitor.BreachWithdrawn,
        breach_life.BreachAcknowledged,
        breach_life.BreachRootCauseGiven,
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
