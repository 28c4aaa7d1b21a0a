"""What people did about past breaches, played through the public API: answers, exclusions and reviews."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from slm.demo.alder.enrolment import Participants
from slm.demo.alder.script import agreements, history, targets
from slm.demo.alder.script.companies import PEOPLE, PROVIDER
from slm.demo.alder.script.timeline import DAY, ZONE, Timeline
from slm_events.instants import to_text

Agreement = Mapping[str, Any]
_PAUSE_SECONDS = 0.3
_ROADWORKS = "Road works cut both lines at the same place"
_UNANSWERED_MONTHS = 1
"""Breaches of the present month and of this many months before it stay unanswered."""


async def request_exclusions(
    enrolled: Participants, timeline: Timeline, signed: Mapping[str, Agreement]
) -> dict[str, str]:
    """Request two exclusions, and return name → id of each.

    ``maintenance`` asks to exclude planned maintenance, and the shop approves it. ``waiting`` asks to exclude the time
    in which the bank's line was cut, and the bank has not decided on it.
    """
    ada = enrolled.manager(PROVIDER)
    begin, end = history.maintenance_interval(timeline)
    body = {
        "agreement_id": signed["checkout"]["agreement_id"],
        "kind": "planned",
        "text": "Database of checkout moved to new disks, 03:00 to 04:00",
        "interval": {"from": to_text(begin), "to": to_text(end)},
        "indicators": [targets.CHECKOUT],
        "announced_at": to_text(begin - 10 * DAY),
    }
    asked = await enrolled.post(ada, "exclusions", body)
    approval = {"reason": "Announced ten days before, and at night."}
    await enrolled.post(enrolled.manager("corner-shop"), f"exclusions/{asked['exclusion_id']}/approve", approval)
    cut, repaired = history.line_cut_interval(timeline)
    body = {
        "agreement_id": signed["online-banking"]["agreement_id"],
        "kind": "force_majeure",
        "text": _ROADWORKS,
        "interval": {"from": to_text(cut), "to": to_text(repaired)},
        "targets": ["availability"],
    }
    waiting = await enrolled.post(ada, "exclusions", body)
    return {"maintenance": str(asked["exclusion_id"]), "waiting": str(waiting["exclusion_id"])}


async def answer_breaches(enrolled: Participants, timeline: Timeline) -> None:
    """Acknowledge, explain and close the breaches of past months. Those of the last month and of this month stay open.

    The provider of the breached agreement acts. If nobody of the provider logs in, its breaches stay open.
    """
    ada = enrolled.manager(PROVIDER)
    answering = {enrolled.parties[each.company]: enrolled.manager(each.company) for each in PEOPLE if each.logs_in}
    until = timeline.month(_UNANSWERED_MONTHS).start
    found = await enrolled.get(ada, f"breaches?state=open&to={to_text(until)}&limit=1000")
    for breach in found["items"]:
        path = f"breaches/{breach['breach_id']}"
        key = answering.get(breach["provider_party_id"])
        if key is None:
            continue
        is_ticket = "/" in breach["window_id"]
        await enrolled.change(key, path, "acknowledge", {})
        await enrolled.change(key, path, "root-cause", _LATE if is_ticket else _DOWN)
        await enrolled.change(key, path, "close", {})


async def hold_reviews(enrolled: Participants, timeline: Timeline, signed: Mapping[str, Agreement]) -> None:
    """Record lessons and actions in the shop's and the bank's reviews of breaches, and conclude the bank's review."""
    for key, said in _REVIEWS.items():
        customer = next(each for each in agreements.SIGNED if each.key == key).customer
        ada, other = enrolled.manager(PROVIDER), enrolled.manager(customer)
        path = f"reviews?reason=breach&agreement_id={signed[key]['agreement_id']}"
        found = await wait_for_answer(enrolled, ada, path, lambda seen: bool(seen["items"]))
        path = f"reviews/{found['items'][0]['review_id']}"
        await enrolled.post(other, f"{path}/lessons", {"text": said["lesson"]})
        due = {"owner": said["owner"], "due_at": to_text(timeline.now + 12 * DAY)}
        target = {"target": "availability", "expected_change": said["change"]}
        await enrolled.post(ada, f"{path}/actions", {"text": said["action"], **due, **target})
    summary = {"summary": "The line was cut by road works; a second way into the building is being built."}
    await enrolled.post(ada, f"{path}/conclude", {**summary, "attendees": ["Ada Brunner", "Henry Walsh"]})


async def backtest_draft(enrolled: Participants) -> dict[str, Any]:
    """Run a back-test of next year's draft on the stored measurements and return the finished back-test."""
    ada = enrolled.manager(PROVIDER)
    [target] = agreements.DRAFT.targets
    terms = {name: target[name] for name in ("aggregation", "objective", "window")}
    body = {
        "terms": {**terms, "indicator": targets.CHECKOUT},
        "timezone": ZONE,
        "windows": {"last": 12, "per": "month"},
    }
    asked = await enrolled.post(ada, "backtests", body)
    path = f"backtests/{asked['backtest_id']}"
    return await wait_for_answer(enrolled, ada, path, lambda seen: seen["state"] not in ("queued", "running"))


async def wait_for_answer(
    enrolled: Participants, key: str, path: str, holds: Callable[[dict[str, Any]], bool], seconds: float = 120.0
) -> dict[str, Any]:
    """Read a path repeatedly until ``holds`` accepts its JSON, and return it. Raises TimeoutError after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not holds(seen := await enrolled.get(key, path)):  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE_SECONDS)
        return seen


_LATE = {
    "root_cause": "The queue was not watched over the change of shift.",
    "corrective_action": "The later shift begins half an hour earlier.",
}
_DOWN = {
    "root_cause": "One fault took both instances with it.",
    "corrective_action": "The instances run in two places.",
}
_REVIEWS = {
    "checkout": {
        "lesson": "Ask Paylane for its own alarm: we heard of its outage from our customers.",
        "action": "Second payment provider for cards, switched by health checks",
        "owner": "Checkout operations",
        "change": "An outage of one payment provider lasts seconds.",
    },
    "online-banking": {
        "lesson": "Two lines that enter a building at one place are one line.",
        "action": "Second way into the building for Brightwater's line",
        "owner": "Network team",
        "change": "A cut line costs no minute.",
    },
}
