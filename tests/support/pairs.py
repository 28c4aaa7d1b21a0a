"""A comparison of a paying party's answer times beside a load of strangers and without it, in alternating runs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.support.strangers import Strangers


@dataclass
class Pairs:
    """The seconds of each answer with and without the load, and the requests that were not answered as expected."""

    beside: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def slower_by(self) -> float:
        """Seconds by which the 99th percentile is higher beside the load than without it."""
        return _p99(self.beside) - _p99(self.alone)

    def told(self) -> str:
        rows = [
            f"{name}: n {len(took)}, p50 {_at(took, 0.5):.1f}, p99 {_at(took, 0.99):.1f}, max {max(took) * 1000:.1f} ms"
            for name, took in (("alone", self.alone), ("beside strangers", self.beside))
        ]
        return "; ".join([*rows, f"p99 slower by {self.slower_by * 1000:.1f} ms", f"{len(self.refused)} refused"])


def _p99(took: Sequence[float]) -> float:
    return _at(took, 0.99) / 1000


def _at(took: Sequence[float], share: float) -> float:
    ordered = sorted(took)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000


async def measured(client: httpx.AsyncClient, key: str, load: Strangers, pairs: int, requests: int) -> Pairs:
    """Measure ``pairs`` times: each time ``requests`` measurements without the load, and then as many with it."""
    found = Pairs()
    await _sent(client, key, requests, [], found.refused)
    for number in range(2 * pairs):
        # The order changes from pair to pair: what drifts with time falls on both sides alike.
        is_beside = number % 4 in (1, 2)
        if is_beside:
            await load.go()
        await _sent(client, key, requests, found.beside if is_beside else found.alone, found.refused)
        if is_beside:
            await load.stop()
    return found


async def _sent(client: httpx.AsyncClient, key: str, count: int, took: list[float], refused: list[str]) -> None:
    for _ in range(count):
        item = {"indicator": "paying", "at": to_text(real_now()), "value": 100}
        began = time.perf_counter()
        try:
            answer = await client.post("/api/v1/measurements", json=[item], headers={"X-API-Key": key})
            if answer.status_code != 202:
                refused.append(f"{answer.status_code} {answer.text[:200]}")
        except httpx.TransportError as error:
            refused.append(f"no answer: {type(error).__name__}")
        took.append(time.perf_counter() - began)
