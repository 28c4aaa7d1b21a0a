"""A breach and a figure say which agreement behind the service caused the downtime, as far as the reader may know."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views.judgement.attributions import downtime_parts_of
from slm_console.views.reader import Reader
from tests.unit.console import alder_answers as alder
from tests.unit.console.stub_api import StubApi, StubClock, browser_of

READER = Reader(StubClock().at)
MINUTE = 60_000_000
NETWORK = {
    "support_id": "support-1", "side": "provider", "name": "Network", "agreement_id": "a-network", "party_id": "p-net",
    "microseconds": str(45 * MINUTE), "share": "3/8", "unknown_microseconds": "0",
}  # fmt: skip
HIDDEN = {
    **NETWORK, "support_id": "support-2", "name": "a support of the provider", "agreement_id": None, "party_id": None,
    "microseconds": str(55 * MINUTE), "share": "11/24", "unknown_microseconds": str(5 * MINUTE),
}  # fmt: skip
SPLIT: dict[str, Any] = {
    "target_id": "t-checkout", "agreement_id": "a-shop", "agreement_version": 1, "window_id": "2026-11",
    "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "as_of": "2026-11-20T00:00:00Z", "is_chained": True,
    "downtime_microseconds": str(120 * MINUTE), "own_microseconds": str(20 * MINUTE), "own_share": "1/6",
    "supports": [NETWORK, HIDDEN], "largest": None,
}  # fmt: skip


def test_the_parts_are_in_order_of_size_and_unknown_time_is_said() -> None:
    told = [(part.name, part.length, part.share, part.unknown) for part in downtime_parts_of(READER, SPLIT)]
    assert told == [
        ("a support of the provider", "55 min", "45.8 %", "5 min unknown"),
        ("Network", "45 min", "37.5 %", ""),
        ("the provider itself", "20 min", "16.7 %", ""),
    ]


def test_of_equal_parts_the_providers_own_comes_first() -> None:
    even = {**SPLIT, "own_microseconds": str(45 * MINUTE), "supports": [NETWORK]}
    assert [part.name for part in downtime_parts_of(READER, even)] == ["the provider itself", "Network"]


def test_who_caused_nothing_is_left_out_unless_that_is_not_known() -> None:
    idle = {**NETWORK, "microseconds": "0"}
    split = {**SPLIT, "own_microseconds": "0", "supports": [idle, HIDDEN, {**HIDDEN, "microseconds": "0"}]}
    assert [part.length for part in downtime_parts_of(READER, split)] == ["55 min", "0 min"]


@pytest.mark.parametrize("nothing", [None, {**SPLIT, "is_chained": False}, {**SPLIT, "downtime_microseconds": "0"}])
def test_without_supports_or_downtime_there_is_nothing_to_split(nothing: dict[str, Any] | None) -> None:
    assert not downtime_parts_of(READER, nothing)


async def test_both_pages_show_the_split_and_link_to_what_may_be_seen() -> None:
    known = {
        **alder.answers(),
        "/api/v1/breaches/b-orders": alder.BREACH,
        "/api/v1/breaches/b-orders/attribution": SPLIT,
        "/api/v1/targets/t-checkout/attribution": SPLIT,
    }
    async with browser_of(StubApi(known)) as browser:
        for path in ("/breaches/b-orders", "/targets/t-checkout/worked-out?period=2026-11"):
            page = (await browser.get(path)).text
            assert "Who caused the downtime" in page and '<a href="/agreements/a-network">Network</a>' in page
            assert page.count('href="/agreements/a-network"') == 1 and "a support of the provider" in page


async def test_without_a_split_both_pages_say_nothing_of_it() -> None:
    async with browser_of(StubApi({**alder.answers(), "/api/v1/breaches/b-orders": alder.BREACH})) as browser:
        for path in ("/breaches/b-orders", "/targets/t-checkout/worked-out?period=2026-11"):
            page = await browser.get(path)
            assert page.status_code == 200 and "Who caused the downtime" not in page.text
