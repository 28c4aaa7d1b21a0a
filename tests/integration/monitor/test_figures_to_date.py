"""All open windows of an agreement as of one instant, in one answer that says one number for one thing."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from slm_chassis.identity import named_id
from slm_events.instants import from_text
from tests.support.monitor import PROVIDER, available, fast, finalized, resolved
from tests.support.monitor_service import Service, problem

UP, LATENCY = "to-date.up", "to-date.latency"
AGREEMENT = named_id(PROVIDER, "agreement", "to-date")


def named(target: dict[str, Any], key: str | None) -> dict[str, Any]:
    return {
        **target,
        "target_id": named_id(PROVIDER, "target", "to-date", target["key"]),
        "indicator": None if key is None else {"owner_party_id": PROVIDER, "key": key},
    }


MONTH, SHARE, CLOCK = named(available("99"), UP), named(fast("90"), LATENCY), named(resolved(), None)
ROLLING = named({**fast("90", {"rolling": "P7D"}), "key": "rolling"}, LATENCY)
IN_TIME = named({**fast("95"), "key": "in-time", "aggregation": {"compliance": CLOCK["key"]}}, None)
CLOCK["applies_to"] = {"type": "incident", "source": ["to-date"]}
CLOCK["warn_at"] = {"elapsed": ["50"]}


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.register(UP, "availability")
    await service.register(LATENCY, "value", "ms")
    await service.agree(
        finalized(MONTH, SHARE, ROLLING, CLOCK, IN_TIME, agreement_id=AGREEMENT, agreement_key="to-date")
    )


async def to_date(service: Service, **params: Any) -> Any:
    answer = await service.customer.get("/api/v1/figures", params={"agreement_id": AGREEMENT, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_key(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["target_key"]: each for each in answer["windows"]}


async def test_every_open_window_is_answered_as_of_one_instant(service: Service) -> None:
    await service.measure(
        {"indicator": UP, "at": "2026-11-01T00:00:00Z", "state": "up"},
        {"indicator": UP, "outage": {"from": "2026-11-02T10:00:00Z", "to": "2026-11-02T11:00:00Z"}},
        *({"indicator": LATENCY, "at": f"2026-11-02T10:00:0{number}Z", "value": number * 60} for number in range(1, 9)),
    )
    answer = await to_date(service, **{"from": "2026-11-01T00:00:00Z"})
    found = by_key(answer)
    assert set(found) == {"availability", "fast-month", "rolling", CLOCK["key"], "in-time"}
    up = found["availability"]
    assert (up["window_id"], up["closed"], up["downtime_seconds"]) == ("2026-11", False, 3600)
    assert Fraction(up["figure"]) == Fraction(100 * int(up["good"]), int(up["total"]))
    assert int(up["total"]) == from_text(answer["as_of"]) - from_text("2026-11-01T00:00:00Z")
    share = found["fast-month"]
    assert (share["good"], share["total"], share["figure"]) == ("5", "8", "125/2")
    assert answer["position"]


async def test_asked_again_with_its_instant_the_figures_are_the_same(service: Service) -> None:
    first = await to_date(service, **{"from": "2026-11-01T00:00:00Z"})
    await service.measure({"indicator": LATENCY, "at": "2026-11-02T12:00:00Z", "value": 900})
    later = await to_date(service, **{"from": "2026-11-01T00:00:00Z"})
    again = await to_date(service, **{"from": "2026-11-01T00:00:00Z", "as_of": first["as_of"]})
    assert again["windows"] == first["windows"]
    assert by_key(later)["fast-month"]["total"] == str(int(by_key(first)["fast-month"]["total"]) + 1)


async def test_the_state_of_a_target_holds_one_figure(service: Service) -> None:
    """Counts and figure of one answer belong together, however long ago the judge last put the counts away."""
    (target,) = [
        each
        for each in (await service.customer.get("/api/v1/targets", params={"agreement_id": AGREEMENT})).json()["items"]
        if each["key"] == "availability"
    ]
    window = target["window"]
    assert Fraction(window["figure"]) == Fraction(100 * window["good"], window["total"])


@pytest.mark.parametrize("until", ["resolved", "cancelled"])
async def test_a_warning_of_a_ticket_stays_whole_when_it_is_cleared(service: Service, until: str) -> None:
    """A report of the open period is made from what is told of it."""
    named_so = {"source": "to-date", "ticket": until, "type": "incident"}

    async def happens(event: str, at: str) -> None:
        body = [{**named_so, "event": event, "at": f"2026-11-05T{at}:00Z"}]
        answer = await service.provider.post("/api/v1/ticket-events", json=body)
        min_position = {"min_position": answer.json()["position"]}
        assert (await service.provider.get(f"/api/v1/tickets/to-date/{until}", params=min_position)).is_success

    async def warning() -> dict[str, Any]:
        risks = (await to_date(service, **{"from": "2026-11-01T00:00:00Z"}))["risks"]
        (found,) = [each for each in risks if each["window_id"] == f"to-date/{until}"]
        return dict(found)

    await happens("opened", "07:30")
    raised = await warning()
    assert (raised["standing"], raised["target_key"]) == (True, CLOCK["key"])
    await happens(until, "09:50")
    cleared = await warning()
    assert cleared["standing"] is False
    changed = {name for name in raised if cleared.get(name) != raised[name]}
    assert changed == {"standing", "cleared_at", "outcome"}


async def test_strangers_and_instants_to_come_are_refused(service: Service) -> None:
    unknown = await service.foreigner.get("/api/v1/figures", params={"agreement_id": AGREEMENT})
    assert problem(unknown)["status"] == 404
    ahead = await service.customer.get(
        "/api/v1/figures", params={"agreement_id": AGREEMENT, "as_of": "2099-01-01T00:00:00Z"}
    )
    assert problem(ahead)["errors"][0]["field"] == "query.as_of"
