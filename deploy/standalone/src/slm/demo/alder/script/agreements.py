"""The twelve signed agreements of the demonstration, and the three that are being negotiated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slm.demo.alder.script import targets
from slm.demo.alder.script.companies import PROVIDER
from slm.demo.alder.script.targets import Target
from slm.demo.alder.script.timeline import ZONE
from slm_events.instants import to_text

_WEEKDAYS = {"timezone": ZONE, "weekly": {"mon-fri": [["07:00", "19:00"]], "sat": [["08:00", "16:00"]]}}
_DESK = {"timezone": ZONE, "weekly": {"mon-fri": [["08:00", "18:00"]]}}


@dataclass(frozen=True)
class AgreementPlan:
    """The content of one agreement of the demonstration.

    ``supports`` holds the keys of the agreements that this agreement depends on. They are signed before it.
    """

    key: str
    kind: str
    title: str
    provider: str
    customer: str
    service: str
    need: str
    """The customer's requirement that the agreement answers, in the customer's words."""
    targets: tuple[Target, ...]
    charge: str
    supports: tuple[str, ...] = ()
    countered: Target | None = None
    """One target as it is at another step of the negotiation. In ``COUNTERED`` it is the target that the customer's
    counter-proposal asks for. In every other plan it is the provider's first proposal, which the customer counters with
    the first of ``targets``.
    """

    def document(self, effective_at: int, supports: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
        """Return the agreement's document as it is sent to the API. ``effective_at`` is in microseconds UTC.

        ``supports`` are the ids of the agreements that this agreement depends on, ``wanted`` the ids of the
        requirements that it answers.
        """
        return {
            "title": self.title,
            "timezone": ZONE,
            "term": {"effective_at": to_text(effective_at), "notice": "P90D"},
            "service_hours": {"weekdays": _WEEKDAYS, "desk": _DESK},
            "requirements": list(wanted),
            "supports": [{"agreement_id": each} for each in supports],
            "review": {"cadence": "quarter", "on_breach": True, "after_met_windows": 12},
            "clauses": {
                "service_description": f"{self.title}. {self.need}",
                "availability": "As the targets say.",
                "charges": {"text": "A fixed price a month.", "amount": self.charge, "currency": "EUR", "per": "month"},
                "continuity": {"text": "After the loss of a site.", "rto": "PT4H", "rpo": "PT15M"},
            },
            "targets": [dict(each) for each in self.targets],
        }


UNDERPINNING = (
    AgreementPlan(
        "payments-2026", "uc", "Card payments by Paylane", "paylane", PROVIDER, "payments",
        "Card payments are authorised around the clock.",
        (targets.availability_target(
            "Payments are available", targets.PAYMENTS, "99.9", "Paylane", measured_by="customer"
        ),),
        "3900.00",
    ),
    AgreementPlan(
        "mail-platform-terms", "uc", "Mail platform by Greyline Cloud, published terms", "greyline", PROVIDER,
        "mail-platform", "Mailboxes of all customers are on this platform.",
        (targets.availability_target(
            "The platform is available", targets.MAIL, "99.9", "Greyline", measured_by="customer"
        ),),
        "2400.00",
    ),
    AgreementPlan(
        "lines-2026", "uc", "Lines by Brightwater Telecom", "brightwater", PROVIDER, "lines",
        "Two lines connect each data centre.",
        (targets.availability_target(
            "Lines are available", targets.LINES, "99.5", "Brightwater", measured_by="customer"
        ),),
        "5200.00",
    ),
    AgreementPlan(
        "network-team", "ola", "What the network team promises", "alder-network", PROVIDER, "network",
        "The network carries every service.",
        (targets.availability_target(
            "The network is available", targets.NETWORK, "99.95", "Network", measured_by="customer"
        ),),
        "0.00",
    ),
    AgreementPlan(
        "application-desk", "ola", "What the application desk promises", "alder-application-desk", PROVIDER,
        "releases", "Changes reach users without harm.", (targets.failed_releases_target(),), "0.00",
    ),
)  # fmt: skip

PROMISED = (
    AgreementPlan(
        "checkout", "sla", "Checkout of the shop", PROVIDER, "corner-shop", "checkout",
        "Customers can pay at any hour, and no cart is lost to a slow answer.",
        (
            targets.availability_target("Customers can pay online", targets.CHECKOUT, "99.9", "Checkout operations"),
            targets.response_time_target(),
            targets.resolution_target("P1", {"calendar": "PT4H"}),
            targets.resolution_target("P2", {"calendar": "PT12H"}),
        ),
        "8400.00", ("network-team",),
        countered=targets.availability_target(
            "Customers can pay online", targets.CHECKOUT, "99.5", "Checkout operations"
        ),
    ),
    AgreementPlan(
        "mail-corner-shop", "sla", "Mail for the shop", PROVIDER, "corner-shop", "mail",
        "Buyers and stores reach each other by mail.",
        (targets.availability_target("Staff can read mail", targets.MAIL, "99.9", "Workplace operations"),),
        "1200.00", ("mail-platform-terms",),
    ),
    AgreementPlan(
        "service-desk", "sla", "Service desk for the shop", PROVIDER, "corner-shop", "service-desk",
        "Stores get help while they are open.",
        (
            targets.first_response_target({"service_time": "PT30M"}, service_hours="desk"),
            targets.resolution_target("P2", {"service_time": "PT8H"}, service_hours="desk"),
            targets.resolution_target("P3", {"business_days": 2}, service_hours="desk"),
            targets.compliance_target("first-answer", "Most incidents are answered in time", "90"),
            targets.rating_target("3.5"),
        ),
        "4600.00",
    ),
    AgreementPlan(
        "mail-harbour", "sla", "Mail for the bank", PROVIDER, "harbour", "mail",
        "Advisers answer clients by mail.",
        (targets.availability_target("Staff can read mail", targets.MAIL, "99.9", "Workplace operations"),),
        "2100.00", ("mail-platform-terms",),
    ),
    AgreementPlan(
        "online-banking", "sla", "Online banking of Harbour Savings", PROVIDER, "harbour", "online-banking",
        "Clients see their accounts and pay on working days.",
        (
            targets.availability_target(
                "Clients can use online banking", targets.BANKING, "99.8", "Banking operations",
                service_hours="weekdays",
            ),
            targets.success_target("requests", "Requests succeed", targets.BANKING_REQUESTS, "99.5"),
            targets.resolution_target("P2", {"service_time": "PT8H"}, service_hours="weekdays"),
        ),
        "15800.00", ("network-team",),
    ),
    AgreementPlan(
        "mail-elmsted", "sla", "Mail for the town", PROVIDER, "elmsted", "mail",
        "The town hall answers its citizens by mail.",
        (targets.availability_target("Staff can read mail", targets.MAIL, "99.5", "Workplace operations"),),
        "900.00", ("mail-platform-terms",),
    ),
    AgreementPlan(
        "results-portal", "sla", "Results portal of the town", PROVIDER, "elmsted", "results-portal",
        "On election night everybody can follow the count.",
        (targets.success_target("pages", "Pages are shown without an error", targets.PORTAL_PAGES, "99.5"),),
        "700.00", ("network-team",),
    ),
)  # fmt: skip

SIGNED = UNDERPINNING + PROMISED
"""The twelve signed agreements: first those with suppliers and teams, because those with customers depend on them."""

DRAFT = AgreementPlan(
    "checkout-next-year", "sla", "Checkout next year, 99.99 % available", PROVIDER, "corner-shop", "checkout",
    "The shop wants checkout to be away for four minutes a month at most.",
    (targets.availability_target("Customers can pay online", targets.CHECKOUT, "99.99", "Checkout operations"),),
    "9900.00", ("payments-2026",),
)  # fmt: skip
COUNTERED = AgreementPlan(
    "card-terminals", "sla", "Card terminals in branches", PROVIDER, "harbour", "card-terminals",
    "Branches take cards while they are open.",
    (
        targets.resolution_target("P1", {"service_time": "PT8H"}, service_hours="weekdays"),
        targets.first_response_target({"service_time": "PT30M"}, service_hours="weekdays"),
    ),
    "1800.00",
    countered=targets.resolution_target("P1", {"service_time": "PT4H"}, service_hours="weekdays"),
)  # fmt: skip
"""The agreement whose customer makes a counter-proposal with ``countered``. The provider has not answered it yet."""
UNSIGNED = AgreementPlan(
    "election-night", "sla", "Results portal on election night", PROVIDER, "elmsted", "results-portal",
    "On election night 999 of 1,000 pages are shown.",
    (targets.success_target("pages", "Pages are shown without an error", targets.PORTAL_PAGES, "99.9"),),
    "1500.00",
)  # fmt: skip
"""The agreement that both parties accepted and the provider signed. It waits for the town's signature."""
