"""Events for tests of review-svc, and a ledger in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from slm_chassis.access import Principal
from slm_chassis.identity import named_id
from slm_chassis.ledger import NO_DETAIL
from slm_events.agreement import AgreementFinalized, AgreementLifeEvent, AmendmentDrafted
from slm_events.instants import from_text, to_text
from slm_events.monitor import BreachWithdrawn, RiskCleared, TargetAtRisk, TargetBreached, WindowClosed, WindowRestated
from slm_events.report import ReportPublished
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.agreements import Agreement
from slm_review.domain.decisions import Action, Lesson
from slm_review.domain.findings import AttainedWindow, Breach, PublishedReport
from slm_review.domain.plans import ActionPlan
from slm_review.domain.proposed import Amendment, Proposal
from slm_review.domain.reviews import Review

AGREEMENT = "0c2fbfe6-5913-5ed1-90ab-f95a7fa36d3a"
TARGET = named_id(AGREEMENT, "target", "checkout-availability")
PROVIDER = named_id(AGREEMENT, "provider")
CUSTOMER = named_id(AGREEMENT, "customer")
STEPS = {"owner": "Checkout team", "plan": [{"step": "Fail over", "owner": "Duty manager"}, {"step": "Call supplier"}]}
OBJECTIVE = {"at_least": "99.9", "unit": "percent"}
NOVEMBER = ("2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")

Window = tuple[str, str | None, str | None]
T = TypeVar("T")


def at(text: str) -> int:
    """Convert ``2026-11-22T10:00`` to microseconds UTC."""
    return from_text(text if text.endswith("Z") else f"{text}:00Z")


def of_text(text: str | None) -> str | None:
    return None if text is None else to_text(at(text))


def id_of(name: str) -> str:
    return named_id(AGREEMENT, "of a test", name)


def finalized(version: int = 1, **changed: Any) -> AgreementFinalized:
    event = AgreementFinalized(
        agreement_id=AGREEMENT,
        agreement_key="checkout",
        version=version,
        kind="sla",
        scope="service",
        title="Checkout for Acme",
        provider_party_id=PROVIDER,
        provider_name="Northwind IT",
        customer_party_id=CUSTOMER,
        customer_name="Acme",
        service_id="service",
        service_key="checkout",
        service_name="Checkout",
        timezone="UTC",
        effective_at="2026-11-01T00:00:00Z",
        expires_at=None,
        closing_delay_seconds=600,
        revision_number=1,
        revision_hash="00",
        service_hours={},
        targets=[
            {
                "target_id": TARGET,
                "key": "checkout-availability",
                "title": "Checkout is available",
                "objective": OBJECTIVE,
                "window": {"calendar": "month"},
                "responsible": STEPS,
            }
        ],
        review={"cadence": "month", "on_breach": True, "after_met_windows": 3},
        finalized_at="2026-10-20T00:00:00Z",
    )
    return dataclasses.replace(event, **changed)


def turned(event: type[AgreementLifeEvent], when: str, version: int = 1, **more: Any) -> AgreementLifeEvent:
    return event(
        agreement_id=AGREEMENT,
        version=version,
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        at=to_text(at(when)),
        **more,
    )


def _judged(window: Window) -> dict[str, Any]:
    return {
        "agreement_id": AGREEMENT,
        "agreement_version": 1,
        "target_id": TARGET,
        "target_key": "checkout-availability",
        "target_title": "Checkout is available",
        "service_id": "service",
        "provider_party_id": PROVIDER,
        "customer_party_id": CUSTOMER,
        "window_id": window[0],
        "window_start_at": of_text(window[1]),
        "window_end_at": of_text(window[2]),
    }


def at_risk(name: str, when: str, until: str | None = None, window: Window = NOVEMBER, **changed: Any) -> TargetAtRisk:
    given = _judged(window) | {"responsible": STEPS, "customer_sees_plan": "full"} | changed
    return TargetAtRisk(
        **given,
        risk_id=id_of(name),
        cause="budget_consumed",
        threshold="75",
        figure=None,
        figure_display="99.93 %",
        objective=OBJECTIVE,
        budget_consumed_percent="75",
        burn_rate=None,
        projected_breach_at=of_text(until),
        time_left_seconds=None,
        at=to_text(at(when)),
        published_at=to_text(at(when)),
    )


def cleared(name: str, outcome: str, when: str, window: Window = NOVEMBER, revision: int = 0) -> RiskCleared:
    return RiskCleared(
        **_judged(window),
        revision=revision,
        risk_id=id_of(name),
        cause="budget_consumed",
        threshold="75",
        outcome=outcome,
        at=to_text(at(when)),
        published_at=to_text(at(when)),
    )


def breached(name: str, when: str, window: Window = NOVEMBER, *, revision: int = 0, **changed: Any) -> TargetBreached:
    return TargetBreached(
        **(_judged(window) | changed),
        breach_id=id_of(name),
        revision=revision,
        level="objective",
        ordinal=1,
        objective=OBJECTIVE,
        figure="9989/100",
        figure_display="99.89 %",
        shortfall="1/100",
        certain_at=to_text(at(when)),
        published_at=to_text(at(when)),
        responsible_party_id=PROVIDER,
    )


def withdrawn(name: str, *, revision: int = 0, window: Window = NOVEMBER) -> BreachWithdrawn:
    return BreachWithdrawn(
        **_judged(window),
        breach_id=id_of(name),
        revision=revision,
        level="objective",
        cause="corrected measurement",
        figure=None,
        figure_display="99.91 %",
        published_at="2026-11-25T00:00:00Z",
    )


def month(number: int) -> Window:
    """Return the calendar month of 2026 with that number as a window, in UTC."""
    end = f"2026-{number + 1:02d}-01T00:00:00Z" if number < 12 else "2027-01-01T00:00:00Z"
    return f"2026-{number:02d}", f"2026-{number:02d}-01T00:00:00Z", end


def closed(window: Window, verdict: str = "met", figure: str | None = "9999/100", revision: int = 0) -> WindowClosed:
    return WindowClosed(**_closing(window, verdict, figure, revision))


def restated(window: Window, verdict: str, figure: str | None, revision: int = 1) -> WindowRestated:
    return WindowRestated(**_closing(window, verdict, figure, revision), cause="late measurement", before={})


def _closing(window: Window, verdict: str, figure: str | None, revision: int) -> dict[str, Any]:
    return _judged(window) | {
        "verdict": verdict,
        "revision": revision,
        "objective": OBJECTIVE,
        "aggregation": "availability",
        "unit": "percent",
        "figure": figure,
        "figure_display": figure or "",
        "raw_figure": figure,
        "good": "1",
        "total": "1",
        "excluded_seconds": 0,
        "unknown_seconds": 0,
        "downtime_seconds": 0,
        "budget_consumed_percent": None,
        "weight": "1",
        "closed_at": of_text(window[2]),
    }


def reported(name: str, window: Window = NOVEMBER, revision: int = 0) -> ReportPublished:
    return ReportPublished(
        report_id=id_of(name),
        revision=revision,
        agreement_id=AGREEMENT,
        agreement_version=1,
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        period=window[0],
        period_start_at=of_text(window[1]) or "",
        period_end_at=of_text(window[2]) or "",
        verdict="breached",
        breaches=1,
        url=f"/api/v1/reports/{id_of(name)}/page",
        published_at="2026-12-01T00:11:00Z",
    )


def drafted(proposal_id: str | None, version: int = 2) -> AmendmentDrafted:
    return AmendmentDrafted(
        agreement_id=AGREEMENT,
        version=version,
        revision_hash="ab" * 32,
        proposal_id=proposal_id,
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        drafted_at="2026-12-02T00:00:00Z",
    )


def person(party_id: str | None = CUSTOMER, *roles: str) -> Principal:
    return Principal(id_of(f"principal of {party_id}"), party_id, "somebody", frozenset(roles or {"viewer"}))


class MemoryKept(Generic[T]):
    """A collection in a dict; the id is the first field."""

    def __init__(self) -> None:
        self.values: dict[str, T] = {}

    async def get(self, key: str) -> T | None:
        return self.values.get(key)

    async def get_all(self, keys: Collection[str]) -> dict[str, T]:
        return {key: self.values[key] for key in keys if key in self.values}

    async def find(self, **equal: Any) -> list[T]:
        return [v for _, v in sorted(self.values.items()) if all(getattr(v, n) == x for n, x in equal.items())]

    async def put(self, *values: T) -> None:
        for value in values:
            self.values[getattr(value, dataclasses.fields(value)[0].name)] = value  # type: ignore[arg-type]


class MemoryLedger:
    """A ledger in memory that never rolls back. Published events are in ``published``."""

    def __init__(self, now: str = "2026-11-22T10:00") -> None:
        self.now = at(now)
        self.agreements = MemoryKept[Agreement]()
        self.plans = MemoryKept[ActionPlan]()
        self.breaches = MemoryKept[Breach]()
        self.windows = MemoryKept[AttainedWindow]()
        self.reports = MemoryKept[PublishedReport]()
        self.reviews = MemoryKept[Review]()
        self.agenda = MemoryKept[AgendaItem]()
        self.lessons = MemoryKept[Lesson]()
        self.actions = MemoryKept[Action]()
        self.proposals = MemoryKept[Proposal]()
        self.amendments = MemoryKept[Amendment]()
        self.published: list[Any] = []
        self.notes: list[tuple[str, str]] = []

    async def latest_windows(
        self, agreement_id: str, target_id: str, until_at: int | None, count: int
    ) -> list[AttainedWindow]:
        found = [
            (window.window_end_at, window.attained_id, window)
            for window in self.windows.values.values()
            if (window.agreement_id, window.target_id) == (agreement_id, target_id)
            and window.window_end_at is not None
            and window.verdict != "not_applicable"
            and (until_at is None or window.window_end_at <= until_at)
        ]
        return [window for _, _, window in sorted(found, key=lambda each: each[:2])][-count:]

    async def lock(self, subject: str) -> None:
        """Do nothing: the ledger has only one user."""

    def publish(self, event: Any, *, at: int | None = None, event_id: str | None = None) -> None:
        self.published.append(event)

    async def note(
        self, by: Principal | None, action: str, subject: str, detail: Mapping[str, Any] = NO_DETAIL
    ) -> None:
        self.notes.append((action, subject))

    def told(self, kind: type[T]) -> list[T]:
        """Return the published events of a class."""
        return [event for event in self.published if type(event) is kind]


class MemoryDesk:
    """Gives every use case the same ledger."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryLedger]:
        yield self.ledger

    async def quiet_plans(self) -> list[tuple[str, str]]:
        plans = self.ledger.plans.values.values()
        return [
            (each.agreement_id, each.plan_id)
            for each in plans
            if each.state in ("open", "watching") and each.quiet_at is not None and each.quiet_at <= self.ledger.now
        ]

    async def due(self) -> list[tuple[str, str]]:
        waiting = [r for r in self.ledger.reviews.values.values() if r.state == "scheduled"]
        waiting.sort(key=lambda review: review.due_at)
        return [(r.agreement_id, r.review_id) for r in waiting if r.due_at <= self.ledger.now]
