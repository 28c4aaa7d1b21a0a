"""The shipped mappings on the real files: nothing is swallowed, and the clocks agree with an independent count."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from slm_calendar import intervals, windows
from slm_events.instants import from_text
from slm_mappings import mapping, outages, records, tickets
from slm_mappings.messages import Oddities
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.ticket_mapping import TicketMapping
from slm_monitor.domain.clocks import clock_replay
from slm_monitor.domain.facts.ticket_events import TicketEvent, sort_ticket_events
from slm_monitor.domain.terms.terms import parse_targets
from slm_monitor.domain.terms.terms_history import create_terms_history
from tests.e2e import independent_github_history, independent_incident_log

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("SLM_SHARED", ROOT.parent / "shared")) / "data"
INCIDENT_LOG, GITHUB_HISTORY = DATA / "incident_event_log.csv.gz", DATA / "github_status_incidents.jsonl"

HOURS = {"P1": 4, "P2": 8, "P3": 24, "P4": 72}


def told_tickets() -> tuple[TicketMapping, list[dict[str, Any]], Oddities]:
    by = mapping.read_mapping(ROOT / "deploy/standalone/examples/servicenow-incidents.yaml", "tickets")
    assert isinstance(by, TicketMapping)
    oddities = Oddities()
    return by, list(tickets.ticket_events(records.read_records(INCIDENT_LOG, by.records), by, oddities, 0)), oddities


def agreement(pauses: list[str]) -> dict[str, Any]:
    return {
        "agreement_id": "a",
        "version": 1,
        "service_id": "s",
        "provider_party_id": "p",
        "customer_party_id": "c",
        "timezone": "UTC",
        "effective_at": "2010-01-01T00:00:00Z",
        "closing_delay_seconds": 600,
        "service_hours": {"office": {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}}},
        "targets": [
            {
                "target_id": priority,
                "key": priority,
                "aggregation": "clock",
                "window": {"per": "ticket"},
                "objective": {"within": {"service_time": f"PT{hours}H"}},
                "service_hours": "office",
                "clock": "resolution",
                "applies_to": {"type": "incident", "priority": [priority]},
                "start": "opened",
                "stop": "resolved",
                "pause": pauses,
                "on_priority_change": "carry_elapsed",
                "on_reopen": "resume",
            }
            for priority, hours in HOURS.items()
        ],
    }


def judged(items: list[dict[str, Any]], pauses: list[str]) -> Iterator[tuple[str, str]]:
    lines = [create_terms_history([target]) for target in parse_targets(agreement(pauses))]
    for _, group in groupby(items, key=lambda item: item["ticket"]):
        events = [
            TicketEvent(
                item["id"],
                from_text(item["at"]),
                item["event"],
                item["sequence"],
                item.get("state"),
                {name: item[name] for name in ("type", "priority") if name in item},
            )
            for item in group
        ]
        yield from (
            (clock.target.key, clock.state)
            for clock in clock_replay.replay_ticket_clocks(sort_ticket_events(events), lines)
        )


@pytest.mark.skipif(not INCIDENT_LOG.exists(), reason=f"{INCIDENT_LOG} is absent")
def test_clocks_of_the_incident_log_match_an_independent_count_of_all_rows() -> None:
    by, items, oddities = told_tickets()
    assert len({(item["ticket"], item["id"]) for item in items}) == len(items)
    assert sum(item["id"].isdigit() for item in items) == 59_354
    assert oddities.counts["tickets not judged: resolved_at missing"] == 783
    verdicts = Counter(judged(items, by.pauses))
    counted = independent_incident_log.figures(INCIDENT_LOG)
    told = {
        priority: (
            sum(count for (key, _), count in verdicts.items() if key == priority),
            verdicts[priority, clock_replay.MET],
        )
        for priority in HOURS
    }
    assert list(told.values()) == list(counted.values())


@pytest.mark.skipif(not GITHUB_HISTORY.exists(), reason=f"{GITHUB_HISTORY} is absent")
def test_outages_of_the_status_page_make_up_the_independent_availability() -> None:
    by = mapping.read_mapping(ROOT / "deploy/standalone/examples/github-status.yaml", "outages")
    assert isinstance(by, OutageMapping)
    down: dict[str, list[tuple[int, int]]] = {}
    for item in outages.outage_measurements(records.read_records(GITHUB_HISTORY, by.records), by, Oddities()):
        outage = item["outage"]
        down.setdefault(item["indicator"], []).append((from_text(outage["from"]), from_text(outage["to"])))
    for (component, quarter), share in independent_github_history.figures(GITHUB_HISTORY).items():
        window = windows.window_of_id(quarter, "UTC")
        united = intervals.union(down[outages.indicator_key(component, by.indicator)])
        lost = intervals.total_length(intervals.clip(united, window.start, window.end))
        assert 1 - lost / (window.end - window.start) == pytest.approx(float(share), abs=1e-12), (component, quarter)
