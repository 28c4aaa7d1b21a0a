"""Known answers for joining and splitting causes, through the evaluation of real facts in a real database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import grouped
from tests.support.judged import Monitor, monitor
from tests.support.monitor import PROVIDER

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cause_answers.yaml").read_text())
DAY = "2026-11-05T"


def items_of(step: dict[str, Any], revision: int, known: dict[str, str]) -> list[dict[str, Any]]:
    """The measurements of a step. A later revision replaces what an earlier step said under the same id."""
    items = []
    for name, outage in step["outages"].items():
        shared = {"revision": revision}
        if outage is None:
            items.append({**shared, "indicator": known[name], "retract": name})
            continue
        known[name] = outage[0]
        span = {"from": f"{DAY}{outage[1]}:00Z", "to": f"{DAY}{outage[2]}:00Z"}
        items.append({**shared, "indicator": outage[0], "id": name, "outage": span})
    return items


async def told(held: Monitor, since: int) -> tuple[list[str], int]:
    """What the provider was told since then, in the order of text, and how much it was told in all."""
    found = [
        data["change"]
        for name, data in await held.published()
        if name == "cause-revised" and data["party_id"] == data["provider_party_id"] == PROVIDER
    ]
    return sorted(found[since:]), len(found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
async def test_a_known_answer(case: dict[str, Any], database_url: str) -> None:
    async with monitor(database_url, f"{DAY}10:00") as held:
        for indicator in case.get("indicators", ["a"]):
            await held.register(indicator, "availability")
        changed = {"effective_at": case["starts"]} if "starts" in case else {}
        for name, written in case["targets"].items():
            await held.hear(grouped.agreement(name, written, **changed))
        await held.settle()
        known: dict[str, str] = {}
        by_start: dict[str, str] = {}
        ever: dict[str, str] = {}
        seen = 0
        for revision, step in enumerate(case["steps"]):
            await held.measure(*items_of(step, revision, known))
            await held.settle()
            await grouped.regrouped(held)
            found = await grouped.causes(held.database)
            assert await grouped.as_written(held.database, found) == sorted(
                [start, end, sorted(names)] for start, end, names in step["causes"]
            )
            changes, seen = await told(held, seen)
            assert changes == step.get("told", changes)
            now = {cause["start_at"][11:16]: cause["cause_id"] for cause in found}
            await check_ids(held, step.get("id", {}), by_start, now, ever)
            by_start, ever = now, {**ever, **now}


async def check_ids(
    held: Monitor, expected: dict[str, Any], before: dict[str, str], now: dict[str, str], ever: dict[str, str]
) -> None:
    for start in expected.get("kept", ()):
        assert now[start] == before[start]
    for start in expected.get("back", ()):
        assert now[start] == ever[start]
    for start, instead in expected.get("replaced", {}).items():
        old = await grouped.one(held.database, before[start])
        assert old is not None
        assert old["state"] == ("replaced" if instead else "withdrawn")
        assert (old["replaced_by"], old["breaches"]) == (sorted(now[each] for each in instead), 0)
