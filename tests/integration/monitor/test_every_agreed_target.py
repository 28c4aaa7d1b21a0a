"""Every kind of target, as agreement-svc publishes it, is accepted and evaluated."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import targets as agreed
from slm_agreement.domain.terms.target_context import TargetContext
from slm_chassis.identity import named_id
from tests.support.monitor import CUSTOMER, PROVIDER, finalized
from tests.support.monitor_service import Service
from tests.unit.agreement.aggregation_terms import (
    COMPLIANCE,
    EVERY,
    MEAN,
    NPS,
    OUTAGES,
    RATIO,
    RECOVERED,
    SLICES,
    composite,
)
from tests.unit.agreement.people import AVAILABILITY

AGREEMENT = named_id(PROVIDER, "agreement", "every")
MORE: list[dict[str, Any]] = [
    {**AVAILABILITY, "key": "up-day", "window": {"rolling": "P1D"}},
    {**RATIO, "key": "good-hour", "window": {"rolling": "PT1H"}},
    {**RATIO, "key": "good-by-region", "group_by": ["region"]},
    {
        **MEAN,
        "key": "low",
        "aggregation": {"share_at_most": "300"},
        "objective": {"at_least": "50"},
        "unacceptable": {"at_least": "10"},
    },
    {**MEAN, "key": "mean-day", "window": {"rolling": "P1D"}},
    {**SLICES, "key": "slices-day", "window": {"rolling": "P1D"}},
    {**OUTAGES, "key": "outages-month", "window": {"rolling": "P30D"}},
    {**NPS, "key": "nps-month", "window": {"rolling": "P30D"}},
    {**RECOVERED, "key": "recovered-by-site", "window": {"rolling": "P30D"}, "group_by": ["site"]},
    {**COMPLIANCE, "key": "p1-kept-month", "window": {"rolling": "P30D"}},
    {**composite("states", "up"), "key": "states-day", "window": {"rolling": "P1D"}},
    {
        **composite("verdicts", "up-day", "mean-day", rule={"k_of_n": 1}),
        "key": "verdicts-day",
        "window": {"rolling": "P1D"},
    },
]
AT = "2026-11-05T08:00:00Z"


def handed_over(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """The targets resolved as a signed revision carries them."""
    around = TargetContext(AGREEMENT, PROVIDER, CUSTOMER, "service", frozenset({"24x7"}))
    findings = Findings()
    resolved = agreed.resolve_targets([*EVERY, *MORE, *more], around, findings)
    assert findings.items == []
    return resolved


async def statuses(client: httpx.AsyncClient) -> dict[str, str | None]:
    """Key → status of the open window; None where the target has none of its own."""
    listed = (await client.get("/api/v1/targets", params={"agreement_id": AGREEMENT})).json()["items"]
    assert [each["key"] for each in listed if each["unjudgeable"]] == []
    return {each["key"]: (each["window"] or {}).get("verdict") for each in listed}


async def test_whatever_can_be_agreed_is_taken_up_and_judged(service: Service) -> None:
    targets = handed_over()
    indicators = {each["indicator"]["key"]: each["indicator"] for each in targets if each["indicator"]}
    for key, indicator in indicators.items():
        scale = {"lowest": "0", "highest": "10"} if indicator["kind"] == "rating" else None
        await service.register(key, indicator["kind"], indicator["unit"], scale)
    await service.agree(finalized(*targets, agreement_id=AGREEMENT, agreement_key="every"))
    assert {each["key"] for each in await service.targets(AGREEMENT)} == {each["key"] for each in targets}
    measured = [
        {"indicator": "payments.checkout", "outage": {"from": AT, "to": "2026-11-05T08:30:00Z"}},
        {"indicator": "payments.database", "at": AT, "state": "up"},
        {"indicator": "payments.requests", "at": AT, "good": 1000, "total": 1000, "labels": {"region": "EU"}},
        {"indicator": "payments.latency", "at": AT, "value": 200},
        {"indicator": "payments.errors", "at": AT, "category": "A"},
        {"indicator": "desk.stars", "at": AT, "score": 5, "touch_point": "mail", "respondent": "anna"},
        {"indicator": "desk.advocacy", "at": AT, "score": 10},
        {
            "indicator": "payments.recoveries",
            "recovery": {"outage_start": AT, "service_restored": "2026-11-05T08:30:00Z", "data_restored_to": AT},
            "labels": {"site": "M"},
        },
    ]
    answer = await service.measure(*measured)
    assert answer["accepted"] == len(measured), answer
    opened = {"source": "s", "ticket": "1", "event": "opened", "at": AT, "type": "incident", "priority": "P1"}
    resolved = {**opened, "event": "resolved", "at": "2026-11-05T09:00:00Z"}
    taken = (await service.provider.post("/api/v1/ticket-events", json=[opened, resolved])).json()
    assert taken["accepted"] == 2
    expected = {
        "up": "at_risk",
        "up-day": "breached",
        "whole": "met",
        "database": "met",
        "outages": "met",
        "good": "met",
        "slices": "met",
        "good-by-region": None,
        "good-by-region[EU]": "met",
        "good-hour": "no_data",
        "errors": "met",
        "p1": None,
        "p1-kept": "met",
        **dict.fromkeys(("fast", "low", "mean", "max", "min", "p95"), "met"),
        **dict.fromkeys(("mean-day", "slices-day", "outages-month", "p1-kept-month", "verdicts-day"), "met"),
        "nps-month": "met",
        "recovered-by-site": None,
        "recovered-by-site[M]": "met",
        "states-day": "breached",
        **dict.fromkeys(("stars", "content", "nps", "rto", "rpo", "recovered"), "met"),
    }
    found = await statuses(service.provider)
    for _ in range(100):
        # What is made of other targets follows a step later.
        if found == expected:
            break
        await asyncio.sleep(0.1)
        found = await statuses(service.provider)
    assert found == expected
