"""The demonstration's agreement document."""

from __future__ import annotations

from typing import Any

AGREEMENT_KEY = "checkout-2027"
REQUIREMENT_KEY = "checkout-always"
AVAILABILITY_INDICATOR = "payments.checkout"
LATENCY_INDICATOR = "payments.checkout-latency"
AVAILABILITY_PERCENT = "99.99"
"""The availability that is finally agreed: it allows a few minutes a month, so that minutes of outage matter."""

SERVICE: dict[str, Any] = {
    "key": "checkout",
    "name": "Checkout",
    "outcome": "Customers can pay for what is in their cart",
}
REQUIREMENT: dict[str, Any] = {
    "key": REQUIREMENT_KEY,
    "text": "Checkout has to work whenever the shop is open, and fast enough that nobody leaves.",
    "outcome": "No sale is lost to a slow or absent checkout",
}

_LATENCY = {"key": LATENCY_INDICATOR, "unit": "ms"}
_PLAN = {
    "owner": "Checkout operations",
    "plan": [
        {"step": "Move traffic to the second site", "owner": "Duty engineer"},
        {"step": "Call the payment provider", "owner": "Supplier manager"},
    ],
}


def agreement_document(effective_at: str, expires_at: str | None = None) -> dict[str, Any]:
    """Return the first draft of the agreement's document.

    Instants are RFC 3339 text. If ``expires_at`` is None, the agreement has no end.
    """
    return {
        "title": "Checkout for the shop",
        "timezone": "UTC",
        "term": {"effective_at": effective_at, "expires_at": expires_at, "notice": "P90D"},
        "customer_sees": {"risks": "at_once", "live_figure": "yes", "plans": "full"},
        "service_hours": {"business": {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}}},
        "requirements": [REQUIREMENT_KEY],
        "review": {"cadence": "month", "on_breach": True, "after_met_windows": 3},
        "clauses": {
            "service_description": "Checkout takes payments for the shop: cards, invoices and vouchers.",
            "continuity": {"text": "After a disaster at the first site.", "rto": "PT1H", "rpo": "PT5M"},
        },
        "targets": [
            monthly_availability_target(),
            monthly_response_time_target(),
            hourly_response_time_target(),
            p1_resolution_target(),
        ],
    }


def counter_proposal(drafted: dict[str, Any]) -> dict[str, Any]:
    """Return the customer's counter-proposal: the draft with a higher availability and a charges clause."""
    raised = [
        monthly_availability_target(AVAILABILITY_PERCENT) if target["key"] == "availability" else target
        for target in drafted["targets"]
    ]
    charges = {"text": "A fixed price a month.", "amount": "4200.00", "currency": "EUR", "per": "month"}
    return {**drafted, "targets": raised, "clauses": {**drafted["clauses"], "charges": charges}}


def monthly_availability_target(percent: str = "99.95") -> dict[str, Any]:
    """Return the target for monthly availability."""
    return {
        "key": "availability",
        "title": "Checkout is available",
        "indicator": AVAILABILITY_INDICATOR,
        "aggregation": "availability",
        "objective": {"at_least": percent, "unit": "percent"},
        "window": {"calendar": "month"},
        "weight": "3",
        "responsible": _PLAN,
    }


def monthly_response_time_target() -> dict[str, Any]:
    """Return a target: 95 % of a month's answers take at most 300 ms."""
    return {
        "key": "fast-month",
        "title": "Checkout answers within 300 ms, over the month",
        "indicator": _LATENCY,
        "aggregation": {"share_at_most": "300"},
        "objective": {"at_least": "95", "unit": "percent"},
        "window": {"calendar": "month"},
        "responsible": _PLAN,
    }


def hourly_response_time_target() -> dict[str, Any]:
    """Return a target with a burn-rate warning: 90 % of the last hour's answers take at most 300 ms."""
    return {
        "key": "fast-hour",
        "title": "Checkout answers within 300 ms, over the last hour",
        "indicator": _LATENCY,
        "aggregation": {"share_at_most": "300"},
        "objective": {"at_least": "90", "unit": "percent"},
        "window": {"rolling": "PT1H"},
        "warn_at": {"burn_rate": [{"long": "PT2M", "short": "PT1M", "factor": "2"}]},
        "responsible": _PLAN,
    }


def p1_resolution_target() -> dict[str, Any]:
    """Return a target: P1 incidents are resolved within 4 hours of service time."""
    return {
        "key": "p1-resolution",
        "title": "P1 incidents are resolved within 4 hours of service time",
        "aggregation": "clock",
        "clock": "resolution",
        "objective": {"within": {"service_time": "PT4H"}},
        "applies_to": {"type": "incident", "priority": ["P1"]},
        "pause": ["awaiting_customer", "awaiting_vendor"],
        "service_hours": "business",
        "responsible": _PLAN,
    }
