"""History loaded at once: ``python -m tests.bench.backfill [--days 3]``.

A value a minute of each of 1,000 indicators, oldest first, 10,000 a request, under an import that holds judging until
all is in; each indicator has a target over the calendar month with burn rate warnings, and one over a rolling hour.
Then the figures of all targets are read through the API, as a report would (P7).
"""

from __future__ import annotations

import argparse
import asyncio
import time

from slm.demo import negotiation
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.bench import agreed
from tests.bench.figures import circumstances, milliseconds
from tests.bench.intake import NDJSON, judged
from tests.bench.system import System, started_on
from tests.bench.wire import Connection, Refused
from tests.support.monitor import DAY, MINUTE

INDICATORS, MINUTES_A_REQUEST = 1_000, 10
PAGE = 200


async def measure(days: float) -> str:
    async with started_on("postgres") as system:
        cast = await negotiation.gather_cast(system.client, system.operator_key)
        keys = [f"i{number:04}" for number in range(INDICATORS)]
        first = (real_now() - int(days * DAY)) // MINUTE
        await agreed.agree_on_values(system, cast, "backfill", agreed.month_start(first * MINUTE), keys)
        await system.at_rest()
        opened = await negotiation.post(system.client, cast.integrator_key, "/api/v1/imports", {"indicators": keys})
        before, began = system.cpu(), time.perf_counter()
        rows, position = await _send(system, cast.integrator_key, keys, first, int(days * DAY) // MINUTE)
        sent = time.perf_counter()
        await negotiation.post(
            system.client, cast.integrator_key, f"/api/v1/imports/{opened['import_id']}/complete", {}
        )
        await judged(system, cast, position)
        took = time.perf_counter() - began
        spent = sum(system.cpu().values()) - sum(before.values())
        await system.at_rest()
        read = [await _read(system, cast.viewer_key) for _ in range(5)]
        held = system.memory()
    return (
        f"{rows:,} values of {INDICATORS:,} indicators, {days:g} days: {rows / (sent - began):,.0f} values/s, judged "
        f"{took - (sent - began):.1f} s after the last; {spent / rows * 1e6:.2f} CPU s per million; memory MB: "
        f"{held['services']:.0f} + {held['postgres']:.0f}; figures of all {2 * INDICATORS:,} targets read in "
        f"{milliseconds(read)} ms; {circumstances()}"
    )


async def _send(system: System, key: str, keys: list[str], first: int, minutes: int) -> tuple[int, str]:
    connection, rows = await Connection.open(system.address("monitor"), key), 0
    position = ""
    for begin in range(first, first + minutes, MINUTES_A_REQUEST):
        instants = [
            to_text(minute * MINUTE) for minute in range(begin, min(begin + MINUTES_A_REQUEST, first + minutes))
        ]
        lines = [
            f'{{"indicator":"{name}","at":"{instant}","value":{310 if (minute * 7 + place) % 1000 == 0 else 120}}}'
            for place, name in enumerate(keys)
            for minute, instant in enumerate(instants, begin)
        ]
        while True:
            try:
                _, _, answer = await connection.post("/api/v1/measurements", "\n".join(lines).encode(), NDJSON)
                break
            except Refused as refused:
                await asyncio.sleep(refused.retry_after)
        rows, position = rows + answer["accepted"], answer["position"]
    await connection.close()
    return rows, position


async def _read(system: System, key: str) -> float:
    began, cursor = time.perf_counter(), ""
    while True:
        page = await negotiation.get(system.client, key, f"/api/v1/targets?limit={PAGE}{cursor}")
        if not page["next"]:
            return time.perf_counter() - began
        cursor = f"&cursor={page['next']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=3.0)
    print(asyncio.run(measure(parser.parse_args().days)))


if __name__ == "__main__":
    main()
