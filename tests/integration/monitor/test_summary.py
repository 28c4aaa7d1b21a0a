"""The summary: what is down, breached, at risk or waiting, and how the services stand, in one answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from slm_chassis.identity import named_id
from slm_events.instants import from_text, to_text
from tests.support.api import announce, enrolled
from tests.support.monitor import CUSTOMER, PROVIDER, available, finalized, resolved
from tests.support.monitor_service import Service, problem

UP, OTHER = "summary.up", "summary.other"
OTHER_CUSTOMER = named_id(PROVIDER, "customer", "other")
AGREEMENT, OTHER_AGREEMENT = (named_id(PROVIDER, "agreement", key) for key in ("summary", "summary-other"))


def named(target: dict[str, Any], key: str | None, space: str = "summary", **more: Any) -> dict[str, Any]:
    return {
        **target,
        "target_id": named_id(PROVIDER, "target", space, target["key"]),
        "indicator": None if key is None else {"owner_party_id": PROVIDER, "key": key},
        **more,
    }


MONTH = named(available("99", warn_at={"budget_consumed": ["50"]}), UP, service_id="summary-service")
CLOCK = named(resolved("PT4H", service_hours="24x7"), None, service_id="summary-service")
CLOCK["applies_to"] = {"type": "incident", "source": ["summary"]}
OTHERS = named(available("99"), OTHER, "summary-other", service_id="summary-other")


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    for key in (UP, OTHER):
        await service.register(key, "availability")
    about = {"service_id": "summary-service", "service_name": "Checkout", "agreement_key": "summary"}
    await service.agree(finalized(MONTH, CLOCK, agreement_id=AGREEMENT, **about))
    about = {"service_id": "summary-other", "service_name": "Mail", "agreement_key": "summary-other"}
    other = finalized(
        OTHERS, agreement_id=OTHER_AGREEMENT, customer_party_id=OTHER_CUSTOMER, customer_name="Other", **about
    )
    await service.agree(other)


async def summary(client: Any, **params: Any) -> Any:
    answer = await client.get("/api/v1/summary", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_down_breached_and_at_risk_is_told_in_one_answer(service: Service) -> None:
    position = (
        await service.measure(
            {"indicator": UP, "at": "2026-11-01T00:00:00Z", "state": "up"},
            {"indicator": UP, "at": "2026-11-05T06:00:00Z", "state": "down"},
            {"indicator": OTHER, "at": "2026-11-01T00:00:00Z", "state": "up"},
        )
    )["position"]
    found = await summary(service.provider, min_position=position)
    (down,) = found["down"]
    assert (down["indicator"]["key"], down["since_at"]) == (UP, "2026-11-05T06:00:00.000000Z")
    assert (down["service_name"], down["targets"], down["urgency"]) == ("Checkout", 1, "now")
    assert [each["agreement_id"] for each in down["affected"]] == [AGREEMENT]
    (risk,) = found["risks"]
    assert (risk["target_id"], risk["customer_party_id"], risk["service_name"]) == (
        MONTH["target_id"],
        CUSTOMER,
        "Checkout",
    )
    assert risk["budget_seconds"] == 7 * 3600 + 12 * 60 > risk["budget_left_seconds"]
    # 1 % of 720 h is 7 h 12 min, spent at 13:12 if the service stays down; it is just after 10:00 now.
    assert risk["projected_breach_at"] == "2026-11-05T13:12:00.000000Z"
    assert (risk["urgency"], found["next_deadline_at"]) == ("now", risk["projected_breach_at"])
    assert 0 < risk["time_left_seconds"] <= 3 * 3600 + 12 * 60
    assert found["counts"]["risks"] == found["counts"]["down"] == 1
    assert found["breaches"] == []


async def test_a_service_shows_its_state_time_lost_and_months(service: Service) -> None:
    found = await summary(service.provider)
    by_name = {each["service_name"]: each for each in found["services"]}
    checkout, mail = by_name["Checkout"], by_name["Mail"]
    assert (checkout["state"], checkout["state_since_at"]) == ("down", "2026-11-05T06:00:00.000000Z")
    lost = (from_text(found["as_of"]) - from_text("2026-11-05T06:00:00Z")) // 1_000_000
    assert abs(checkout["lost_seconds"] - lost) <= 1
    assert (mail["state"], mail["lost_seconds"], mail["verdict"]) == ("up", 0, "met")
    assert found["months"][-1] == "2026-11" and found["months"][0] == "2025-12"
    assert checkout["strip"] == [None] * 11 + ["at_risk"]
    assert found["services"][0] is checkout, "what is down comes first"


async def test_the_list_of_services_can_be_narrowed_to_some_while_the_counts_stay(service: Service) -> None:
    whole = await summary(service.provider)
    assert {each["service_id"] for each in whole["services"]} >= {"summary-service", "summary-other"}
    narrowed = await summary(service.provider, service_id=["summary-other", "unknown"], limit=1)
    assert [each["service_id"] for each in narrowed["services"]] == ["summary-other"]
    assert narrowed["counts"]["services"] == whole["counts"]["services"]
    found = await summary(service.provider, service_id="summary-service")
    # It is down, so its lost time is worked out anew.
    assert [each["service_id"] for each in found["services"]] == ["summary-service"]
    assert found["services"][0]["lost_seconds"] > 0


async def test_a_party_sees_its_own_share_and_a_scope_narrows_it(service: Service) -> None:
    assert {each["service_name"] for each in (await summary(service.customer))["services"]} == {"Checkout"}
    assert (await summary(service.foreigner))["services"] == []
    narrowed = await summary(service.provider, party=OTHER_CUSTOMER)
    assert {each["service_name"] for each in narrowed["services"]} == {"Mail"}
    assert (narrowed["down"], narrowed["risks"], narrowed["counts"]["targets"]) == ([], [], 1)
    assert (await summary(service.customer, party=OTHER_CUSTOMER))["services"] == []


async def test_tickets_that_are_due_come_with_time_left_and_holder(service: Service) -> None:
    now = service.clock.now()
    event = {
        "source": "summary",
        "ticket": "T-1",
        "event": "opened",
        "type": "incident",
        "priority": "P1",
        "service": "summary-service",
        "customer": CUSTOMER,
        "at": to_text(now - 1_800_000_000),
    }
    answer = await service.provider.post("/api/v1/ticket-events", json=[event])
    assert answer.status_code < 300, answer.text
    found = await summary(service.provider, min_position=answer.json()["position"])
    (clock,) = found["tickets"]
    assert (clock["number"], clock["urgency"], clock["target_id"]) == ("T-1", "now", CLOCK["target_id"])
    assert 3.4 * 3600 < clock["time_left_seconds"] <= 3.5 * 3600
    assert found["counts"]["tickets_due_in_4_h"] == 1


async def test_an_exclusion_waits_for_the_other_party_only(service: Service) -> None:
    asked = {
        "agreement_id": AGREEMENT,
        "kind": "force_majeure",
        "interval": {"from": "2026-11-05T06:00:00Z", "to": "2026-11-05T07:00:00Z"},
        "text": "A flood.",
    }
    answer = await service.provider.post("/api/v1/exclusions", json=asked)
    assert answer.status_code == 201, answer.text
    assert (await summary(service.provider))["exclusions"] == []
    (waiting,) = (await summary(service.customer))["exclusions"]
    assert (waiting["text"], waiting["seconds"], waiting["urgency"]) == ("A flood.", 3600, "this_week")


async def test_an_unknown_time_zone_is_refused(service: Service) -> None:
    answer = await service.provider.get("/api/v1/summary", params={"timezone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert problem(answer)["errors"][0]["field"] == "query.timezone"


async def test_a_summary_includes_causes_and_who_holds_what_of_its_lists(service: Service) -> None:
    plain = await summary(service.provider)
    assert not {"causes", "assignments"} & plain.keys()
    causes = (await service.provider.get("/api/v1/causes?limit=50")).json()
    held, unheld = plain["risks"][0]["risk_id"], causes["items"][0]["cause_id"]
    await service.provider.post(f"/api/v1/risks/{held}/snooze", json={"until_change": True})
    await service.provider.post(f"/api/v1/causes/{unheld}/snooze", json={"until_change": True})
    found = await summary(service.provider, include=["causes", "assignments"])
    assert found["causes"] == causes
    listed = (await service.provider.get("/api/v1/assignments")).json()["items"]
    shown = {("risk", each["risk_id"]) for each in found["risks"]} | {
        ("cause", each["cause_id"]) for each in causes["items"]
    }
    assert {(each["kind"], each["item_id"]) for each in found["assignments"]["items"]} == {
        ("risk", held),
        ("cause", unheld),
    }
    assert found["assignments"]["items"] == [each for each in listed if (each["kind"], each["item_id"]) in shown]
    # Without the causes there is nothing of a cause to hold.
    alone = await summary(service.provider, include="assignments")
    assert [each["item_id"] for each in alone["assignments"]["items"]] == [held]
    other = await summary(service.customer, include=["causes", "assignments"])
    assert other["assignments"]["items"] == []
    refused = await service.provider.get("/api/v1/summary", params={"include": "parties"})
    assert refused.status_code == 422 and "include" in refused.text


async def test_what_a_key_may_not_read_is_not_included(service: Service) -> None:
    scopes = ["summary:read", "causes:read"]
    await announce(service.log, enrolled("slm_limited", "viewer", party_id=PROVIDER, scopes=scopes))
    limited = service.client("slm_limited")
    async with asyncio.timeout(10):
        while (await limited.get("/api/v1/summary")).status_code == 401:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert "causes" in await summary(limited, include="causes")
    refused = await limited.get("/api/v1/summary", params={"include": ["causes", "assignments"]})
    assert (refused.status_code, "assignments:read" in refused.text) == (403, True)
