"""Reviews of an agreement on record bear its mark, and nobody proposes targets that no party could answer."""

from __future__ import annotations

import dataclasses

from slm_chassis.identity import named_id
from slm_events.agreement import AgreementFinalized, AgreementRecorded
from slm_events.review import ReviewOpened, TargetRevisionProposed
from tests.integration.review.conftest import Service
from tests.support.on_record import put_on_record
from tests.support.review import PROVIDER, breached, closed, finalized, month

COMPANY = named_id(PROVIDER, "named company", "sky")
MARK = "recorded by Northwind IT, not confirmed by Sky Compute"


async def test_a_review_of_a_contract_on_record_bears_its_mark(service: Service) -> None:
    await service.hear(put_on_record(finalized()))
    await service.hear(dataclasses.replace(breached("breach", "2026-11-20T09:00"), customer_party_id=COMPANY))
    (opened,) = await service.told(ReviewOpened)
    async with service.client("provider") as client:
        listed = (await client.get("/api/v1/reviews")).json()["items"]
        one = (await client.get(f"/api/v1/reviews/{opened.review_id}")).json()
        offered = await client.post(
            f"/api/v1/reviews/{opened.review_id}/target-revision-proposals",
            json={"target": "checkout-availability", "objective": {"at_least": "99.5"}, "reason": "Too strict"},
        )
    assert listed and {each["on_record"]["says"] for each in [*listed, one]} == {MARK}
    assert (offered.status_code, offered.json()["type"].rpartition("/")[2]) == (409, "agreement-on-record")


async def proposed(service: Service, terms: AgreementFinalized | AgreementRecorded) -> list[TargetRevisionProposed]:
    await service.hear(terms)
    for number in (8, 9, 10, 11):
        window = closed(month(number), "met", "9999/100")
        await service.hear(dataclasses.replace(window, customer_party_id=terms.customer_party_id))
    return await service.told(TargetRevisionProposed)


async def test_met_windows_of_a_contract_on_record_cause_no_proposal(service: Service) -> None:
    assert await proposed(service, put_on_record(finalized())) == []


async def test_met_windows_of_a_signed_agreement_cause_a_proposal(service: Service) -> None:
    assert len(await proposed(service, finalized())) == 1
