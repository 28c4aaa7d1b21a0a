"""An answered survey is a rating, evaluated like any other."""

from __future__ import annotations

import asyncio
from typing import Any

from slm_chassis.identity import named_id
from slm_events.review import SatisfactionSurveyed
from tests.integration.monitor.test_ratings import rating
from tests.support.monitor import CUSTOMER, PROVIDER, finalized
from tests.support.monitor_service import Service, publish

KEY = "satisfaction.checkout"
AGREEMENT = named_id(PROVIDER, "agreement", "satisfaction")


def answered(name: str, score: str, **more: Any) -> SatisfactionSurveyed:
    return SatisfactionSurveyed(
        **{
            "answer_id": name,
            "survey_id": "2026-Q4",
            "agreement_id": AGREEMENT,
            "service_id": "service",
            "provider_party_id": PROVIDER,
            "customer_party_id": CUSTOMER,
            "indicator": KEY,
            "score": score,
            "lowest": "1",
            "highest": "5",
            "touch_point": "portal",
            "respondent": name,
            "answered_at": "2026-11-05T09:00:00Z",
            **more,
        }
    )


async def test_answers_of_a_survey_are_ratings_of_the_service(service: Service) -> None:
    judged = rating("content", KEY, "mean", {"at_least": "4"})
    await service.agree(finalized(judged, agreement_id=AGREEMENT, agreement_key="satisfaction"))
    for event in (answered("a", "5"), answered("b", "2"), answered("b", "4", revision=1), answered("c", "7")):
        await publish(service.log, event)
    figure = None
    for _ in range(200):
        (target,) = await service.targets(AGREEMENT)
        figure = (target["window"] or {}).get("figure")
        if figure == "9/2":
            break
        await asyncio.sleep(0.05)
    assert figure == "9/2"
    (registered,) = [
        each
        for each in (await service.provider.get("/api/v1/indicators", params={"limit": 200})).json()["items"]
        if each["key"] == KEY
    ]
    assert (registered["kind"], registered["scale"]) == ("rating", {"lowest": "1", "highest": "5"})
    aside = (await service.provider.get("/api/v1/quarantine")).json()["items"]
    assert [each["fact"]["answer_id"] for each in aside if each["subject"] == KEY] == ["c"]
