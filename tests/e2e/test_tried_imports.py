"""Files of Jira and Statuspage, imported as a user would: clocks and outages as worked out by hand."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from slm.demo.negotiation import Cast
from slm.demo.terms import REQUIREMENT_KEY
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.cases.tried import tried_file
from tests.e2e.installed import Installed, installation

CHANGELOG = """
kind: tickets
source: jira
records: {format: csv}
columns: {ticket: Issue key, at: Change At, opened_at: Created}
changes: {field: Field, from: From, to: To, of: {status: state, priority: priority}}
type: {column: Issue Type, values: {Incident: incident}}
priority: {column: Priority, values: {High: P2, Medium: P3}}
policies: {priority: final}
states:
  Open: {state: open}
  In Progress: {state: in_progress}
  Waiting for customer: {state: awaiting_customer, pauses: true}
  Resolved: {state: resolved, event: resolved}
"""
LIST = """
kind: tickets
source: jira
records: {format: csv}
times: {format: iso}
columns: {ticket: Issue key, state: Status, at: Updated, opened_at: Created}
type: incident
priority: {column: Priority, values: {High: P2, Low: P4}}
states:
  Waiting for customer: {state: awaiting_customer, pauses: true}
  Resolved: {state: resolved, event: resolved}
policies: {resolution: {column: Resolved}}
"""


class Said(NamedTuple):
    """How a command ended and what it printed."""

    code: int | None
    text: str


@pytest.fixture(autouse=True)
def a_clock_at_the_end_of_november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLM_CLOCK", f"2026-11-29T12:00:00Z,{to_text(real_now())},1")


def document(*targets: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": "What people work with",
        "timezone": "UTC",
        "term": {"effective_at": "2026-11-01T00:00:00Z", "expires_at": None, "notice": "P90D"},
        "requirements": [REQUIREMENT_KEY],
        "clauses": {"service_description": "What people work with.", "availability": "As its targets say."},
        "targets": list(targets),
    }


RESOLVED = {
    "key": "p2-resolution",
    "title": "P2 incidents are resolved within 4 hours",
    "aggregation": "clock",
    "clock": "resolution",
    "objective": {"within": {"calendar": "PT4H"}},
    "pause": ["awaiting_customer"],
    "applies_to": {"type": "incident", "source": "jira", "priority": ["P2"]},
}


COMPONENTS = ("sp.chat-completions-api", "sp.dashboard")


def available(indicator: str) -> dict[str, Any]:
    return {
        "key": indicator,
        "title": f"{indicator} is available",
        "indicator": indicator,
        "aggregation": "availability",
        "objective": {"at_least": "99.5", "unit": "percent"},
        "window": {"calendar": "month"},
    }


class Agreed(NamedTuple):
    """An installation with an agreement on everything that the files tell of, for all tests of this module."""

    installed: Installed
    cast: Cast
    agreement_id: str


@pytest.fixture(scope="module")
async def agreed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agreed]:
    async with installation(tmp_path_factory.mktemp("installed")) as installed:
        cast, agreement_id = await installed.agree("tried", document(RESOLVED, *map(available, COMPONENTS)))
        yield Agreed(installed, cast, agreement_id)


async def slm(installed: Installed, key: str, *arguments: str) -> Said:
    command = ["slm", *arguments, "--url", installed.running.url, "--key", key]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, said = await process.communicate()
    return Said(process.returncode, said.decode() + printed.decode())


async def clock_of(installed: Installed, key: str, ticket: str) -> dict[str, Any]:
    found = await installed.get(key, f"/api/v1/tickets/jira/{ticket}")
    (clock,) = found["clocks"]
    return dict(clock)


async def test_tickets_of_jira_are_judged_from_the_changelog_and_from_the_list(agreed: Agreed, tmp_path: Path) -> None:
    (tmp_path / "changelog.yaml").write_text(CHANGELOG)
    log, listed = str(tried_file("file-jira.csv")), str(tried_file("file-jira2.csv"))
    installed, cast, _ = agreed
    key = cast.integrator_key
    said = await slm(installed, key, "import", "tickets", log, "--mapping", str(tmp_path / "changelog.yaml"))
    assert said.code == 0, said.text
    assert "judged after" in said.text
    assert "reports complete after" in said.text
    last = said.text.strip().splitlines()[-1]
    assert last.startswith("7 rows read, 2 left out, 5 accepted, 0 refused, 0 of 1 ticket without a target")
    first = await clock_of(installed, key, "HELP-1")
    assert first["deadline_at"] == "2026-11-02T20:03:02.000000Z"
    assert first["state"] == "met"
    mapping = str(tried_file("file-jira2.yaml"))
    said = await slm(installed, key, "import", "tickets", listed, "--mapping", mapping)
    assert said.code == 0, said.text
    second = await clock_of(installed, key, "HELP-2")
    assert (second["state"], second["stopped_at"]) == ("met", "2026-11-21T14:03:00.000000Z")
    assert second["elapsed_calendar_seconds"] == 7200


async def test_the_present_state_of_a_list_never_pauses_the_past(agreed: Agreed, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "Issue key,Status,Priority,Created,Updated,Resolved\n"
        "HELP-7,Waiting for customer,High,2026-11-20T08:00:00Z,2026-11-25T08:00:00Z,\n"
        "HELP-8,Resolved,Low,2026-11-20T08:00:00Z,2026-11-25T08:00:00Z,2026-11-21T08:00:00Z\n"
    )
    (tmp_path / "list.yaml").write_text(LIST)
    installed, cast, _ = agreed
    key = cast.integrator_key
    said = await slm(
        installed, key, "import", "tickets", str(tmp_path / "list.csv"), "--mapping", str(tmp_path / "list.yaml")
    )
    assert said.code == 0, said.text
    clock = await clock_of(installed, key, "HELP-7")
    assert clock["state"] == "breached"
    assert clock["breached_at"] == "2026-11-20T12:00:00.000000Z"
    assert "tickets with a single state in the file: pauses before it do not count: 2" in said.text
    assert "without a target: 1 ticket" in said.text
    assert "1 of 2 tickets without a target" in said.text


async def down_microseconds(installed: Installed, key: str, agreement_id: str) -> dict[str, int]:
    """How long each indicator was down in November, by its key."""
    targets = await installed.targets(key, agreement_id)
    found = {}
    for name in COMPONENTS:
        windows = (await installed.get(key, f"/api/v1/targets/{targets[name]['target_id']}/windows"))["items"]
        [november] = [each for each in windows if each["window_id"] == "2026-11"]
        found[name] = november["detail"]["down"]
    return found


async def test_status_page_outages_follow_their_components_and_end_with_the_page(
    agreed: Agreed, tmp_path: Path
) -> None:
    mapping = tried_file("file-sp.yaml").read_text().replace("column: components", "column: components.name")
    (tmp_path / "page.yaml").write_text(mapping)
    export = tried_file("file-sp.json").read_text()
    (tmp_path / "page.json").write_text(export)
    arguments = ("import", "outages", str(tmp_path / "page.json"), "--mapping", str(tmp_path / "page.yaml"))
    installed, cast, agreement_id = agreed
    key = cast.integrator_key
    said = await slm(installed, key, *arguments)
    assert said.code == 0, said.text
    assert "outages without an end: down from their beginning" in said.text
    # 19:30:00.1 to 20:10 of the one, and of the other also from the 5th on.
    down = await down_microseconds(installed, key, agreement_id)
    assert down["sp.dashboard"] == 2_399_900_000
    assert down["sp.chat-completions-api"] > 24 * 86_400_000_000
    later = export.replace('"resolved_at":null', '"resolved_at":"2026-11-05T01:00:00.000-05:00"')
    assert later != export
    (tmp_path / "page.json").write_text(later)
    said = await slm(installed, key, *arguments)
    assert said.code == 0, said.text
    down = await down_microseconds(installed, key, agreement_id)
    assert down == {"sp.dashboard": 2_399_900_000, "sp.chat-completions-api": 2_399_900_000 + 3_600_000_000}


async def test_imports_are_listed_and_ended_on_the_command_line(agreed: Agreed) -> None:
    installed, cast, _ = agreed
    key = cast.integrator_key
    headers = {"Authorization": f"Bearer {key}"}
    opened = await installed.client.post("/api/v1/imports", json={"sources": ["jira"]}, headers=headers)
    import_id = opened.json()["import_id"]
    said = await slm(installed, key, "imports", "list")
    assert said.code == 0, said.text
    assert import_id in said.text
    assert "jira" in said.text
    said = await slm(installed, key, "imports", "end", import_id)
    assert said.code == 0, said.text
    async with asyncio.timeout(20):
        while "there is no open import" not in said.text:
            said = await slm(installed, key, "imports", "list")
    said = await slm(installed, key, "imports", "end", "no-such-import")
    assert said.code == 1
    assert "Traceback" not in said.text
