"""Today leads on from signed agreements to connecting what is measured."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.unit.console.alder_answers import ALDER, SHOP, answers
from tests.unit.console.stub_api import StubApi, browser_of

CONNECT = "Connect what you measure"


def with_services(*services: tuple[str, str, str | None]) -> StubApi:
    """The API with services as (name, provider, state)."""
    found = copy.deepcopy(answers())
    line: dict[str, Any] = found["/api/v1/summary"]["services"][0]
    found["/api/v1/summary"]["services"] = [
        {**line, "service_id": name, "service_name": name, "state": state, "verdict": "met" if state else None}
        for name, _, state in services
    ]
    known = [
        {"service_id": name, "name": name, "outcome": None, "provider_party_id": provider}
        for name, provider, _ in services
    ]
    found["/api/v1/services"] = {"items": known, "next": None}
    return StubApi(found)


@pytest.mark.parametrize(
    ("services", "says"),
    [
        ([("Hosting", ALDER, None), ("Mail", ALDER, "up")], "Hosting is not measured yet."),
        ([("Hosting", ALDER, None), ("Mail", ALDER, None)], "Hosting and Mail are not measured yet."),
        ([(name, ALDER, None) for name in "ABCD"], "4 services are not measured yet."),
    ],
)
async def test_own_services_without_measurements_lead_to_the_connections(
    services: list[tuple[str, str, str | None]], says: str
) -> None:
    async with browser_of(with_services(*services)) as browser:
        page = (await browser.get("/")).text
    assert f'{says} <a href="/connections/keys">{CONNECT}</a>' in page


@pytest.mark.parametrize("service", [("Mail", ALDER, "up"), ("Mail", ALDER, "unknown"), ("Cloud", SHOP, None)])
async def test_measured_and_foreign_services_ask_for_nothing(service: tuple[str, str, str | None]) -> None:
    async with browser_of(with_services(service)) as browser:
        assert CONNECT not in (await browser.get("/")).text


async def test_a_service_that_is_judged_or_only_silent_is_not_called_unmeasured() -> None:
    api = with_services(("Desk", ALDER, None), ("Portal", ALDER, None))
    summary = api.answers["/api/v1/summary"]
    summary["services"][0]["verdict"] = "met"
    summary["stale"] = [{**summary["stale"][0], "service_id": "Portal"}]
    async with browser_of(api) as browser:
        page = (await browser.get("/")).text
    assert "no measurements since" in page and CONNECT not in page
