"""However events are cut into batches, and wherever the service restarts between, tables and published events are the
same."""

from __future__ import annotations

import dataclasses
import itertools
from random import Random
from typing import Any

import pytest

from slm_chassis.app import ServiceApp
from slm_chassis.clock import ManualClock
from slm_chassis.log.memory import MemoryEventLog
from slm_events.agreement import AgreementTerminated
from slm_events.instants import to_text
from slm_review import bootstrap
from slm_review.settings import ReviewSettings
from tests.support import review as of
from tests.support.projections import Heard, tables_after


async def built(url: str, log: MemoryEventLog) -> ServiceApp:
    return await bootstrap.build(ReviewSettings(database_url=url), log, ManualClock(of.at("2026-12-22T10:00")))


def history(random: Random) -> list[Heard]:
    """Two hundred events of two agreements; some results are heard before the agreement is."""
    agreements = [of.AGREEMENT, of.id_of("another agreement")]
    found = [Heard(of.finalized(), "signed")]
    while len(found) < 200:
        kind = random.randrange(len(MAKERS))
        # Its end comes last: after it nothing is reviewed.
        if kind == 1 and len(found) < 170:
            continue
        agreement = random.choice(agreements)
        for number in range(random.randrange(1, 12)):
            when = to_text(of.at("2026-11-01T00:00") + random.randrange(20 * 24 * 60) * 60_000_000)
            event = MAKERS[kind](str(random.randrange(6)), when, random.randrange(3))
            event = dataclasses.replace(event, agreement_id=agreement)
            # One of twenty comes twice, one of forty cannot be read.
            broken = kind > 1 and random.random() < 0.025
            found += [Heard(event, f"{len(found)} {number}", broken)] * (2 if random.random() < 0.05 else 1)
    return found


def _window(name: str) -> of.Window:
    return of.NOVEMBER if name < "3" else (f"servicenow/{name}", "2026-11-03T00:00", "2026-11-30T00:00")


MAKERS: tuple[Any, ...] = (
    lambda name, *_: of.finalized(1 if name < "4" else 2),
    lambda *_: of.turned(AgreementTerminated, "2026-12-20T00:00", reason="unpaid"),
    lambda name, when, number: of.at_risk(name, when, window=_window(name), revision=number),
    lambda name, when, number: of.at_risk(name, when, "2026-11-28T00:00", _window(name), revision=number),
    lambda name, when, number: of.cleared(name, "averted", when, _window(name), number),
    lambda name, when, number: of.cleared(name, "breached", when, _window(name), number),
    lambda name, when, number: of.breached(name, when, _window(name), revision=number),
    lambda name, when, number: of.breached(name, when, _window(name), revision=number),
    lambda name, _, number: of.withdrawn(name, revision=number, window=_window(name)),
    lambda name, _, number: of.closed(of.month(int(name) + 6), "met" if number else "breached", "99995/1000"),
    lambda name, _, number: of.restated(of.month(int(name) + 6), "met", "9999/100", number),
    lambda name, _, number: of.reported(name, of.month(int(name) + 6), number),
)


@pytest.mark.parametrize("seed", range(3))
async def test_the_tables_are_those_of_one_event_after_the_other(seed: int) -> None:
    told = history(Random(seed))
    one_by_one = await tables_after("slm_review", built, told, itertools.repeat(1))
    assert one_by_one["agenda_item"] and len(one_by_one["outbox"]) > 10 and one_by_one["dead_letter"]
    sizes = Random(seed)
    assert await tables_after("slm_review", built, told, itertools.repeat(1_000)) == one_by_one
    assert await tables_after("slm_review", built, told, iter(lambda: sizes.randrange(1, 9), 0)) == one_by_one
    assert await tables_after("slm_review", built, told, itertools.repeat(5), restart_each=7) == one_by_one
