"""An agreement on record is evaluated like a signed one, and every answer about it says who recorded it."""

from __future__ import annotations

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, available, finalized
from tests.support.monitor_service import Service
from tests.support.on_record import put_on_record

AGREEMENT = named_id(PROVIDER, "agreement", "on record")
MARK = "recorded by Provider, not confirmed by Sky Compute"


async def test_a_breach_of_a_contract_on_record_bears_its_mark(service: Service) -> None:
    target = {
        **available(),
        "target_id": named_id(AGREEMENT, "target", "up"),
        "indicator": {"owner_party_id": PROVIDER, "key": "record.up", "unit": None},
    }
    await service.agree(put_on_record(finalized(target, agreement_id=AGREEMENT, agreement_key="on record")))
    sent = await service.measure(
        {"indicator": "record.up", "at": "2026-11-01T00:00:00Z", "state": "down"},
        {"indicator": "record.up", "at": "2026-11-05T09:00:00Z", "state": "up"},
    )
    asked = {"agreement_id": AGREEMENT, "min_position": sent["position"]}
    path = f"/api/v1/targets/{target['target_id']}"
    for page in ("/api/v1/targets", "/api/v1/breaches", f"{path}/windows"):
        items = (await service.provider.get(page, params=asked if page != f"{path}/windows" else {})).json()["items"]
        assert items and {each["on_record"]["says"] for each in items} == {MARK}, page
    explained = (await service.provider.get(f"{path}/explain")).json()
    assert (explained["verdict"], explained["on_record"]["says"]) == ("breached", MARK)
    assert MARK in (await service.provider.get(f"{path}/explain", params={"format": "text"})).text
    assert (await service.customer.get(path)).status_code == 404
