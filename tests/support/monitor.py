"""Short forms for tests of monitor-svc: terms, facts and an evaluation in memory."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from slm_chassis.identity import named_id
from slm_events.agreement import AgreementFinalized
from slm_events.instants import from_text
from slm_monitor.domain.facts.facts import Fact, hash_fact_content
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.lifecycle.target_state import EvaluationMoment, TargetState
from slm_monitor.domain.terms.terms import ServiceLevelTarget, parse_targets
from slm_monitor.domain.terms.terms_history import TargetTermsHistory, create_terms_history, list_figure_histories

PROVIDER = named_id("6f1d0d5e-3c5b-5a57-9f0e-6a1f0a7c51a3", "provider")
CUSTOMER = named_id("6f1d0d5e-3c5b-5a57-9f0e-6a1f0a7c51a3", "customer")
AGREEMENT = named_id(PROVIDER, "agreement", "checkout")
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(text: str) -> int:
    """Convert ``2026-11-02T10:00`` (UTC) to microseconds UTC."""
    return from_text(text if text.endswith("Z") else f"{text}:00Z" if len(text) == 16 else f"{text}Z")


def available(at_least: str = "99.9", window: str = "month", **more: Any) -> dict[str, Any]:
    return _target(
        "availability",
        {"at_least": at_least, "unit": "percent"},
        {"calendar": window},
        "availability",
        "payments.checkout",
        **more,
    )


def fast(at_least: str = "95", window: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    key = "fast-" + "-".join((window or {"calendar": "month"}).values()).lower()
    return _target(
        key,
        {"at_least": at_least, "unit": "percent"},
        window or {"calendar": "month"},
        {"share_at_most": "300"},
        "payments.checkout-latency",
        **more,
    )


def resolved(within: str = "PT4H", priority: str = "P1", **more: Any) -> dict[str, Any]:
    document = _target(
        f"{priority.lower()}-resolution", {"within": {"service_time": within}}, {"per": "ticket"}, "clock", None, **more
    )
    return {
        "clock": "resolution",
        "applies_to": {"type": "incident", "priority": [priority]},
        "start": "opened",
        "stop": "resolved",
        "pause": ["awaiting_customer"],
        **document,
    }


def _target(
    key: str, objective: Any, window: Any, aggregation: Any, indicator: str | None, **more: Any
) -> dict[str, Any]:
    return {
        "target_id": named_id(PROVIDER, "target", "checkout", key),
        "key": key,
        "title": key,
        "service_id": "service",
        "indicator": {"owner_party_id": PROVIDER, "key": indicator} if indicator else None,
        "aggregation": aggregation,
        "objective": objective,
        "window": window,
        "service_hours": "24x7",
        "unknown": "removed",
        "degraded": "up",
        "no_data": "ignore",
        "warn_at": {},
        "weight": "1",
        "responsible": {},
        **more,
    }


def finalized(*targets: dict[str, Any], version: int = 1, **changed: Any) -> AgreementFinalized:
    fields: dict[str, Any] = {
        "agreement_id": AGREEMENT,
        "agreement_key": "checkout",
        "version": version,
        "kind": "sla",
        "scope": "service",
        "title": "Checkout",
        "provider_party_id": PROVIDER,
        "provider_name": "Provider",
        "customer_party_id": CUSTOMER,
        "customer_name": "Customer",
        "service_id": "service",
        "service_key": "checkout",
        "service_name": "Checkout",
        "timezone": "UTC",
        "effective_at": "2026-11-01T00:00:00Z",
        "expires_at": None,
        "closing_delay_seconds": 600,
        "revision_number": 1,
        "revision_hash": "00",
        "finalized_at": "2026-10-20T00:00:00Z",
        "customer_sees": {"risks": "at_once", "live_figure": "yes", "plans": "full"},
        "targets": list(targets),
        "service_hours": {
            "24x7": "24x7",
            "business": {
                "timezone": "UTC",
                "weekly": {day: [["08:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
            },
        },
    }
    return AgreementFinalized(**{**fields, **changed})


def terms_of(*targets: dict[str, Any], **changed: Any) -> list[ServiceLevelTarget]:
    return parse_targets(asdict(finalized(*targets, **changed)))


def line_of(target: dict[str, Any], **changed: Any) -> TargetTermsHistory:
    return create_terms_history(terms_of(target, **changed))


def target_state_of(target: dict[str, Any], **changed: Any) -> TargetState:
    (line,) = list_figure_histories([line_of(target, **changed)])
    return TargetState(line)


def moment(as_of: str, now: str | None = None) -> EvaluationMoment:
    return EvaluationMoment(at(as_of), at(now or as_of))


def state(instant: str, value: str, **more: Any) -> Fact:
    body = {"state": value, **more}
    return Fact(f"{PROVIDER}/payments.checkout", hash_fact_content({"at": instant, **body}), at(instant), body)


def outage(start: str, end: str) -> Fact:
    body = {"from": at(start), "to": at(end)}
    return Fact(f"{PROVIDER}/payments.checkout", hash_fact_content(body), at(start), body)


def ticket_event(instant: str, event: str, state: str | None = None, **attributes: Any) -> TicketEvent:
    return TicketEvent(f"{instant} {event} {state}", at(instant), event, None, state, attributes)


def opened(instant: str, priority: str = "P1", **more: Any) -> TicketEvent:
    return ticket_event(instant, "opened", None, type="incident", priority=priority, **more)
