"""The reports and meetings of a prepared month, limited to the chosen companies."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.unit.console.alder_answers import ALDER, SHOP, answers
from tests.unit.console.stub_api import StubApi, browser_of, listed

BANK = "p-bank"


def _agreement(agreement_id: str, customer: str) -> dict[str, Any]:
    return {"agreement_id": agreement_id, "state": "in_force", "provider_party_id": ALDER,
            "customer_party_id": customer}  # fmt: skip


def _report(agreement_id: str, title: str) -> dict[str, Any]:
    return {"report_id": f"r-{agreement_id}", "agreement_id": agreement_id, "agreement_title": title,
            "service_name": "Checkout", "period": "2026-11", "period_start_at": "2026-10-31T23:00:00Z",
            "verdict": "met", "state": "interim", "breaches": 0}  # fmt: skip


def _meeting(agreement_id: str, title: str, customer: str) -> dict[str, Any]:
    return {**_agreement(agreement_id, customer), "review_id": f"m-{agreement_id}", "agreement_title": title,
            "reason": "cadence", "period": "2026-11", "state": "scheduled",
            "due_at": "2026-12-10T09:00:00Z"}  # fmt: skip


def _api() -> StubApi:
    names = {ALDER: "Alder Managed Services", SHOP: "Corner Shop Group", BANK: "Harbour Savings Bank", "p-town": "Town"}
    about = {"a-shop": ("Of the shop", SHOP), "a-bank": ("Of the bank", BANK), "a-town": ("Of the town", "p-town")}
    lesson = {"recorded_at": "2026-11-20T09:00:00Z", "review_id": "m"}
    action = {"owner": "Ops", "due_at": "2026-12-20T09:00:00Z", "state": "open", "expected_change": ""}
    return StubApi(
        {
            **answers(),
            "/api/v1/parties": listed(*({"party_id": key, "name": name} for key, name in names.items())),
            "/api/v1/agreements": listed(*(_agreement(key, customer) for key, (_, customer) in about.items())),
            "/api/v1/reports": listed(*(_report(key, title) for key, (title, _) in about.items())),
            "/api/v1/reviews": listed(*(_meeting(key, *each) for key, each in about.items())),
            "/api/v1/actions": listed(
                *({**action, "action_id": key, "agreement_id": key, "text": title} for key, (title, _) in about.items())
            ),
            "/api/v1/lessons": listed(
                *({**lesson, "agreement_id": key, "text": title} for key, (title, _) in about.items())
            ),
            "POST /api/v1/reports": {},
        }
    )


TABS = ("/reviews", "/reviews/meetings", "/reviews/actions", "/reviews/lessons")


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize(
    ("query", "shown"),
    [("", {"shop", "bank", "town"}), (f"?with={SHOP}", {"shop"}), (f"?of={BANK},{SHOP}", {"shop", "bank"})],
)
async def test_each_tab_shows_what_concerns_the_chosen_companies(tab: str, query: str, shown: set[str]) -> None:
    async with browser_of(_api()) as browser:
        page = (await browser.get(tab + query)).text
    assert set(re.findall(r"Of the (\w+)", page)) == shown
    for name, value in parse_qsl(query[1:]):
        assert all(f"{other}?{name}={value.replace(',', '%2C')}" in page for other in TABS[1:])
    assert ("Only what concerns Corner Shop Group and Harbour Savings Bank." in page) == query.startswith("?of=")


@pytest.mark.parametrize(
    ("ticked", "agreements", "leads_to"),
    [
        ([SHOP], ["a-shop"], f"/reviews?with={SHOP}"),
        ([SHOP, BANK], ["a-bank", "a-shop"], "/reviews?of=p-bank%2C" + SHOP),
        ([], [], "/customers?page=2"),
    ],
)
async def test_a_prepared_month_leads_to_the_reports_that_were_made(
    ticked: list[str], agreements: list[str], leads_to: str
) -> None:
    api = _api()
    async with browser_of(api) as browser:
        token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get("/customers")).text)
        assert token is not None
        form = {"csrf_token": token[1], "party": ticked, "next": "/customers?page=2"}
        answer = await browser.post("/companies/prepare", data=form)
    assert sorted(body["agreement_id"] for _, _, body in api.sent) == agreements
    assert (answer.status_code, answer.headers["location"]) == (303, leads_to)


async def test_the_way_back_from_a_report_is_to_the_same_list() -> None:
    api = _api()
    api.answers["/api/v1/reports/r-a-shop/page"] = "a report"
    async with browser_of(api) as browser:
        page = (await browser.get(f"/reviews?of={BANK},{SHOP}")).text
        link = re.search(r'href="(/reviews/reports/r-a-shop[^"]*)"', page)
        assert link is not None
        await browser.get(link[1])
    back = dict(parse_qsl(next(query for path, query in api.asked if path.endswith("/page"))))["back"]
    assert urlsplit(back).path == "/reviews" and dict(parse_qsl(urlsplit(back).query)) == {"of": f"{BANK},{SHOP}"}


async def test_many_companies_are_counted_and_the_way_back_is_one_that_the_report_takes() -> None:
    api = _api()
    api.answers["/api/v1/reports/r-a-shop/page"] = "a report"
    many = ",".join([SHOP, *(f"00000000-0000-0000-0000-{number:012}" for number in range(9))])
    async with browser_of(api) as browser:
        assert "Only what concerns 10 companies." in (await browser.get(f"/reviews?of={many}")).text
        assert (await browser.get(f"/reviews/reports/r-a-shop?of={many}")).status_code == 200
    back = dict(parse_qsl(next(query for path, query in api.asked if path.endswith("/page"))))["back"]
    assert back == "/reviews"
