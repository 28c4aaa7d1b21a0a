"""Derivations of derived targets: of states, figures, verdicts and tickets."""

from __future__ import annotations

from typing import Any

import pytest

from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.explain import explanation, explanation_text
from slm_monitor.application.explain.explanation import ExplanationQuestion
from slm_monitor.application.history.fact_history import TargetIdentity
from tests.integration.monitor import test_compliance as compliant
from tests.integration.monitor import test_derived as derived
from tests.integration.monitor.test_accepted_periods import accepted
from tests.integration.monitor.test_derived import HOSTS, by_indicator, by_target, composite, down, host
from tests.support.judged import PARTITIONS, Monitor, monitor
from tests.support.monitor import AGREEMENT, at, finalized


async def explained(
    held: Monitor, target_id: str, window: str = "2026-11", known_at: str | None = None
) -> dict[str, Any]:
    record = SqlHistory(held.database, held.store, PARTITIONS)
    asked = ExplanationQuestion(window, None, None if known_at is None else at(known_at))
    return await explanation.explain_window(record, TargetIdentity(AGREEMENT, target_id), asked, held.clock.now())


PARTS = [host(HOSTS[0], "99"), host(HOSTS[1], "99.9")]
MADE = [
    composite("states", {"k_of_n": 2}, by_indicator(*HOSTS[:3])),
    composite("figures", "weighted_mean", by_target(HOSTS[0], HOSTS[1], host_0="3"), "99.7"),
    composite("figures", "missing_sum", by_target(*HOSTS[:2])),
    composite("verdicts", "all_of", by_target(*HOSTS[:2])),
    composite("verdicts", {"k_of_n": 1}, by_target(*HOSTS[:2])),
]


@pytest.mark.parametrize("number", range(len(MADE)))
async def test_the_derivation_of_a_composite_comes_to_what_was_judged(number: int, database_url: str) -> None:
    target = MADE[number]
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await derived.ready(held, *PARTS, target)
        for key, start, end in (
            (HOSTS[0], "10:00", "14:00"),
            (HOSTS[1], "13:00", "16:30"),
            (HOSTS[2], "20:00", "21:00"),
        ):
            await down(held, key, f"2026-11-05T{start}", f"2026-11-05T{end}")
        await held.settle("2026-12-02T00:00")
        told, window = await explained(held, target["target_id"]), (await held.windows(target["target_id"]))["2026-11"]
        assert (told["figure"], told["verdict"]) == (window["figure"], window["verdict"])
        if "members" in told:
            assert [each["target_key"] for each in told["members"]] == HOSTS[:2]
            assert f"  member {HOSTS[0]}: " in explanation_text.format_explanation(told)
        else:
            stretch = next(each for each in told["derivation"]["intervals"] if each["state"] == "down")
            assert [name.split("/")[0] for name in stretch["facts"]] == HOSTS[:2]


async def test_a_member_that_both_parties_accepted_is_told_as_they_accepted_it(database_url: str) -> None:
    target, (member, _) = MADE[1], PARTS
    name = target["target_id"]
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await derived.ready(held, *PARTS, target)
        await held.settle("2026-12-02T00:00")
        await held.decided(accepted("2026-11", target=member["target_id"]))
        await held.settle("2026-12-06T00:00")
        for key in HOSTS[:2]:
            await down(held, key, "2026-11-05T10:00", "2026-11-05T14:00")
        await held.settle()
        told, window = await explained(held, name), (await held.windows(name))["2026-11"]
        assert (told["figure"], told["verdict"]) == (window["figure"], window["verdict"])
        assert [each["verdict"] for each in told["members"]] == ["met", "breached"]
        anew = await explained(held, name, known_at="2026-12-06T00:00")
        assert [each["figure"] for each in anew["members"]] == ["895/9", "895/9"]


async def test_compliance_names_every_ticket_that_was_judged(database_url: str) -> None:
    async with monitor(database_url, "2026-12-01T00:05") as held:
        await held.hear(finalized(compliant.CLOCK, compliant.compliance()))
        await held.ticket(
            *compliant.life("met", "11-10T09:00", "11-10T12:00"),
            *compliant.life("late", "11-11T09:00", "12-01T00:01"),
        )
        await held.settle("2026-12-01T01:00")
        told = await explained(held, compliant.SHARE)
        window = (await held.windows(compliant.SHARE))["2026-11"]
        assert (told["figure"], told["verdict"]) == (window["figure"], window["verdict"]) == ("50/1", "breached")
        assert [(each["ticket"].split("/")[-1], each["met"]) for each in told["tickets"]] == [
            ("late", False),
            ("met", True),
        ]


async def test_compliance_is_told_as_it_was_known(database_url: str) -> None:
    async with monitor(database_url, "2026-12-01T00:05") as held:
        await held.hear(finalized(compliant.CLOCK, compliant.compliance()))
        await held.ticket(*compliant.life("met", "11-10T09:00", "11-10T12:00"), *compliant.life("late", "11-11T09:00"))
        await held.settle()
        await held.settle("2026-12-02T00:00")
        assert (await explained(held, compliant.SHARE))["figure"] == "50/1"
        # That it was resolved in time is heard of a day later; so is a ticket that nobody knew of.
        told = {"source": "desk", "ticket": "late", "event": "resolved", "at": "2026-11-11T10:00:00Z"}
        await held.ticket(told, *compliant.life("new", "11-12T09:00", "11-12T10:00"))
        await held.settle()
        await held.settle("2026-12-03T00:00")
        assert (await explained(held, compliant.SHARE))["figure"] == "100/1"
        then = await explained(held, compliant.SHARE, known_at="2026-12-01T12:00")
        assert (then["figure"], then["verdict"]) == ("50/1", "breached")
        assert [each["ticket"].split("/")[-1] for each in then["tickets"]] == ["late", "met"]
        assert (await explained(held, compliant.SHARE, known_at="2026-12-02T12:00"))["figure"] == "100/1"
        assert (await explained(held, compliant.SHARE, known_at="2026-12-01T00:01"))["figure"] is None
