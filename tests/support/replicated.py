"""Terms and measurements for an installation of replicas, and clients that tolerate a dead replica."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from slm.contexts import CONTEXTS
from slm.demo import negotiation, terms
from slm.demo.doors import ResourceTransport
from slm.demo.negotiation import Cast
from slm.face import PREFIX, resource_of
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.support import postgres as postgres_support
from tests.support.hopping import Hopper
from tests.support.installation import Installation, apart
from tests.support.monitor import DAY, HOUR, MINUTE, SECOND, at
from tests.support.operator_key import KEY

PRESENT = "2026-11-04T12:00:00Z"
"""The instant at which the installation's clock starts. It runs as fast as real time."""
TODAY = at("2026-11-04T00:00")
YESTERDAY = TODAY - DAY
LATER = TODAY + 11 * HOUR
PARTS = range(12)
SPEEDS = range(4)
RISKY_SECONDS, BREACHING_SECONDS = 60, 200
"""Seconds of outage that open a warning, and that breach the target, of the 86.4 s that 99.9 % of a day allow."""
PATIENCE_SECONDS = 90.0

Item = dict[str, Any]


def document() -> Item:
    """Return the agreement's document: daily availability of a dozen parts, daily speed of some, from yesterday on."""
    return {
        "title": "A shop of many parts",
        "timezone": "UTC",
        "customer_sees": {"risks": "at_once", "plans": "full"},
        "closing_delay": "PT0S",
        "term": {"effective_at": to_text(YESTERDAY), "expires_at": None, "notice": "P90D"},
        "requirements": [terms.REQUIREMENT_KEY],
        "reporting": {"period": "day"},
        "review": {"cadence": "day", "on_breach": True, "after_met_windows": 100},
        "clauses": {
            "service_description": "The shop, part by part.",
            "availability": "As its targets say.",
            "continuity": {"text": "After a disaster.", "rto": "PT1H", "rpo": "PT5M"},
        },
        "targets": [*(_available(part) for part in PARTS), *(_fast(speed) for speed in SPEEDS)],
    }


def _available(part: int) -> Item:
    return {
        "key": f"up-{part}",
        "title": f"Part {part} is available",
        "indicator": f"shop.part-{part}",
        "aggregation": "availability",
        "objective": {"at_least": "99.9", "unit": "percent"},
        "window": {"calendar": "day"},
        "warn_at": {"budget_consumed": ["50"], "projected": False},
        "responsible": {"owner": "Operations", "plan": [{"step": "Switch over", "owner": "Duty engineer"}]},
    }


def _fast(speed: int) -> Item:
    return {
        "key": f"fast-{speed}",
        "title": f"Part {speed} answers within 300 ms",
        "indicator": {"key": f"shop.speed-{speed}", "unit": "ms"},
        "aggregation": {"share_at_most": "300"},
        "objective": {"at_least": "95", "unit": "percent"},
        "window": {"calendar": "day"},
        "warn_at": {},
    }


def indicators() -> list[Item]:
    parts = [{"key": f"shop.part-{part}", "kind": "availability", "initial_state": "up"} for part in PARTS]
    return [*parts, *({"key": f"shop.speed-{speed}", "kind": "value", "unit": "ms"} for speed in SPEEDS)]


def history() -> list[list[Item]]:
    """Return yesterday's measurements in batches: every other part is down for too long, every other speed too slow."""
    batches = [[outage(part, YESTERDAY + 6 * HOUR, BREACHING_SECONDS)] for part in PARTS if part % 2 == 0]
    for speed in SPEEDS:
        slow = 10 if speed % 2 == 0 else 50
        for hour in range(24):
            start = YESTERDAY + hour * HOUR
            batches.append(
                [
                    {
                        "indicator": f"shop.speed-{speed}",
                        "at": to_text(start + number * MINUTE),
                        "value": 400 if number % slow == 0 else 100,
                    }
                    for number in range(50)
                ]
            )
    return batches


def breached_yesterday() -> set[tuple[str, str]]:
    """Return the (target, window) pairs that ``history`` breaches."""
    away = {(f"up-{part}", "2026-11-03") for part in PARTS if part % 2 == 0}
    return away | {(f"fast-{speed}", "2026-11-03") for speed in SPEEDS if speed % 2 == 0}


def breached_today() -> set[tuple[str, str]]:
    """Return the (target, window) pairs that are breached after two outages of every part today."""
    return {(f"up-{part}", "2026-11-04") for part in PARTS}


def risky(part: int) -> Item:
    """Return the first outage of a part today, which opens a warning."""
    return outage(part, TODAY + 3 * HOUR, RISKY_SECONDS)


def breaching(part: int) -> Item:
    """Return the second outage of a part today, which breaches its target."""
    return outage(part, TODAY + 9 * HOUR, BREACHING_SECONDS)


def outage(part: int, start: int, seconds: int) -> Item:
    return {
        "indicator": f"shop.part-{part}",
        "outage": {"from": to_text(start), "to": to_text(start + seconds * SECOND)},
    }


class Callers:
    """Clients of an installation: one for each replica, and one that uses all in turn and survives a dead replica."""

    def __init__(self, installation: Installation, cast: Cast, contexts: dict[str, str]) -> None:
        """``contexts``: resource → the service that owns it."""
        self._installation = installation
        self.cast = cast
        self._contexts = contexts
        self._client = in_turn(installation, contexts)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def post(self, path: str, body: Any, key: str = "", **headers: str) -> Item:
        """Send a POST request to the next replica, and to the one after it if that does not answer; return the JSON.

        ``key``: by default that of the provider's manager.
        """
        return await self._ask("POST", path, key or self.cast.provider_manager_key, body, headers)

    async def get(self, path: str, key: str = "") -> Item:
        """Send a GET request and return the JSON. ``key``: by default that of the customer's viewer."""
        return await self._ask("GET", path, key or self.cast.viewer_key, None, {})

    async def _ask(self, method: str, path: str, key: str, body: Any, headers: dict[str, str]) -> Item:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    sent = {"Authorization": f"Bearer {key}", **headers}
                    answer = await self._client.request(method, path, json=body, headers=sent)
                    if answer.status_code < 500 and answer.status_code != 409:
                        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
                        found: Item = answer.json()
                        return found
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)

    async def at_each(self, method: str, path: str, key: str, body: Any = None, **headers: str) -> list[httpx.Response]:
        """Send the same request to all replicas of the resource's service at the same moment; return their answers."""
        sent = {"Authorization": f"Bearer {key}", **headers}
        async with httpx.AsyncClient(timeout=30) as client:
            urls = self._installation.urls(self._contexts[resource_of(path)])
            return await asyncio.gather(
                *(client.request(method, f"{url}{path}", json=body, headers=sent) for url in urls)
            )


def in_turn(installation: Installation, contexts: dict[str, str]) -> httpx.AsyncClient:
    """Return a client whose requests go to the replicas in turn."""
    turns: dict[str, Iterator[httpx.URL]] = {
        context: itertools.cycle([httpx.URL(url) for url in installation.urls(context)])
        for context in set(contexts.values())
    }
    owners = {resource: turns[context] for resource, context in contexts.items()}
    return httpx.AsyncClient(base_url="http://installation", transport=ResourceTransport(owners), timeout=30)


async def resources(installation: Installation, contexts: tuple[str, ...]) -> dict[str, str]:
    """Return resource → the service that owns it, as the services' own documents say."""
    found: dict[str, str] = {}
    async with httpx.AsyncClient(timeout=30) as client:
        for context in contexts:
            paths = (await client.get(f"{installation.urls(context)[0]}/openapi.json")).json()["paths"]
            found |= {resource_of(path): context for path in paths if path.startswith(PREFIX)}
    return found


@dataclass
class Scene:
    """An installation with two replicas of each service, an agreement, and a client of the live stream."""

    installation: Installation
    callers: Callers
    agreement_id: str
    hopper: Hopper
    log_url: str
    clock: str

    async def breaches(self, min_position: str = "") -> dict[tuple[str, str], str]:
        """Return (target, window) → id of the breach in force."""
        path = f"/api/v1/breaches?agreement_id={self.agreement_id}&standing=true&limit=1000"
        page = await self.callers.get(f"{path}&min_position={min_position}" if min_position else path)
        return {(each["target_key"], each["window_id"]): each["breach_id"] for each in page["items"]}

    async def items(self, path: str) -> list[Item]:
        page = await self.callers.get(f"{path}?agreement_id={self.agreement_id}&limit=1000")
        found: list[Item] = page["items"]
        return found

    async def measured(self, items: list[Item]) -> str:
        """Send measurements; return the position from which on results include them."""
        answer = await self.callers.post("/api/v1/measurements", items, self.callers.cast.integrator_key)
        assert answer["accepted"] == len(items), answer
        return str(answer["position"])


@asynccontextmanager
async def scene_on(log_url: str, folder: Path) -> AsyncIterator[Scene]:
    server = postgres_support.session()
    urls = {context: server.url(postgres_support.fresh_name(f"slm_{context}")) for context in CONTEXTS}
    clock = f"{PRESENT},{to_text(real_now())},1"
    layout = apart(folder, log=log_url, database=urls.__getitem__, clock=clock, replicas=dict.fromkeys(CONTEXTS, 2))
    async with layout as installation:
        contexts = await resources(installation, CONTEXTS)
        async with in_turn(installation, contexts) as client:
            cast, agreement = await negotiation.negotiate_and_sign(
                client, KEY, "", agreement_key="replicas", document=document()
            )
            for indicator in indicators():
                await negotiation.post(client, cast.integrator_key, "/api/v1/indicators", indicator)
        callers = Callers(installation, cast, contexts)
        hopper = Hopper(installation.urls("monitor"), cast.viewer_key, stay=3)
        listening = asyncio.create_task(hopper.run())
        try:
            await asyncio.wait_for(hopper.listens.wait(), PATIENCE_SECONDS)
            yield Scene(installation, callers, agreement["agreement_id"], hopper, log_url, clock)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await callers.aclose()


async def until(holds: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Call ``holds`` until its result is true and return it; fail the test, naming ``what``, if that takes too long."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not (found := await holds()):
        assert time.monotonic() < give_up_at, f"not seen: {what}"
        await asyncio.sleep(0.2)
    return found
