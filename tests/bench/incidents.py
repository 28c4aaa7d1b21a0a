"""A real ticket log under five signed agreements: ``python -m tests.bench.incidents [--order signed|imported]``.

With ``--beside 1000`` so many values a second of 100 other indicators, two targets each, are sent and judged meanwhile.

The audit log of a ServiceNow installation is imported into ``slm up`` with ``slm import``, once after the agreements
were signed and once before. Told are the seconds of the import, the seconds until every published report shows every
ticket that an independent count has, and how many revisions each report took (P9).
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.bench import agreed as agreeing
from tests.bench.figures import circumstances
from tests.e2e import independent_incident_log
from tests.e2e.installed import Installed, imported, installation
from tests.e2e.test_real_history import HOURS, INCIDENT_LOG, POLICIES, document, resolved_within

BEGIN = "2016-01-01T00:00:00Z"
MAPPING = "servicenow-incidents.yaml"
PAUSE_SECONDS = 0.5
GIVE_UP_SECONDS = 900.0
POLICIES_SIGNED = {**POLICIES, "office-share": (True, True)}
"""The fifth agreement also promises a share of the tickets in time."""
YEARS = ("2016", "2017")


def terms(key: str) -> dict[str, Any]:
    office, pausing = POLICIES_SIGNED[key]
    targets = [resolved_within(priority, hours, office, pausing) for priority, hours in HOURS.items()]
    if key == "office-share":
        targets += [
            {
                "key": f"{priority}-share",
                "aggregation": {"compliance": f"{priority}-resolution"},
                "objective": {"at_least": "90", "unit": "percent"},
                "window": {"calendar": "month"},
            }
            for priority in HOURS
        ]
    return document(key, BEGIN, targets)


async def agree_on_all(installed: Installed) -> tuple[Cast, dict[str, str]]:
    agreed: dict[str, str] = {}
    for key in POLICIES_SIGNED:
        cast, agreed[key] = await installed.agree(key, terms(key))
    return cast, agreed


async def patiently(installed: Installed, key: str, path: str) -> dict[str, Any]:
    """Repeat a request while the service answers that it cannot answer now; return the answer."""
    while True:
        try:
            return await installed.get(key, path)
        except negotiation.Unavailable:
            await asyncio.sleep(PAUSE_SECONDS)


async def published(installed: Installed, key: str, agreement_id: str) -> list[dict[str, Any]]:
    """The newest revision of each report of the years that the log is about."""
    found, cursor = [], ""
    asked = f"/api/v1/reports?agreement_id={agreement_id}&state=published&limit=1000"
    while True:
        page = await patiently(installed, key, asked + cursor)
        found += [item for item in page["items"] if item["period"][:4] in YEARS]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


OTHERS = 100
REQUESTS_A_SECOND = 10


@asynccontextmanager
async def beside(installed: Installed, cast: Cast, values: int) -> AsyncIterator[Counter[str]]:
    """Send values of other indicators at the given rate; count them in ``sent``."""
    sent: Counter[str] = Counter()
    if not values:
        yield sent
        return
    keys = [f"load-{number:03d}" for number in range(OTHERS)]
    await agreeing.agree_on_values(installed, cast, "load", agreeing.month_start(real_now()), keys)
    task = asyncio.create_task(_send(installed, cast, values, sent))
    try:
        yield sent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _send(installed: Installed, cast: Cast, values: int, sent: Counter[str]) -> None:
    each, turn, began = max(1, values // REQUESTS_A_SECOND), 0, time.perf_counter()
    headers = {"Authorization": f"Bearer {cast.integrator_key}"}
    while True:
        now = real_now()
        items = [{"indicator": f"load-{n % OTHERS:03d}", "at": to_text(now + n), "value": 120} for n in range(each)]
        answer = await installed.client.post("/api/v1/measurements", json=items, headers=headers)
        sent["accepted" if answer.status_code == 202 else "refused"] += each
        turn += 1
        await asyncio.sleep(max(0.0, began + turn * each / values - time.perf_counter()))


class Watch:
    """The published reports: their sums, and the number of revisions of each."""

    def __init__(self, installed: Installed, key: str, agreed: dict[str, str]) -> None:
        self._installed = installed
        self._key = key
        self._agreed = agreed
        self._seen: dict[tuple[str, int], Counter[tuple[str, str]]] = {}
        self.revisions: dict[str, int] = {}
        self.changes: Counter[tuple[int, str]] = Counter()
        """(revision, kind of a change that it tells): why there is more than one."""

    async def look(self) -> dict[str, list[tuple[int, int]]]:
        """Per agreement, tickets judged and met of each priority over all months, by the reports' newest revisions."""
        tables = {}
        for name, agreement_id in self._agreed.items():
            sums: Counter[tuple[str, str]] = Counter()
            for item in await published(self._installed, self._key, agreement_id):
                self.revisions[item["report_id"]] = item["revision"]
                sums += await self._counts(item)
            tables[name] = [(sums[f"{p}-resolution", "judged"], sums[f"{p}-resolution", "met"]) for p in HOURS]
        return tables

    async def _counts(self, item: dict[str, Any]) -> Counter[tuple[str, str]]:
        place = (item["report_id"], item["revision"])
        if place not in self._seen:
            report = await patiently(self._installed, self._key, item["url"])
            counts: Counter[tuple[str, str]] = Counter()
            for line in report["lines"]:
                if line["tickets"]:
                    for name in ("judged", "met"):
                        counts[line["target_key"], name] += line["tickets"][name]
            self._seen[place] = counts
            self.changes.update({(place[1], each["kind"]) for each in report["changes"]})
        return self._seen[place]


async def right(watch: Watch, expected: dict[str, list[tuple[int, int]]], since: float) -> float:
    """Seconds from ``since`` until the reports show what an independent count has."""
    while True:
        seen = await watch.look()
        if seen == expected:
            return time.perf_counter() - since
        if time.perf_counter() - since > GIVE_UP_SECONDS:
            raise TimeoutError(f"reports say {seen}, counted {expected}")
        await asyncio.sleep(PAUSE_SECONDS)


async def measure(order: str, values: int = 0) -> str:
    counted = {
        key: list(independent_incident_log.figures(INCIDENT_LOG, *policy).values())
        for key, policy in POLICIES_SIGNED.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        async with installation(Path(folder)) as installed:
            # The parties have to be there before anybody imports; the first order signs everything at once.
            cast, agreed = (
                await agree_on_all(installed)
                if order == "signed"
                else (await negotiation.gather_cast(installed.client, installed.operator_key), {})
            )
            async with beside(installed, cast, values) as sent:
                began = time.perf_counter()
                said = await imported(installed, "tickets", INCIDENT_LOG, MAPPING, cast.integrator_key)
                took = time.perf_counter() - began
                done = time.perf_counter()
                if order == "imported":
                    cast, agreed = await agree_on_all(installed)
                    done = time.perf_counter()
                watch = Watch(installed, cast.viewer_key, agreed)
                waited = await right(watch, counted, done)
                await asyncio.sleep(20)
                await watch.look()
                heard = (await patiently(installed, cast.viewer_key, "/api/v1/reports?limit=1"))["heard"]
    revisions = Counter(watch.revisions.values())
    load = f"beside {values} values/s ({dict(sent)}); " if values else ""
    since = "the import" if order == "signed" else "the last signature"
    return (
        f"{order} first: import {took:.1f} s ({said.strip().splitlines()[-1]}); every report right {waited:.1f} s "
        f"after {since}; {revisions.total()} reports, by their revisions: {dict(sorted(revisions.items()))}; "
        f"changes told by revision: {dict(sorted(watch.changes.items()))}; "
        f"{heard['behind_events']} events behind; {load}{circumstances()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--order", choices=["signed", "imported"], action="append")
    parser.add_argument("--beside", type=int, default=0, metavar="VALUES", help="values a second meanwhile")
    asked = parser.parse_args()
    for order in asked.order or ["signed", "imported"]:
        print(asyncio.run(measure(order, asked.beside)), flush=True)


if __name__ == "__main__":
    main()
