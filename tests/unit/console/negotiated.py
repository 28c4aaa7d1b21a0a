"""Agreements as the API answers them, for the tests of what pages say."""

from __future__ import annotations

from typing import Any

from slm_console.views.directory import Directory
from slm_console.views.reader import DAY, Reader
from slm_events.instants import to_text

NOW = 1_796_000_000_000_000
ALDER, SHOP = "alder-id", "shop-id"
READER = Reader(NOW)


def directory(own: str = ALDER, *roles: str) -> Directory:
    """The directory of one of the two companies."""
    parties = {ALDER: "Alder", SHOP: "Corner Shop"}
    services = {"checkout-id": {"name": "Checkout", "outcome": "Customers can pay", "provider_party_id": ALDER}}
    names = {ALDER: "Grace Hopper", SHOP: "Emmy Noether"}
    return Directory(own, parties, services, names[own], frozenset(roles))


def available(percent: str = "99.9", period: str = "month") -> dict[str, Any]:
    """A target of availability."""
    return {
        "key": "availability",
        "target_id": "target-1",
        "service_id": "checkout-id",
        "title": "Checkout is available",
        "aggregation": "availability",
        "objective": {"at_least": percent, "unit": "percent"},
        "window": {"calendar": period},
        "service_hours": "24x7",
        "indicator": {"key": "shop.checkout", "unit": None},
    }


def resolved(within: str = "PT4H") -> dict[str, Any]:
    """A target of the time to resolve P1 incidents."""
    return {
        "key": "p1",
        "target_id": "target-2",
        "service_id": "checkout-id",
        "title": "P1 is resolved",
        "aggregation": "clock",
        "clock": "resolution",
        "objective": {"within": {"calendar": within}},
        "applies_to": {"type": "incident", "priority": ["P1"]},
        "window": {"per": "ticket"},
        "service_hours": "24x7",
        "indicator": None,
    }


def agreement(state: str = "proposed", **more: Any) -> dict[str, Any]:
    """An agreement that Alder proposed to Corner Shop."""
    term = {"effective_at": to_text(NOW), "expires_at": to_text(NOW + 400 * DAY), "notice": "P90D"}
    document = {
        "title": "Checkout for Corner Shop",
        "timezone": "Europe/Zurich",
        "term": term,
        "clauses": {
            "support": {"text": "By telephone.", "channels": ["portal", "mail"]},
            "charges": {"text": "Monthly.", "amount": "4200.00", "currency": "EUR"},
        },
        "targets": [available(), resolved()],
    }
    return {
        "agreement_id": "agreement-1",
        "on_record": False,
        "key": "checkout",
        "kind": "sla",
        "version": 1,
        "state": state,
        "title": "Checkout for Corner Shop",
        "timezone": "Europe/Zurich",
        "drafting_party_id": ALDER,
        "provider_party_id": ALDER,
        "customer_party_id": SHOP,
        "service_id": "checkout-id",
        "revision": {"number": 2, "hash": "abc"},
        "answer_awaited_from": {"proposed": SHOP, "countered": ALDER}.get(state),
        "signatures": [],
        "missing_signatures": [],
        "effective_at": to_text(NOW),
        "ends_at": to_text(NOW + 400 * DAY),
        "document": document,
        **more,
    }
