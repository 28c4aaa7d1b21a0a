"""Pages of the console of a large provider: ``python -m tests.bench.pages [--agreements 1000] [--targets 10]``.

As many agreements as wanted are signed through the public API with ``slm up`` in one process, each with ten targets.
One target in a hundred misses its promise, so that there is something to show. Then the provider's manager opens pages
one after the other and searches. It prints the milliseconds of each page, and its size.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.bench import agreed
from tests.bench.figures import circumstances, milliseconds, percentile
from tests.bench.system import System, embedded

BUDGETS = {"/": 0.3, "/search?q=mail": 0.05, "/search?q=agreement-7": 0.05}
"""Path → seconds at most, p95."""
PATHS = [*BUDGETS, "/agreements", "/services", "/customers", "/tickets", "/reviews", "/connections"]
INDICATORS = 1_000
AT_ONCE = 8
SIGN_SECONDS = 3_600.0


def document(number: int, targets: int, effective_at: str) -> dict[str, Any]:
    """The terms of one agreement: shares of fast answers over an hour, each of another indicator."""
    keys = [f"answer-time-{(number * targets + each) % INDICATORS:03d}" for each in range(targets)]
    return {
        "title": f"{'Mail' if number % 10 == 0 else 'Platform'} agreement-{number}",
        "timezone": "UTC",
        "term": {"effective_at": effective_at, "expires_at": None, "notice": "P90D"},
        "requirements": ["checkout-always"],
        "clauses": {
            "service_description": "What is measured here.",
            "availability": "As its targets say.",
            "continuity": "None.",
            "charges": {"text": "A fixed price a month.", "amount": "4200.00", "currency": "EUR"},
        },
        "targets": [agreed.share(f"{key}-hour", key, {"rolling": "PT1H"}) for key in keys],
    }


async def sign(system: System, cast: Cast, number: int, terms: Mapping[str, Any]) -> None:
    """Draft, propose, accept and sign one agreement."""
    drafted = await negotiation.draft_agreement(system.client, cast, terms, f"agreement-{number}")
    proposed = await negotiation.propose_draft(system.client, cast, drafted)
    path = f"/api/v1/agreements/{proposed['agreement_id']}/accept"
    agreement = await negotiation.post(
        system.client, cast.customer_manager_key, path, {"revision_hash": proposed["revision"]["hash"]}
    )
    await negotiation.sign_for_both_parties(system.client, cast, agreement)


async def sign_all(system: System, cast: Cast, agreements: int, targets: int) -> None:
    """Sign all agreements, a few at the same time, and wait until monitor-svc judges each of their targets."""
    await agreed.register(
        system, cast, [f"answer-time-{number:03d}" for number in range(INDICATORS)], "value", unit="ms"
    )
    await negotiation.record_requirement(system.client, cast)
    effective_at = to_text(agreed.month_start(real_now()))
    numbers = iter(range(agreements))

    async def work() -> None:
        for number in numbers:
            await sign(system, cast, number, document(number, targets, effective_at))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    async with asyncio.timeout(SIGN_SECONDS):
        while (counted := await _judged(system, cast)) < agreements * targets:
            print(f"  {counted} targets are judged", flush=True)
            await asyncio.sleep(2.0)


async def _judged(system: System, cast: Cast) -> int:
    summary = await negotiation.get(system.client, cast.provider_manager_key, "/api/v1/summary")
    return int(summary["counts"]["targets"])


async def miss(system: System, cast: Cast) -> None:
    """Send a fast answer of each indicator, and a slow one of each hundredth."""
    now = to_text(real_now())
    values = [
        {"indicator": f"answer-time-{number:03d}", "at": now, "value": 900 if number % 100 == 0 else 100, "unit": "ms"}
        for number in range(INDICATORS)
    ]
    await negotiation.post(system.client, cast.integrator_key, "/api/v1/measurements", values)


async def seconds_of(browser: httpx.AsyncClient, path: str, times: int) -> tuple[list[float], int]:
    """(seconds of each request, bytes of one answer as sent)."""
    took, size = [], 0
    for _ in range(times):
        began = time.perf_counter()
        answer = await browser.get(path)
        took.append(time.perf_counter() - began)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        size = len(answer.content)
    return took, size


async def run(agreements: int, targets: int, times: int) -> None:
    async with embedded() as system:
        cast = await negotiation.gather_cast(system.client, system.operator_key)
        began = time.perf_counter()
        await sign_all(system, cast, agreements, targets)
        print(f"{agreements} agreements of {targets} targets signed and judged in {time.perf_counter() - began:.0f} s")
        await miss(system, cast)
        print(f"at rest: {await system.at_rest():.0f} % of a core; {circumstances()}")
        cookies = {"slm_session": cast.provider_manager_key}
        async with httpx.AsyncClient(base_url=system.client.base_url, cookies=cookies, timeout=60.0) as browser:
            for path in PATHS:
                await tell(browser, path, times)


async def tell(browser: httpx.AsyncClient, path: str, times: int) -> None:
    """Print the figures of one page, after one request that warms it."""
    await seconds_of(browser, path, 1)
    took, size = await seconds_of(browser, path, times)
    p95 = percentile(took, 0.95)
    judged = (
        f", aim {BUDGETS[path] * 1_000:.0f}: {'met' if p95 <= BUDGETS[path] else 'MISSED'}" if path in BUDGETS else ""
    )
    print(f"{path}: {milliseconds(took)} ms, p95 {p95 * 1_000:.1f}{judged}; {size / 1024:.0f} KiB", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agreements", type=int, default=1_000)
    parser.add_argument("--targets", type=int, default=10, help="targets of each agreement")
    parser.add_argument("--times", type=int, default=40, help="requests of each page")
    asked = parser.parse_args(arguments)
    asyncio.run(run(asked.agreements, asked.targets, asked.times))


if __name__ == "__main__":
    main()
