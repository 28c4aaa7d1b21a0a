"""Every revision of a report opens as a page, whatever kind of change made it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from slm_report.domain import publication
from tests.integration.report.conftest import Running
from tests.support import report as heard
from tests.support.report import AGREEMENT, MONTHLY, ROLLING, TICKETS

REPORT = publication.report_id_of(AGREEMENT, "2026-11")
SHORTENED = ("2026-11", "2026-11-01T00:00:00Z", "2026-11-10T12:00:00Z")
UNFORESEEN = heard.target("dropped", {"calendar": "month"})


async def pages(service: Running) -> list[httpx.Response]:
    """The pages of all revisions that the report has, asked for as a browser does: an error is a status."""
    shown = await service.gets(f"/api/v1/reports/{REPORT}")
    transport = httpx.ASGITransport(service.app.http, raise_app_exceptions=False)
    headers = {"Authorization": "Bearer customer"}
    async with httpx.AsyncClient(transport=transport, base_url="http://report", headers=headers) as client:
        return [await client.get(revision["page_url"]) for revision in shown["revisions"]]


KINDS: dict[str, tuple[list[Any], str]] = {
    "a figure is restated": ([heard.restated()], "late measurement"),
    "a breach is found late": ([heard.breached("late", "2026-11-22T09:00")], "breaches: 0 → 1"),
    "a figure is restated with a breach": (
        [heard.restated(), heard.breached("late", "2026-11-22T09:00")],
        "breaches: 0 → 1",
    ),
    "a warning is heard late": ([heard.at_risk("risk", "2026-11-20T10:00")], "findings: –"),
    "a window is closed that the terms do not name": ([heard.closed(of=UNFORESEEN)], "dropped 2026-11"),
    "a ticket is stopped late": ([heard.stopped("2", "2026-11-04T10:00")], "2 of 2 in time"),
    "a ticket is taken up again": ([heard.goes_on("1", "2026-11-04T10:00", "running")], "1 of 1 in time → "),
    "a ticket is cancelled after all": ([heard.goes_on("1", "2026-11-04T10:00", "cancelled")], "1 of 1 in time → "),
    "a rolling breach is found late": (
        [heard.breached("slow", "2026-11-05T09:00", heard.HOUR, ROLLING)],
        "latency PT1H",
    ),
    "an action is opened": ([heard.action("action", "2026-11-30T10:00")], "findings: –"),
    "the agreement ends earlier": ([heard.terminated("2026-11-10T12:00"), heard.closed(SHORTENED)], "findings"),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_revision_made_by_any_change_opens_as_a_page(service: Running, kind: str) -> None:
    events, words = KINDS[kind]
    await service.hears(heard.finalized(MONTHLY, ROLLING, TICKETS), heard.stopped("1", "2026-11-03T10:00"))
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.closed())
    await service.hears(*events)
    answers = await pages(service)
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert len(answers) == 2
    assert "Changed since revision 1" in answers[-1].text
    assert words in answers[-1].text


async def test_a_breach_that_comes_and_goes_leaves_three_pages_that_open(service: Running) -> None:
    await service.hears(heard.finalized())
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.closed(figure="100"))
    await service.hears(heard.restated(figure="9865591/100000"), heard.breached("late", "2026-11-10T00:43"))
    await service.hears(heard.restated(figure="100", verdict="met", revision=2), heard.withdrawn("late"))
    answers = await pages(service)
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "breaches: 0 → 1" in answers[1].text
    assert "breaches: 1 → 0" in answers[2].text
    assert "Withdrawn: corrected measurement" in answers[2].text


async def test_a_line_that_is_gone_is_named_as_a_change(service: Running) -> None:
    """An amendment heard late takes a target out of a month that was already reported."""
    second = heard.target("second", {"rolling": "PT1H"})
    await service.hears(heard.finalized(MONTHLY, second, effective_at="2026-10-01T00:00:00.000000Z"))
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.closed(("2026-10", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")), heard.closed())
    await service.hears(
        heard.superseded("2026-11-01T00:00"),
        heard.finalized(MONTHLY, version=2, effective_at="2026-11-01T00:00:00.000000Z"),
    )
    answers = await pages(service)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "second PT1H: no_breach –" in answers[-1].text
