"""Real history, imported as a user would: the product's figures equal those of scripts that share nothing with it."""

from __future__ import annotations

import csv
import gzip
import itertools
import os
import random
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from slm.demo.terms import REQUIREMENT_KEY
from tests.e2e import independent_github_history, independent_incident_log
from tests.e2e.installed import Installed, imported, installation

SHARED = Path(os.environ.get("SLM_SHARED", Path(__file__).resolve().parents[3] / "shared"))
INCIDENT_LOG = SHARED / "data" / "incident_event_log.csv.gz"
GITHUB_HISTORY = SHARED / "data" / "github_status_incidents.jsonl"

HOURS = {"p1": 4, "p2": 8, "p3": 24, "p4": 72}
POLICIES = {
    "office-paused": (True, True),
    "office": (True, False),
    "always-paused": (False, True),
    "always": (False, False),
}
"""Whether only office hours count, and whether waiting pauses the clock."""
WAITING = ["awaiting_customer", "awaiting_vendor", "awaiting_problem", "awaiting_evidence"]


def document(title: str, effective_at: str, targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": title,
        "timezone": "UTC",
        "term": {"effective_at": effective_at, "expires_at": None, "notice": "P90D"},
        "service_hours": {"office": {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}}},
        "requirements": [REQUIREMENT_KEY],
        "clauses": {"service_description": "What people work with.", "availability": "As its targets say."},
        "targets": targets,
    }


def resolved_within(priority: str, hours: int, office: bool, pausing: bool) -> dict[str, Any]:
    return {
        "key": f"{priority}-resolution",
        "title": f"{priority.upper()} incidents are resolved within {hours} hours",
        "aggregation": "clock",
        "clock": "resolution",
        "objective": {"within": {"service_time": f"PT{hours}H"}},
        "applies_to": {"type": "incident", "priority": [priority.upper()]},
        "pause": WAITING if pausing else [],
        "service_hours": "office" if office else "24x7",
    }


def available(indicator: str) -> dict[str, Any]:
    return {
        "key": indicator,
        "title": f"{indicator} is available",
        "indicator": indicator,
        "aggregation": "availability",
        "objective": {"at_least": "99.5", "unit": "percent"},
        "window": {"calendar": "quarter"},
    }


@pytest.mark.skipif(not INCIDENT_LOG.exists(), reason=f"{INCIDENT_LOG} is absent")
@pytest.mark.parametrize(
    ("rows", "accepted"), [(12_000, "15,372"), pytest.param(None, "76,975", marks=pytest.mark.soak)]
)
async def test_one_import_gives_four_tables_that_match_independent_counts(
    tmp_path: Path, rows: int | None, accepted: str
) -> None:
    log = INCIDENT_LOG if rows is None else beginning_of(INCIDENT_LOG, tmp_path / "log.csv.gz", rows)
    counted = {key: list(independent_incident_log.figures(log, *policy).values()) for key, policy in POLICIES.items()}
    assert len({str(table) for table in counted.values()}) == len(POLICIES)
    async with installation(tmp_path) as installed:
        agreed = {}
        for key, policy in POLICIES.items():
            promised = [resolved_within(priority, hours, *policy) for priority, hours in HOURS.items()]
            cast, agreed[key] = await installed.agree(key, document(key, "2010-01-01T00:00:00Z", promised))
        key = cast.integrator_key
        said = await imported(installed, "tickets", log, "servicenow-incidents.yaml", key)
        assert f"{accepted} accepted, 0 refused" in said
        assert await tables(installed, cast.viewer_key, agreed) == counted
        again = beginning_of(INCIDENT_LOG, tmp_path / "again.csv.gz", 3_000)
        assert "0 refused" in await imported(installed, "tickets", again, "servicenow-incidents.yaml", key)
        assert await tables(installed, cast.viewer_key, agreed) == counted
        for ticket, rows in most_crowded(log):
            known = await installed.get(cast.provider_manager_key, f"/api/v1/tickets/servicenow/{ticket}")
            assert len(known["events"]) == rows + 2, ticket


async def tables(installed: Installed, key: str, agreed: dict[str, str]) -> dict[str, list[tuple[int, int]]]:
    """Tickets judged and met per priority, by each agreement."""
    found = {}
    for name, agreement_id in agreed.items():
        targets = await installed.targets(key, agreement_id)
        told = [targets[f"{priority}-resolution"]["tickets"] for priority in HOURS]
        found[name] = [(each["judged"], each["met"]) for each in told]
    return found


def beginning_of(log: Path, copy: Path, rows: int) -> Path:
    """The first incidents of a log, whole."""
    with gzip.open(log, "rt", encoding="utf-8", newline="") as read:
        lines = list(itertools.islice(read, rows + 1))
    last = lines[-1].split(",", 1)[0]
    with gzip.open(copy, "wt", encoding="utf-8", newline="") as written:
        written.writelines(line for line in lines if line.split(",", 1)[0] != last)
    return copy


def most_crowded(log: Path) -> list[tuple[str, int]]:
    """Tickets of which most rows share a minute with another of theirs, and how many rows each has; resolved ones."""
    minutes: dict[str, Counter[str]] = {}
    with gzip.open(log, "rt", encoding="utf-8", newline="") as read:
        for row in csv.DictReader(read):
            if row["resolved_at"] != "?":
                minutes.setdefault(row["number"], Counter())[row["sys_updated_at"]] += 1
    crowded = sorted(minutes, key=lambda number: len(minutes[number]) - minutes[number].total())
    return [(number, minutes[number].total()) for number in crowded[:20]]


async def quarters(installed: Installed, key: str, target: dict[str, Any]) -> dict[str, Fraction]:
    page = await installed.get(key, f"/api/v1/targets/{target['target_id']}/windows?limit=100")
    return {window["window_id"]: Fraction(window["figure"]) for window in page["items"]}


@pytest.mark.skipif(not GITHUB_HISTORY.exists(), reason=f"{GITHUB_HISTORY} is absent")
@pytest.mark.parametrize("seed", [1, pytest.param(None, marks=pytest.mark.soak)])
async def test_availability_equals_an_independent_count_whatever_the_order(tmp_path: Path, seed: int | None) -> None:
    figures = independent_github_history.figures(GITHUB_HISTORY)
    keys = {name: f"github.{name.lower().replace(' ', '-')}" for name, _ in figures}
    file = GITHUB_HISTORY
    if seed is not None:
        lines = GITHUB_HISTORY.read_text(encoding="utf-8").splitlines()
        random.Random(seed).shuffle(lines)
        file = tmp_path / "shuffled.jsonl"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    promised = [available(indicator) for indicator in dict.fromkeys(keys.values())]
    async with installation(tmp_path) as installed:
        cast, agreement_id = await installed.agree("github", document("GitHub", "2022-04-01T00:00:00Z", promised))
        await imported(installed, "outages", file, "github-status.yaml", cast.integrator_key)
        targets = await installed.targets(cast.viewer_key, agreement_id)
        told = {key: await quarters(installed, cast.viewer_key, target) for key, target in targets.items()}
    for (component, quarter), share in figures.items():
        assert abs(told[keys[component]][quarter] - share * 100) < Fraction(1, 10**8), (component, quarter)
