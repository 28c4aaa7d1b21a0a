"""Targets that are judged once for each occurrence of a critical period: known answers with their arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pytest

from slm_events.monitor import BreachWithdrawn, TargetBreached, WindowClosed, WindowRestated
from slm_monitor.application.explain.explanation import ExplanationQuestion, NoSuchWindow, explain_window
from slm_monitor.application.history.fact_history import TargetIdentity, list_calendar_windows
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, ExclusionScope
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.terms.terms_history import build_terms_histories
from tests.support.decisions import Approved, Signed
from tests.support.histories import History, Told, told_of
from tests.support.history_terms import END, share, target
from tests.support.memory_history import MemoryHistory
from tests.support.monitor import AGREEMENT, DAY, HOUR, MINUTE, PROVIDER, SECOND, at, finalized
from tests.support.replays import Replay

BEGIN = at("2026-10-01T00:00")
NIGHT, SECOND_NIGHT = ("2026-11-03T18:00", "2026-11-04T02:00"), ("2026-11-10T18:00", "2026-11-11T02:00")
UP = target("up", "up", "availability", share("99"), {"occurrences_of": "night"})
ORDERS = target("orders", "orders", "ratio", share("99"), {"occurrences_of": "night"})
INDICATORS = {
    f"{PROVIDER}/{key}": Indicator(f"{PROVIDER}/{key}", PROVIDER, key, kind, initial_state="up")
    for key, kind in (("up", "availability"), ("orders", "ratio"))
}


def night(*dates: tuple[str, str], key: str = "night") -> dict[str, Any]:
    spans = [{"from": start, "to": end} for start, end in dates]
    return {"key": key, "title": key, "occurrences": {"dates": spans}, "freeze": False}


def down(start: str, end: str, name: str = "outage", recorded: str | None = None) -> Told:
    span = {"from": at(start), "to": at(end)}
    item = {"id": name, "indicator": "up", "at": at(end), "outage": span}
    return told_of({**item, "recorded_at": at(recorded)} if recorded else item, INDICATORS)


def ordered(instant: str, good: int, total: int) -> Told:
    return told_of({"indicator": "orders", "at": at(instant), "good": good, "total": total}, INDICATORS)


class Judged:
    """One target in one partition, with what was published about it."""

    def __init__(self, replay: Replay, terms: dict[str, Any]) -> None:
        self.replay, self.terms = replay, terms

    @classmethod
    async def begin(
        cls, *periods: dict[str, Any], of: dict[str, Any] = UP, zone: str = "UTC", **changed: Any
    ) -> Judged:
        judged = cls(await Replay.begin(History(indicators=INDICATORS)), of)
        fields = {"timezone": zone, "effective_at": "2026-10-01T00:00:00Z", "critical_periods": list(periods)}
        await judged.sign(**{**fields, **changed})
        return judged

    async def sign(self, now: int = BEGIN, **changed: Any) -> None:
        signed = Signed(asdict(finalized(changed.pop("of", self.terms), **changed)))
        await self.replay.hear([Told(now, decision=signed)], now)

    async def hear(self, *told: Told, now: str) -> None:
        await self.replay.hear(told, at(now))

    async def finish(self) -> None:
        await self.replay.finish()

    @property
    def windows(self) -> dict[str, TargetWindow]:
        return {each.window_id: each for _, each in sorted(self.replay.store.windows.items())}

    def outcome(self, window_id: str) -> tuple[str | None, str | None]:
        window = self.windows[window_id]
        return window.verdict, window.figure

    def told(self, kind: type) -> list[Any]:
        return [each.event for each in self.replay.store.events if isinstance(each.event, kind)]

    async def explained(self, window_id: str | None, instant: int = END) -> dict[str, Any]:
        named = TargetIdentity(AGREEMENT, self.terms["target_id"])
        return await explain_window(MemoryHistory(self.replay.store), named, ExplanationQuestion(window_id), instant)


@pytest.mark.parametrize(
    ("zone", "dates", "outage", "window_id", "down_for", "whole", "figure", "verdict"),
    [
        # 18:00 to 02:00 are 8 h = 28,800 s; 4 min 48 s down = 288 s are 1 %: 99 % is just met.
        ("UTC", NIGHT, ("2026-11-03T23:58:00", "2026-11-04T00:02:48"), "2026-11-03", 288, 28_800, "99/1", "met"),
        # One second more: 28,511 of 28,800 s = 98.99652… %.
        (
            "UTC",
            NIGHT,
            ("2026-11-03T23:58:00", "2026-11-04T00:02:49"),
            "2026-11-03",
            289,
            28_800,
            "28511/288",
            "breached",
        ),
        # An outage from 17:00 to 18:04:48 spans the beginning: only 288 s of it lie in the night.
        ("UTC", NIGHT, ("2026-11-03T17:00:00", "2026-11-03T18:04:48"), "2026-11-03", 288, 28_800, "99/1", "met"),
        # An outage from 01:55:11 to noon spans the end: 289 s of it lie in the night.
        (
            "UTC",
            NIGHT,
            ("2026-11-04T01:55:11", "2026-11-04T12:00:00"),
            "2026-11-03",
            289,
            28_800,
            "28511/288",
            "breached",
        ),
        # An outage that ends as the night begins, and one that begins as the night ends, lie in no window.
        ("UTC", NIGHT, ("2026-11-03T10:00:00", "2026-11-03T18:00:00"), "2026-11-03", 0, 28_800, "100/1", "met"),
        ("UTC", NIGHT, ("2026-11-04T02:00:00", "2026-11-04T12:00:00"), "2026-11-03", 0, 28_800, "100/1", "met"),
        # Berlin, 18:00 to 02:00 in winter is 17:00 to 01:00 UTC: 30 min of an outage to 17:30 UTC, 1,800 of 28,800 s.
        (
            "Europe/Berlin",
            NIGHT,
            ("2026-11-03T16:00:00", "2026-11-03T17:30:00"),
            "2026-11-03",
            1_800,
            28_800,
            "375/4",
            "breached",
        ),
        # The end of the month: from 31 October 22:00 to 1 November 04:00, 6 h = 21,600 s; 216 s are 1 %.
        (
            "UTC",
            ("2026-10-31T22:00", "2026-11-01T04:00"),
            ("2026-10-31T23:58:12", "2026-11-01T00:01:48"),
            "2026-10-31",
            216,
            21_600,
            "99/1",
            "met",
        ),
        # The clock of Berlin goes back on 25 October: from 20:00 to 06:00 are 11 h = 39,600 s, of which 396 s are 1 %.
        (
            "Europe/Berlin",
            ("2026-10-24T20:00", "2026-10-25T06:00"),
            ("2026-10-25T00:58:00", "2026-10-25T01:04:36"),
            "2026-10-24",
            396,
            39_600,
            "99/1",
            "met",
        ),
    ],
)
async def test_known_answers_of_one_outage(
    zone: str,
    dates: tuple[str, str],
    outage: tuple[str, str],
    window_id: str,
    down_for: int,
    whole: int,
    figure: str,
    verdict: str,
) -> None:
    judged = await Judged.begin(night(dates), zone=zone)
    await judged.hear(down(*outage), now=outage[1])
    await judged.finish()
    (window,) = judged.windows.values()
    assert window.window_id == f"night/{window_id}"
    assert (window.total - window.good, window.total) == (down_for * SECOND, whole * SECOND)
    assert (window.verdict, window.figure) == (verdict, figure)
    assert (await judged.explained(window.window_id))["figure"] == figure


async def test_each_occurrence_has_its_own_budget_and_time_between_counts_nowhere() -> None:
    # 99 % of 8 h leave 288 s. 200 s in each night are met, though 400 s would not be; 24 h between count nowhere.
    judged = await Judged.begin(night(NIGHT, SECOND_NIGHT))
    await judged.hear(down("2026-11-03T20:00:00", "2026-11-03T20:03:20", "1"), now="2026-11-03T21:00")
    await judged.hear(down("2026-11-05T00:00:00", "2026-11-06T00:00:00", "2"), now="2026-11-06T00:00")
    await judged.hear(down("2026-11-10T20:00:00", "2026-11-10T20:03:20", "3"), now="2026-11-10T21:00")
    await judged.finish()
    # 28,600 of 28,800 s are 99.30555… %.
    for window_id in ("night/2026-11-03", "night/2026-11-10"):
        assert judged.outcome(window_id) == ("met", "3575/36")
    assert [each.window_id for each in judged.told(WindowClosed)] == ["night/2026-11-03", "night/2026-11-10"]
    assert judged.told(TargetBreached) == []


async def test_one_outage_over_two_occurrences_counts_in_each_its_part() -> None:
    # From 01:00 of the first night to 20:00 of the second: 1 h of the first (87.5 %), 2 h of the second (75 %).
    judged = await Judged.begin(night(NIGHT, SECOND_NIGHT))
    await judged.hear(down("2026-11-04T01:00:00", "2026-11-10T20:00:00"), now="2026-11-10T20:00")
    await judged.finish()
    assert judged.outcome("night/2026-11-03") == ("breached", "175/2")
    assert judged.outcome("night/2026-11-10") == ("breached", "75/1")
    # The budget of 288 s is spent at 01:04:48 of the first night, and at 18:04:48 of the second.
    certain = [each.certain_at[:19] for each in judged.told(TargetBreached)]
    assert certain == ["2026-11-04T01:04:48", "2026-11-10T18:04:48"]


async def test_an_exclusion_inside_an_occurrence_shrinks_time_and_budget() -> None:
    # 1 h is excluded: 7 h = 25,200 s remain. 252 s down besides are 1 % and met, also with 60 min down inside.
    judged = await Judged.begin(night(NIGHT))
    await judged.hear(
        down("2026-11-03T19:00:00", "2026-11-03T20:00:00", "1"),
        down("2026-11-03T22:00:00", "2026-11-03T22:04:12", "2"),
        now="2026-11-03T23:00",
    )
    assert [each.window_id for each in judged.told(TargetBreached)] == ["night/2026-11-03"]
    interval = (at("2026-11-03T19:00"), at("2026-11-03T20:00"))
    storm = ApprovedExclusion(
        "x", AGREEMENT, "force_majeure", (interval,), ExclusionScope(), interval[0], at("2026-11-03T23:30")
    )
    await judged.hear(Told(at("2026-11-03T23:30"), decision=Approved(storm)), now="2026-11-03T23:30")
    await judged.finish()
    window = judged.windows["night/2026-11-03"]
    assert (window.total, window.total - window.good) == (25_200 * SECOND, 252 * SECOND)
    assert (window.verdict, window.figure) == ("met", "99/1")
    assert len(judged.told(BreachWithdrawn)) == 1


async def test_events_between_occurrences_count_in_no_window() -> None:
    # In the night 990 of 1,000 orders are good: 99 %. The 500 bad orders before, and at its very end, do not count.
    judged = await Judged.begin(night(NIGHT), of=ORDERS)
    await judged.hear(
        ordered("2026-11-03T17:59:59", 0, 250),
        ordered("2026-11-03T18:00:00", 490, 500),
        ordered("2026-11-04T01:59:59", 500, 500),
        ordered("2026-11-04T02:00:00", 0, 250),
        now="2026-11-04T02:00",
    )
    await judged.finish()
    window = judged.windows["night/2026-11-03"]
    assert (window.good, window.total, window.figure, window.verdict) == (990, 1_000, "99/1", "met")


async def test_a_late_fact_restates_its_occurrence_also_after_a_restart() -> None:
    judged = await Judged.begin(night(NIGHT, SECOND_NIGHT))
    await judged.hear(now="2026-11-05T00:00")
    assert judged.outcome("night/2026-11-03") == ("met", "100/1")
    await judged.replay.save(at("2026-11-05T00:00"))
    await judged.replay.restart()
    late = down("2026-11-03T20:00:00", "2026-11-03T21:00:00", recorded="2026-11-06T00:00")
    await judged.hear(late, now="2026-11-06T00:00")
    # 7 of 8 h are 87.5 %.
    assert judged.outcome("night/2026-11-03") == ("breached", "175/2")
    assert [each.window_id for each in judged.told(WindowRestated)] == ["night/2026-11-03"]
    assert "night/2026-11-10" not in judged.windows


async def test_a_window_opens_and_closes_at_its_instants_without_any_fact() -> None:
    judged = await Judged.begin(night(NIGHT, SECOND_NIGHT))
    await judged.hear(now="2026-11-03T17:59:59")
    assert judged.windows == {}
    assert judged.replay.partition.next_due() == at("2026-11-03T18:00")
    await judged.hear(now="2026-11-03T18:00")
    assert list(judged.windows) == ["night/2026-11-03"]
    # It closes at its end and ten minutes; then nothing is due before the next night.
    await judged.hear(now="2026-11-04T02:09:59")
    assert judged.windows["night/2026-11-03"].closed_at is None
    await judged.hear(now="2026-11-04T02:10")
    assert judged.windows["night/2026-11-03"].closed_at == at("2026-11-04T02:10")
    assert judged.replay.partition.next_due() == at("2026-11-10T18:00")


async def test_an_amendment_in_a_gap_judges_the_occurrences_that_it_adds() -> None:
    judged = await Judged.begin(night(NIGHT, SECOND_NIGHT))
    await judged.hear(now="2026-11-05T00:00")
    added = ("2026-11-07T18:00", "2026-11-07T22:00")
    fields: dict[str, Any] = {"version": 2, "effective_at": "2026-11-06T00:00:00Z"}
    await judged.sign(at("2026-11-05T12:00"), critical_periods=[night(NIGHT, added, SECOND_NIGHT)], **fields)
    # 4 h = 14,400 s; 1 h down leaves 75 %.
    await judged.hear(down("2026-11-07T19:00:00", "2026-11-07T20:00:00"), now="2026-11-07T20:00")
    await judged.finish()
    assert {each.window_id: (each.version, each.verdict) for each in judged.windows.values()} == {
        "night/2026-11-03": (1, "met"),
        "night/2026-11-07": (2, "breached"),
        "night/2026-11-10": (2, "met"),
    }
    assert judged.outcome("night/2026-11-07") == ("breached", "75/1")


async def test_terms_that_arrive_late_judge_the_occurrence_that_they_add() -> None:
    # The amendment takes effect on the 6th and adds the 7th, but is received only on the 9th, when a gap has passed.
    judged = await Judged.begin(night(NIGHT, SECOND_NIGHT))
    await judged.hear(now="2026-11-09T00:00")
    await judged.replay.save(at("2026-11-09T00:00"))
    periods = [night(NIGHT, ("2026-11-07T18:00", "2026-11-07T22:00"), SECOND_NIGHT)]
    fields: dict[str, Any] = {"version": 2, "effective_at": "2026-11-06T00:00:00Z", "critical_periods": periods}
    await judged.sign(at("2026-11-09T12:00"), **fields)
    assert judged.outcome("night/2026-11-07") == ("met", "100/1")


async def test_an_amendment_that_prolongs_a_running_occurrence_leaves_its_end() -> None:
    judged = await Judged.begin(night(NIGHT))
    longer = ("2026-11-03T18:00", "2026-11-04T06:00")
    fields: dict[str, Any] = {"version": 2, "effective_at": "2026-11-03T20:00:00Z"}
    await judged.sign(at("2026-11-03T19:00"), critical_periods=[night(longer)], **fields)
    await judged.hear(down("2026-11-04T02:00:00", "2026-11-04T06:00:00"), now="2026-11-04T06:00")
    await judged.finish()
    (window,) = judged.windows.values()
    assert (window.end, window.version, window.verdict) == (at("2026-11-04T02:00"), 1, "met")
    (line,) = build_terms_histories(judged.replay.store.versions[AGREEMENT], None)
    assert [span.id for _, span in list_calendar_windows(line, BEGIN, END)] == ["night/2026-11-03"]


async def test_a_split_amendment_cuts_the_occurrence_in_two() -> None:
    # From 18:00 to 20:00 and from 20:00 to 02:00: 36 min down at 19:00 are 30 % of the first part alone.
    split = {**UP, "on_amendment": "split"}
    judged = await Judged.begin(night(NIGHT), of=split)
    fields: dict[str, Any] = {"version": 2, "effective_at": "2026-11-03T20:00:00Z"}
    await judged.sign(at("2026-11-03T18:30"), critical_periods=[night(NIGHT)], **fields)
    await judged.hear(down("2026-11-03T19:00:00", "2026-11-03T19:36:00"), now="2026-11-03T20:00")
    await judged.finish()
    assert judged.outcome("night/2026-11-03") == ("breached", "70/1")
    assert judged.outcome("night/2026-11-03.v2") == ("met", "100/1")
    assert (await judged.explained("night/2026-11-03.v2"))["window"]["from"] == "2026-11-03T20:00:00.000000Z"


async def test_a_target_may_change_from_months_to_occurrences_and_back() -> None:
    months = {**UP, "window": {"calendar": "month"}}
    judged = await Judged.begin(of=months)
    fields: dict[str, Any] = {"critical_periods": [night(NIGHT, SECOND_NIGHT)]}
    await judged.sign(at("2026-10-10T00:00"), of=UP, version=2, effective_at="2026-10-20T00:00:00Z", **fields)
    await judged.sign(at("2026-11-05T00:00"), of=months, version=3, effective_at="2026-11-06T00:00:00Z", **fields)
    await judged.finish()
    # October keeps its end; the third version begins in a gap, so its first month begins then.
    assert {each.window_id: (each.start, each.end) for each in judged.windows.values() if each.start < END - DAY} == {
        "2026-10": (at("2026-10-01T00:00"), at("2026-11-01T00:00")),
        "night/2026-11-03": (at("2026-11-03T18:00"), at("2026-11-04T02:00")),
        "2026-11": (at("2026-11-06T00:00"), at("2026-12-01T00:00")),
    }


async def test_an_occurrence_is_clipped_to_the_term() -> None:
    # The agreement begins at 20:00: 6 h remain, of which 2 h 24 min = 40 % are down.
    judged = await Judged.begin(night(NIGHT), effective_at="2026-11-03T20:00:00Z")
    await judged.hear(down("2026-11-03T19:00:00", "2026-11-03T22:24:00"), now="2026-11-03T23:00")
    await judged.finish()
    assert judged.outcome("night/2026-11-03") == ("breached", "60/1")


async def test_questions_about_no_occurrence_are_refused() -> None:
    judged = await Judged.begin(night(NIGHT, SECOND_NIGHT))
    await judged.finish()
    for window_id in ("night/2026-11-04", "day/2026-11-03", "2026-11", None):
        with pytest.raises(NoSuchWindow):
            await judged.explained(window_id, at("2026-11-06T00:00"))
    with pytest.raises(NoSuchWindow, match="has not begun"):
        await judged.explained("night/2026-11-10", at("2026-11-06T00:00"))
    found = await judged.explained(None, at("2026-11-03T19:00"))
    assert (found["window"]["id"], found["window"]["service_time"]) == ("night/2026-11-03", "PT8H")
    assert found["window"]["closes_at"] == "2026-11-04T02:10:00.000000Z"


def lengths(window: Sequence[TargetWindow]) -> list[int]:
    return [(each.end - each.start) // MINUTE for each in window]


async def test_a_rule_makes_a_window_for_each_occurrence_up_to_the_end_of_the_term() -> None:
    # Each last day of a month, 18:00 to midnight; the agreement ends on 30 November, 20:00, in an occurrence.
    rule = {"rule": "FREQ=MONTHLY;BYMONTHDAY=-1", "from": "2026-09-30T18:00", "duration": "PT6H"}
    period = {"key": "night", "title": "Month end", "occurrences": rule, "freeze": False}
    judged = await Judged.begin(period, expires_at="2026-11-30T20:00:00Z")
    await judged.finish()
    assert list(judged.windows) == ["night/2026-10-31", "night/2026-11-30"]
    assert lengths(list(judged.windows.values())) == [6 * HOUR // MINUTE, 2 * HOUR // MINUTE]
