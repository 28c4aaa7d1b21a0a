"""Whoever acts at night finds what the plan says on the page of the outage, the breach, the ticket and the target."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views.judgement.plans import plans_of
from tests.unit.console import alder_answers as alder
from tests.unit.console.stub_api import StubApi, browser_of, listed
from tests.unit.console.test_tickets import TICKET

STEP = "Move traffic to the second site"


def answers() -> dict[str, Any]:
    plan = alder.target("t-p1", "P1 incidents are resolved within 4 hours")
    breach = {**alder.BREACH, "target_id": "t-checkout"}
    return {
        **alder.answers(),
        "/api/v1/breaches": listed({**breach, "life": None}),
        "/api/v1/risks": listed(),
        "/api/v1/tickets/desk/INC-20417": TICKET,
        "/api/v1/targets/t-p1": plan,
    }


@pytest.mark.parametrize(
    "path", ["/causes/c-mail", "/breaches/b-orders", "/tickets/desk/INC-20417", "/targets/t-checkout"]
)
async def test_the_plan_stands_where_somebody_acts(path: str) -> None:
    async with browser_of(StubApi(answers())) as browser:
        page = (await browser.get(path)).text
    assert STEP in page and "Duty engineer" in page and 'id="plan"' in page


async def test_without_a_plan_there_is_no_heading_of_one() -> None:
    known = answers()
    known["/api/v1/targets/t-checkout"] = alder.target("t-checkout", "Checkout")
    known["/api/v1/targets/t-checkout"]["terms"] = {**alder.target("t", "")["terms"], "responsible": None}
    async with browser_of(StubApi(known)) as browser:
        page = (await browser.get("/causes/c-mail")).text
    assert "What the plan says" not in page


async def test_open_plan_leads_to_the_plan_also_within_a_scope() -> None:
    async with browser_of(StubApi({**alder.answers(), "/api/v1/causes": listed()})) as browser:
        assert 'href="/targets/t-checkout#plan"' in (await browser.get("/")).text
        within = (await browser.get("/", params={"with": alder.SHOP})).text
    assert f'href="/targets/t-checkout?with={alder.SHOP}#plan"' in within


def test_the_same_plan_of_many_targets_is_said_once() -> None:
    first, second = alder.target("t-1", "Mail"), alder.target("t-2", "Checkout")
    other = {**first, "terms": {**first["terms"], "responsible": {"owner": "Desk", "plan": []}}}
    none = {**first, "terms": {**first["terms"], "responsible": None}}
    found = plans_of([first, second, first, other, none])
    assert [(each.titles, each.owner) for each in found] == [
        (["Mail", "Checkout"], "Checkout operations"),
        (["Mail"], "Desk"),
    ]
