"""Events for tests of report-svc: one agreement with a target of each kind, and its results."""

from __future__ import annotations

import dataclasses
from typing import Any

from slm_chassis.identity import named_id
from slm_events.agreement import AgreementFinalized, AgreementSuperseded, AgreementTerminated
from slm_events.clocks import ClockCancelled, ClockResumed, ClockStopped
from slm_events.exclusions import ExclusionDecided
from slm_events.instants import from_text, to_text
from slm_events.monitor import (
    BreachWithdrawn,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetRecovered,
    WindowClosed,
    WindowRestated,
)
from slm_events.review import ActionOpened, ActionPlanEnded, ActionPlanOpened

AGREEMENT = "0c2fbfe6-5913-5ed1-90ab-f95a7fa36d3a"
PROVIDER, CUSTOMER = named_id(AGREEMENT, "provider"), named_id(AGREEMENT, "customer")
UPTIME = {"at_least": "99.9", "unit": "percent"}
NOVEMBER = ("2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
DECEMBER = ("2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
HOUR = ("PT1H", None, None)

Window = tuple[str, str | None, str | None]


def at(text: str) -> int:
    """Convert ``2026-11-22T10:00`` to microseconds UTC."""
    return from_text(text if text.endswith("Z") else f"{text}:00Z")


def written(text: str | None) -> str | None:
    return None if text is None else to_text(at(text))


def id_of(name: str) -> str:
    return named_id(AGREEMENT, "of a test", name)


def target(key: str, window: dict[str, str], objective: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "target_id": id_of(key),
        "key": key,
        "title": f"The {key}",
        "service_id": "service",
        "aggregation": "availability",
        "objective": objective or UPTIME,
        "window": window,
        "service_hours": "24x7",
        "weight": "1",
    } | more


MONTHLY = target("uptime", {"calendar": "month"})
QUARTERLY = target("quarter", {"calendar": "quarter"})
ROLLING = target("latency", {"rolling": "PT1H"}, {"at_least": "95", "unit": "percent"}, aggregation="share_at_most")
TICKETS = target("p1", {"per": "ticket"}, {"within": {"service_time": "PT4H"}}, aggregation="clock")


def finalized(*targets: dict[str, Any], version: int = 1, **changed: Any) -> AgreementFinalized:
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
        effective_at="2026-11-01T00:00:00.000000Z",
        expires_at=None,
        closing_delay_seconds=600,
        revision_number=1,
        revision_hash="ab" * 32,
        service_hours={},
        targets=list(targets) or [MONTHLY],
        baseline={"uptime": "1999/20"},
        finalized_at="2026-10-20T00:00:00.000000Z",
    )
    return dataclasses.replace(event, **changed)


def superseded(when: str, version: int = 1) -> AgreementSuperseded:
    return AgreementSuperseded(**_turn(when, version), by_version=version + 1)


def terminated(when: str, version: int = 1) -> AgreementTerminated:
    return AgreementTerminated(**_turn(when, version), reason="unpaid")


def _turn(when: str, version: int) -> dict[str, Any]:
    return {
        "agreement_id": AGREEMENT,
        "version": version,
        "provider_party_id": PROVIDER,
        "customer_party_id": CUSTOMER,
        "at": to_text(at(when)),
    }


def _judged(of: dict[str, Any], window: Window) -> dict[str, Any]:
    return {
        "agreement_id": AGREEMENT,
        "agreement_version": 1,
        "target_id": of["target_id"],
        "target_key": of["key"],
        "target_title": of["title"],
        "service_id": "service",
        "provider_party_id": PROVIDER,
        "customer_party_id": CUSTOMER,
        "window_id": window[0],
        "window_start_at": written(window[1]),
        "window_end_at": written(window[2]),
    }


def _closing(of: dict[str, Any], window: Window, figure: str | None, verdict: str, revision: int) -> dict[str, Any]:
    return _judged(of, window) | {
        "verdict": verdict,
        "revision": revision,
        "objective": of["objective"],
        "aggregation": "availability",
        "unit": "percent",
        "figure": figure,
        "figure_display": figure or "",
        "raw_figure": "9991/100",
        "good": "2590704000000",
        "total": "2592000000000",
        "excluded_seconds": 3600,
        "unknown_seconds": 60,
        "downtime_seconds": 1296,
        "budget_consumed_percent": "50",
        "weight": "1",
        "closed_at": written(window[2]),
    }


def closed(
    window: Window = NOVEMBER, figure: str | None = "1999/20", verdict: str = "met", of: dict[str, Any] = MONTHLY
) -> WindowClosed:
    return WindowClosed(**_closing(of, window, figure, verdict, 0))


def restated(
    window: Window = NOVEMBER, figure: str = "9985/100", verdict: str = "breached", revision: int = 1
) -> WindowRestated:
    before = {"verdict": "met", "figure": "1999/20", "figure_display": "99.9500", "revision": revision - 1}
    closing = _closing(MONTHLY, window, figure, verdict, revision)
    return WindowRestated(**closing, cause="late measurement", before=before)


def breached(
    name: str, when: str, window: Window = NOVEMBER, of: dict[str, Any] = MONTHLY, *, revision: int = 0
) -> TargetBreached:
    if of is ROLLING:
        # As judged: the span is the window that ended with the first minute missed.
        window = (window[0], to_text(at(when) - 3_540_000_000), to_text(at(when) + 60_000_000))
    return TargetBreached(
        **_judged(of, window),
        breach_id=id_of(name),
        revision=revision,
        level="objective",
        ordinal=1,
        objective=of["objective"],
        figure=None if of is TICKETS else "9989/100",
        figure_display="99.8900",
        shortfall=None if of is TICKETS else "1/100",
        certain_at=to_text(at(when)),
        published_at=to_text(at(when)),
        responsible_party_id=PROVIDER,
        ticket={"number": window[0]} if of is TICKETS else None,
        evidence={"outages": [{"from": when, "minutes": 44}]},
    )


def withdrawn(name: str, window: Window = NOVEMBER, *, revision: int = 0) -> BreachWithdrawn:
    return BreachWithdrawn(
        **_judged(MONTHLY, window),
        breach_id=id_of(name),
        revision=revision,
        level="objective",
        cause="corrected measurement",
        figure=None,
        figure_display="",
        published_at="2026-12-05T00:00:00.000000Z",
    )


def recovered(name: str, when: str, of: dict[str, Any] = ROLLING) -> TargetRecovered:
    return TargetRecovered(
        **_judged(of, HOUR),
        breach_id=id_of(name),
        figure="96",
        figure_display="96.0000",
        recovered_at=to_text(at(when)),
        published_at=to_text(at(when)),
    )


def at_risk(name: str, when: str, window: Window = NOVEMBER, of: dict[str, Any] = MONTHLY) -> TargetAtRisk:
    return TargetAtRisk(
        **_judged(of, window),
        risk_id=id_of(name),
        cause="budget_consumed",
        threshold="75",
        figure="99925/1000",
        figure_display="99.9250",
        objective=of["objective"],
        budget_consumed_percent="75",
        burn_rate=None,
        projected_breach_at=None,
        time_left_seconds=86_400,
        at=to_text(at(when)),
        published_at=to_text(at(when)),
    )


def cleared(name: str, outcome: str, when: str, window: Window = NOVEMBER) -> RiskCleared:
    return RiskCleared(
        **_judged(MONTHLY, window),
        risk_id=id_of(name),
        cause="budget_consumed",
        threshold="75",
        outcome=outcome,
        at=to_text(at(when)),
        published_at=to_text(at(when)),
    )


def stopped(ticket: str, when: str, state: str = "met", deadline: str | None = None) -> ClockStopped:
    return ClockStopped(
        agreement_id=AGREEMENT,
        agreement_version=1,
        target_id=TICKETS["target_id"],
        target_key="p1",
        service_id="service",
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        source="servicenow",
        ticket=ticket,
        clock="resolution",
        state=state,
        deadline_at=written(deadline),
        at=to_text(at(when)),
        published_at=to_text(at(when)),
        elapsed_calendar_seconds=60,
        elapsed_service_seconds=60,
    )


def goes_on(ticket: str, when: str, state: str = "breached") -> ClockResumed | ClockCancelled:
    """Return an event that a stopped clock runs again, or that the clock never existed."""
    turned = ClockCancelled if state == "cancelled" else ClockResumed
    return turned(
        agreement_id=AGREEMENT, agreement_version=1, target_id=TICKETS["target_id"], target_key="p1",
        service_id="service", provider_party_id=PROVIDER, customer_party_id=CUSTOMER, source="servicenow",
        ticket=ticket, clock="resolution", state=state, deadline_at=None, at=to_text(at(when)),
        published_at=to_text(at(when)),
    )  # fmt: skip


def planned(name: str, risk: str, when: str) -> ActionPlanOpened:
    return ActionPlanOpened(
        plan_id=id_of(name),
        agreement_id=AGREEMENT,
        target_id=MONTHLY["target_id"],
        target_key="uptime",
        risk_id=id_of(risk),
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        owner="Duty manager",
        steps=[{"step": "Fail over", "owner": "Duty manager"}],
        due_at=None,
        time_left_seconds=86_400,
        opened_at=to_text(at(when)),
    )


def plan_ended(name: str, risk: str, outcome: str, when: str) -> ActionPlanEnded:
    return ActionPlanEnded(
        plan_id=id_of(name),
        agreement_id=AGREEMENT,
        target_id=MONTHLY["target_id"],
        target_key="uptime",
        risk_id=id_of(risk),
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        outcome=outcome,
        breach_id=None,
        ended_at=to_text(at(when)),
    )


def action(name: str, when: str) -> ActionOpened:
    return ActionOpened(
        action_id=id_of(name),
        review_id=id_of("review"),
        agreement_id=AGREEMENT,
        target_id=None,
        target_key="uptime",
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        text="Add a second supplier",
        owner="Provider manager",
        due_at="2027-01-31T00:00:00.000000Z",
        expected_change="fewer outages",
        opened_at=to_text(at(when)),
    )


def excluded(name: str, since: str, until: str) -> ExclusionDecided:
    """Return an approved exclusion: a reboot that the provider asked for."""
    return ExclusionDecided(
        exclusion_id=id_of(name),
        agreement_id=AGREEMENT,
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        kind="planned",
        service_ids=[],
        indicators=[],
        target_ids=[],
        intervals=[{"from": to_text(at(since)), "to": to_text(at(until))}],
        recurrence=None,
        text="Weekly reboot",
        evidence=[],
        requested_by_party_id=PROVIDER,
        requested_at="2026-10-01T00:00:00.000000Z",
        announced_at="2026-10-01T00:00:00.000000Z",
        decide_by_at=None,
        if_silent=None,
        decision="approved",
        decided_by_party_id=CUSTOMER,
        decided_at="2026-10-02T00:00:00.000000Z",
        reason="",
        uncounted=[],
        published_at="2026-10-02T00:00:00.000000Z",
    )


def to_date(figure: str | None, verdict: str, of: dict[str, Any] = MONTHLY, **more: Any) -> dict[str, Any]:
    """Return an open window of November in the form in which monitor-svc answers its figure to date."""
    window_id = of["window"].get("rolling") or ("tickets" if "per" in of["window"] else NOVEMBER[0])
    return {
        "target_id": of["target_id"],
        "target_key": of["key"],
        "agreement_version": 1,
        "window_id": window_id,
        "window_start_at": written(NOVEMBER[1]),
        "window_end_at": written(NOVEMBER[2]),
        "aggregation": of["aggregation"],
        "objective": of["objective"],
        "closed": False,
        "verdict": verdict,
        "figure": figure,
    } | more
