"""``make fuzz`` and ``make fuzz-share``: made-up requests against the running product, by ``python -m tests.fuzz``.

The product is populated by two parties, then started as a user starts it, with a PostgreSQL of its own. Schemathesis
reads its merged OpenAPI document. It systematically tries what each schema allows and forbids (coverage), requests at
random (fuzzing), and requests that follow from what others answered (stateful). They name the ids of what there is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from slm_chassis import logs
from tests.fuzz.callers import Callers
from tests.support.populated import OPERATOR_KEY, Populated, populated
from tests.support.processes import Running, free_port, started

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
SEED = int(os.environ.get("SLM_FUZZ_SEED", "20261130"))


@dataclass(frozen=True)
class Effort:
    """How much is asked: random requests of each operation, and how many cases it must come to.

    A run of chains ends where an answer differs from the one that the same request had before, as Hypothesis cannot
    repeat it then. So there are several, each with a seed of its own.
    """

    requests: int
    phases: str
    chains: int
    least: int

    def runs(self) -> Iterator[list[str]]:
        """The options of each run of Schemathesis."""
        yield ["--phases", self.phases, "--seed", str(SEED)]
        yield from (["--phases", "stateful", "--seed", str(SEED + number)] for number in range(self.chains))


WHOLE = Effort(requests=110, phases="coverage,fuzzing", chains=10, least=20_000)
SHARE = Effort(requests=17, phases="fuzzing", chains=2, least=2_000)
_KNOWN = 20
"""Ids of a kind that requests name."""


async def fuzz(folder: Path, effort: Effort, more: list[str]) -> int:
    data, port = folder / "data", free_port()
    async with populated(data) as world:
        callers = await callers_of(world)
        known = {name: sorted(values)[:_KNOWN] for name, values in world.known.items() if name != "key_id"}
    environment = {
        "SLM_DATA_DIR": str(data),
        "SLM_PORT": str(port),
        "SLM_PARTITIONS": "2",
        "SLM_BOOTSTRAP_KEY": OPERATOR_KEY,
        # Requests without a valid key are tried by the thousand.
        "SLM_ADDRESS_RATE": "100000/second",
    }
    async with started(["slm", "up"], folder / "output", port, environment) as running:
        await running.ready(90)
        configuration = configured(effort, known)
        reports = [
            await asked(running, folder, callers, configuration, options)
            for options in ([more] if more else effort.runs())
        ]
        faults = [*await faults_after(running, callers), *(fault for each in reports for fault in faults_of(each))]
        await running.stop()
    count = sum(map(checked, reports))
    if count < effort.least and not more:
        faults.append(f"only {count} cases, {effort.least} are due")
    for fault in faults:
        print(f"fuzz: {fault}")
    print(f"fuzz: {count} cases, {'FAILED' if faults else 'no failures'}, seed {SEED}")
    return 1 if faults else 0


async def callers_of(world: Populated) -> Callers:
    """Who may do most asks most."""
    cast = world.cast
    keys = [
        *[OPERATOR_KEY] * 3,
        *[cast.provider_manager_key] * 4,
        *[cast.customer_manager_key] * 2,
        cast.provider_signatory_key,
        cast.integrator_key,
        cast.viewer_key,
        cast.customer_signatory_key,
        world.stranger_key,
    ]
    principals = (await world.ask(OPERATOR_KEY, "GET", "/api/v1/principals?limit=1000")).json()["items"]
    return Callers(keys, [each["principal_id"] for each in principals], dict(bodies_of(world)))


def bodies_of(world: Populated) -> Iterator[tuple[str, Any]]:
    """``POST /api/v1/parties`` → the example of the body, about the parties that there are."""
    cast = world.cast
    known = {
        **{name: min(values) for name, values in world.known.items()},
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "party_id": cast.provider_party_id,
        "service_id": cast.service_id,
    }
    for operation in world.operations():
        example = world.body_of(operation)
        if isinstance(example, dict) and example:
            own = {name: known[name] for name in example if name in known}
            yield str(operation), {**example, **own}


async def asked(
    running: Running, folder: Path, callers: Callers, configuration: str, more: list[str]
) -> dict[str, Any]:
    """Schemathesis's report."""
    file, report = folder / "schemathesis.toml", folder / "report.json"
    file.write_text(configuration, encoding="utf-8")
    program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(file)]
    options = ["--no-color", "--report-json-path", str(report), *more]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "PYTHONPATH": str(ROOT)}
    # In the folder, as it writes down what it finds where it runs.
    process = await asyncio.create_subprocess_exec(
        *(*program, "run", f"{running.url}/openapi.json", *options),
        cwd=folder,
        env={**os.environ, **callers.written(folder / "callers.json"), **hooks},
    )
    await process.wait()
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def configured(effort: Effort, known: Mapping[str, list[str]]) -> str:
    """The configuration, with how much is asked and the ids of what there is."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    text = text.replace("@requests@", str(effort.requests))
    lines = ["[parameters]"]
    for name in known:
        places = (f"path.{name}", f"query.{name}", f"body.{name}")
        lines += [f'"{place}" = {{ dictionary = "{name}", probability = 0.8 }}' for place in places]
    for name, values in known.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    return "\n".join([text, *lines, ""])


def checked(report: Mapping[str, Any]) -> int:
    """Requests whose answers were checked; those that a check itself sent are not among them."""
    cases = report["test_cases"]
    return int(cases["generated"] - cases["without_checks"])


def faults_of(report: Mapping[str, Any]) -> list[str]:
    """Why the run is no success."""
    found = [f"{each['count']} times {each['title']}" for each in report["failures"]]
    found += [f"error: {each}" for each in report["errors"]]
    if report["stop_reason"] != "completed":
        found.append(f"not completed: {report['stop_reason']}")
    if report["exit_code"] != 0 and not found:
        found.append(f"Schemathesis ended with {report['exit_code']}")
    return found


async def faults_after(running: Running, callers: Callers) -> list[str]:
    """What is wrong with the product after the run."""
    found = []
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as client:
        reasons = (await client.get("/readyz")).json()["reasons"]
        found += [f"not ready: {reason}" for reason in reasons]
        for number, key in enumerate(callers.keys):
            answer = await client.get("/api/v1/parties", headers={"Authorization": f"Bearer {key}"})
            if answer.status_code != 200:
                found.append(f"the key of caller {number} works no more: {answer.text}")
    said = running.said()
    if (place := said.find("Traceback")) >= 0:
        found.append(f"the product logged a traceback:\n{said[max(0, place - 1_000) : place + 5_000]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--share", action="store_true", help="the fixed share that every change must pass")
    arguments, more = parser.parse_known_args()
    logs.configure_logs("WARNING")
    print(f"fuzz: {'the fixed share' if arguments.share else 'all of it'}, seed {SEED} (SLM_FUZZ_SEED)", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        code = asyncio.run(fuzz(Path(folder), SHARE if arguments.share else WHOLE, more))
    print(f"fuzz: {time.monotonic() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
