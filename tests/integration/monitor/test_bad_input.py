"""Bad input at the intake: an outcome for the item or a problem with a remedy, never a 500. Others are accepted."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from tests.support.monitor import CUSTOMER, PROVIDER, fast, finalized
from tests.support.monitor_service import Service

NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
LATENCY, UP = "bad.latency", "bad.up"
AGREEMENT = named_id(PROVIDER, "agreement", "bad input")


@pytest.fixture(scope="module", autouse=True)
async def share(service: Service) -> dict[str, Any]:
    """A target over the day that counts the values of LATENCY."""
    await service.register(LATENCY, "value", "ms")
    await service.register(UP, "availability")
    target = fast("95", {"calendar": "day"})
    target["indicator"] = {"owner_party_id": PROVIDER, "key": LATENCY}
    target["target_id"] = named_id(PROVIDER, "target", "bad input", "share")
    await service.agree(finalized(target, agreement_id=AGREEMENT, agreement_key="bad input"))
    return target


def value(**more: Any) -> dict[str, Any]:
    return {"indicator": LATENCY, "at": "2026-11-05T09:00:00Z", "value": 100, **more}


def event(**more: Any) -> dict[str, Any]:
    return {"source": "desk", "ticket": "1", "event": "opened", "at": "2026-11-05T09:00:00Z", **more}


async def post(service: Service, body: bytes | str, door: str = "measurements", **headers: str) -> httpx.Response:
    return await service.provider.post(f"/api/v1/{door}", content=body, headers=headers or JSON)


async def counted(service: Service, target: dict[str, Any], position: str, day: str = "2026-11-05") -> int:
    """Wait until a position is evaluated; return the number of values in the day's window."""
    path = f"/api/v1/targets/{target['target_id']}/windows"
    answer = await service.provider.get(path, params={"min_position": position})
    answer.raise_for_status()
    return next((row["total"] for row in answer.json()["items"] if row["window_id"] == day), 0)


def verdict(answer: httpx.Response) -> dict[str, Any]:
    """The one refusal of a batch."""
    assert answer.status_code == 202, answer.text
    (item,) = answer.json()["items"]
    assert item["errors"][0]["remedy"]
    return {
        "index": item["index"],
        "outcome": item["outcome"],
        "code": item["code"],
        "field": item["errors"][0]["field"],
    }


BAD_VALUES: list[tuple[str, str, str]] = [
    ('{"indicator": "bad.unheard-of", "at": "2026-11-05T09:00:00Z", "value": 1}', "unknown_indicator", "indicator"),
    ('{"indicator": "", "at": "2026-11-05T09:00:00Z", "value": 1}', "unknown_indicator", "indicator"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": NaN}', "not_a_number", "value"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": -Infinity}', "not_a_number", "value"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "values": [1, NaN, 2]}', "not_a_number", "value"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": 1e400}', "not_a_number", "value"),
    (f'{{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": {"9" * 5000}}}', "not_a_number", "value"),
    (f'{{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": {"9" * 400}}}', "invalid_field", "value"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": "a lot"}', "not_a_number", "value"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": "1_0"}', "not_a_number", "value"),
    (
        '{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": 1, "lables": {"a": "b"}}',
        "unknown_field",
        "lables",
    ),
    (
        '{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "cumulative": {"good": 1, "totl": 2}}',
        "unknown_field",
        "cumulative.totl",
    ),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": true}', "invalid_field", "value"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z"}', "no_value", "value"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "values": []}', "no_value", "value"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "state": "up"}', "no_value", "value"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": 1, "unit": "s"}', "wrong_unit", "unit"),
    (
        f'{{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": 1, "owner": "{CUSTOMER}"}}',
        "foreign_party",
        "owner",
    ),
    ('{"indicator": "LATENCY", "value": 1}', "no_instant", "at"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00", "value": 1}', "no_offset", "at"),
    ('{"indicator": "LATENCY", "at": "yesterday", "value": 1}', "invalid_field", "at"),
    ('{"indicator": "LATENCY", "at": "2026-13-05T09:00:00Z", "value": 1}', "invalid_field", "at"),
    ('{"indicator": "LATENCY", "at": "0001-01-01T00:00:00+14:00", "value": 1}', "out_of_range", "at"),
    ('{"indicator": "LATENCY", "at": "9999-12-31T23:59:59-14:00", "value": 1}', "out_of_range", "at"),
    ('{"indicator": "LATENCY", "at": 1793574000, "value": 1}', "invalid_field", "at"),
    ('{"at": "2026-11-05T09:00:00Z", "value": 1}', "missing_field", "indicator"),
    ('{"indicator": "bad\\u0000key", "at": "2026-11-05T09:00:00Z", "value": 1}', "unsupported_text", "indicator"),
    ('{"indicator": "bad\\ud800key", "at": "2026-11-05T09:00:00Z", "value": 1}', "unsupported_text", "indicator"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": 1, "id": "a\\u0000b"}', "unsupported_text", "id"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": 1, "id": "a\\udc00"}', "unsupported_text", "id"),
    (f'{{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": 1, "id": "{"x" * 3000}"}}', "bad_name", "id"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": 1, "id": ""}', "bad_name", "id"),
    ('{"indicator": "LATENCY", "at": "2026-11-05T09:00:00Z", "value": 1, "id": 7}', "invalid_field", "id"),
    ('{"indicator": "bad.up", "at": "2026-11-05T09:00:00Z", "state": "asleep"}', "unsupported_state", "state"),
    (
        '{"indicator": "bad.up", "at": "2026-11-05T09:00:00Z", "state": "up", "previous": "x"}',
        "unsupported_state",
        "previous",
    ),
    ('{"indicator": "bad.up", "at": "2026-11-05T09:00:00Z", "value": 1}', "wrong_kind", "value"),
    ('{"indicator": "bad.up", "at": "2026-11-05T09:00:00Z"}', "no_state", "state"),
    (
        '{"indicator": "bad.up", "at": "2026-11-05T09:00:00Z", "ok": true, "revision": 10000000000}',
        "bad_revision",
        "revision",
    ),
    (
        f'{{"indicator": "bad.up", "at": "2026-11-05T09:00:00Z", "ok": true, "revision": {"9" * 4000}}}',
        "bad_revision",
        "revision",
    ),
    ('{"indicator": "bad.up", "outage": {"from": "2026-11-05T09:00:00Z"}}', "no_interval", "outage"),
    (
        '{"indicator": "bad.up", "outage": {"from": "2026-11-05T09:00:00Z", "to": "2026-11-05T08:00:00Z"}}',
        "reversed_interval",
        "outage.to",
    ),
    ("17", "not_an_object", ""),
    ("null", "not_an_object", ""),
    ('"up"', "not_an_object", ""),
    ("[]", "not_an_object", ""),
]


@pytest.mark.parametrize(("bad", "code", "name"), BAD_VALUES, ids=[f"{row[1]} {row[0][:60]}" for row in BAD_VALUES])
async def test_a_bad_measurement_costs_itself_alone(service: Service, bad: str, code: str, name: str) -> None:
    good = json.dumps(value())
    bad = bad.replace("LATENCY", LATENCY)
    for body, headers in ((f"[{good},{bad},{good}]", JSON), (f"{good}\n{bad}\n{good}\n", NDJSON)):
        answer = await post(service, body, **headers)
        assert verdict(answer) == {"index": 1, "outcome": "rejected", "code": code, "field": name}
        assert answer.json()["accepted"] == 2


@pytest.mark.parametrize(
    ("path", "item", "error"),
    [
        (
            "ticket-events",
            event(bad=1),
            {"field": "bad", "value": 1, "remedy": "this field is not known; leave it out"},
        ),
        (
            "ticket-events",
            event(prioritty="P1"),
            {"field": "prioritty", "value": "P1", "remedy": "this field is not known; did you mean priority?"},
        ),
        (
            "measurements",
            value(tickets=1),
            {"field": "tickets", "value": 1, "remedy": "this field is not known; leave it out"},
        ),
        (
            "measurements",
            {**value(), "cumulative": {"good": 1, "totl": 2}},
            {"field": "cumulative.totl", "value": 2, "remedy": "this field is not known; did you mean total?"},
        ),
        (
            "measurements",
            {**value(), "values": [1, "b", True]},
            {"field": "values[2]", "value": True, "remedy": "expected `float | str`, got `bool`"},
        ),
    ],
)
async def test_a_remedy_names_fields_of_such_items_alone(
    service: Service, path: str, item: dict[str, Any], error: dict[str, Any]
) -> None:
    answer = await post(service, json.dumps([item]), path)
    assert answer.json()["items"][0]["errors"] == [error]


TEXTS = ("type", "priority", "state", "team", "assignee", "service", "customer", "category")
BAD_EVENTS: list[tuple[dict[str, Any], str, str]] = [
    (event(event="exploded"), "unsupported_event", "event"),
    (event(source=""), "bad_name", "source"),
    (event(source="a/b"), "bad_name", "source"),
    (event(ticket=""), "bad_name", "ticket"),
    (event(ticket="x" * 3000), "bad_name", "ticket"),
    (event(ticket="ü" * 101), "bad_name", "ticket"),
    (event(ticket="a\0b"), "unsupported_text", "ticket"),
    (event(attributes={"a": ["\0"]}), "unsupported_text", "attributes"),
    *((event(**{name: "P\0"}), "unsupported_text", name) for name in TEXTS),
    *((event(**{name: "\udfff"}), "unsupported_text", name) for name in TEXTS),
    *((event(**{name: "x" * 201}), "too_long", name) for name in TEXTS),
    (event(attributes={"a": "x" * 4_001}), "too_long", "attributes.a"),
    (event(attributes={str(n): "x" * 4_000 for n in range(20)}), "too_long", "attributes"),
    (event(attributes={"x" * 201: 1}), "bad_name", "attributes"),
    (event(foo=1), "unknown_field", "foo"),
    (event(prioritty="P1"), "unknown_field", "prioritty"),
    (event(attributes={"a": 10**30}), "bad_attributes", "attributes"),
    (event(attributes={"a": [[[[[[[[[[1]]]]]]]]]]}), "bad_attributes", "attributes"),
    (event(attributes=[1]), "invalid_field", "attributes"),
    (event(sequence=10**30), "bad_sequence", "sequence"),
    (event(sequence="3"), "invalid_field", "sequence"),
    (event(revision=-1), "bad_revision", "revision"),
    (event(at="2026-11-05T09:00:00"), "no_offset", "at"),
    (event(at="0001-01-01T00:00:00+14:00"), "out_of_range", "at"),
    (event(recorded_at="9999-12-31T23:59:59-14:00"), "out_of_range", "recorded_at"),
    (event(owner=CUSTOMER), "foreign_party", "owner"),
    ({"source": "desk", "ticket": "1", "event": "opened"}, "missing_field", "at"),
]


@pytest.mark.parametrize(("bad", "code", "name"), BAD_EVENTS, ids=[f"{row[1]} {row[2]}" for row in BAD_EVENTS])
async def test_a_bad_ticket_event_costs_itself_alone(
    service: Service, bad: dict[str, Any], code: str, name: str
) -> None:
    good = event(ticket="good")
    answer = await post(service, json.dumps([good, bad, good]), "ticket-events")
    assert verdict(answer) == {"index": 1, "outcome": "rejected", "code": code, "field": name}
    assert answer.json()["accepted"] == 2


async def test_instants_of_far_centuries_are_kept_exactly(service: Service) -> None:
    instants = ["0001-01-01T00:00:00.000001Z", "1066-10-14T09:00:00.999999Z", "1969-12-31T23:59:59.500000Z"]
    given = [event(ticket="old", at=instant, id=instant) for instant in instants]
    position = (await post(service, json.dumps(given), "ticket-events")).json()["position"]
    answer = await service.provider.get("/api/v1/tickets/desk/old", params={"min_position": position})
    assert [each["at"] for each in answer.json()["events"]] == instants


async def test_a_bad_item_leaves_the_other_9999(service: Service, share: dict[str, Any]) -> None:
    items: list[Any] = [value(at=f"2026-11-04T09:00:00.{number:06d}Z") for number in range(10_000)]
    items[4711] = value(at="2026-11-04T09:00:00Z", value="a lot")
    document = (await post(service, json.dumps(items))).json()
    assert (document["accepted"], document["rejected"]) == (9_999, 1)
    assert await counted(service, share, document["position"], "2026-11-04") == 9_999


async def test_a_future_measurement_is_quarantined_shown_and_told(service: Service, share: dict[str, Any]) -> None:
    good, ahead = value(at="2026-11-05T08:00:00Z"), value(at="2026-11-06T08:00:00Z", id="ahead")
    answer = await post(service, json.dumps([good, ahead, good]))
    assert verdict(answer) == {"index": 1, "outcome": "quarantined", "code": "in_the_future", "field": "at"}
    assert answer.json()["quarantined"] == 1
    await counted(service, share, answer.json()["position"])
    for client in (service.provider, service.viewer, service.operator):
        (kept,) = [
            row for row in (await client.get("/api/v1/quarantine")).json()["items"] if row["fact"].get("id") == "ahead"
        ]
        assert (kept["reason"], kept["owner_party_id"]) == ("in_the_future", PROVIDER)
    for stranger in (service.customer, service.foreigner):
        assert (await stranger.get("/api/v1/quarantine")).json()["items"] == []
    told = await asyncio.wait_for(_told(service, "slm.monitor.fact-quarantined.v1"), 10)
    assert [each["fact"]["id"] for each in told if each["fact"].get("id")] == ["ahead"]


async def _told(service: Service, kind: str) -> list[dict[str, Any]]:
    log: Any = service.log
    while True:
        found = [
            json.loads(record.value)
            for partition in log._topics["slm.targets"]
            for record in partition.records
            if record.headers["ce_type"] == kind
        ]
        if found:
            return found
        await asyncio.sleep(0.02)


async def test_an_operator_has_to_name_the_party(service: Service) -> None:
    answer = await service.operator.post("/api/v1/measurements", json=[value(), value(owner=PROVIDER)])
    assert answer.status_code == 202
    assert verdict(answer)["code"] == "no_owner"
    assert answer.json()["accepted"] == 1


async def test_what_a_ticket_is_like_has_the_same_names_at_both_doors(service: Service) -> None:
    """A team at the top of an event is taken as it is in a snapshot, and a misspelt one is refused by name."""
    misplaced = {
        "source": "desk",
        "ticket": "T3",
        "id": "1",
        "event": "opened",
        "at": "2026-11-05T09:00:00Z",
        "type": "incident",
        "team": "tier2",
        "foo": 1,
    }
    answer = await post(service, json.dumps([misplaced, {**misplaced, "foo": None}]), "ticket-events")
    assert [each["errors"][0]["field"] for each in answer.json()["items"]] == ["foo", "foo"]
    given = {name: value for name, value in misplaced.items() if name != "foo"}
    taken = await post(service, json.dumps([given]), "ticket-events")
    read = await service.provider.get("/api/v1/tickets/desk/T3", params={"min_position": taken.json()["position"]})
    assert read.json()["held_by"] == "tier2"
    for name in ("assignee", "service", "customer", "category"):
        assert (await post(service, json.dumps([{**given, "id": name, name: "x"}]), "ticket-events")).is_success
        assert (await service.provider.put("/api/v1/tickets/desk/T4", json={name: "x"})).is_success


async def test_a_response_clock_may_begin_with_the_first_word_of_the_customer(service: Service) -> None:
    """Tickets opened by an agent: internal notes before the customer's first message start and stop nothing."""
    target = {"clock": "response", "objective": {"within": {"calendar": "PT1H"}}, "start": "customer_replied"}
    events = [
        ("opened", "09:00"),
        ("agent_replied", "10:50"),
        ("customer_replied", "11:00"),
        ("first_response", "11:20"),
    ]
    given = [{"event": name, "at": f"2026-11-23T{at}:00Z"} for name, at in events]
    answer = await service.provider.post("/api/v1/previews/clock", json={"targets": [target], "events": given})
    (clock,) = answer.json()["clocks"]
    found = [clock[name][11:16] for name in ("started_at", "deadline_at", "stopped_at")]
    assert (found, clock["verdict"]) == (["11:00", "12:00", "11:20"], "met")
    for wrong in ({"paused": ["awaiting_customer"]}, {"servicehours": "24x7"}):
        asked = {"targets": [{**target, **wrong}], "events": given}
        refused = await service.provider.post("/api/v1/previews/clock", json=asked)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == f"terms.{next(iter(wrong))}"


async def test_decimals_may_come_as_text_or_as_numbers(service: Service, share: dict[str, Any]) -> None:
    body = {"value": None, "values": ["1e2", 7]}
    given = [
        value(at="2026-11-01T09:00:00Z", value="99.5"),
        value(at="2026-11-01T09:00:01Z", **body),
        value(at="2026-11-01T09:00:02Z", value=1),
    ]
    answer = await post(service, json.dumps(given))
    assert answer.json()["accepted"] == 3, answer.text
    assert await counted(service, share, answer.json()["position"], "2026-11-01") == 4


@pytest.mark.parametrize("bad", ["x", "a/b", "", "6f1d0d5e", "\u00e9" * 40])
async def test_an_owner_that_is_no_id_is_refused_at_every_door(service: Service, bad: str) -> None:
    for method, path, given in (
        ("POST", "/api/v1/indicators", {"key": "bad.owner", "kind": "value"}),
        ("POST", "/api/v1/imports", {"key": "bad owner", "sources": ["desk"]}),
        ("PUT", "/api/v1/tickets/desk/T9", {"state": "open"}),
        ("POST", "/api/v1/ticket-reconciliations", {"source": "desk", "tickets": []}),
        ("POST", "/api/v1/quarantine/sources/resume", {"topic": "slm.tickets", "source": "desk"}),
    ):
        answer = await service.operator.request(method, path, json={**given, "owner_party_id": bad})
        assert answer.status_code == 422, (path, answer.text)
        assert answer.json()["errors"][0]["field"] == "owner_party_id"
    if bad:
        answer = await service.operator.post("/api/v1/ticket-events", json=[event(owner=bad)])
        assert (answer.status_code, answer.json()["items"][0]["errors"][0]["field"]) == (422, "owner")
