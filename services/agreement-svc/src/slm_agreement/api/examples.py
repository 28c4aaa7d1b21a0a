"""Examples of the main request bodies for the API's documentation. A test sends them all."""

from __future__ import annotations

from typing import Any

PRINCIPAL_ID = "7f8b3d4e-0000-5000-8000-000000000005"
PROVIDER_ID = "7f8b3d4e-0000-5000-8000-000000000001"
CUSTOMER_ID = "7f8b3d4e-0000-5000-8000-000000000002"
SERVICE_ID = "7f8b3d4e-0000-5000-8000-000000000003"
HASH = "8e0b8f3a4f0b6c5f0f0d0f5f7f5e6f0d1c2b3a49585f6e7d8c9b0a1f2e3d4c5b"

PARTY: dict[str, Any] = {
    "key": "acme-hosting",
    "name": "Acme Hosting",
    "external_refs": [{"system": "crm", "id": "K-1042"}],
}

PERSON: dict[str, Any] = {
    "key": "grace",
    "name": "Grace Hopper",
    "email": "grace@example.com",
    "mandates": [{"role": "provider_signatory", "text": "Signs service agreements, by resolution of 2026-01-15"}],
}

PRINCIPAL: dict[str, Any] = {
    "key": "desk",
    "party_id": PROVIDER_ID,
    "name": "Service desk",
    "roles": ["service_level_manager"],
}

INVITATION: dict[str, Any] = {"alias": "The Corner Shop", "note": "Our customer since 2019"}

ACCEPTANCE: dict[str, Any] = {
    "party": {"key": "corner-shop", "name": "The Corner Shop"},
    "person": {"key": "carl", "name": "Carl Friedrich", "email": "carl@example.com"},
}

NAMED_COMPANY: dict[str, Any] = {"key": "sky-compute", "name": "Sky Compute"}

SERVICE: dict[str, Any] = {
    "key": "checkout",
    "name": "Checkout",
    "outcome": "Customers can pay for what is in their cart",
    "status": "pipeline",
    "planned_on": "2027-04-01",
    "moments_of_truth": ["The customer presses Pay", "The voucher of a friend is accepted"],
    "owner": "Checkout operations",
    "priority": 1,
    "weight": 3,
    "configuration_items": [{"name": "Payment cluster", "external_refs": [{"system": "cmdb", "id": "CI-2041"}]}],
}

REQUIREMENT: dict[str, Any] = {
    "key": "checkout-always",
    "service_id": SERVICE_ID,
    "text": "Checkout has to work whenever the shop is open, and fast enough that nobody leaves.",
    "outcome": "No sale is lost to a slow or absent checkout",
}

DOCUMENT: dict[str, Any] = {
    "title": "Checkout for the shop",
    "timezone": "Europe/Berlin",
    "term": {"effective_at": "2026-12-01T00:00:00Z", "expires_at": "2028-12-01T00:00:00Z", "notice": "P90D"},
    "service_hours": {
        "business": {
            "timezone": "Europe/Berlin",
            "weekly": {"mon-fri": [["08:00", "18:00"]]},
            "holidays": [{"country": "DE", "subdivision": "BE"}],
        }
    },
    "requirements": ["checkout-always"],
    "clauses": {
        "service_description": "Checkout takes payments for the shop: cards, invoices and vouchers, 200 a minute.",
        "charges": {"text": "A fixed price a month.", "amount": "4200.00", "currency": "EUR"},
    },
    "targets": [
        {
            "key": "availability",
            "title": "Checkout is available",
            "indicator": "payments.checkout",
            "aggregation": "availability",
            "objective": {"at_least": "99.9", "unit": "percent"},
            "unacceptable": {"at_least": "99", "unit": "percent"},
            "window": {"calendar": "month"},
            "warn_at": {"budget_consumed": ["50", "75", "90"], "budget_drop": [{"by": "10", "within": "PT1H"}]},
            "responsible": {"owner": "Operations", "plan": [{"step": "Fail over to the second site"}]},
        },
        {
            "key": "fast",
            "title": "Checkout answers within 300 ms",
            "indicator": {"key": "payments.checkout-latency", "unit": "ms"},
            "aggregation": {"share_at_most": "300"},
            "objective": {"at_least": "95", "unit": "percent"},
            "window": {"calendar": "month"},
        },
        {
            "key": "p1-resolution",
            "title": "P1 incidents are resolved within 4 hours of service time",
            "aggregation": "clock",
            "clock": "resolution",
            "objective": {"within": {"service_time": "PT4H"}},
            "applies_to": {"type": "incident", "priority": ["P1"]},
            "pause": ["awaiting_customer", "awaiting_vendor"],
            "service_hours": "business",
            "warn_at": {"elapsed": ["50", "75", "90"]},
            "escalations": [
                {"at": {"service_time": "-PT30M"}, "level": "functional", "to": "Second line"},
                {"at": {"service_time": "PT0S"}, "level": "hierarchical", "to": "Head of operations"},
            ],
        },
        {
            "key": "checkout",
            "title": "Checkout is there and fast",
            "aggregation": {"composite": {"of": "verdicts", "rule": "all_of", "members": ["availability", "fast"]}},
            "window": {"calendar": "month"},
        },
    ],
}

LOG_IN: dict[str, Any] = {
    "email": "ada@acme.example",
    "password": "eleven green bottles",
    "client": "Firefox on Linux",
}
INSTALLATION: dict[str, Any] = {
    "code": "slm_…",
    "name": "Service levels of Acme",
    "party": {"name": "Acme Hosting"},
    "person": {"name": "Ada Byron", "email": "ada@acme.example"},
    "password": "eleven green bottles",
    "signatory": {"name": "Grace Hopper", "email": "grace@acme.example"},
}
PASSWORD: dict[str, Any] = {"password": "ten green bottles on a wall", "current_password": "eleven green bottles"}

AGREEMENT: dict[str, Any] = {
    "key": "checkout-2027",
    "kind": "sla",
    "provider_party_id": PROVIDER_ID,
    "customer_party_id": CUSTOMER_ID,
    "service_id": SERVICE_ID,
    "template": "sla-standard",
    "document": DOCUMENT,
}

RECORD: dict[str, Any] = {
    "key": "sky-compute-2027",
    "kind": "uc",
    "provider_party_id": PROVIDER_ID,
    "customer_party_id": CUSTOMER_ID,
    "service_id": SERVICE_ID,
    "document": {
        "title": "Virtual machines of Sky Compute",
        "timezone": "UTC",
        "term": {"effective_at": "2026-12-01T00:00:00Z"},
        "targets": [
            {
                "key": "availability",
                "indicator": "sky.vm",
                "aggregation": "availability",
                "objective": {"at_least": "99.95", "unit": "percent"},
                "window": {"calendar": "month"},
            }
        ],
    },
    "contract": {
        "media_type": "application/pdf",
        "sha256": HASH,
        "dated_on": "2026-03-31",
        "signed_by": [{"side": "provider", "name": "Konrad Zuse", "signed_on": "2026-03-31"}],
    },
}

CONTRACT_TABLE: dict[str, Any] = {
    "lines": [
        {
            "line": 2,
            "columns": {
                "key": "sky-compute-2027",
                "title": "Virtual machines of Sky Compute",
                "company": "Sky Compute",
                "service": "Virtual machines",
                "first_day": "2026-12-01",
                "document_sha256": HASH,
                "at_least": 99.95,
            },
        }
    ]
}

SIGNATURE: dict[str, Any] = {
    "revision_hash": HASH,
    "waivers": [{"code": "relevant.no-requirement", "reason": "Takes over the terms of the agreement before it."}],
}


COMMENT: dict[str, Any] = {
    "revision_hash": HASH,
    "target": "fast",
    "text": "Is this measured at the till or at your network's edge?",
}

ANSWER: dict[str, Any] = {
    "revision_hash": HASH,
    "accept": ["availability"],
    "refuse": [{"target": "fast", "reason": "Half a second is too slow at the till."}],
}


def edit_example(example: dict[str, Any]) -> dict[str, Any]:
    """Return the example of a PUT body: the given example without the key and party, which cannot be changed."""
    return {name: value for name, value in example.items() if name not in ("key", "party_id")}
