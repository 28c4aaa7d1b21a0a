"""Reports of an agreement on record say on every door that one party recorded it and the other has not confirmed it."""

from __future__ import annotations

import dataclasses

from slm_chassis.identity import named_id
from slm_report.domain import publication
from tests.integration.report.conftest import Running
from tests.support import report as heard
from tests.support.on_record import put_on_record
from tests.support.report import AGREEMENT, PROVIDER

REPORT = publication.report_id_of(AGREEMENT, "2026-11")
MARK = "recorded by Northwind IT, not confirmed by Sky Compute"


async def test_a_report_of_a_contract_on_record_bears_its_mark(service: Running) -> None:
    company = named_id(PROVIDER, "named company", "sky")
    await service.hears(put_on_record(heard.finalized()))
    await service.waits_until("2026-12-01T00:11")
    await service.hears(dataclasses.replace(heard.closed(), customer_party_id=company))
    (event,) = service.published()
    assert (event.report_id, event.verdict, event.customer_party_id) == (REPORT, "met", company)
    whole = await service.gets(f"/api/v1/reports/{REPORT}", "provider")
    assert whole["agreement"]["on_record"]["says"] == MARK
    (listed,) = (await service.gets("/api/v1/reports", "provider"))["items"]
    assert listed["on_record"] == whole["agreement"]["on_record"]
    async with service.client("provider") as client:
        page = (await client.get(f"/api/v1/reports/{REPORT}/page")).text
    assert MARK in page
    assert "at signing" not in page


async def test_a_report_of_a_signed_agreement_bears_no_mark(service: Running) -> None:
    await service.hears(heard.finalized())
    await service.waits_until("2026-12-01T00:11")
    await service.hears(heard.closed())
    whole = await service.gets(f"/api/v1/reports/{REPORT}")
    assert "on_record" not in whole["agreement"]
