"""Functions that return the targets of the demonstration's agreements, as JSON of an agreement document."""

from __future__ import annotations

from typing import Any

Target = dict[str, Any]

CHECKOUT, CHECKOUT_SPEED = "checkout.state", "checkout.answer-time"
MAIL = "mail.state"
BANKING, BANKING_REQUESTS = "banking.state", "banking.requests"
PORTAL_PAGES = "portal.pages"
DESK_STARS = "desk.stars"
PAYMENTS, LINES, NETWORK, RELEASES = "payments.state", "lines.state", "network.state", "releases.failed"

INDICATORS: tuple[dict[str, Any], ...] = (
    {"key": CHECKOUT, "kind": "availability", "initial_state": "up", "service": "checkout"},
    {"key": CHECKOUT_SPEED, "kind": "value", "unit": "ms", "service": "checkout"},
    {"key": MAIL, "kind": "availability", "initial_state": "up", "service": "mail"},
    {"key": BANKING, "kind": "availability", "initial_state": "up", "service": "online-banking"},
    {"key": BANKING_REQUESTS, "kind": "ratio", "service": "online-banking"},
    {"key": PORTAL_PAGES, "kind": "ratio", "stale_after": "PT4H", "service": "results-portal"},
    {
        "key": DESK_STARS,
        "kind": "rating",
        "scale": {"lowest": "1", "highest": "5"},
        "service": "service-desk",
    },
    {"key": PAYMENTS, "kind": "availability", "initial_state": "up", "service": None},
    {"key": LINES, "kind": "availability", "initial_state": "up", "service": None},
    {"key": NETWORK, "kind": "availability", "initial_state": "up", "service": None},
    {"key": RELEASES, "kind": "count", "service": None},
)
"""The indicators that Alder measures, its own and its suppliers'. ``service`` is the key of one of Alder's services."""

STATES = (CHECKOUT, MAIL, BANKING, PAYMENTS, LINES, NETWORK)
"""The indicators for which only outages are sent: outside of outages they are up."""

WAITING = ["awaiting_customer", "awaiting_vendor"]
"""The states of a ticket in which its clocks pause."""


def availability_target(title: str, indicator: str, percent: str, owner: str, **more: Any) -> Target:
    """Return a target for monthly availability. If the target is at risk, ``owner`` acts. ``more``: further fields."""
    return {
        "key": "availability",
        "title": title,
        "indicator": {"key": indicator, "owner": more.pop("measured_by", "provider")},
        "aggregation": "availability",
        "objective": {"at_least": percent, "unit": "percent"},
        "window": {"calendar": "month"},
        "weight": "3",
        "responsible": at_risk_plan(owner),
        **more,
    }


def response_time_target() -> Target:
    """Return a target: 95 % of the answers that checkout gives in a month take at most 300 ms."""
    return {
        "key": "fast",
        "title": "Checkout answers within 300 ms",
        "indicator": {"key": CHECKOUT_SPEED, "unit": "ms"},
        "aggregation": {"share_at_most": "300"},
        "objective": {"at_least": "95", "unit": "percent"},
        "window": {"calendar": "month"},
        "responsible": at_risk_plan("Checkout operations"),
    }


def success_target(key: str, title: str, indicator: str, percent: str) -> Target:
    """Return a target: at least ``percent`` of a month's requests succeed."""
    return {
        "key": key,
        "title": title,
        "indicator": indicator,
        "aggregation": "ratio",
        "objective": {"at_least": percent, "unit": "percent"},
        "window": {"calendar": "month"},
        "responsible": at_risk_plan("Application operations"),
    }


def resolution_target(priority: str, within: dict[str, Any], **more: Any) -> Target:
    """Return a target: incidents of a priority are resolved within a duration. ``more``: further fields."""
    return {
        "key": f"{priority.lower()}-resolution",
        "title": f"{priority} incidents are resolved in time",
        "aggregation": "clock",
        "clock": "resolution",
        "objective": {"within": within},
        "applies_to": {"type": "incident", "priority": [priority]},
        "pause": WAITING,
        "responsible": at_risk_plan("Duty manager"),
        **more,
    }


def first_response_target(within: dict[str, Any], **more: Any) -> Target:
    """Return a target: incidents of every priority get a first response within a duration."""
    return {
        "key": "first-answer",
        "title": "Incidents are answered in time",
        "aggregation": "clock",
        "clock": "response",
        "objective": {"within": within},
        "applies_to": {"type": "incident"},
        **more,
    }


def compliance_target(of: str, title: str, percent: str) -> Target:
    """Return a target: at least ``percent`` of a month's tickets meet the target with the key ``of``."""
    return {
        "key": f"{of}-kept",
        "title": title,
        "aggregation": {"compliance": {"target": of}},
        "objective": {"at_least": percent, "unit": "percent"},
        "window": {"calendar": "month"},
    }


def rating_target(score: str) -> Target:
    """Return a target: the mean of a month's ratings, from one to five stars, is at least ``score``."""
    return {
        "key": "stars",
        "title": "People are content with the desk",
        "indicator": {"key": DESK_STARS, "kind": "rating"},
        "aggregation": "mean",
        "objective": {"at_least": score},
        "window": {"calendar": "month"},
    }


def failed_releases_target() -> Target:
    """Return a target of the application desk: at most four releases fail in a month."""
    return {
        "key": "releases",
        "title": "Few releases fail",
        "indicator": {"key": RELEASES, "owner": "customer"},
        "aggregation": "count",
        "objective": {"at_most": "4"},
        "window": {"calendar": "month"},
        "responsible": at_risk_plan("Application desk"),
    }


def at_risk_plan(owner: str) -> dict[str, Any]:
    """Return the agreed plan for a target at risk: its steps, and ``owner``, who takes them."""
    steps = [
        {"step": "Stop releases until the month is over", "owner": "Release manager"},
        {"step": "Move traffic to the second site", "owner": "Duty engineer"},
        {"step": "Tell the customer what is expected", "owner": "Service level manager"},
    ]
    return {"owner": owner, "plan": steps}
