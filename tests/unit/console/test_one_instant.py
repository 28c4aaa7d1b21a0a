"""All figures of a target's page are of one instant, and so is the drawer that it opens."""

from __future__ import annotations

import re

from slm_console.views.judgement.targets import target_page_of
from tests.unit.console import alder_answers as alder
from tests.unit.console.negotiated import READER, directory
from tests.unit.console.stub_api import StubApi, browser_of, listed

AS_OF = "as_of=2026-11-26T09%3A41%3A00Z"


def test_the_open_period_of_the_table_has_the_figure_of_the_headline() -> None:
    target = alder.target("t-checkout", "Checkout is available")
    older = alder.window("2026-11", "met", "99/1", 1, closed_at=None)
    page = target_page_of(READER, directory(), target, [older, alder.WINDOWS["items"][1]], None, ())
    assert (page.periods[0].figure, page.periods[0].mark) == (page.figure, page.mark)
    assert page.periods[0].lost == page.headline.removesuffix(" down")
    assert AS_OF in page.explain and page.periods[0].explain == page.explain
    assert page.periods[1].explain == "/targets/t-checkout/worked-out?period=2026-10"


async def test_the_drawer_is_asked_for_at_the_instant_of_the_page() -> None:
    asked: list[str] = []

    class Asked(StubApi):
        async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
            asked.append(f"{scope['path']}?{scope['query_string'].decode()}")
            await super().__call__(scope, receive, send)

    async with browser_of(Asked(alder.answers())) as browser:
        page = (await browser.get("/targets/t-checkout")).text
        link = re.search(r'href="([^"]*worked-out[^"]*)" data-drawer', page)
        assert link is not None
        assert (await browser.get(link[1].replace("&amp;", "&"))).status_code == 200
    known = [each for each in asked if "/explain?" in each]
    assert len(known) == 2 and all("known_at=2026-11-26T09%3A41%3A00Z" in each for each in known)


async def test_a_page_of_a_customer_writes_figures_by_the_same_rule() -> None:
    window = alder.target("t", "x")["window"]
    targets = listed(
        alder.target("t-1", "Checkout is available"),
        alder.target("t-2", "Mail is available", window={**window, "figure": None, "figure_display": "–"}),
    )
    row = {
        "agreement_id": "a", "kind": "sla", "state": "in_force", "title": "Checkout", "service_id": "checkout",
        "provider_party_id": alder.ALDER, "customer_party_id": alder.SHOP, "version": 1, "effective_at": None,
        "ends_at": None, "negotiated": None, "needs": [],
    }  # fmt: skip
    api = StubApi(
        {**alder.answers(), "/api/v1/targets": targets, "/api/v1/agreements": listed(row), "/api/v1/reviews": listed()}
    )
    async with browser_of(api) as browser:
        page = (await browser.get(f"/customers/{alder.SHOP}")).text
    assert '>99.886\N{NO-BREAK SPACE}% <span class="fine">so far</span><' in page
    assert ">–<" in page and "– %" not in page
