"""Published events of ticket clocks: warnings, escalations, moved deadlines; and tickets that cannot be evaluated."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from slm_chassis.identity import named_id
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import PROVIDER, finalized, resolved

TICKET = {"source": "desk", "ticket": "1", "type": "incident", "priority": "P1"}
ESCALATIONS = [
    {"level": "functional", "to": "network", "at": {"service_time": "-PT30M"}},
    {"level": "hierarchical", "to": "director", "at": {"calendar": "PT1H"}},
]


def event(name: str, instant: str, **more: Any) -> dict[str, Any]:
    return {**TICKET, "event": name, "at": f"2026-11-02T{instant}:00Z", **more}


async def told(held: Monitor) -> list[str]:
    """What left of clocks: names, with the threshold or the level where there is one."""
    found = []
    for name, data in await held.published():
        if name == "agreement-caught-up":
            continue
        detail = data.get("threshold") or data.get("level")
        found.append(f"{name} {detail}" if detail and detail != "objective" else name)
    return found


async def test_a_clock_warns_at_shares_and_each_warning_may_have_a_plan(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T09:00") as held:
        await held.hear(finalized(resolved()))
        await held.ticket(event("opened", "09:00", attributes={"team": "network"}))
        await held.settle("2026-11-02T10:59")
        assert await told(held) == ["clock-started"]
        await held.settle("2026-11-02T11:00")
        assert (await told(held))[1:] == ["clock-warned 50", "target-at-risk 50"]
        warned, risk = [data for name, data in await held.published() if name in ("clock-warned", "target-at-risk")]
        assert (warned["time_left_seconds"], warned["held_by"]) == (7200, "network")
        assert (risk["cause"], risk["projected_breach_at"]) == ("elapsed", "2026-11-02T13:00:00.000000Z")
        await held.settle("2026-11-02T12:10")
        await held.ticket(event("resolved", "12:10"))
        await held.settle()
        assert (await told(held))[3:] == [
            "clock-warned 75",
            "target-at-risk 75",
            "clock-stopped",
            "risk-cleared 50",
            "risk-cleared 75",
        ]
        cleared = [data["outcome"] for name, data in await held.published() if name == "risk-cleared"]
        assert cleared == ["averted", "averted"]


async def test_a_clock_after_a_long_silence_warns_once_unless_it_ended(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T12:40") as held:
        await held.hear(finalized(resolved()))
        await held.ticket(event("opened", "09:00"))
        await held.ticket(event("opened", "09:00", ticket="2"), event("resolved", "12:30", ticket="2"))
        await held.settle()
        assert sorted(await told(held)) == [
            "clock-started",
            "clock-started",
            "clock-stopped",
            "clock-warned 90",
            "target-at-risk 90",
        ]
        await held.settle("2026-11-02T13:00")
        assert [name for name in await told(held) if name.startswith("risk-cleared")] == ["risk-cleared 90"]


async def test_warnings_wait_while_a_clock_is_paused_and_survive_a_restart(database_url: str) -> None:
    async with ground(database_url, "2026-11-02T09:00") as where:
        async with judging(*where) as held:
            await held.hear(finalized(resolved(warn_at={"elapsed": [50]}, escalations=ESCALATIONS)))
            await held.ticket(event("opened", "09:00"))
            await held.settle("2026-11-02T10:00")
            await held.ticket(event("state_changed", "10:00", state="awaiting_customer"))
            await held.settle("2026-11-02T14:00")
            await held.ticket(event("state_changed", "14:00", state="active"))
            await held.settle()
            assert await told(held) == ["clock-started", "clock-paused", "clock-resumed"]
        async with judging(*where) as again:
            await again.settle("2026-11-02T15:00")
            assert (await told(again))[3:] == ["clock-warned 50", "target-at-risk 50"]
            for instant in ("16:30", "17:00", "18:00"):
                await again.settle(f"2026-11-02T{instant}")
            assert (await told(again))[5:] == [
                "clock-escalated functional",
                "target-breached",
                "risk-cleared 50",
                "clock-escalated hierarchical",
            ]
            held_by = [data["evidence"]["held_by"] for name, data in await again.published() if name[7:] == "breached"]
            assert held_by == [None]


async def test_a_clock_that_stopped_late_and_is_taken_up_again_says_so(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T15:00") as held:
        await held.hear(finalized(resolved(warn_at=None)))
        await held.ticket(event("opened", "09:00"), event("resolved", "14:00"))
        await held.settle()
        await held.ticket(event("reopened", "14:30"))
        await held.settle()
        assert await told(held) == ["clock-started", "clock-stopped", "target-breached", "clock-resumed"]
        resumed = (await held.published())[-1][1]
        assert (resumed["state"], resumed["deadline_at"]) == ("breached", "2026-11-02T13:00:00.000000Z")
        await held.ticket(event("resolved", "14:50"))
        await held.settle()
        assert (await told(held))[4:] == ["clock-stopped"]


async def test_a_corrected_opening_moves_the_deadline_and_says_so(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T10:00") as held:
        await held.hear(finalized(resolved(warn_at=None)))
        await held.ticket(event("opened", "09:00", id="o"))
        await held.settle()
        await held.ticket(event("opened", "09:30", id="o", revision=1))
        await held.settle()
        name, data = (await held.published())[-1]
        assert (name, data["previous_deadline_at"], data["deadline_at"]) == (
            "clock-deadline-moved",
            "2026-11-02T13:00:00.000000Z",
            "2026-11-02T13:30:00.000000Z",
        )


async def test_a_target_that_applies_too_late_marks_the_clock_and_breaches_nothing(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T15:00") as held:
        await held.hear(finalized(resolved()))
        await held.ticket(event("opened", "09:00", priority="P3"), event("priority_changed", "14:30"))
        await held.settle()
        assert await told(held) == ["clock-started"]
        (clock,) = await held.clocks()
        assert (clock["state"], (await held.published())[0][1]["past_due"]) == ("breached", True)


async def test_amended_terms_move_a_running_clock_at_the_instant_they_take_effect(database_url: str) -> None:
    async with ground(database_url, "2026-11-02T09:00") as where:
        async with judging(*where) as held:
            await held.hear(finalized(resolved(warn_at=None)))
            await held.ticket(event("opened", "09:00"))
            shorter = resolved("PT3H", warn_at=None, on_terms_change="from_opening")
            await held.hear(finalized(shorter, version=2, effective_at="2026-11-02T10:00:00Z"))
            await held.settle("2026-11-02T09:59")
            assert await told(held) == ["clock-started"]
        async with judging(*where) as again:
            await again.settle("2026-11-02T12:00")
            assert (await told(again))[1:] == ["clock-deadline-moved", "target-breached"]


async def test_a_ticket_that_cannot_be_evaluated_is_marked_the_others_are_evaluated(database_url: str) -> None:
    dated = resolved(priority="P9")
    dated["objective"] = {"within": {"business_days": 2}}
    never = {"timezone": "UTC", "weekly": {}}
    agreed = finalized(resolved(), {**dated, "service_hours": "never"}, service_hours={"never": never, "24x7": "24x7"})
    far = resolved("P3000000D", priority="P8")
    async with monitor(database_url, "2026-11-02T10:00") as held:
        await held.hear(agreed)
        await held.hear(finalized(far, agreement_id=named_id(PROVIDER, "agreement", "far"), agreement_key="far"))
        await held.ticket(
            event("opened", "09:00", ticket="never", priority="P9"),
            event("opened", "09:00", ticket="far", priority="P8"),
            event("opened", "09:00", ticket="odd", priority=None, attributes={"priority": {"a": [1]}, "team": {}}),
            event("opened", "05:00", ticket="good"),
        )
        await held.settle()
        assert await told(held) == ["clock-started", "target-breached"]
        async with held.database.read() as connection:
            rows = await connection.execute(
                text("SELECT number, unjudgeable, unmatched, waiting FROM ticket ORDER BY 1")
            )
            marked = {number: (faults, unmatched, waiting) for number, faults, unmatched, waiting in rows}
            dead = (await connection.execute(text("SELECT count(*) FROM dead_letter"))).scalar_one()
        assert dead == 0
        assert "NeverOpen" in marked["never"][0][0]["reason"]
        assert marked["far"][0] is not None
        assert marked["good"] == (None, False, False)
        assert marked["odd"] == (None, True, False)


async def test_an_event_that_comes_again_wakes_no_ticket(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T10:00") as held:
        await held.hear(finalized(resolved()))
        for _ in range(2):
            await held.ticket(event("opened", "09:00", id="o"))
            await held.settle("2026-11-02T10:10")
        judged = [step for step in held.steps if "1" in {each.rsplit("/", 1)[1] for each in step.changes.tickets}]
        assert len(judged) == 1


@pytest.mark.parametrize("sent_by", ["provider", "customer"])
async def test_clocks_and_breaches_say_whose_source_sent_the_ticket(database_url: str, sent_by: str) -> None:
    sides: dict[str, Any] = (
        {"provider_party_id": "party-of-a-team", "customer_party_id": PROVIDER} if sent_by == "customer" else {}
    )
    async with monitor(database_url, "2026-11-02T09:00") as held:
        await held.hear(finalized(resolved(), kind="ola", **sides))
        await held.ticket(event("opened", "09:00"))
        await held.settle("2026-11-02T09:01")
        await held.settle("2026-11-02T13:01")
        told_of = dict(await held.published())
        started, breached = told_of["clock-started"], told_of["target-breached"]
        assert (started["sent_by"], breached["sent_by"]) == (sent_by, sent_by)
        assert started["ordinal"] == breached["ordinal"]
