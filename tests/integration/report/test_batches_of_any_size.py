"""However events are cut into batches, and wherever the service restarts between, its tables are the same."""

from __future__ import annotations

import dataclasses
import itertools
from random import Random
from typing import Any

import pytest

from slm_chassis.app import ServiceApp
from slm_chassis.clock import ManualClock
from slm_chassis.log.memory import MemoryEventLog
from slm_events.exclusions import ExclusionRevoked
from slm_events.instants import to_text
from slm_report.bootstrap import build
from slm_report.settings import ReportSettings
from tests.support import report as of
from tests.support.projections import Heard, tables_after
from tests.support.report_log import caught_up

SIGNED = of.finalized(of.MONTHLY, of.QUARTERLY, of.ROLLING, of.TICKETS)


async def built(url: str, log: MemoryEventLog) -> ServiceApp:
    return await build(ReportSettings(database_url=url), log, ManualClock(of.at("2026-11-22T10:00")))


def history(random: Random) -> list[Heard]:
    """Two hundred events of two agreements about a few things each, so that many of a batch are about the same one."""
    other = of.id_of("another agreement")
    found = [Heard(SIGNED, "signed"), Heard(dataclasses.replace(SIGNED, agreement_id=other), "signed too")]
    while len(found) < 200:
        kind = random.randrange(len(MAKERS))
        agreement = random.choice([of.AGREEMENT, other])
        for number in range(random.randrange(1, 12)):
            when = to_text(of.at("2026-11-01T00:00") + random.randrange(20 * 24 * 60) * 60_000_000)
            event = MAKERS[kind](str(random.randrange(6)), when, random.randrange(3))
            event = dataclasses.replace(event, agreement_id=agreement)
            # One of twenty comes twice, one of forty cannot be read.
            name = f"{len(found)} {number}"
            found += [Heard(event, name, random.random() < 0.025)] * (2 if random.random() < 0.05 else 1)
    return found


def _excluded(name: str, when: str, _: int) -> Any:
    return dataclasses.replace(of.excluded(name, "2026-11-03T00:00", "2026-11-03T01:00"), decided_at=when)


def _revoked(name: str, when: str, _: int) -> Any:
    decided = dataclasses.asdict(_excluded(name, when, 0))
    names = {field.name for field in dataclasses.fields(ExclusionRevoked)}
    given = {key: value for key, value in decided.items() if key in names}
    return ExclusionRevoked(**given | {"revoked_by_party_id": of.CUSTOMER, "revoked_at": when})


MAKERS: tuple[Any, ...] = (
    lambda name, when, _: of.stopped(name, when),
    lambda name, when, _: of.goes_on(name, when, "cancelled" if name == "3" else "breached"),
    lambda name, when, number: of.breached(name, when, revision=number),
    lambda name, _, number: of.withdrawn(name, revision=number),
    lambda name, when, _: of.recovered(name, when),
    lambda name, when, _: of.at_risk(name, when),
    lambda name, when, _: of.cleared(name, "averted", when),
    lambda *_: of.closed(),
    lambda _, __, number: of.restated(revision=number + 1),
    lambda name, when, _: of.planned(name, name, when),
    lambda name, when, _: of.plan_ended(name, name, "averted", when),
    lambda name, when, _: of.action(name, when),
    _excluded,
    _revoked,
    lambda *_: of.superseded("2026-11-20T00:00"),
    lambda *_: caught_up(SIGNED, 40),
    lambda name, when, _: dataclasses.replace(of.stopped(name, when), import_id="an import"),
    lambda name, when, _: dataclasses.replace(of.breached(name, when), catch_up=1),
)


@pytest.mark.parametrize("seed", range(3))
async def test_the_tables_are_those_of_one_event_after_the_other(seed: int) -> None:
    told = history(Random(seed))
    one_by_one = await tables_after("slm_report", built, told, itertools.repeat(1))
    assert len(one_by_one["ticket_clock"]) > 4 and one_by_one["dead_letter"]
    sizes = Random(seed)
    assert await tables_after("slm_report", built, told, itertools.repeat(1_000)) == one_by_one
    assert await tables_after("slm_report", built, told, iter(lambda: sizes.randrange(1, 9), 0)) == one_by_one
    assert await tables_after("slm_report", built, told, itertools.repeat(5), restart_each=7) == one_by_one
