"""Sending a file: all of it arrives once, whatever happens to the server meanwhile."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from slm.importing import run
from slm.importing.door import ImportClient, SentItems
from slm_mappings import mapping
from slm_mappings.messages import ImportRefused
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.ticket_mapping import TicketMapping
from tests.unit.importing.fake_api import FakeApi

EXAMPLES = Path(__file__).resolve().parents[3] / "deploy" / "standalone" / "examples"
INCIDENTS, HISTORY = EXAMPLES / "servicenow-incidents.csv", EXAMPLES / "github-status.jsonl"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("slm.importing.door.time.sleep", waits.append)
    return waits


def incidents() -> TicketMapping | OutageMapping:
    return mapping.read_mapping(EXAMPLES / "servicenow-incidents.yaml", "tickets")


def history() -> TicketMapping | OutageMapping:
    return mapping.read_mapping(EXAMPLES / "github-status.yaml", "outages")


def sent(api: FakeApi, path: Path, by: TicketMapping | OutageMapping, size: int = 4, **options: Any) -> SentItems:
    found = run.check_file(path, by)
    with ImportClient("http://slm", options.pop("key", "good-key"), transport=api.transport, **options) as door:
        return run.send_file(found, door, run_id="run", batch_size=size).taken


def test_every_item_arrives_between_opening_and_completing_the_import() -> None:
    api = FakeApi()
    taken = sent(api, INCIDENTS, incidents())
    assert (taken.accepted, taken.refused, len(api.facts)) == (28, 0, 28)
    assert api.requests[0] == "/api/v1/imports"
    assert set(api.requests[1:-5]) == {"/api/v1/ticket-events"}
    assert api.requests[-5:] == [
        "/api/v1/imports/import-of-run/complete",
        "/api/v1/imports/import-of-run",
        "/api/v1/reports",
        "/api/v1/reports",
        "/api/v1/tickets",
    ]
    assert api.imports == {"import-of-run": "judged"}


def test_indicators_are_registered_before_their_outages() -> None:
    api = FakeApi()
    sent(api, HISTORY, history())
    assert set(api.indicators) == {"github.git-operations", "github.actions", "github.pages"}
    assert all(each["initial_state"] == "up" and each["kind"] == "availability" for each in api.indicators.values())
    assert {item["indicator"] for item in api.facts.values()} == set(api.indicators)


def test_sending_twice_changes_nothing() -> None:
    api = FakeApi()
    sent(api, HISTORY, history())
    before = dict(api.facts)
    sent(api, HISTORY, history(), size=3)
    assert api.facts == before


def test_a_server_that_dies_and_comes_back_gets_everything_once() -> None:
    chance = random.Random(7)
    whole, api = FakeApi(), FakeApi()
    sent(whole, INCIDENTS, incidents())
    troubles = [httpx.ConnectError("refused"), httpx.ReadError("reset"), 503, 429, 502, 500, None, None]
    api.troubles = chance.choices(troubles, k=60)  # type: ignore[arg-type]
    api.answers_lost = 3
    taken = sent(api, INCIDENTS, incidents())
    assert api.facts == whole.facts
    assert taken.accepted == 28
    assert api.imports == {"import-of-run": "judged"}


def test_waiting_grows_and_ends_with_the_patience(no_waiting: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi()
    api.troubles = [httpx.ConnectError("refused")] * 1000
    passed = iter(range(0, 10_000, 5))
    monkeypatch.setattr("slm.importing.door.time.monotonic", lambda: float(next(passed)))
    told: list[str] = []
    with pytest.raises(ImportRefused, match="start the same import again: no item is counted twice"):
        sent(api, INCIDENTS, incidents(), patience=60.0, waiting=told.append)
    assert no_waiting == sorted(no_waiting) and max(no_waiting) <= 10
    assert set(told) == {"no connection (ConnectError)"}


def test_a_batch_that_is_too_large_is_sent_in_halves() -> None:
    api = FakeApi(largest_batch=3)
    assert sent(api, INCIDENTS, incidents(), size=20).accepted == 28
    assert len(api.facts) == 28


def test_refused_items_are_counted_and_told_with_the_remedy() -> None:
    api = FakeApi()
    api.refuse_id = "opened"
    taken = sent(api, INCIDENTS, incidents())
    assert (taken.accepted, taken.refused) == (23, 5)
    assert taken.examples[0].startswith("rejected in_the_future at: check the clock: {")


def test_a_wrong_key_ends_the_import_with_the_servers_words() -> None:
    with pytest.raises(ImportRefused, match=r"Unknown key \(401\)\n  Send a key that is not revoked"):
        sent(FakeApi(), INCIDENTS, incidents(), key="bad-key")


def test_an_operator_names_the_party_on_every_item() -> None:
    api = FakeApi()
    sent(api, HISTORY, history(), owner="party-7")
    assert {item["owner"] for item in api.facts.values()} == {"party-7"}
    assert {each["owner_party_id"] for each in api.indicators.values()} == {"party-7"}


def test_a_registered_indicator_is_used_unless_its_initial_state_differs() -> None:
    api = FakeApi()
    pages = {"key": "github.pages", "kind": "availability", "initial_state": "up", "service_id": "s"}
    api.indicators["github.pages"] = pages
    assert sent(api, HISTORY, history()).accepted == 4
    api.indicators["github.pages"] = pages | {"initial_state": "unknown"}
    with pytest.raises(ImportRefused, match="exists with another definition"):
        sent(api, HISTORY, history())
