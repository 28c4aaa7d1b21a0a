"""A real Prometheus, and the queries of the rules and dashboards that are delivered with the product."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.support.processes import free_port
from tests.support.real import unavailable

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
CONFIGURATION, RULES = DEPLOY / "prometheus/prometheus.yml", DEPLOY / "prometheus/rules.yml"
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
_SELECTORS = re.compile(r"\{[^}]*\}|\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)")
_SERIES = re.compile(r"\b(?:slm_\w+|sloth_\w+|slo:[\w:]+)")


def program(name: str) -> str:
    """Return the path of ``prometheus`` or ``promtool``; skips the test if it is not here."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slm/prometheus"
    found = shutil.which(name) or shutil.which(name, path=cache)
    return found or unavailable(f"Prometheus ({name})", FileNotFoundError("run tools/setup-prometheus"))


async def run(name: str, *arguments: str, folder: Path) -> str:
    """Run a program of Prometheus in a folder and return what it said; fails if it fails."""
    process = await asyncio.create_subprocess_exec(
        program(name), *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    return said.decode()


@asynccontextmanager
async def scraping(address: str, key: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Give the block the API of a Prometheus with the delivered configuration and rules, which scrapes ``address``
    (host and port) with an API key every five seconds.
    """
    configuration = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))
    configuration["global"] |= {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "1s"}
    for job in configuration["scrape_configs"]:
        job["static_configs"] = [{"targets": [address]}]
    (folder / "metrics-key").write_text(key)
    text = yaml.safe_dump(configuration).replace("/etc/slm/metrics-key", str(folder / "metrics-key"))
    (folder / "prometheus.yml").write_text(text)
    shutil.copy(RULES, folder)
    port = free_port()
    arguments = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}")
    with (folder / "prometheus.log").open("w") as output:
        process = await asyncio.create_subprocess_exec(
            program("prometheus"), *arguments, cwd=folder, stdout=output, stderr=output
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield client
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def ask(client: httpx.AsyncClient, path: str, **parameters: str) -> Any:
    """Return the data of an answer of Prometheus; None while it does not answer yet."""
    try:
        answer = await client.get(f"/api/v1/{path}", params=parameters)
    except httpx.TransportError:
        return None
    if answer.status_code == 503:
        return None
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def rule_expressions() -> list[str]:
    """Return the expressions of the delivered rules."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def dashboard_expressions() -> list[str]:
    """Return the expressions of all panels and variables of the delivered dashboards."""
    return [text for path in DASHBOARDS for text in queries_of(json.loads(path.read_text(encoding="utf-8")))]


def queries_of(value: Any) -> Iterator[str]:
    """Yield the expressions in a dashboard, or in a part of one."""
    if isinstance(value, list):
        for inner in value:
            yield from queries_of(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in ("expr", "definition") and isinstance(inner, str):
                yield inner
            else:
                yield from queries_of(inner)


def series_in(expression: str) -> set[str]:
    """Return the names of the product's series in an expression, without those of labels."""
    return set(_SERIES.findall(_SELECTORS.sub("", expression)))
