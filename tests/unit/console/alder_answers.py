"""Answers of the API about a provider on a busy morning: something down, something at risk, something to decide."""

from __future__ import annotations

from typing import Any

from tests.unit.console.stub_api import listed

ALDER, SHOP, BANK, TOWN, CLOUD = "alder", "shop", "bank", "town", "cloud"
NAMES = {
    ALDER: "Alder Managed Services",
    SHOP: "Corner Shop Group",
    BANK: "Harbour Savings Bank",
    TOWN: "Town of Elmsted",
    CLOUD: "Greyline Cloud",
}
MONTHS = [f"2025-{month:02}" for month in (12,)] + [f"2026-{month:02}" for month in range(1, 12)]
_MINUTE = 60_000_000


def party(key: str) -> dict[str, Any]:
    return {"party_id": key, "name": NAMES[key], "key": key}


def service(key: str, name: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {"service_id": key, "provider_party_id": ALDER, "key": key, "name": name, "outcome": outcome,
            "description": "", **more}  # fmt: skip


SERVICES = [
    service("checkout", "Checkout", "Customers can pay online", description="Card and invoice payments of the shop."),
    service("mail", "Mail platform", "Staff can read mail"),
    service("portal", "Results portal", "Citizens see results on election night"),
    service("banking", "Online banking", "Savers can see their accounts"),
]


def about(target: str, title: str, service_id: str, customer: str, **more: Any) -> dict[str, Any]:
    names = {each["service_id"]: each["name"] for each in SERVICES}
    return {
        "agreement_id": f"a-{customer}", "agreement_title": f"Services for {NAMES[customer]}",
        "service_id": service_id, "service_name": names[service_id], "provider_party_id": ALDER,
        "provider_name": NAMES[ALDER], "customer_party_id": customer, "customer_name": NAMES[customer],
        "target_id": target, "target_key": target, "target_title": title, **more,
    }  # fmt: skip


def standing(service_id: str, state: str | None, verdict: str | None, lost: int | None, strip: str) -> dict[str, Any]:
    words = {"m": "met", "b": "breached", "r": "at_risk", "n": None}
    return {
        "service_id": service_id, "service_name": service_id.title(), "provider_party_ids": [ALDER],
        "customer_party_ids": [SHOP], "agreements": 1, "targets": 3, "state": state,
        "state_since_at": "2026-11-26T09:02:00Z" if state == "down" else None, "verdict": verdict,
        "lost_seconds": lost, "strip": [words[each] for each in strip],
    }  # fmt: skip


SUMMARY: dict[str, Any] = {
    "as_of": "2026-11-26T09:42:00Z", "today_ends_at": "2026-11-26T23:00:00Z", "week_ends_at": "2026-11-29T23:00:00Z",
    "counts": {
        "targets": 31, "agreements": 12, "services": 4, "down": 1, "services_down": 1, "breaches_unacknowledged": 3,
        "breaches_not_closed": 5, "risks": 1, "exclusions_to_decide": 1, "stale": 1, "tickets_due_in_4_h": 1,
        "tickets_due_today": 2, "urgency": {"now": 2, "today": 3, "this_week": 2, "later": 0},
    },
    "next_deadline_at": "2026-11-26T10:23:00Z",
    "down": [
        {
            "indicator": {"key": "mail.up", "owner_party_id": "alder"}, "labels": {}, "service_id": "mail",
            "service_name": "Mail", "since_at": "2026-11-26T09:02:00Z", "seconds": 2_400, "targets": 38,
            "agreements": 38, "affected": [{"customer_name": "Corner Shop Group"}], "target_ids": [], "urgency": "now",
        }
    ],
    "breaches": [
        about("t-orders", "Orders are accepted within 2 s", "checkout", SHOP, breach_id="b-orders", window_id="2026-11",
              level="objective", figure_display="94.1000", ticket=None, responsible_party_id=ALDER,
              certain_at="2026-11-26T07:12:00Z", recovered_at=None, is_down=False, deadline_at=None, urgency="today"),
        about("t-mail-shop", "Mail is available", "mail", SHOP, breach_id="b-mail-1", window_id="2026-11",
              level="objective", figure_display="99.8", ticket=None, responsible_party_id=ALDER,
              certain_at="2026-11-26T09:20:00Z", recovered_at=None, is_down=True, deadline_at=None, urgency="now"),
    ],
    "risks": [
        about("t-checkout", "Checkout is available", "checkout", SHOP, risk_id="r-1", window_id="2026-11",
              cause="budget_consumed", threshold="90", ticket=None, opened_at="2026-11-25T20:00:00Z",
              figure_display="99.9046", budget_consumed_percent="9537/100", budget_seconds=2_588,
              budget_left_seconds=122,
              projected_breach_at="2026-11-26T13:00:00Z", time_left_seconds=11_880, window_ends_at=None,
              responsible={"owner": "Checkout operations", "plan": [{"step": "Move traffic", "owner": "Duty"}]},
              deadline_at="2026-11-26T13:00:00Z", urgency="today"),
    ],
    "exclusions": [
        about("", "", "banking", BANK, exclusion_id="e-1", kind="planned", text="Database upgrade, announced on Monday",
              requested_by_party_id=BANK, requested_at="2026-11-25T09:00:00Z", starts_at="2026-11-28T21:00:00Z",
              seconds=3_600, if_silent="approved", deadline_at="2026-11-27T17:00:00Z", urgency="this_week"),
    ],
    "stale": [
        {"indicator": {"key": "portal.results", "kind": "availability", "unit": None, "owner_party_id": ALDER},
         "service_id": "portal", "since_at": "2026-11-26T05:10:00Z", "seconds": 16_320, "deadline_at": None,
         "urgency": "today"},
    ],
    "tickets": [
        about("t-p1", "P1 resolved", "checkout", SHOP, source="desk", number="INC-20417", owner_party_id=ALDER,
              clock="resolution", priority="P1", state="in_progress", held_by="Application desk",
              time_left_seconds=2_460, deadline_at="2026-11-26T10:23:00Z", urgency="now"),
    ],
    "months": MONTHS,
    "services": [
        standing("mail", "down", "breached", 2_400, "mmmmmmmmmmmb"),
        standing("checkout", "up", "at_risk", 2_470, "mmmmbmmmmmbr"),
        standing("portal", "unknown", "met", None, "nnnmmmmmmmmm"),
        standing("banking", "up", "met", 0, "mmmmmmmmmmmm"),
    ],
}  # fmt: skip

CAUSE: dict[str, Any] = {
    "cause_id": "c-mail", "revision": 2, "state": "current", "replaced_by": [], "provider_party_id": ALDER,
    "customer_party_ids": [SHOP, BANK, TOWN, "x1", "x2"], "responsible_party_ids": [ALDER],
    "about": [{"kind": "indicator", "name": "alder/mail.up"}], "start_at": "2026-11-26T09:02:00Z", "end_at": None,
    "urgency": "now", "agreement_ids": [f"a-{number}" for number in range(38)], "service_ids": ["mail"],
    "breaches": 4, "breach_states": {"open": 4, "acknowledged": 0, "root_cause_given": 0, "closed": 0, "disputed": 0,
                                     "confirmed": 0},
    "breach_ids": ["b-mail-1", "b-mail-2", "b-mail-3", "b-mail-4"], "risks": 2, "risks_standing": 2, "risk_ids": [],
    "is_downtime": True, "acknowledged_at": None, "acknowledged_by_name": None,
}  # fmt: skip

_DETAIL = {
    "down": 41 * _MINUTE + 10_000_000, "up": 36_000 * _MINUTE, "unknown": 0, "excluded": 60 * _MINUTE,
    "service_time": 719 * 60 * _MINUTE, "burn_rate": "6/1",
}  # fmt: skip
_WHOLE, _USED = 719 * 60 * _MINUTE // 1000, 41 * _MINUTE + 10_000_000
_BUDGET = {
    "unit": "microseconds", "whole": str(_WHOLE), "consumed": str(_USED), "left": str(_WHOLE - _USED),
    "consumed_share": "2470/2588",
}  # fmt: skip


def target(target_id: str, title: str, budget: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "target_id": target_id, "agreement_id": f"a-{SHOP}", "version": 1, "key": target_id, "title": title,
        "service_id": "checkout", "instance_of": None, "labels": {}, "provider_party_id": ALDER,
        "customer_party_id": SHOP,
        "indicator": {"key": "checkout.up", "kind": "availability", "unit": None, "owner_party_id": ALDER},
        "terms": {
            "aggregation": "availability", "objective": {"at_least": "99.9", "unit": "percent"},
            "window": {"calendar": "month"}, "service_hours": "24x7", "weight": "1", "applies_to": None,
            "warn_at": None,
            "responsible": {"owner": "Checkout operations", "plan": [
                {"step": "Move traffic to the second site", "owner": "Duty engineer"},
                {"step": "Call the payment provider", "owner": "Supplier manager"}]},
        },
        "importing": False,
        "window": {
            "window_id": "2026-11", "version": 1, "start_at": "2026-10-31T23:00:00Z", "end_at": "2026-11-30T23:00:00Z",
            "verdict": "at_risk", "good": 1, "total": 1, "figure": "3600000/36041", "figure_display": "99.8858",
            "detail": _DETAIL, "closed_at": None, "revision": 0, "as_of": "2026-11-26T09:41:00Z",
            "budget": budget or _BUDGET,
            "time_left": {"window_seconds": 400_000, "projected_breach_at": "2026-11-26T13:00:00Z",
                          "projected_breach_seconds": 11_880},
        },
        **more,
    }  # fmt: skip


def window(month: str, verdict: str, figure: str, down: int, **more: Any) -> dict[str, Any]:
    return {"window_id": month, "version": 1, "verdict": verdict, "figure": figure, "figure_display": "", "good": 1,
            "total": 1, "detail": {"down": down * _MINUTE}, "closed_at": "2026-11-01T00:10:00Z", "revision": 0,
            "revisions": [], "accepted": None, **more}  # fmt: skip


WINDOWS = listed(
    window("2026-11", "at_risk", "999046/10000", 41, closed_at=None),
    window("2026-10", "breached", "99712/1000", 128, revision=1, revisions=[{"published_at": "2026-11-03T08:00:00Z"}]),
    window("2026-09", "met", "99981/1000", 8, accepted={"acceptance_id": "1"}),
    window("2026-08", "met", "100/1", 0, accepted={"acceptance_id": "1"}),
)

EXPLANATION: dict[str, Any] = {
    "target_id": "t-checkout", "target_key": "availability", "target_title": "Checkout is available",
    "agreement_id": "a-shop", "agreement_version": 1, "judged_by": "the terms in force", "known_at": None,
    "indicator": {"key": "checkout.up", "kind": "availability", "unit": None, "owner_party_id": ALDER},
    "terms": {"aggregation": "availability", "objective": {"at_least": "99.9", "unit": "percent"},
              "service_hours": "24x7"},
    "window": {"id": "2026-11", "from": "2026-10-31T23:00:00Z", "to": "2026-11-30T23:00:00Z",
               "timezone": "Europe/Zurich", "closes_at": "2026-11-30T23:10:00Z", "service_time": "P30D"},
    "as_of": "2026-11-26T09:41:00Z",
    "exclusions": [{"exclusion_id": "e-0", "kind": "planned", "not_counted": [],
                    "counted": [{"from": "2026-11-12T02:00:00Z", "to": "2026-11-12T03:00:00Z"}]}],
    "figure": "3600000/36041", "figure_display": "99.8862", "verdict": "at_risk", "breached_at": None,
    "derivation": {
        "sums": _DETAIL,
        "arithmetic": [],
        "intervals": [
            {"from": "2026-11-04T10:00:00Z", "to": "2026-11-04T10:12:00Z", "state": "down", "counts_as": "down",
             "service_time": "PT12M", "cause": "fact #d73e19547e9384244a12860457e81144", "facts": []},
            {"from": "2026-11-12T02:00:00Z", "to": "2026-11-12T03:00:00Z", "state": "down", "counts_as": "excluded",
             "service_time": "PT1H", "cause": "fact #a1", "facts": []},
            {"from": "2026-11-17T14:20:30Z", "to": "2026-11-17T14:49:40Z", "state": "down", "counts_as": "down",
             "service_time": "PT29M10S", "cause": "fact #0be719a5fe1ca8c041309d9f04d6fd62", "facts": []},
            {"from": "2026-11-17T14:49:40Z", "to": "2026-11-26T09:41:00Z", "state": "up", "counts_as": "up",
             "service_time": "P8DT18H51M20S", "cause": "fact #eb", "facts": []},
        ],
    },
}  # fmt: skip


def _point(at: str, minutes: int) -> dict[str, Any]:
    whole = int(_BUDGET["whole"])
    used = minutes * _MINUTE
    budget = {**_BUDGET, "consumed": str(used), "left": str(whole - used), "consumed_share": f"{used}/{whole}"}
    return {"at": at, "figure": None, "figure_display": "", "budget": budget, "burn_rate": None}


SERIES = {
    "target_id": "t-checkout", "window_id": "2026-11",
    "points": [
        _point(f"2026-11-{day:02}T23:00:00Z", 0 if day < 4 else 12 if day < 17 else 41) for day in range(1, 26)
    ] + [_point("2026-11-26T09:41:00Z", 41)],
}  # fmt: skip

BREACH: dict[str, Any] = {
    "breach_id": "b-orders", "agreement_id": "a-shop", "agreement_version": 1, "version": 1, "target_id": "t-checkout",
    "target_key": "availability", "target_title": "Checkout is available", "service_id": "checkout",
    "provider_party_id": ALDER, "customer_party_id": SHOP, "responsible_party_id": ALDER, "window_id": "2026-10",
    "window_start_at": None, "window_end_at": None, "level": "objective", "ordinal": 0, "revision": 0,
    "objective": {"at_least": "99.9", "unit": "percent"}, "figure": "99712/1000", "figure_display": "99.7120",
    "shortfall": "188/1000", "certain_at": "2026-10-21T13:10:00Z", "published_at": "2026-10-21T13:11:00Z",
    "late": False, "ticket": None, "standing": True, "recovered_at": None, "state": "acknowledged",
    "evidence": {"down": [{"from": "2026-10-21T11:00:00Z", "to": "2026-10-21T13:08:00Z"}],
                 "budget_microseconds": str(44 * _MINUTE)},
    "life": {"state": "acknowledged", "allowed": ["root-cause", "dispute"], "disputes": [], "steps": [
        {"revision": 0, "step": "acknowledge", "at": "2026-10-21T13:20:00Z", "by_party_id": ALDER,
         "by_principal_id": "p", "by_name": "Grace Hopper", "note": "Seen by the night shift."}]},
}  # fmt: skip

EXCLUSION: dict[str, Any] = {
    "exclusion_id": "e-1", "agreement_id": "a-shop", "provider_party_id": ALDER, "customer_party_id": SHOP,
    "kind": "planned", "state": "requested", "services": [], "indicators": [], "targets": [],
    "intervals": [{"from": "2026-11-17T14:00:00Z", "to": "2026-11-17T15:00:00Z"}], "recurrence": None,
    "text": "Database upgrade, announced on Monday", "evidence": [], "requested_by_party_id": SHOP,
    "requested_by_principal_id": None, "requested_at": "2026-11-17T16:00:00Z", "announced_at": "2026-11-17T16:00:00Z",
    "decide_by_at": "2026-11-27T17:00:00Z", "if_silent": "approved", "waits_for_party_id": ALDER,
    "decided_by_party_id": None, "decided_by_principal_id": None, "decided_at": None, "decision_reason": None,
    "decided_for_party_id": None, "revoked_by_party_id": None, "revoked_by_principal_id": None, "revoked_at": None,
    "revocation_reason": None,
}  # fmt: skip

_SPENT = {"unit": "microseconds", "left": "0/1", "consumed_share": None}
EFFECT: dict[str, Any] = {
    "agreement_id": "a-shop", "as_of": "2026-11-26T09:42:00Z", "counted": EXCLUSION["intervals"], "uncounted": [],
    "shown": True, "untold": [],
    "windows": [
        {"target_id": "t-checkout", "target_title": "Checkout is available", "window_id": "2026-11",
         "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "changes": True,
         "before": {"figure": "999/10", "figure_display": "99.8864", "verdict": "breached",
                    "budget": {**_SPENT, "whole": "2592000000/1", "consumed": "2470000000/1"}},
         "after": {"figure": "9997/100", "figure_display": "99.9671", "verdict": "met",
                   "budget": {**_SPENT, "whole": "2588400000/1", "consumed": "720000000/1"}}},
    ],
}  # fmt: skip
WITHOUT_EFFECT: dict[str, Any] = {**EFFECT, "windows": []}


NEED: dict[str, Any] = {
    "agreement_id": "a-bank", "kind": "sla", "title": "Services for Harbour Savings Bank", "state": "countered",
    "other_party_id": BANK, "other_party_name": NAMES[BANK], "service_id": "banking", "service_name": "Online banking",
    "service_outcome": "Savers can see their accounts", "need": "answer", "about": "revision", "version": 2,
    "deadline": "2026-11-27T17:00:00Z", "yours": True,
}  # fmt: skip


def answers() -> dict[str, Any]:
    """Return what the API answers to Grace of Alder, by path."""
    checkout = target("t-checkout", "Checkout is available")
    fast = target("t-fast", "Checkout answers within 300 ms", budget={
        "unit": "events", "whole": "50/1", "consumed": "38/1", "left": "12/1", "consumed_share": "19/25"})  # fmt: skip
    return {
        "/api/v1/me": {"principal_id": "p", "name": "Grace Hopper", "roles": ["service_level_manager"],
                       "party": party(ALDER), "person": {"name": "Grace Hopper"}, "may_sign": True},
        "/api/v1/parties": listed(*(party(each) for each in NAMES)),
        "/api/v1/services": listed(*SERVICES),
        **{f"/api/v1/services/{each['service_id']}": each for each in SERVICES},
        "/api/v1/summary": SUMMARY,
        "/api/v1/causes": listed(CAUSE),
        "/api/v1/causes/c-mail": CAUSE,
        "/api/v1/agreements": listed(),
        "/api/v1/agreement-summary": {"needs": [NEED]},
        "/api/v1/search": listed({"kind": "target", "id": "t-checkout", "title": "Checkout is available",
                                  "subtitle": "Services for Corner Shop Group", "agreement_id": "a-shop"}),
        "/api/v1/targets": listed(checkout, fast),
        "/api/v1/targets/t-checkout": checkout,
        "/api/v1/targets/t-checkout/windows": WINDOWS,
        "/api/v1/targets/t-checkout/explain": EXPLANATION,
        "/api/v1/targets/t-checkout/budget": SERIES,
        "/api/v1/requirements": listed({"requirement_id": "r", "customer_party_id": SHOP, "service_id": "checkout",
                                        "key": "christmas",
                                        "text": "Checkout works during the Christmas season",
                                        "outcome": "Half of the year's turnover"}),
        "/api/v1/breaches": listed({**BREACH, "life": None}),
        "/api/v1/breaches/b-orders": BREACH,
        "/api/v1/lessons": listed({"lesson_id": "l", "text": "Tell the shop before the database is touched."}),
        "/api/v1/exclusions": listed(EXCLUSION),
        "/api/v1/agreements/a-shop": {"agreement_id": "a-shop", "title": "Checkout for Corner Shop"},
        "/api/v1/exclusions/e-1": EXCLUSION,
        "/api/v1/exclusions/e-1/effect": EFFECT,
        "POST /api/v1/exclusions/effect": EFFECT,
        "/api/v1/tickets": listed(),
    }  # fmt: skip
