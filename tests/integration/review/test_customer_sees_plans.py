"""The customer is shown plans as far as the agreement says, and only plans against warnings that it is shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from slm_events.monitor import RiskDisclosed
from tests.integration.review.conftest import Service
from tests.integration.review.test_completing import ask
from tests.support.review import CUSTOMER, at_risk

WHEN = "2026-11-22T09:00"


async def plan_seen_by(service: Service, who: str) -> dict[str, Any] | None:
    items = (await ask(service, who, "GET", "/action-plans")).json()["items"]
    return items[0] if items else None


@pytest.mark.parametrize(("plans", "hidden_from"), [("full", CUSTOMER), ("none", None), ("none", CUSTOMER)])
async def test_a_hidden_plan_is_in_no_answer_to_the_customer(
    service: Service, plans: str, hidden_from: str | None
) -> None:
    await service.hear(at_risk("r", WHEN, customer_sees_plan=plans, hidden_from_party_id=hidden_from))
    plan = await plan_seen_by(service, "provider")
    assert plan is not None and plan["steps"][0]["step"]
    assert await plan_seen_by(service, "customer") is None
    path = f"/action-plans/{plan['plan_id']}"
    assert (await ask(service, "customer", "GET", path)).status_code == 404
    assert (await ask(service, "customer", "POST", f"{path}/steps/1/complete", {})).status_code == 404


async def test_titles_are_shown_without_owners_and_notes(service: Service) -> None:
    await service.hear(at_risk("r", WHEN, customer_sees_plan="titles"))
    shown, whole = await plan_seen_by(service, "customer"), await plan_seen_by(service, "provider")
    assert shown is not None and whole is not None
    assert [each["step"] for each in shown["steps"]] == [each["step"] for each in whole["steps"]]
    assert (shown["owner"], {each["owner"] for each in shown["steps"]}) == ("", {""})
    assert whole["owner"]
    path = f"/action-plans/{shown['plan_id']}/steps/1/complete"
    assert (await ask(service, "customer", "POST", path, {})).status_code == 404


async def test_a_plan_appears_when_its_warning_is_disclosed(service: Service) -> None:
    raised = at_risk("r", WHEN, hidden_from_party_id=CUSTOMER)
    await service.hear(raised)
    assert await plan_seen_by(service, "customer") is None
    shown = {**asdict(raised), "hidden_from_party_id": None, "disclosed_at": "2026-11-22T09:30:00.000000Z"}
    await service.hear(RiskDisclosed(**shown))
    plan = await plan_seen_by(service, "customer")
    assert plan is not None and plan["steps"]
