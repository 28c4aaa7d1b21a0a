"""Databases that hold the earlier words of ``docs/reference/words.md`` are brought to the present ones."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from slm_chassis.access import Principal
from slm_chassis.clock import ManualClock
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_chassis.migrations import migrate
from slm_monitor.adapters.commands.breach_workflows import BreachQueries
from slm_monitor.adapters.queries.indicator_queries import IndicatorQueries
from slm_report.domain import periods, publication, service_report, terms_history
from slm_report.domain.facts import Facts
from tests.support import report as heard
from tests.support.monitor import CUSTOMER, PROVIDER
from tests.support.report import at

MANAGER = Principal("principal", PROVIDER, "Ada", frozenset({"service_level_manager"}))
UNCOUNTED = {"from": "2026-11-05T00:00:00Z", "to": "2026-11-05T01:00:00Z", "detail": "no notice"}
MakeEarlier = Callable[[str, int], Awaitable[asyncpg.Connection]]


@pytest.fixture
async def earlier(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakeEarlier]:
    """Gives a connection to the test's database, at an earlier version of a service's package."""
    opened: list[asyncpg.Connection] = []

    async def make(package: str, last: int) -> asyncpg.Connection:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        folder = tmp_path / "slm_earlier"
        shutil.copytree(Path(spec.origin).parent / "migrations", folder / "migrations")
        (folder / "__init__.py").write_text("")
        for version in (folder / "migrations" / "versions").glob("[0-9]*.py"):
            if int(version.name[:4]) > last:
                version.unlink()
        monkeypatch.syspath_prepend(str(tmp_path))
        importlib.invalidate_caches()
        await migrate(database_url, "slm_earlier")
        opened.append(await asyncpg.connect(database_url))
        return opened[-1]

    yield make
    for connection in opened:
        await connection.close()
    sys.modules.pop("slm_earlier", None)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url, clock=ManualClock(at("2026-11-22T10:00")), source="/slm/test/upgrade")
    try:
        yield database
    finally:
        await database.close()


async def insert(connection: asyncpg.Connection, table: str, **row: Any) -> None:
    """One row; a column that needs a value and is not named gets an empty one."""
    empty = {"text": "", "bigint": 0, "integer": 0, "boolean": True, "jsonb": "{}", "smallint": 0}
    columns = await connection.fetch(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL",
        table,
    )
    values = {each["column_name"]: empty[each["data_type"]] for each in columns} | {
        name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in row.items()
    }
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *values.values())


async def test_the_steps_and_states_of_breaches_are_read_in_present_words(
    database_url: str, earlier: MakeEarlier
) -> None:
    old = await earlier("slm_monitor", 9)
    parties = {"provider_party_id": PROVIDER, "customer_party_id": CUSTOMER}
    await insert(old, "breach", breach_id="b", revision=0, standing=True, **parties)
    await insert(old, "breach_life", breach_id="b", revision=0, number=2, reached="explained", state="explained")
    step = {"note": "", "cause": "A failed disk.", "corrective_action": "Disks are watched."}
    await insert(
        old, "breach_step", breach_id="b", revision=0, number=1, step="acknowledge", document={"note": "Seen."}
    )
    await insert(old, "breach_step", breach_id="b", revision=0, number=2, step="explain", document=step)
    await migrate(database_url, "slm_monitor")
    async with opened(database_url) as database:
        found = await BreachQueries(database).one(MANAGER, "b")
    assert found is not None
    document, life = found
    assert (document["state"], life.allowed) == ("root_cause_given", ("close", "dispute"))
    seen, given = document["life"]["steps"]
    assert (seen["step"], seen["note"], "root_cause" in seen) == ("acknowledge", "Seen.", False)
    assert (given["step"], given["root_cause"], "cause" in given) == ("root-cause", "A failed disk.", False)


async def test_windows_indicators_exclusions_and_quarantine_keep_what_they_hold(
    database_url: str, earlier: MakeEarlier
) -> None:
    old = await earlier("slm_monitor", 9)
    for table in ("target_window", "window_revision", "window_adjustment"):
        await insert(old, table, target_id="t", status="met")
    await insert(old, "indicator", subject=f"{PROVIDER}/up", key="up", owner_party_id=PROVIDER, external_refs=[])
    await insert(old, "silence", subject=f"{PROVIDER}/up", since=at("2026-11-05T10:00"))
    await insert(old, "ticket", subject="s", unmatched_because="it names no customer")
    await insert(old, "exclusion", exclusion_id="e", decide_by=17)
    await insert(old, "quarantine", quarantine_id="q", state="held")
    await insert(old, "quarantine", quarantine_id="r", state="released")
    await migrate(database_url, "slm_monitor")
    await insert(old, "quarantine", quarantine_id="s")
    for table in ("target_window", "window_revision", "window_adjustment"):
        assert await old.fetchval(f"SELECT verdict FROM {table}") == "met"
    assert await old.fetchval("SELECT unmatched_cause FROM ticket") == "it names no customer"
    assert await old.fetchval("SELECT decide_by_at FROM exclusion") == 17
    rows = await old.fetch("SELECT quarantine_id, state FROM quarantine ORDER BY 1")
    assert [tuple(row) for row in rows] == [("q", "quarantined"), ("r", "released"), ("s", "quarantined")]
    async with opened(database_url) as database:
        page = await IndicatorQueries(database).page(MANAGER, Page(10, None), True)
    assert [each["stale_since_at"] for each in page["items"]] == ["2026-11-05T10:00:00.000000Z"]


async def test_reviews_are_concluded_and_their_agendas_name_causes(database_url: str, earlier: MakeEarlier) -> None:
    old = await earlier("slm_review", 1)
    await insert(old, "review", review_id="r", state="held", from_at=1, to_at=2, held_at=3, held_by_principal_id="p")
    await insert(old, "review", review_id="s", state="open", from_at=4)
    await insert(old, "breach", breach_id="b", withdrawn_because="fact")
    await insert(old, "attained_window", attained_id="a", restated_because="dispute")
    details = {"b": {"withdrawn_because": "fact", "level": "objective"}, "w": {"restated_because": None}, "x": {"y": 1}}
    for item_id, detail in details.items():
        await insert(old, "agenda_item", item_id=item_id, detail=detail)
    await migrate(database_url, "slm_review")
    names = "state, start_at, end_at, concluded_at, concluded_by_principal_id"
    rows = await old.fetch(f"SELECT {names} FROM review ORDER BY review_id")
    assert [tuple(row) for row in rows] == [("concluded", 1, 2, 3, "p"), ("open", 4, None, None, None)]
    assert await old.fetchval("SELECT withdrawal_cause FROM breach") == "fact"
    assert await old.fetchval("SELECT restatement_cause FROM attained_window") == "dispute"
    found = await old.fetch("SELECT item_id, detail FROM agenda_item ORDER BY 1")
    assert {row["item_id"]: json.loads(row["detail"]) for row in found} == {
        "b": {"withdrawal_cause": "fact", "level": "objective"},
        "w": {"restatement_cause": None},
        "x": {"y": 1},
    }


async def test_a_report_whose_words_changed_has_the_digest_of_present_code(
    database_url: str, earlier: MakeEarlier
) -> None:
    terms, as_of = terms_history.build_terms_history([heard.finalized()], []), at("2026-12-01T00:10")
    excluded = {"exclusion_id": "e", "kind": "planned", "seconds": 0}
    exclusions = [{**excluded, "uncounted": [{**UNCOUNTED, "cause": "announced_late"}]}]
    window = replace(heard.closed(), exclusions=exclusions)
    facts = Facts(windows=[window], breaches=[])
    period = periods.parse_period("2026-11", "month", "UTC")
    document = service_report.build_service_report(terms, facts, period, state="published", as_of=as_of).document()
    document["breaches"] = [{"breach_id": "b", "withdrawal_cause": "fact", "ticket": None}]
    before = json.loads(json.dumps(document))
    before["breaches"] = [{"breach_id": "b", "withdrawn_because": "fact", "ticket": None}]
    for line in before["lines"]:
        line["actual"] = line.pop("attained")
        line["exclusions"][0]["uncounted"] = [{**UNCOUNTED, "because": "announced_late"}]
    earlier_event = {"exclusions": [{**excluded, "uncounted": [{**UNCOUNTED, "because": "announced_late"}]}]}
    old = await earlier("slm_report", 2)
    await insert(old, "report", report_id="r", document=before, digest=publication.report_digest(before), figures=b"{}")
    await insert(old, "target_window", window_id="w", event=earlier_event)
    await insert(old, "exclusion", exclusion_id="e", decided={"uncounted": [{**UNCOUNTED, "because": "past_cap"}]})
    await insert(old, "exclusion", exclusion_id="f", revoked={"reason": "because"})
    await migrate(database_url, "slm_report")
    row = await old.fetchrow("SELECT document, digest, figures FROM report")
    assert json.loads(row["document"]) == json.loads(json.dumps(document))
    assert (row["digest"], row["figures"]) == (publication.report_digest(document), b"{}")
    assert publication.report_digest(document) != publication.report_digest(before)
    event = json.loads(await old.fetchval("SELECT event FROM target_window"))
    assert event["exclusions"][0]["uncounted"] == [{**UNCOUNTED, "cause": "announced_late"}]
    decided = await old.fetch("SELECT decided, revoked FROM exclusion ORDER BY exclusion_id")
    assert json.loads(decided[0]["decided"]) == {"uncounted": [{**UNCOUNTED, "cause": "past_cap"}]}
    assert (decided[1]["decided"], json.loads(decided[1]["revoked"])) == (None, {"reason": "because"})
