"""What the agreement hides from the customer is in no answer, no event and no stream that the customer gets."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from slm_events.instants import from_text, to_text
from tests.support.monitor import CUSTOMER, HOUR, MINUTE, PROVIDER, SECOND, available, finalized, resolved
from tests.support.monitor_service import Service
from tests.support.service import until

TERMS: dict[str, dict[str, Any]] = {
    "silent": {},
    "at-breach": {"risks": "at_breach", "live_figure": "yes"},
    "never": {"risks": "never", "live_figure": "yes"},
    "later": {"risks": {"after": "PT12H"}, "live_figure": "yes"},
    "soon": {"risks": {"after": "PT2S"}, "live_figure": "yes"},
    "at-once": {"risks": "at_once", "live_figure": "yes"},
    "at-close": {"risks": "never", "live_figure": "at_close"},
}
HIDING = [name for name in TERMS if name not in ("at-once", "soon")]
SHOWN = ["at-once", "soon"]


def agreement(name: str) -> str:
    return named_id(PROVIDER, "agreement", "sees", name)


def target(name: str) -> str:
    return named_id(PROVIDER, "target", "sees", name)


def clock_target(name: str) -> str:
    return named_id(PROVIDER, "target", "sees-clock", name)


def terms(name: str) -> list[dict[str, Any]]:
    """An availability target and a clock of a ticket, both of which will warn."""
    month = {
        **available("99", warn_at={"budget_consumed": ["50"], "projected": True}),
        "target_id": target(name),
        "indicator": {"owner_party_id": PROVIDER, "key": f"sees.{name}"},
        "service_id": f"sees-{name}",
    }
    clock = {
        **resolved("PT4H", service_hours="24x7", warn_at={"elapsed": ["50"]}),
        "target_id": clock_target(name),
        "service_id": f"sees-{name}",
        "applies_to": {"type": "incident", "source": [f"sees-{name}"]},
    }
    return [month, clock]


@pytest.fixture(scope="module", autouse=True)
async def played(service: Service) -> AsyncIterator[list[dict[str, Any]]]:
    """One agreement for each combination of the term, each with a risk of its month and of a ticket."""
    events: list[dict[str, Any]] = []
    listening = asyncio.create_task(_listen(service.customer, events))
    now = service.clock.now()
    for name, term in TERMS.items():
        await service.register(f"sees.{name}", "availability")
        about = {"service_id": f"sees-{name}", "agreement_key": f"sees-{name}", "customer_sees": term}
        await service.agree(finalized(*terms(name), agreement_id=agreement(name), **about))
    answer = await service.measure(
        *({"indicator": f"sees.{name}", "at": "2026-11-01T00:00:00Z", "state": "up"} for name in TERMS),
        *({"indicator": f"sees.{name}", "at": to_text(now - 4 * HOUR), "state": "down"} for name in TERMS),
        *({"indicator": f"sees.{name}", "at": to_text(now - MINUTE), "state": "up"} for name in TERMS),
    )
    opened = {"ticket": "1", "event": "opened", "type": "incident", "priority": "P1", "customer": CUSTOMER}
    # The clock of "soon" warns two seconds from now, and two seconds after that the customer is shown it.
    begun = dict.fromkeys(TERMS, now - 3 * HOUR) | {"soon": service.clock.now() - 2 * HOUR + 2 * SECOND}
    tickets = [
        {**opened, "source": f"sees-{name}", "service": f"sees-{name}", "at": to_text(begun[name])} for name in TERMS
    ]
    sent = await service.provider.post("/api/v1/ticket-events", json=tickets)
    for position in (answer["position"], sent.json()["position"]):
        await service.provider.get("/api/v1/targets", params={"min_position": position})
    async with asyncio.timeout(30):
        while not any(each["event"] == "RiskDisclosed" for each in events):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    yield events
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


async def _listen(client: httpx.AsyncClient, events: list[dict[str, Any]]) -> None:
    async with client.stream("GET", "/api/v1/stream", timeout=60) as answer:
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            if line.startswith("data: ") and name:
                events.append({"event": name, **json.loads(line.removeprefix("data: "))["data"]})


async def risks_of(service: Service, name: str, client: httpx.AsyncClient | None = None) -> list[dict[str, Any]]:
    asked = {"agreement_id": agreement(name)}
    answer = await (client or service.provider).get("/api/v1/risks", params=asked)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def places(name: str, risks: list[dict[str, Any]]) -> list[str]:
    """Every address of this service at which a customer may read about an agreement."""
    one, other = target(name), clock_target(name)
    return [
        f"/api/v1/targets?agreement_id={agreement(name)}",
        f"/api/v1/targets/{one}",
        f"/api/v1/targets/{other}",
        *(f"/api/v1/targets/{one}/windows{query}" for query in ("", "?verdict=at_risk", "?closed=false")),
        f"/api/v1/targets/{one}/windows?known_at={to_text(from_text('2026-11-05T09:59:00Z'))}",
        f"/api/v1/targets/{one}/history",
        f"/api/v1/targets/{one}/explain",
        f"/api/v1/targets/{one}/explain?format=text",
        f"/api/v1/targets/{one}/budget?window=2026-11",
        f"/api/v1/figures?agreement_id={agreement(name)}",
        f"/api/v1/risks?agreement_id={agreement(name)}",
        *(f"/api/v1/risks/{risk['risk_id']}" for risk in risks),
        f"/api/v1/breaches?agreement_id={agreement(name)}",
        f"/api/v1/tickets?at_risk=true&agreement_id={agreement(name)}",
        f"/api/v1/tickets?source=sees-{name}",
        f"/api/v1/tickets/sees-{name}/1",
        f"/api/v1/clocks?agreement_id={agreement(name)}",
        f"/api/v1/clocks/explain?source=sees-{name}&number=1&target={other}",
        "/api/v1/causes",
        "/api/v1/exclusions",
        "/api/v1/indicators",
    ]


def tells_of(document: str, risks: list[dict[str, Any]]) -> list[str]:
    """The words of an answer that tell of a warning."""
    told = ['"at_risk"', '"reached":true', "warned since", *(risk["risk_id"] for risk in risks)]
    told += [risk["projected_breach_at"] for risk in risks if risk["cause"] != "elapsed"]
    compact = document.replace('": ', '":')
    return [each for each in told if each is not None and each in compact]


@pytest.mark.parametrize("name", HIDING)
async def test_no_answer_tells_the_customer_of_a_hidden_warning(service: Service, name: str) -> None:
    risks = await risks_of(service, name)
    assert len(risks) >= 2, "the provider is warned of the month and of the ticket"
    for place in places(name, risks):
        answer = await service.customer.get(place)
        if place == "/api/v1/causes":
            # Its `at_risk` says that a warning of a shown agreement stands.
            assert not any(risk["risk_id"] in answer.text for risk in risks), answer.text
            continue
        found = tells_of(answer.text, risks)
        if place.endswith(tuple(risk["risk_id"] for risk in risks)):
            assert answer.status_code == 404
            continue
        assert found == [], f"{place} tells of {found}: {answer.text}"
        assert answer.status_code in (200, 403), answer.text


@pytest.mark.parametrize("name", SHOWN)
async def test_a_shown_warning_is_in_the_answers(service: Service, name: str) -> None:
    risks = await risks_of(service, name)
    assert {each["risk_id"] for each in await risks_of(service, name, service.customer)} == {
        each["risk_id"] for each in risks
    }
    shown = (await service.customer.get(f"/api/v1/targets/{target(name)}")).json()["window"]
    assert shown["verdict"] == "at_risk"


async def test_the_provider_is_shown_everything(service: Service) -> None:
    for name in TERMS:
        window = (await service.provider.get(f"/api/v1/targets/{target(name)}")).json()["window"]
        assert (window["verdict"], window["figure_display"] != "–") == ("at_risk", True)


async def test_the_summary_of_the_customer_counts_only_what_is_shown(service: Service) -> None:
    found = (await service.customer.get("/api/v1/summary")).json()
    assert {each["agreement_id"] for each in found["risks"]} == {agreement(name) for name in SHOWN}
    verdicts = {each["service_id"]: each["verdict"] for each in found["services"]}
    assert {name: verdicts[f"sees-{name}"] for name in HIDING} == dict.fromkeys(HIDING, "met")
    assert verdicts["sees-at-once"] == "at_risk"
    lost = {each["service_id"]: each["lost_seconds"] for each in found["services"]}
    assert lost["sees-at-close"] is None and lost["sees-never"] is not None


async def test_no_figure_of_an_open_window_is_shown_before_its_close(service: Service) -> None:
    figure = (await service.provider.get(f"/api/v1/targets/{target('at-close')}")).json()["window"]
    for place in places("at-close", []):
        answer = await service.customer.get(place)
        assert figure["figure_display"] not in answer.text, place
        assert figure["figure"] not in answer.text, place
    refused = await service.customer.get(f"/api/v1/targets/{target('at-close')}/explain")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/shown-at-close")


async def test_the_stream_of_the_customer_has_no_hidden_warning(service: Service, played: list[dict[str, Any]]) -> None:
    warned = {"TargetAtRisk", "RiskCleared", "ClockWarned"}
    of_warnings = [each for each in played if each["event"] in warned]
    told = {(each["event"], each["agreement_id"]) for each in of_warnings}
    assert {identity for _, identity in told} == {agreement(name) for name in SHOWN}
    of_soon = [each for each in of_warnings if each["agreement_id"] == agreement("soon")]
    assert {each["window_id"] for each in of_soon} == {"2026-11"}, (
        "the warning of the ticket has not lasted long enough"
    )
    assert ("TargetAtRisk", agreement("at-once")) in told and ("ClockWarned", agreement("at-once")) in told


async def test_a_warning_that_lasted_long_enough_is_disclosed_by_an_event(
    service: Service, played: list[dict[str, Any]]
) -> None:
    disclosed = [each for each in played if each["event"] == "RiskDisclosed"]
    assert [(each["agreement_id"], each["cause"]) for each in disclosed] == [(agreement("soon"), "elapsed")]
    (one,) = disclosed
    assert from_text(one["disclosed_at"]) >= from_text(one["at"]) + 2 * SECOND
    assert one["hidden_from_party_id"] is None


async def test_a_disclosed_warning_is_in_the_causes_of_the_customer(service: Service) -> None:
    async def risks(client: httpx.AsyncClient, name: str) -> int:
        answer = await client.get("/api/v1/causes", params={"agreement_id": agreement(name)})
        return sum(cause["risks"] for cause in answer.json()["items"])

    async def is_disclosed() -> bool:
        return await risks(service.customer, "soon") == await risks(service.provider, "soon") > 0

    await until(is_disclosed)
    assert (await risks(service.customer, "never"), await risks(service.provider, "never") > 0) == (0, True)
