"""More than can be judged: ``python -m tests.bench.overload [--seconds 60]``.

Eight clients send batches of 2,000 values, one of each of 2,000 indicators and every tenth of them missing its promise,
as fast as they are answered; a 429 is obeyed. Memory of the services is sampled every second; at the end all that was
accepted must have been judged.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass, field

from slm.demo import negotiation
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.bench import agreed
from tests.bench.figures import circumstances, milliseconds
from tests.bench.intake import NDJSON, judged
from tests.bench.system import System, started_on
from tests.bench.wire import Connection, Refused

INDICATORS, CLIENTS = 2_000, 8


@dataclass
class Seen:
    """The answers that the clients received."""

    accepted: int = 0
    refused: int = 0
    took: list[float] = field(default_factory=list)
    position: str = ""
    megabytes: list[float] = field(default_factory=list)


async def _client(system: System, key: str, names: list[str], number: int, until: float, seen: Seen) -> None:
    connection = await Connection.open(system.address("monitor"), key)
    turn = 0
    while time.perf_counter() < until:
        turn += 1
        at = to_text(real_now() + number)
        body = "\n".join(
            f'{{"indicator":"{name}","at":"{at}","value":{900 if (place + turn) % 10 == 0 else 100}}}'
            for place, name in enumerate(names)
        )
        try:
            sent, answered, answer = await connection.post("/api/v1/measurements", body.encode(), NDJSON)
        except Refused as refused:
            seen.refused += 1
            await asyncio.sleep(refused.retry_after)
            continue
        seen.accepted += answer["accepted"]
        seen.took.append(answered - sent)
        seen.position = answer["position"]
    await connection.close()


async def _sampled(system: System, until: float, seen: Seen) -> None:
    while time.perf_counter() < until:
        seen.megabytes.append(system.memory()["services"])
        await asyncio.sleep(1.0)


async def measure(seconds: float) -> str:
    async with started_on("postgres") as system:
        cast = await negotiation.gather_cast(system.client, system.operator_key)
        names = [f"i{number:04}" for number in range(INDICATORS)]
        await agreed.agree_on_values(system, cast, "overload", agreed.month_start(real_now()), names)
        await system.at_rest()
        seen, until = Seen(), time.perf_counter() + seconds
        clients = [_client(system, cast.integrator_key, names, number, until, seen) for number in range(CLIENTS)]
        await asyncio.gather(_sampled(system, until, seen), *clients)
        ended = time.perf_counter()
        await judged(system, cast, seen.position)
        behind = time.perf_counter() - ended
    third = len(seen.megabytes) // 3
    return (
        f"{seen.accepted:,} values accepted, {seen.refused} requests answered with 429; answers "
        f"{milliseconds(seen.took)} ms; all judged {behind:.1f} s after the last; memory of the services, MB, by "
        "thirds of the time: "
        f"{max(seen.megabytes[:third]):.0f}, {max(seen.megabytes[third : 2 * third]):.0f}, "
        f"{max(seen.megabytes[2 * third :]):.0f}; {circumstances()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    print(asyncio.run(measure(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
