"""A random past of some indicators and a service desk, with late, repeated and corrected facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from slm.demo.terms import REQUIREMENT_KEY
from slm_events.instants import to_text
from tests.support.monitor import DAY, HOUR, MINUTE, SECOND, at

Item = dict[str, Any]

EFFECTIVE = "2026-01-01T00:00:00Z"
PRESENT = "2026-03-20T12:00:00Z"
"""The instant at which the installation's clock starts, a Friday noon.

What is due after it is due within five minutes, or not before the afternoon.
"""
BATCH = 40
DOUBLED = 0.15
API_VALUES = 3000
CHECKOUT, SEARCH, BATCHES = "shop.checkout", "shop.search", "shop.batches"
LATENCY, API_LATENCY = "shop.latency", "shop.api-latency"
INDICATORS: list[Item] = [
    {"key": CHECKOUT, "kind": "availability", "initial_state": "up"},
    {"key": SEARCH, "kind": "availability", "initial_state": "up"},
    {"key": BATCHES, "kind": "availability", "initial_state": "up"},
    {"key": LATENCY, "kind": "value", "unit": "ms"},
    {"key": API_LATENCY, "kind": "value", "unit": "ms"},
]
HELD = {"indicators": [CHECKOUT, LATENCY], "sources": ["desk"]}
"""The indicators and sources whose facts are imported; all other facts are sent live."""


@dataclass(frozen=True)
class Batch:
    """One request to the intake; its route is ``measurements`` or ``ticket-events``."""

    door: str
    items: list[Item]


@dataclass(frozen=True)
class Workload:
    """Batches of facts: ``during`` is sent while the import is open, ``after`` once it is complete."""

    during: list[Batch]
    after: list[Batch]


def workload(seed: int) -> Workload:
    """Return the workload of a seed. Also the order of its batches and the repeated ones depend only on the seed."""
    random = Random(seed)
    history = [*_states(random), *_latencies(random), *_tickets(random, "desk", 120)]
    live = [*_outages(random), *_api_latencies(random), *_tickets(random, "pager", 40), *_older(random), *_due_soon()]
    random.shuffle(live)
    late = [*live[: len(live) // 3], *_late(random)]
    return Workload(_batches(random, [*history, *live[len(live) // 3 :]]), _batches(random, late))


def _batches(random: Random, items: list[tuple[str, Item]]) -> list[Batch]:
    """Divide items into batches of neighbours, as a sender would; shuffle the batches and repeat some."""
    batches = []
    for door in ("measurements", "ticket-events"):
        of_door = [item for name, item in items if name == door]
        batches += [Batch(door, of_door[first : first + BATCH]) for first in range(0, len(of_door), BATCH)]
    batches += random.sample(batches, round(len(batches) * DOUBLED))
    random.shuffle(batches)
    return batches


def _measured(indicator: str, instant: int, **more: Any) -> tuple[str, Item]:
    return "measurements", {"indicator": indicator, "at": to_text(instant), **more}


def _states(random: Random) -> Iterator[tuple[str, Item]]:
    """Yield states: checkout goes down now and then; half of its items have ids, and some of those are corrected."""
    instant = at("2026-01-01T00:00")
    for number in range(90):
        instant += random.randint(4 * HOUR, 30 * HOUR)
        down_for = random.choice([MINUTE, 4 * MINUTE, 17 * MINUTE]) + random.randrange(MINUTE)
        if instant + down_for > at("2026-03-19T00:00"):
            return
        named: dict[str, Any] = {"id": f"down-{number}", "source": "probe"} if random.random() < 0.5 else {}
        yield _measured(CHECKOUT, instant, state="down", **named)
        if named and random.random() < 0.3:
            state = random.choice(["down", "degraded", "unknown"])
            yield _measured(CHECKOUT, instant + random.randrange(MINUTE), state=state, **named, revision=1)
        yield _measured(CHECKOUT, instant + down_for, state="up")


def _outages(random: Random) -> Iterator[tuple[str, Item]]:
    """Yield overlapping outages of the search; some have ids."""
    for number in range(160):
        start = at("2026-01-01T00:00") + random.randrange(77 * DAY)
        outage = {"from": to_text(start), "to": to_text(start + random.randrange(90 * MINUTE))}
        named = {"id": f"outage-{number}"} if random.random() < 0.5 else {}
        yield "measurements", {"indicator": SEARCH, "outage": outage, **named}


def _latencies(random: Random) -> Iterator[tuple[str, Item]]:
    """Yield weeks of values with slow periods; some items have ids, some hold several values."""
    for episode in range(75):
        start = at("2026-01-01T00:00") + episode * DAY + random.randrange(20 * HOUR)
        slow = random.choice([0.01, 0.03, 0.03, 0.3])
        for number in range(40):
            instant = start + number * random.choice([20, 40, 60]) * SECOND
            several = [_value(random, slow) for _ in range(random.choice([1, 1, 1, 3]))]
            measured: dict[str, Any] = {"values": several} if len(several) > 1 else {"value": several[0]}
            named = {"id": f"l-{episode}-{number}"} if random.random() < 0.3 else {}
            yield _measured(LATENCY, instant, **measured, **named)


def _api_latencies(random: Random) -> Iterator[tuple[str, Item]]:
    """Yield two days of live values, ten seconds apart."""
    instant = at("2026-03-18T06:00")
    slow = 0.0
    for number in range(API_VALUES):
        if number % 60 == 0:
            slow = random.choice([0.01, 0.04, 0.04, 0.4])
        instant += random.choice([10, 30]) * SECOND
        yield _measured(API_LATENCY, instant, value=_value(random, slow))


def _value(random: Random, slow: float) -> float:
    return round(random.uniform(400, 900) if random.random() < slow else random.uniform(20, 290), 1)


def _tickets(random: Random, source: str, count: int) -> Iterator[tuple[str, Item]]:
    for number in range(count):
        opened = at("2026-01-02T06:00") + random.randrange(70 * DAY)
        yield from _ticket(random, source, f"{source[0].upper()}{number:04}", opened)


def _ticket(random: Random, source: str, number: str, opened: int) -> Iterator[tuple[str, Item]]:
    """Yield the events of a ticket: paused, raised, resolved, reopened, or never closed; half of them have ids."""
    tell = _teller(random, source, number)
    priority = random.choice(["P1", "P1", "P2", "P3"])
    yield tell("opened", opened, type="incident", priority=priority)
    instant = opened + random.randrange(2 * HOUR)
    yield tell("first_response", instant, state="in_progress")
    for _ in range(random.randrange(3)):
        instant += random.randrange(3 * HOUR)
        yield tell("state_changed", instant, state="awaiting_customer")
        instant += random.randrange(20 * HOUR)
        yield tell("state_changed", instant, state="in_progress")
    if random.random() < 0.2:
        instant += random.randrange(HOUR)
        yield tell("priority_changed", instant, priority=random.choice(["P1", "P2", "P3"]))
    if random.random() < 0.9:
        instant += random.randrange(9 * HOUR)
        yield tell("resolved", instant)
        if random.random() < 0.1:
            yield tell("reopened", instant + 2 * HOUR, state="in_progress")
            yield tell("resolved", instant + 3 * HOUR)
        yield tell("cancelled" if random.random() < 0.05 else "closed", instant + 5 * HOUR)


def _teller(random: Random, source: str, number: str) -> Callable[..., tuple[str, Item]]:
    is_named = random.random() < 0.5
    told = 0

    def tell(event: str, instant: int, **more: Any) -> tuple[str, Item]:
        nonlocal told
        told += 1
        named = {"id": f"{number}-{told}", "sequence": told} if is_named else {}
        item = {"source": source, "ticket": number, "event": event, "at": to_text(instant), **named, **more}
        return "ticket-events", item

    return tell


def _older(random: Random) -> Iterator[tuple[str, Item]]:
    """Yield tickets opened before the agreement took effect. Their opening may arrive last; until then it seems to
    apply.
    """
    for number in range(12):
        tell = _teller(random, "pager", f"OLD{number}")
        told = {"type": "incident", "priority": random.choice(["P1", "P2"])}
        yield tell("assigned", at("2026-01-05T06:00") + random.randrange(60 * DAY), **told)
        yield tell("opened", at(EFFECTIVE) - random.randrange(1, DAY), **told)


def _due_soon() -> Iterator[tuple[str, Item]]:
    """Yield facts whose results change within minutes without new data: spent budgets, deadlines, paused tickets."""
    tell = _teller(Random(0), "pager", "WAITING")
    yield tell("opened", at("2026-03-12T09:00"), type="incident", priority="P2")
    yield tell("state_changed", at("2026-03-12T10:00"), state="awaiting_customer")
    yield _measured(BATCHES, at(PRESENT) - 12 * MINUTE, state="down")
    for number in range(10):
        opened = at(PRESENT) - 30 * MINUTE + (number + 1) * 20 * SECOND
        yield _teller(Random(number), "pager", f"SOON{number}")("opened", opened, type="incident", priority="P1")


def _late(random: Random) -> Iterator[tuple[str, Item]]:
    """Yield late facts for closed windows of the imported indicators and tickets."""
    for number in range(30):
        instant = at("2026-01-03T00:00") + random.randrange(50 * DAY)
        yield _measured(CHECKOUT, instant, state="down", id=f"late-{number}", previous="up")
        yield _measured(CHECKOUT, instant + random.randrange(8 * MINUTE), state="up")
        yield _measured(LATENCY, instant, value=_value(random, 0.5))
    for number in range(0, 120, 5):
        instant = at("2026-01-02T05:00") + random.randrange(76 * DAY)
        tell = _teller(random, "desk", f"D{number:04}")
        yield tell("state_changed", instant, state=random.choice(["awaiting_customer", "in_progress"]))


def terms() -> Item:
    """Return the document of the agreement that applies to all indicators and tickets, as its author writes it."""
    month, week, day = ({"calendar": name} for name in ("month", "week", "day"))
    return {
        "title": "The shop",
        "timezone": "UTC",
        "term": {"effective_at": EFFECTIVE, "expires_at": None, "notice": "P90D"},
        "service_hours": {"office": {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}}},
        "requirements": [REQUIREMENT_KEY],
        "clauses": {"service_description": "What people buy from.", "availability": "As its targets say."},
        "targets": [
            _target("checkout-month", CHECKOUT, "availability", "99.8", month),
            _target("checkout-week", CHECKOUT, "availability", "99.9", week, service_hours="office"),
            _target("search-month", SEARCH, "availability", "95", month),
            _target("batches-day", BATCHES, "availability", "99", day),
            _target("latency-month", LATENCY, {"share_at_most": "300ms"}, "95", month),
            _target("latency-week", LATENCY, {"share_at_most": "200ms"}, "55", week),
            _target("latency-hour", LATENCY, {"share_at_most": "300ms"}, "90", {"rolling": "PT1H"}),
            _target("api-day", API_LATENCY, {"share_at_most": "290ms"}, "92", day),
            _target("api-half-hour", API_LATENCY, {"share_at_most": "290ms"}, "85", {"rolling": "PT30M"}),
            _clock("p1-resolution", "resolution", "P1", {"service_time": "PT4H"}, service_hours="office"),
            _clock("p2-resolution", "resolution", "P2", {"service_time": "PT8H"}, service_hours="office"),
            _clock("p1-response", "response", "P1", {"calendar": "PT30M"}),
        ],
    }


def _target(key: str, indicator: str, aggregation: Any, at_least: str, window: Any, **more: Any) -> Item:
    return {
        "key": key,
        "title": key,
        "indicator": indicator,
        "aggregation": aggregation,
        "objective": {"at_least": at_least, "unit": "percent"},
        "window": window,
        **more,
    }


def _clock(key: str, clock: str, priority: str, within: Any, **more: Any) -> Item:
    return {
        "key": key,
        "title": key,
        "aggregation": "clock",
        "clock": clock,
        "objective": {"within": within},
        "applies_to": {"type": "incident", "priority": [priority]},
        "pause": ["awaiting_customer"],
        **more,
    }
