"""The indicators of most tests of monitor-svc: the state of a checkout, and its answer times."""

from __future__ import annotations

from typing import Any

from tests.support.judged import Monitor
from tests.support.monitor import finalized

UP, LATENCY = "payments.checkout", "payments.checkout-latency"


async def ready(held: Monitor, *targets: dict[str, Any], **changed: Any) -> None:
    """Register both indicators and receive an agreement with these targets."""
    await held.register(UP, "availability")
    await held.register(LATENCY, "value")
    await held.hear(finalized(*targets, **changed))
    await held.settle()


async def turns(held: Monitor, instant: str, state: str, **more: Any) -> None:
    await held.measure({"indicator": UP, "at": f"{instant}:00Z", "state": state, **more})
    await held.settle()


async def down(held: Monitor, start: str, end: str, **more: Any) -> None:
    await held.measure({"indicator": UP, "outage": {"from": f"{start}:00Z", "to": f"{end}:00Z"}, **more})
    await held.settle()
