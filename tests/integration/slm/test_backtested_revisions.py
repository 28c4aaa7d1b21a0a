"""A proposed revision is tested on what was measured, and both parties read the same result in its check."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm.installation import open_installation
from slm_chassis.clock import SystemClock
from slm_chassis.settings import Settings
from slm_events.instants import to_text
from tests.support.operator_key import KEY

DAY = 86_400_000_000
SCHEDULE = {
    "currency": "EUR",
    "bands": [{"from": "0", "percent_of_charge": "10"}, {"from": "99", "nothing": True}],
}


@dataclass
class World:
    """An installation with two parties; nothing is agreed."""

    client: httpx.AsyncClient
    cast: Cast

    async def ask(self, key: str, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.client.request(method, f"/api/v1/{path}", headers={"Authorization": f"Bearer {key}"}, **more)

    async def measured(self, key: str, bad_days: int, days: int = 13) -> None:
        """Days of history until now, in UTC; in each of the ``bad_days`` the service is down for an hour."""
        body = {"key": key, "kind": "availability", "service_id": self.cast.service_id}
        assert (await self.ask(self.cast.integrator_key, "POST", "indicators", json=body)).status_code in (200, 201)
        today = SystemClock().now() // DAY * DAY
        sent: list[dict[str, Any]] = [{"indicator": key, "at": to_text(today - days * DAY), "state": "up"}]
        for day in range(1, bad_days + 1):
            down = today - day * DAY + DAY // 2
            sent.append({"indicator": key, "at": to_text(down), "state": "down"})
            sent.append({"indicator": key, "at": to_text(down + DAY // 24), "state": "up"})
        answer = await self.ask(self.cast.integrator_key, "POST", "measurements", json=sent)
        assert answer.status_code == 202, answer.text
        position = answer.json()["position"]
        await self.ask(self.cast.provider_manager_key, "GET", "targets", params={"min_position": position})

    async def drafted(self, key: str, **document: Any) -> dict[str, Any]:
        written = {**terms.agreement_document(to_text(SystemClock().now() + DAY)), **document}
        return await negotiation.draft_agreement(self.client, self.cast, written, key)

    async def signed(self, proposed: dict[str, Any]) -> httpx.Response:
        """The customer accepts, and the provider signs without a waiver; the answer to the signature."""
        named, path = {"revision_hash": proposed["revision"]["hash"]}, f"agreements/{proposed['agreement_id']}"
        accepted = await self.ask(self.cast.customer_manager_key, "POST", f"{path}/accept", json=named)
        assert accepted.status_code == 200, accepted.text
        return await self.ask(self.cast.provider_signatory_key, "POST", f"{path}/sign", json=named)

    async def tested(self, key: str, agreement_id: str) -> dict[str, Any]:
        """Wait until the back-test has ended; return the check."""
        for _ in range(400):
            check = (await self.ask(key, "GET", f"agreements/{agreement_id}/check")).json()
            if check["backtest"] and check["backtest"]["state"] == "done":
                return dict(check)
            await asyncio.sleep(0.05)
        raise AssertionError(check["backtest"])


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", bootstrap_key=SecretStr(KEY), partitions=2)
        async with open_installation(settings) as installation:
            for app in installation.apps:
                await app.start()
            transport = httpx.ASGITransport(installation.face, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://slm", timeout=30.0) as client:
                cast = await negotiation.gather_cast(client, KEY)
                await negotiation.record_requirement(client, cast)
                yield World(client, cast)


def target(indicator: str, at_least: str = "99", **more: Any) -> dict[str, Any]:
    return {
        "key": "up",
        "title": "It works",
        "indicator": indicator,
        "aggregation": "availability",
        "objective": {"at_least": at_least, "unit": "percent"},
        "window": {"calendar": "day"},
        **more,
    }


def found(check: Mapping[str, Any], code: str) -> list[dict[str, Any]]:
    return [each for each in check["findings"] if each["code"] == code]


async def test_both_parties_read_the_same_bytes_of_the_common_part(world: World) -> None:
    await world.measured("same.up", 3)
    money = {
        "credit_schedules": {"bands": SCHEDULE},
        "period_charge": {"amount": "300", "currency": "EUR", "per": "month"},
    }
    drafted = await world.drafted("same", targets=[target("same.up", credit="bands")], **money)
    await negotiation.propose_draft(world.client, world.cast, drafted)
    check = await world.tested(world.cast.customer_manager_key, drafted["agreement_id"])
    path = f"agreements/{drafted['agreement_id']}/check"
    theirs = (await world.ask(world.cast.customer_manager_key, "GET", path)).content.partition(b'"chain":')
    ours = (await world.ask(world.cast.provider_manager_key, "GET", path)).content.partition(b'"chain":')
    assert theirs[0] == ours[0] and b'"backtest":{"state":"done"' in ours[0] and b"same.up" not in ours[0]
    [finding] = found(check, "realistic.missed")
    assert (finding["severity"], finding["value"]) == ("warning", "9 of 12 periods met")
    assert "credits of EUR 90.00 would have been due" in finding["remedy"]
    assert "11 of 12 periods would have met at least 95.8333%" in finding["remedy"]
    [tested] = check["backtest"]["targets"]
    assert [each["verdict"] for each in tested["windows"]].count("breached") == 3
    assert [each["credits"] for each in tested["result"]["prices"]["rows"] if each["is_draft"]] == ["90.00"]


async def test_fewer_than_half_refuse_acceptance_and_signature(world: World) -> None:
    await world.measured("rare.up", 7)
    drafted = await world.drafted("rare", targets=[target("rare.up")])
    proposed = await negotiation.propose_draft(world.client, world.cast, drafted)
    check = await world.tested(world.cast.customer_manager_key, drafted["agreement_id"])
    assert [each["severity"] for each in found(check, "realistic.missed")] == ["error"]
    named = {"revision_hash": proposed["revision"]["hash"]}
    path = f"agreements/{drafted['agreement_id']}"
    answer = await world.ask(world.cast.customer_manager_key, "POST", f"{path}/accept", json=named)
    assert answer.status_code == 422
    assert [each["value"] for each in answer.json()["errors"]] == ["5 of 12 periods met"]


async def test_a_warning_is_waived_and_stored_with_the_signature(world: World) -> None:
    await world.measured("seldom.up", 2)
    drafted = await world.drafted("seldom", targets=[target("seldom.up")])
    proposed = await negotiation.propose_draft(world.client, world.cast, drafted)
    await world.tested(world.cast.customer_manager_key, drafted["agreement_id"])
    refused = await world.signed(proposed)
    named, path = {"revision_hash": proposed["revision"]["hash"]}, f"agreements/{drafted['agreement_id']}"
    assert (refused.status_code, [each["code"] for each in refused.json()["errors"]]) == (422, ["realistic.missed"])
    waived = {**named, "waivers": [{"code": "realistic.missed", "reason": "A new site runs since then."}]}
    signed = await world.ask(world.cast.provider_signatory_key, "POST", f"{path}/sign", json=waived)
    [signature] = signed.json()["signatures"]
    assert [(each["code"], each["value"]) for each in signature["findings"]] == [
        ("realistic.missed", "10 of 12 periods met")
    ]
    assert [each["reason"] for each in signature["waivers"]] == ["A new site runs since then."]


async def test_a_target_that_was_never_measured_needs_no_waiver(world: World) -> None:
    drafted = await world.drafted("new", targets=[target("new.up")])
    proposed = await negotiation.propose_draft(world.client, world.cast, drafted)
    check = await world.tested(world.cast.provider_manager_key, drafted["agreement_id"])
    [finding] = found(check, "realistic.no-history")
    assert (finding["severity"], finding["value"]) == ("information", "up")
    assert found(check, "measurable.no-data") == []
    [signature] = (await world.signed(proposed)).json()["signatures"]
    assert ([each["code"] for each in signature["findings"]], signature["waivers"]) == (["realistic.no-history"], [])


async def test_an_indicator_that_has_fallen_silent_is_a_warning(world: World) -> None:
    await world.measured("silent.up", 0)
    drafted = await world.drafted("silent", targets=[target("silent.up")])
    proposed = await negotiation.propose_draft(world.client, world.cast, drafted)
    check = await world.tested(world.cast.provider_manager_key, drafted["agreement_id"])
    assert [each["severity"] for each in found(check, "measurable.no-data")] == ["warning"]
    assert (await world.signed(proposed)).status_code == 422


async def test_a_customer_learns_nothing_of_indicators_that_were_not_offered(world: World) -> None:
    await world.measured("secret.up", 5)
    drafted = await world.drafted("guess", targets=[target("offered.up")])
    proposed = await negotiation.propose_draft(world.client, world.cast, drafted)
    document = {**proposed["document"], "targets": [target("secret.up")]}
    await negotiation.make_counter_proposal(world.client, world.cast, proposed, document)
    check = await world.tested(world.cast.customer_manager_key, drafted["agreement_id"])
    [tested], findings = check["backtest"]["targets"], check["findings"]
    assert (tested["state"], tested["windows"], tested["measured"]) == ("withheld", [], None)
    assert [each["value"] for each in findings if each["code"] == "realistic.no-history"] == ["up"]


async def test_a_draft_is_tested_when_its_author_asks(world: World) -> None:
    await world.measured("drafted.up", 1)
    drafted = await world.drafted("asked", targets=[target("drafted.up")])
    path = f"agreements/{drafted['agreement_id']}"
    unasked = (await world.ask(world.cast.provider_manager_key, "GET", f"{path}/check")).json()
    assert unasked["backtest"] is None and not found(unasked, "realistic.running")
    assert (await world.ask(world.cast.customer_manager_key, "POST", f"{path}/backtest")).status_code == 404
    started = await world.ask(world.cast.provider_manager_key, "POST", f"{path}/backtest")
    assert (started.status_code, started.json()["state"]) == (202, "running")
    check = await world.tested(world.cast.provider_manager_key, drafted["agreement_id"])
    assert [each["result"]["met"] for each in check["backtest"]["targets"]] == [11]


async def test_tickets_that_name_no_customer_are_not_shown_to_one_of_two(world: World) -> None:
    """One ticket of the customer was resolved in time; another, of nobody knows whom, was late."""
    other = await world.ask(KEY, "POST", "parties", json={"key": "other-shop", "name": "Other Shop"})
    manager = {"key": "olga", "party_id": other.json()["party_id"], "name": "Olga", "roles": ["service_level_manager"]}
    enrolled = (await world.ask(KEY, "POST", "principals", json=manager)).json()
    issued = await world.ask(KEY, "POST", f"principals/{enrolled['principal_id']}/keys", json={"scopes": []})
    await negotiation.relate_parties(
        world.client, world.cast.provider_manager_key, issued.json()["key"], "Another shop"
    )
    opened = SystemClock().now() // DAY * DAY - 40 * DAY
    ticket = {"source": "desk", "type": "incident", "priority": "P1", "service": "checkout"}
    events = [
        {**ticket, "ticket": name, "event": event, "at": to_text(at), "id": f"{name}-{event}", **named}
        for name, hours, named in (("T1", 1, {"customer": "corner-shop"}), ("T2", 9, {}))
        for event, at in (("opened", opened), ("resolved", opened + hours * DAY // 24))
    ]
    answer = await world.ask(world.cast.integrator_key, "POST", "ticket-events", json=events)
    assert answer.status_code == 202, answer.text
    await world.ask(
        world.cast.provider_manager_key, "GET", "targets", params={"min_position": answer.json()["position"]}
    )
    clock = {
        "key": "p1",
        "title": "Solved within 4 hours",
        "aggregation": "clock",
        "objective": {"within": {"service_time": "PT4H"}},
        "applies_to": {"priority": "P1"},
    }
    drafted = await world.drafted("desk", targets=[clock])
    await negotiation.propose_draft(world.client, world.cast, drafted)
    check = await world.tested(world.cast.customer_manager_key, drafted["agreement_id"])
    [tested] = check["backtest"]["targets"]
    assert (tested["state"], tested["result"]["tickets"]) == ("done", {"judged": 1, "met": 1})
    assert found(check, "realistic.missed") == []
