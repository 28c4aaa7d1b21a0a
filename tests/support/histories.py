"""Random histories from a seed: facts of every kind with corrections, amended terms, exclusions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from slm_events.instants import to_text
from slm_monitor.adapters.formats.wire_formats import IntakeFormat
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, ExclusionScope
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.intake.validation import validate_measurements, validate_ticket_events
from tests.support.decisions import Approved, Decision, Revoked, Signed, Terminated
from tests.support.history_terms import AMENDED, BEGIN, LAST, Item, versions
from tests.support.monitor import AGREEMENT, DAY, HOUR, MINUTE, PROVIDER, at

FAR = at("2027-01-01T00:00")
KINDS = {
    "up": "availability",
    "stream": "availability",
    "latency": "value",
    "orders": "ratio",
    "errors": "count",
    "requests": "ratio",
    "stars": "rating",
    "sizes": "value",
    "recoveries": "recovery",
}
SITES = "MNX"
"""The values of the label ``site``, by which states and orders are evaluated. All facts of the last site are retracted.
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A fact or decision of a history. ``due``: the instant at which it arrives if everything arrives in order."""

    due: int
    values: MeasuredValues | None = None
    fact: Fact | None = None
    decision: Decision | None = None

    @property
    def is_terms(self) -> bool:
        return self.decision is not None and self.decision.is_terms


# -- facts ------------------------------------------------------------------------------------------------------


def _instant(random: Random) -> int:
    # Whole minutes now and then, so that facts meet each other and the windows' bounds.
    instant = random.randrange(BEGIN - HOUR, LAST)
    return instant // MINUTE * MINUTE if random.random() < 0.3 else instant


def has_gaps(seed: int) -> bool:
    """Whether a history contains times that nobody observed.

    They become known only at their end, so they may begin longer ago than any closing delay.
    """
    return seed % 2 == 1


def states(random: Random, number: int) -> list[Item]:
    state = random.choice(["up", "up", "up", "down", "degraded", "unknown"])
    item: Item = {"indicator": random.choice(["up", "stream"]), "at": _instant(random), "state": state}
    if random.random() < 0.1:
        item["previous"] = random.choice(["up", "down"])
    if random.random() < 0.5:
        item["labels"] = {"site": random.choice(SITES[:-1])}
    return _corrected(random, item, f"s{number}", lambda: {"state": random.choice(["up", "down"])})


def gaps(random: Random, number: int) -> list[Item]:
    return [{"indicator": "up", "at": _instant(random), "state": "up", "previous": "none"}]


def outages(random: Random, number: int) -> list[Item]:
    start = _instant(random)
    end = min(start + random.randrange(0, 40 * MINUTE), LAST)
    item: Item = {"indicator": random.choice(["up", "stream"]), "at": end, "outage": {"from": start, "to": end}}
    later = {"outage": {"from": start, "to": min(start + random.randrange(0, HOUR), LAST)}}
    return _corrected(random, item, f"o{number}", lambda: later)


def values(random: Random, number: int) -> list[Item]:
    item: Item = {"indicator": "latency", "at": _instant(random), "value": random.randrange(20, 500) / 2 + 100}
    if random.random() < 0.1:
        item["values"] = [item.pop("value"), random.randrange(100, 400)]
    return _corrected(random, item, f"v{number}", lambda: {"value": random.randrange(100, 400), "values": None})


def orders(random: Random, number: int) -> list[Item]:
    total = random.randrange(0, 50)
    item: Item = {
        "indicator": "orders",
        "at": _instant(random),
        "good": total - min(total, random.choice([0, 0, 1, 3])),
    }
    if random.random() < 0.5:
        item["labels"] = {"site": random.choice(SITES[:-1])}
    return _corrected(random, {**item, "total": total}, f"r{number}", lambda: {"good": 5, "total": 7})


def requests(random: Random, number: int) -> list[Item]:
    """Return counter readings of two sources, whose counters are reset now and then."""
    instant = _instant(random)
    since = instant // (2 * DAY) * 2 * DAY + 7 * HOUR
    since -= 2 * DAY * (since > instant)
    total = (instant - since) // MINUTE + random.randrange(20)
    read: Item = {"total": total, "bad": total // 30}
    if random.random() < 0.3:
        read["since"] = since
    item: Item = {"indicator": "requests", "at": instant, "cumulative": read, "source": random.choice(["one", "two"])}
    return _corrected(random, item, f"c{number}", lambda: {"cumulative": {"total": total + 5, "good": total}})


def sizes(random: Random, number: int) -> list[Item]:
    """Return histograms and single values. A few histograms do not say how many values are at most 300."""
    item: Item = {"indicator": "sizes", "at": _instant(random)}
    if random.random() < 0.4:
        return _corrected(random, {**item, "value": random.randrange(100, 500)}, f"z{number}", lambda: {"value": 7})
    changed = {"bounds": [300], "counts": [3, 1], "sum": 777.7, "min": 0.1, "max": 301}
    bounds = [100, 300, 400] if random.random() < 0.97 else [100, 400]
    item["histogram"] = {"bounds": bounds, "counts": [random.randrange(9) for _ in range(len(bounds) + 1)]}
    if random.random() < 0.97:
        low, high = sorted(random.randrange(10, 6000) / 10 for _ in range(2))
        item["histogram"] |= {"min": low, "max": high, "sum": (low + high) * sum(item["histogram"]["counts"]) / 2}
    return _corrected(random, item, f"z{number}", lambda: {"histogram": changed})


def ratings(random: Random, number: int) -> list[Item]:
    item: Item = {"indicator": "stars", "at": _instant(random), "score": random.randrange(2, 11) / 2}
    if random.random() < 0.5:
        item["respondent"], item["touch_point"] = random.choice(["anna", "bert"]), random.choice(["phone", "chat"])
    return _corrected(random, item, f"g{number}", lambda: {"score": random.randrange(1, 6)})


def recoveries(random: Random, number: int) -> list[Item]:
    end = _instant(random)
    told = {"outage_start": end - random.randrange(0, 2 * HOUR), "service_restored": end}
    if random.random() < 0.7:
        told["data_restored_to"] = told["outage_start"] - random.randrange(-5 * MINUTE, 30 * MINUTE)
        told["data_restored_to"] = min(told["data_restored_to"], end)
    item: Item = {"indicator": "recoveries", "at": end, "recovery": told, "test": random.random() < 0.2}
    if random.random() < 0.5:
        item["labels"] = {"site": random.choice(SITES[:-1])}
    return _corrected(random, item, f"w{number}", lambda: {"recovery": {**told, "outage_start": end - 10 * MINUTE}})


def taken_back(random: Random, number: int) -> list[Item]:
    """Return facts about a site that were sent by mistake, and the retractions of all of them."""
    instant = _instant(random)
    took = {"outage_start": instant - 2 * HOUR, "service_restored": instant}
    said: Item = random.choice(
        [
            {"indicator": "stream", "state": "down"},
            {"indicator": "orders", "good": 1, "total": 9},
            {"indicator": "recoveries", "recovery": took},
        ]
    )
    item = {**said, "at": instant, "id": f"x{number}", "labels": {"site": SITES[-1]}}
    item["recorded_at"] = item["at"] + random.randrange(MINUTE)
    back = item["recorded_at"] + random.randrange(30 * MINUTE)
    return [item, {"indicator": item["indicator"], "retract": item["id"], "at": back}]


def errors(random: Random, number: int) -> list[Item]:
    item: Item = {"indicator": "errors", "at": _instant(random), "category": random.choice("ABC")}
    if random.random() < 0.3:
        item["count"] = random.randrange(1, 4)
    return _corrected(random, item, f"e{number}", lambda: {"category": "A"})


def _corrected(random: Random, item: Item, own: str, change: Callable[[], Item]) -> list[Item]:
    """Return the item and its later versions. One in three has an id and is corrected, retracted, or both."""
    if random.random() < 0.67:
        return [item]
    item = {**item, "id": own, "recorded_at": item["at"] + random.randrange(MINUTE)}
    told = [item]
    for revision in range(random.randrange(3)):
        recorded = told[-1]["recorded_at"] + random.randrange(1, 30 * MINUTE)
        changed: Item = {**item, **change(), "recorded_at": recorded}
        if random.random() < 0.5:
            changed["revision"] = revision + 1
        told.append({name: value for name, value in changed.items() if value is not None})
    if random.random() < 0.2:
        named: Item = {name: item[name] for name in ("indicator", "source") if name in item}
        told.append({**named, "retract": own, "at": told[-1]["recorded_at"] + MINUTE})
    return told


def ticket(random: Random, number: int) -> list[Item]:
    """Return the events of one ticket's life."""
    now = _instant(random)
    told: list[Item] = []
    name = {"source": "desk", "ticket": f"T{number}", "type": "incident"}

    def tell(event: str, **more: Any) -> None:
        told.append({**name, "event": event, "at": min(now, LAST), "sequence": len(told), **more})

    tell("opened", priority=random.choice(["P1", "P2", "P3"]))
    for _ in range(random.randrange(1, 9)):
        now += random.choice([0, MINUTE, random.randrange(4 * HOUR)])
        event = random.choice(
            [
                "first_response",
                "agent_replied",
                "customer_replied",
                "priority_changed",
                "state_changed",
                "state_changed",
                "resolved",
                "reopened",
                "closed",
                "cancelled",
            ]
        )
        if event == "priority_changed":
            tell(event, priority=random.choice(["P1", "P2", "P3"]))
        elif event == "state_changed":
            tell(event, state=random.choice(["in_progress", "awaiting_customer"]))
        else:
            tell(event)
    return told


MAKERS: Mapping[Callable[[Random, int], list[Item]], int] = {
    states: 3,
    outages: 1,
    values: 8,
    orders: 3,
    requests: 3,
    sizes: 2,
    ratings: 1,
    recoveries: 1,
    errors: 2,
    taken_back: 1,
    ticket: 1,
}
"""Function that makes facts of one kind → how many facts it makes. A further kind of fact is one more line."""


def exclusions(random: Random) -> list[Told]:
    """Return decisions on exclusions, made before or after the excluded time; one is revoked.

    Some exclusions are planned: now and then they are announced too late, and together they exceed the cap.
    """
    made = []
    for number in range(6):
        start = random.randrange(BEGIN, LAST - 4 * HOUR)
        intervals = [(start, start + random.randrange(MINUTE, 4 * HOUR))]
        if number % 2:
            intervals.append((start + DAY, start + DAY + random.randrange(MINUTE, HOUR)))
        scope = (
            ExclusionScope(indicators=frozenset({f"{PROVIDER}/{random.choice(list(KINDS))}"}))
            if number
            else ExclusionScope()
        )
        decided = start + random.randrange(-DAY, HOUR)
        announced = decided - random.randrange(DAY)
        kind = "force_majeure" if number < 2 else "planned"
        excluded = ApprovedExclusion(f"x{number}", AGREEMENT, kind, tuple(intervals), scope, announced, decided)
        made.append(Told(decided, decision=Approved(excluded)))
    return [*made, Told(made[-1].due + random.randrange(2 * DAY), decision=Revoked("x5"))]


def termination(random: Random, seed: int) -> list[Told]:
    """Return the early end of the agreement for one history in three; it is known in advance."""
    if seed % 3 != 1:
        return []
    ends_at = random.randrange(AMENDED + 3 * DAY, LAST)
    return [Told(ends_at - random.randrange(HOUR, 2 * DAY), decision=Terminated(ends_at))]


def indicators(random: Random) -> dict[str, Indicator]:
    """Return key → indicator, with initial states and ``stale_after``."""
    found = {}
    for key, kind in KINDS.items():
        initial, age = random.choice(["up", "up", "down", "unknown"]), random.choice([None, None, HOUR, 4 * HOUR])
        found[f"{PROVIDER}/{key}"] = Indicator(
            f"{PROVIDER}/{key}", PROVIDER, key, kind, initial_state=initial, stale_after=age
        )
    return found


@dataclass
class History:
    """All facts and decisions, in the order in which they happened."""

    told: list[Told] = field(default_factory=list)
    indicators: dict[str, Indicator] = field(default_factory=dict)
    seed: int = 0


def history(seed: int, facts: int) -> History:
    random = Random(seed)
    measured = indicators(random)
    makers = [maker for maker, weight in MAKERS.items() for _ in range(weight)] + [gaps] * has_gaps(seed)
    told: list[Told] = []
    while len(told) < facts:
        made = random.choice(makers)
        told += [told_of(item, measured) for item in made(random, len(told))]
    first, second = versions()
    told += [Told(BEGIN - DAY, decision=Signed(first)), Told(AMENDED - HOUR, decision=Signed(second))]
    told += exclusions(random) + termination(random, seed)
    return History(sorted(told, key=lambda each: each.due), measured, seed)


_FORM = IntakeFormat()


def told_of(item: Item, indicators: Mapping[str, Indicator]) -> Told:
    """Return the fact that the intake makes of an item, with the instant at which it arrives."""
    due = max(item["at"], item.get("recorded_at", 0))
    sent = {name: _sent(name, value) for name, value in item.items()}
    if {"outage", "retract", "recovery"} & sent.keys():
        del sent["at"]
    body = msgspec.json.encode([sent])
    if "ticket" in item:
        messages, refused = _FORM.ticket_events(body, "application/json")
        facts, refusals = validate_ticket_events(messages, PROVIDER, FAR, may_name_owner=False)
        assert not refused and not refusals, refusals
        return Told(due, fact=facts[0])
    measured, refused = _FORM.measurements(body, "application/json")
    admitted = validate_measurements(measured, PROVIDER, indicators.get, FAR, may_name_owner=False)
    assert not refused and not admitted.refusals, (item, admitted.refusals)
    return Told(due, fact=admitted.facts[0]) if admitted.facts else Told(due, values=admitted.values)


def _sent(name: str, value: Any) -> Any:
    if name in ("outage", "recovery"):
        return {bound: to_text(instant) for bound, instant in value.items()}
    if name == "cumulative" and "since" in value:
        return {**value, "since": to_text(value["since"])}
    return to_text(value) if name in ("at", "recorded_at") else value
