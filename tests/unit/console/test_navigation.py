"""The rail offers the places that have something for the reader's company, or that the reader may use."""

from __future__ import annotations

import re
from typing import Any

import pytest

from slm_console.views.navigation import Reach, entries, lower_entries
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import READER
from tests.unit.console.stub_api import StubApi, browser_of

MANAGER, INTEGRATOR, VIEWER = "service_level_manager", "integrator", "viewer"


@pytest.mark.parametrize(
    ("roles", "is_provider", "is_customer", "left_out"),
    [
        ({MANAGER}, True, True, set()),
        ({MANAGER}, True, False, {"Suppliers"}),
        ({MANAGER}, False, True, {"Customers", "Connections"}),
        ({INTEGRATOR}, False, True, {"Customers"}),
        ({VIEWER}, True, True, {"Connections"}),
        ({"business_signatory"}, False, True, {"Customers", "Connections"}),
        ({"auditor"}, True, False, {"Suppliers"}),
        ({MANAGER}, False, False, {"Customers", "Suppliers"}),
        ({"operator"}, False, False, {"Customers", "Suppliers"}),
    ],
)
def test_each_reader_is_offered_their_places(
    roles: set[str], is_provider: bool, is_customer: bool, left_out: set[str]
) -> None:
    reach = Reach(frozenset(roles), is_provider, is_customer, is_known=True)
    offered = {each.name for each in [*entries(READER, "/", reach), *lower_entries(READER, "/", reach)]}
    everything = {each.name for each in [*entries(READER, "/"), *lower_entries(READER, "/")]}
    assert everything - offered == left_out


def rail_of(page: str) -> set[str]:
    """The places of the rail."""
    rail = re.search(r'<nav class="rail".*?</nav>', page, re.DOTALL)
    assert rail is not None
    return set(re.findall(r'data-letter="\w"[^>]*>([^<]+)<', rail[0]))


async def test_a_customer_sees_no_place_without_anything_in_it_and_opens_it_by_its_address() -> None:
    api = StubApi(answers())
    me: dict[str, Any] = {**api.answers["/api/v1/me"], "roles": [MANAGER], "is_provider": False, "is_customer": True}
    api.answers["/api/v1/me"] = me
    api.answers["/api/v1/search"] = {"items": [], "next": None}
    async with browser_of(api) as browser:
        rail = rail_of((await browser.get("/")).text)
        assert "Suppliers" in rail and not rail & {"Customers", "Connections"}
        assert (await browser.get("/customers")).status_code == 200
        assert 'href="/connections"' not in (await browser.get("/search?q=connect")).text
        api.answers["/api/v1/me"] = {**me, "is_provider": True}
        assert {"Customers", "Suppliers", "Connections"} <= rail_of((await browser.get("/")).text)
