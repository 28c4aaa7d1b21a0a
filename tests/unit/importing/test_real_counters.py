"""Real snapshots of a web server's counters, imported by a mapping, agree with an independent count of the file."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from slm_mappings import mapping
from slm_monitor.domain.facts.counters import replace_readings_by_counts
from tests.unit.importing.real_door import RealDoor
from tests.unit.importing.test_sending_measurements import checked, sent

ROOT = Path(__file__).resolve().parents[3]
SNAPSHOTS = Path(os.environ.get("SLM_SHARED", ROOT.parent / "shared")) / "data" / "nginx_status_snapshots.json.gz"
ZONES = ("hg.nginx.org", "trac.nginx.org")
"""Names with dots of their own, on the way to what they hold."""


def mapped(zone: str) -> Any:
    return mapping.parse_measurement_mapping(
        {
            "kind": "measurements",
            "measures": "counters",
            "source": "nginx",
            "records": {"format": "jsonl"},
            "times": {"format": "unix_ms"},
            "indicator": f"web.{zone}",
            "at": "timestamp",
            "cumulative": {
                "bad": f"server_zones.{zone}.responses.5xx",
                "total": f"server_zones.{zone}.responses.total",
                "since": "load_timestamp",
            },
        }
    )


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slm.importing.door.time.sleep", lambda seconds: None)


@pytest.mark.skipif(not SNAPSHOTS.exists(), reason=f"{SNAPSHOTS} is absent")
@pytest.mark.parametrize("zone", ZONES)
def test_counters_of_a_web_server_come_to_the_last_less_the_first(zone: str) -> None:
    with gzip.open(SNAPSHOTS, "rt") as file:
        answers = [json.loads(line)["server_zones"][zone]["responses"] for line in file]
    api = RealDoor()
    found = checked(SNAPSHOTS, mapped(zone))
    assert (found.records, found.bad.count) == (500, 0)
    assert sent(api, found).refused == 0
    rows = [row for fact in replace_readings_by_counts(api.kept.values()) for row in fact.body["rows"]]
    good, total = (sum(row[place] for row in rows) for place in (0, 1))
    expected = answers[-1]["total"] - answers[0]["total"]
    assert expected > 0
    assert (total, total - good) == (expected, answers[-1]["5xx"] - answers[0]["5xx"])
