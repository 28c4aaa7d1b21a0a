"""A real exporter of OpenTelemetry's SDK, in a process of its own, sends to the service, and targets are judged."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from slm_chassis.clock import SystemClock
from slm_chassis.identity import named_id
from tests.integration.monitor.test_series import target
from tests.integration.monitor.test_sources import source
from tests.support.monitor import PROVIDER, finalized
from tests.support.monitor_service import PROVIDER_KEY, Service, migrated_database, serving

AGREEMENT = named_id(PROVIDER, "agreement", "sdk")
KINDS = {"requests": "count", "latency": "value", "waits": "value", "odd": "value"}


def agreed(prefix: str) -> list[dict[str, Any]]:
    def within(name: str, limit: str) -> dict[str, Any]:
        objective = {"at_least": "1", "unit": "percent"}
        return target(f"{prefix}-{name}", f"{prefix}.{name}", {"share_at_most": limit}, objective)

    counted = target(f"{prefix}-requests", f"{prefix}.requests", "count", {"at_most": "1000", "unit": "count"})
    return [counted, within("latency", "300"), within("waits", "256"), within("odd", "300")]


@pytest.fixture(scope="module")
async def service(postgres: object) -> AsyncIterator[Service]:
    """A service whose clock shows real time, as the exporter's does."""
    async with serving(await migrated_database(), clock=SystemClock()) as running:
        for prefix in ("delta", "cumulative"):
            for name, kind in KINDS.items():
                await running.register(f"{prefix}.{name}", kind, "ms" if kind == "value" else None)
        targets = [*agreed("delta"), *agreed("cumulative")]
        await running.agree(finalized(*targets, agreement_id=AGREEMENT, agreement_key="sdk"))
        yield running


async def exported(service: Service, prefix: str, key: str = PROVIDER_KEY) -> str:
    """Let the exporter send, with the settings that the guide names; return what it says about it."""
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{service.address}/api/v1/otlp",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{key}",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": prefix,
        "OTEL_SERVICE_NAME": "shop",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.otlp_exporter", prefix, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    return said.decode()


async def figures(service: Service, prefix: str, wanted: dict[str, str | None]) -> None:
    """Wait until the targets have these figures."""
    seen: dict[str, str | None] = {}
    for _ in range(100):
        items = await service.targets(AGREEMENT)
        seen = {each["key"].removeprefix(f"{prefix}-"): (each["window"] or {}).get("figure") for each in items}
        if wanted.items() <= seen.items():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{seen}, not {wanted}")


async def test_sums_and_histograms_of_delta_temporality_are_judged_exactly(service: Service) -> None:
    said = await exported(service, "delta")
    await figures(service, "delta", {"requests": "40/1", "latency": "90/1", "waits": "75/1", "odd": None})
    # 256 ends a bucket of every exponential histogram; 300 lies within one, with values on both sides.
    found = await source(service, "", lambda each: bool(each["refused_last_day"]))
    assert [each["items"] for each in found["refused_last_day"]] == [1]
    assert "Failed to export" not in said


async def test_a_cumulative_sum_counts_from_its_first_point(service: Service) -> None:
    await exported(service, "cumulative")
    await figures(service, "cumulative", {"requests": "30/1", "latency": None, "waits": None})


async def test_the_exporter_shows_its_user_why_a_key_is_refused(service: Service) -> None:
    assert "401" in await exported(service, "delta", key="slm_nobody")
