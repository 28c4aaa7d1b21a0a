"""The installation of the browser tests: a provider, two customers, agreements in every state, an outage, tickets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from slm_chassis.clock import SystemClock
from slm_events.instants import to_text
from tests.browser.people import World, acquaint, company, person, system
from tests.support.processes import Running, free_port, started

READY_SECONDS = 240.0
"""Generous, since several installations may start at the same time on two processors."""
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_PLAN = {
    "owner": "Checkout operations",
    "plan": [
        {"step": "Move traffic to the second site", "owner": "Duty engineer"},
        {"step": "Call the payment provider", "owner": "Supplier manager"},
    ],
}
_HOURS = {"business": {"timezone": "Europe/Zurich", "weekly": {"mon-fri": [["08:00", "18:00"]]}}}


@dataclass(frozen=True)
class Scene:
    """A running installation with its data; ``now`` is the instant in microseconds at which the data was made."""

    running: Running
    world: World
    now: int

    @property
    def url(self) -> str:
        return self.running.url


@asynccontextmanager
async def staged(
    folder: Path, settings: Mapping[str, str] | None = None, kind: type[World] = World
) -> AsyncIterator[Scene]:
    """Start ``slm up`` in an empty folder, fill it through the public API, and stop it at the end.

    ``kind`` is the class of the world that writes; another one may write other texts.
    """
    async with empty(folder, settings) as (running, plain):
        world = kind(plain.client, plain.operator_key)
        now = SystemClock().now()
        await _companies(world)
        await _agreements(world, now)
        await _operation(world, now)
        yield Scene(running, world, now)


@asynccontextmanager
async def empty(folder: Path, settings: Mapping[str, str] | None = None) -> AsyncIterator[tuple[Running, World]]:
    """Start ``slm up`` in an empty folder and stop it at the end; nobody is registered but the operator."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {"SLM_DATA_DIR": str(folder / "data"), "SLM_PORT": str(port), **(settings or {})}
    async with started(["slm", "up"], folder / "output", port, environment) as running:
        await running.ready(READY_SECONDS)
        operator_key = (folder / "data" / "operator-key").read_text().strip()
        async with httpx.AsyncClient(base_url=running.url, timeout=30) as client:
            yield running, World(client, operator_key)
        await running.stop()


async def _companies(world: World) -> None:
    await company(world, "alder", "Alder Managed Services")
    await company(world, "corner-shop", "Corner Shop Group")
    await company(world, "harbour", "Harbour Savings Bank")
    await company(world, "brightwater", "Brightwater Telecom")
    await person(world, "alder", "Ada Byron", "service_level_manager", "integrator")
    await person(world, "alder", "Grace Hopper", "provider_signatory")
    await person(world, "corner-shop", "Carl Friedrich", "service_level_manager")
    await person(world, "corner-shop", "Emmy Noether", "business_signatory")
    await person(world, "harbour", "Hedy Lamarr", "service_level_manager")
    await person(world, "harbour", "Heinrich Rohrer", "business_signatory")
    await person(world, "brightwater", "Bruno Latour", "service_level_manager")
    await system(world, "alder", "monitoring", "Monitoring systems", "integrator")
    await system(world, "alder", "board", "The board on the wall", "viewer")
    for other in ("corner-shop", "harbour", "brightwater"):
        await acquaint(world, "alder", other)
    for key, name, outcome in (
        ("checkout", "Checkout", "Customers can pay online"),
        ("mail", "Mail platform", "Staff can read mail"),
        ("results", "Results portal", "Citizens see the results on election night"),
    ):
        made = await world.post("ada", "services", {"key": key, "name": name, "outcome": outcome})
        world.services[key] = made["service_id"]
    for service, who, text in (
        ("checkout", "carl", "Customers have to be able to pay whenever the shop is open."),
        ("mail", "carl", "Nobody waits for mail."),
        ("results", "hedy", "Every citizen sees the results at eight in the evening."),
    ):
        key = "always" if service != "mail" else "mail-always"
        about = {"key": key, "service_id": world.services[service], "text": text}
        await world.post(who, "requirements", about)
    # Paused, so that nothing leaves this machine.
    hook = {"title": "On-call bridge", "url": "https://93.184.215.14/slm", "paused": True}
    await world.post("ada", "webhook-endpoints", hook)
    pager = {"title": "Pager", "kind": "pagerduty", "url": "https://93.184.215.14/v2/enqueue", "secret": "R" * 32}
    await world.post("ada", "webhook-endpoints", {**pager, "paused": True})
    tool = await world.post("ada", "hooks", {"title": "Finance desk", "connector": "zammad"})
    await world.post("ada", f"hooks/{tool['hook_id']}/tests", {})
    # Paused, too: a tool that nobody asks.
    asked: dict[str, Any] = {
        "title": "Orders desk",
        "connector": "zammad",
        "address": "https://93.184.215.14",
        "source": "orders",
    }
    asked |= {"authentication": {"kind": "token"}, "secret": "hush", "paused": True}
    await world.post("ada", "pulls", asked)
    await world.post("ada", "ticket-writers", {**asked, "title": "Due dates of the desk", "source": "desk"})
    rule = {"match": 'probe_duration_seconds{job="shop"}', "indicator": "shop.latency", "reading": "value"}
    await world.put("ada", "series-rules", {"rules": [rule, {**rule, "match": 'probe_success{job="shop"}'}]})
    line = await world.post("bruno", "services", {"key": "line", "name": "Data line", "outcome": "Sites are connected"})
    world.services["line"] = line["service_id"]
    for indicator in (
        {
            "key": "shop.checkout",
            "kind": "availability",
            "initial_state": "up",
            "service_id": world.services["checkout"],
        },
        {"key": "shop.latency", "kind": "value", "unit": "ms", "service_id": world.services["checkout"]},
        {"key": "mail.platform", "kind": "availability", "initial_state": "up", "service_id": world.services["mail"]},
    ):
        await world.post("ada", "indicators", indicator)


def availability(indicator: str, title: str, percent: str = "99.9") -> dict[str, Any]:
    """Return a monthly target of availability."""
    return {
        "key": "availability",
        "title": title,
        "indicator": indicator,
        "aggregation": "availability",
        "objective": {"at_least": percent, "unit": "percent"},
        "window": {"calendar": "month"},
        "responsible": _PLAN,
    }


def resolution(priority: str = "P1", within: str = "PT4H") -> dict[str, Any]:
    """Return a target of the time to resolve incidents of a priority."""
    return {
        "key": f"{priority.lower()}-resolution",
        "title": f"{priority} incidents are resolved within {within.removeprefix('PT').removesuffix('H')} hours",
        "aggregation": "clock",
        "clock": "resolution",
        "objective": {"within": {"calendar": within}},
        "applies_to": {"type": "incident", "priority": [priority]},
        "pause": ["awaiting_customer"],
        "responsible": {"owner": "Application desk"},
    }


def _fast() -> dict[str, Any]:
    return {
        "key": "fast",
        "title": "Checkout answers within 300 ms",
        "indicator": {"key": "shop.latency", "unit": "ms"},
        "aggregation": {"share_at_most": "300"},
        "objective": {"at_least": "95", "unit": "percent"},
        "window": {"calendar": "month"},
        "responsible": {"owner": "Checkout operations"},
    }


def document(title: str, now: int, targets: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return an agreement's document, in force for seventy days at ``now``."""
    charges = {"text": "A fixed price a month.", "amount": "4200.00", "currency": "EUR"}
    described = "The service as described in the catalogue, with its interfaces to the customer's own systems."
    return {
        "title": title,
        "timezone": "Europe/Zurich",
        "term": {"effective_at": to_text(now - 70 * DAY), "expires_at": to_text(now + 400 * DAY), "notice": "P90D"},
        "service_hours": _HOURS,
        # No month of good figures drafts an amendment by itself, whatever day it is.
        "review": {"cadence": "month", "on_breach": True, "after_met_windows": 60},
        "requirements": ["always"],
        "clauses": {"service_description": described, "charges": charges},
        "targets": targets,
        **more,
    }


async def draft(world: World, key: str, customer: str, service: str, terms: Mapping[str, Any]) -> dict[str, Any]:
    """Draft an agreement of Alder with a customer and return its JSON."""
    body = {
        "key": key,
        "kind": "sla",
        "template": "sla-standard",
        "provider_party_id": world.parties["alder"],
        "customer_party_id": world.parties[customer],
        "service_id": world.services[service],
        "document": dict(terms),
    }
    made = await world.post("ada", "agreements", body)
    world.agreements[key] = made["agreement_id"]
    return made


async def move(world: World, who: str, key: str, name: str, **more: Any) -> dict[str, Any]:
    """Make a move on the newest revision of an agreement as a person."""
    agreement_id = world.agreements[key]
    present = await world.get(who, f"agreements/{agreement_id}")
    body = {"revision_hash": present["revision"]["hash"], **more}
    return await world.post(who, f"agreements/{agreement_id}/{name}", body)


async def _agreements(world: World, now: int) -> None:
    """In force, one of them breached; proposed and countered; agreed and waiting for a signature; a draft."""
    targets = [availability("shop.checkout", "Checkout is available"), _fast(), resolution(), resolution("P2", "PT8H")]
    checkout = document("Checkout for Corner Shop", now, targets)
    await _signed(world, "checkout-corner-shop", "corner-shop", "checkout", checkout, "carl", "emmy")
    mail = document("Mail for Corner Shop", now, [availability("mail.platform", "Staff can read mail", "99.5")])
    mail["requirements"] = ["mail-always"]
    await _signed(world, "mail-corner-shop", "corner-shop", "mail", mail, "carl", "emmy")
    await _negotiated(world, now)
    results = document("Results portal for Harbour", now, [availability("mail.platform", "The portal is available")])
    await draft(world, "results-harbour", "harbour", "results", results)


async def _signed(
    world: World, key: str, customer: str, service: str, terms: Mapping[str, Any], manager: str, signatory: str
) -> None:
    await draft(world, key, customer, service, terms)
    await move(world, "ada", key, "propose")
    await move(world, manager, key, "accept")
    await move(world, "grace", key, "sign")
    await move(world, signatory, key, "sign")


async def _negotiated(world: World, now: int) -> None:
    """Corner Shop is to answer one proposal; it countered another with a stricter target, which Alder is to answer."""
    targets = [availability("shop.checkout", "Returns can be registered", "99.5"), resolution("P2", "PT8H")]
    await draft(world, "returns", "corner-shop", "checkout", document("Returns for Corner Shop", now, targets))
    await move(world, "ada", "returns", "propose")
    await draft(world, "vouchers", "corner-shop", "checkout", document("Vouchers for Corner Shop", now, targets))
    await move(world, "ada", "vouchers", "propose")
    stricter = [availability("shop.checkout", "Returns can be registered", "99.9"), resolution("P2", "PT4H")]
    countered = document("Vouchers for Corner Shop", now, stricter)
    present = await world.get("carl", f"agreements/{world.agreements['vouchers']}")
    clauses = {**present["document"]["clauses"], **countered["clauses"]}
    await move(world, "carl", "vouchers", "counter", document={**countered, "clauses": clauses})
    terms = document("Terminals for Corner Shop", now, targets)
    await draft(world, "terminals", "corner-shop", "checkout", terms)
    await move(world, "ada", "terminals", "propose")
    await move(world, "carl", "terminals", "accept")


async def _operation(world: World, now: int) -> None:
    """A long outage that breached, one that goes on, quick and slow answers, tickets in every state."""

    async def judged() -> bool:
        found = await world.get("carl", "targets", agreement_id=world.agreements["mail-corner-shop"])
        return bool(found["items"])

    await eventually(judged)
    measurements: list[dict[str, Any]] = [
        {
            "indicator": "shop.checkout",
            "outage": {"from": to_text(now - 3 * HOUR), "to": to_text(now - 2 * HOUR)},
            "id": "probe-zurich-20418",
        },
        {"indicator": "mail.platform", "at": to_text(mail_goes_down(now)), "state": "down"},
    ]
    measurements += [
        {
            "indicator": "shop.latency",
            "at": to_text(now - step * HOUR),
            "value": 900 if step % 15 == 0 else 120,
            "unit": "ms",
        }
        for step in range(1, 48)
    ]
    await world.post("monitoring", "measurements", measurements)
    await world.post("monitoring", "ticket-events", list(_ticket_events(now)))
    await _connections(world, now)

    when = {"from": to_text(now + 2 * DAY), "to": to_text(now + 2 * DAY + 2 * HOUR)}
    asked = {"kind": "planned", "text": "The database moves to new machines.", "interval": when}
    await world.post("ada", "exclusions", {"agreement_id": world.agreements["checkout-corner-shop"], **asked})

    async def breached() -> bool:
        found = await world.get("carl", "breaches")
        clocks = await world.get("carl", "clocks")
        return len(found["items"]) >= 2 and len(clocks["items"]) >= 3

    await eventually(breached)


async def _connections(world: World, now: int) -> None:
    """A source of which one item was refused and one set aside, and an import."""
    probe = {"source": "probes-berlin", "indicator": "shop.latency", "unit": "ms", "value": 120}
    slip = {**probe, "indicator": "shop.latancy", "at": to_text(now)}
    await world.post("monitoring", "measurements", [slip, {**probe, "at": to_text(now + 2 * DAY)}])
    made = await world.post("ada", "imports", {"key": "history", "sources": ["old-desk"]})
    await world.post("ada", f"imports/{made['import_id']}/complete", {})

    async def counted() -> bool:
        found = await world.get("ada", "sources")
        return any(each["source"] == "probes-berlin" for each in found["items"])

    await eventually(counted)


def month_of(now: int) -> int:
    """Return the first instant of the month in the agreements' zone."""
    local = datetime.fromtimestamp(now // 1_000_000, ZoneInfo("Europe/Zurich"))
    return int(local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1_000_000


def mail_goes_down(now: int) -> int:
    """Return the instant since which mail is down: forty minutes ago.

    In the first two hours of a month it is less, so that other outages of this month have room before it.
    """
    return now - min(40 * MINUTE, (now - month_of(now)) // 3)


def _ticket_events(now: int) -> list[dict[str, Any]]:
    """A P1 with little time left, a P2 that waits for the customer, one late, one kept, one that nobody judges."""
    told: list[dict[str, Any]] = []

    def tell(ticket: str, priority: str, *events: tuple[str, int, dict[str, Any]]) -> None:
        for number, (event, ago, more) in enumerate(events):
            about = {"source": "desk", "ticket": ticket, "id": str(number), "event": event, "at": to_text(now - ago)}
            opened = {"type": "incident", "priority": priority, "service": "checkout"} if event == "opened" else {}
            told.append({**about, **opened, **more})

    team = {"team": "Application desk"}
    tell(
        "INC-20417",
        "P1",
        ("opened", 199 * MINUTE, {}),
        ("assigned", 190 * MINUTE, team),
        ("first_response", 188 * MINUTE, {}),
    )
    waiting = ("state_changed", 3 * HOUR, {"state": "awaiting_customer"})
    tell("INC-20418", "P2", ("opened", 5 * HOUR, {}), ("assigned", 290 * MINUTE, team), waiting)
    tell("INC-20402", "P1", ("opened", 30 * HOUR, {}), ("assigned", 29 * HOUR, team), ("resolved", 24 * HOUR, {}))
    tell("INC-20399", "P1", ("opened", 50 * HOUR, {}), ("resolved", 48 * HOUR, {}))
    tell("INC-20420", "P4", ("opened", 2 * HOUR, {}))
    return told


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 180.0) -> None:
    """Wait until a condition holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
