"""The ``dataschema`` of an event: an absolute URI under which every service serves the schema."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.support.monitor import available, finalized
from tests.support.monitor_service import Service


async def test_the_schema_of_an_event_has_a_uri_that_can_be_fetched(service: Service) -> None:
    await service.register("payments.checkout", "availability")
    await service.agree(finalized(available("99.9", "day")))
    down = {"outage": {"from": "2026-11-05T06:00:00Z", "to": "2026-11-05T07:00:00Z"}}
    sent = await service.measure({"indicator": "payments.checkout", **down})
    await service.provider.get("/api/v1/breaches", params={"min_position": sent["position"]})
    log: Any = service.log
    headers = [record.headers for part in log._topics["slm.breaches"] for record in part.records]
    assert headers
    for each in headers:
        assert urlsplit(each["ce_dataschema"]).scheme, each["ce_dataschema"]
        schema = (await service.client("").get(f"/api/v1/schemas/{each['ce_dataschema']}")).json()
        assert schema["$id"] == each["ce_dataschema"]
