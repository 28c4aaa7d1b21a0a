"""``kill -9`` at random instants changes nothing: the same figures, the same breaches, each told under one id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from slm.demo import negotiation
from slm_chassis.clock import parse_clock
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import EventLog, Record
from slm_events.catalogue import AGREEMENTS
from tests.support import aftermath, kafka, real
from tests.support.aftermath import Findings
from tests.support.hasty_monitor import DIES_AT
from tests.support.killable import Killable, alone, clock_at, embedded
from tests.support.kills import Fate, Player, dying, killed, schedule, spared
from tests.support.operator_key import KEY
from tests.support.postgres import PostgresForTests
from tests.support.workload import API_LATENCY, API_VALUES, PRESENT, terms, workload

WORK = 1


@dataclass(frozen=True)
class Outcome:
    """What a run came to; ``owner`` and ``finalized`` let another installation judge by the same terms."""

    findings: Findings
    faults: list[str]
    kills: list[str]
    owner: str
    finalized: Record


@asynccontextmanager
async def log_of(server: Killable, clock: str) -> AsyncIterator[EventLog]:
    log = await open_log(server.log_url, clock=parse_clock(clock), client="test")
    try:
        yield log
    finally:
        await log.close()


async def play_embedded(folder: Path, work: int, fate: Fate) -> Outcome:
    """Negotiate, play and look, on ``slm up``."""
    clock = clock_at(PRESENT)
    async with embedded(folder, clock) as server:
        await server.start()
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            cast, _ = await negotiation.negotiate_and_sign(client, KEY, "", agreement_key="kills", document=terms())
        player = Player(server, workload(work), cast.provider_party_id)
        await player.play(fate)
        async with log_of(server, clock) as log:
            findings = await aftermath.settled(server.database_url, log, parse_clock(clock))
            faults = await aftermath.faults(findings, log)
            faults += await aftermath.unheard(findings, server.other_database_url)
            agreements = await aftermath.read_all(log, [AGREEMENTS.name])
    (record,) = [each for each in agreements if "agreement-finalized" in each.headers["ce_type"]]
    finalized = Record(record.key, record.value, record.headers)
    return Outcome(findings, faults, player.kills, cast.provider_party_id, finalized)


async def play_alone(server: Killable, clock: str, work: int, fate: Fate, like: Outcome, **first_life: str) -> Outcome:
    """Play and look, on monitor-svc by itself, under the terms of another run."""
    async with server, log_of(server, clock) as log:
        await server.start(**first_life)
        await log.append(AGREEMENTS.name, [like.finalized])
        player = Player(server, workload(work), like.owner)
        await player.play(fate)
        findings = await aftermath.settled(server.database_url, log, parse_clock(clock))
        return Outcome(findings, await aftermath.faults(findings, log), player.kills, like.owner, like.finalized)


@pytest.fixture(scope="session")
async def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The run without kills."""
    return await play_embedded(tmp_path_factory.mktemp("calm"), WORK, spared)


@pytest.fixture
def a_server() -> Iterator[PostgresForTests]:
    """A PostgreSQL that may be killed."""
    try:
        server = PostgresForTests()
    except Exception as cause:
        real.unavailable("PostgreSQL", cause)
    yield server
    server.remove()


@pytest.fixture
def a_broker() -> Iterator[str]:
    """Address of a Kafka with no topics yet."""
    try:
        broker = kafka.private()
    except Exception as cause:
        real.unavailable("Kafka", cause)
    yield broker.address
    broker.remove()


async def test_a_run_without_kills_has_everything_there_is_to_lose(undisturbed: Outcome) -> None:
    found = undisturbed.findings
    assert (undisturbed.faults, found["set aside"]) == ([], [])
    assert {row[1] for row in found["breaches"]} == {target["key"] for target in terms()["targets"]}
    assert {row[4] for row in found["windows"]} >= {"met", "at_risk", "breached", "no_data"}
    assert {row[3] for row in found["clocks"]} == {
        "met",
        "breached",
        "completed_late",
        "cancelled",
        "running",
        "paused",
    }
    assert {row[0].rpartition("/")[2]: row[1] for row in found["values"]}[API_LATENCY] == API_VALUES


def assert_equal(outcome: Outcome, to: Outcome) -> None:
    """Section by section, so that a failure shows what differs."""
    assert outcome.faults == []
    for name, rows in to.findings.items():
        assert outcome.findings[name] == rows, name


async def test_everything_in_one_process_comes_to_the_same_through_kills(tmp_path: Path, undisturbed: Outcome) -> None:
    outcome = await play_embedded(tmp_path, WORK, killed(schedule(1, 4, workload(WORK))))
    assert sorted(outcome.kills) == ["server"] * 2 + ["server and PostgreSQL"] * 2
    assert_equal(outcome, undisturbed)


async def test_one_service_on_kafka_comes_to_the_same_through_kills(
    tmp_path: Path, undisturbed: Outcome, a_broker: str, a_server: PostgresForTests
) -> None:
    clock = clock_at(PRESENT)
    service = alone(tmp_path, clock, a_server, f"kafka://{a_broker}")
    outcome = await play_alone(service, clock, WORK, killed(schedule(2, 2, workload(WORK))), undisturbed)
    assert sorted(outcome.kills) == ["server", "server and PostgreSQL"]
    assert_equal(outcome, undisturbed)


async def test_a_position_committed_apart_from_its_effect_is_noticed(tmp_path: Path, undisturbed: Outcome) -> None:
    for number in ("7", "10", "13", "16"):
        # What one commit loses may come a second time: then nothing is missing, and another one has to go.
        if await lost_by_haste(tmp_path / number, number, undisturbed) & {"facts", "values"}:
            return
    pytest.fail("whatever was lost, nobody noticed")


async def lost_by_haste(folder: Path, number: str, undisturbed: Outcome) -> set[str]:
    """The findings that differ where a hasty judge dies at its commit of facts of that number."""
    folder.mkdir()
    server, clock = PostgresForTests(), clock_at(PRESENT)
    try:
        service = alone(folder, clock, server, server.url("slm_log"), "tests.support.hasty_monitor")
        doomed = {DIES_AT: number}
        outcome = await play_alone(service, clock, WORK, dying(doomed, {}), undisturbed, **doomed)
    finally:
        server.remove()
    return {name for name, rows in undisturbed.findings.items() if outcome.findings[name] != rows}


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(11, 16))
async def test_twenty_kills_of_either_kind_change_nothing(
    tmp_path: Path, seed: int, a_broker: str, a_server: PostgresForTests
) -> None:
    calm = await play_embedded(tmp_path / "calm", seed, spared)
    assert calm.faults == []
    kills = killed(schedule(seed, 10, workload(seed)))
    assert_equal(await play_embedded(tmp_path / "embedded", seed, kills), calm)
    clock = clock_at(PRESENT)
    service = alone(tmp_path / "alone", clock, a_server, f"kafka://{a_broker}")
    assert_equal(await play_alone(service, clock, seed, killed(schedule(-seed, 10, workload(seed))), calm), calm)
