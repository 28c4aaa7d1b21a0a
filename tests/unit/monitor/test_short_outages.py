"""Outages that are too short to count: known answers with their arithmetic, and a sweep written from the rules."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.states.timeline import build_state_timeline
from slm_monitor.domain.terms.terms import TermsNotEvaluable
from slm_monitor.domain.windows import availability_evaluation
from tests.support.monitor import DAY, MINUTE, at, available, line_of, outage, state

FIVE = {"ignore_outages_shorter_than": "PT5M"}
Excluded = tuple[str, str]


def judged(
    *facts: Fact,
    day: str = "2026-11-03",
    as_of: str | None = None,
    excluded: tuple[Excluded, ...] = (),
    **terms: Any,
) -> WindowEvaluation:
    """Evaluate the window of one day, 3 November 2026 (a Tuesday) unless another is named; long after it by default."""
    target = line_of(available(window="day", **{**FIVE, **terms})).latest
    start = at(f"{day}T00:00")
    return availability_evaluation.evaluate_availability(
        build_state_timeline(facts, "up"),
        target,
        start,
        start + DAY,
        start + 30 * DAY if as_of is None else at(as_of),
        (),
        [(at(since), at(until)) for since, until in excluded],
    )


def minutes_down(found: WindowEvaluation) -> Fraction | int:
    return Fraction(found.total - found.good, MINUTE)


def test_an_outage_one_microsecond_too_short_does_not_count() -> None:
    # 10:00:00 to 10:04:59.999999 is 5 min − 1 µs.
    found = judged(outage("2026-11-03T10:00", "2026-11-03T10:04:59.999999"))
    assert (minutes_down(found), found.figure, found.breached_at) == (0, Fraction(1), None)
    assert found.detail["ignored"] == 5 * MINUTE - 1


def test_an_outage_exactly_as_long_as_the_limit_counts_whole() -> None:
    # 5 of 1,440 minutes: 0.1 percent of a day is 1.44 minutes, spent at 10:01:26.4; certain at 10:05, not before.
    found = judged(outage("2026-11-03T10:00", "2026-11-03T10:05"))
    assert (minutes_down(found), found.figure) == (5, Fraction(1435, 1440))
    assert found.breached_at == at("2026-11-03T10:05") and found.detail["ignored"] == 0


def test_a_budget_spent_later_than_the_limit_is_certain_when_it_is_spent() -> None:
    # 1 percent of 1,440 minutes are 14.4: from 10:00 on spent at 10:14:24, long after the 5 minutes.
    found = judged(outage("2026-11-03T10:00", "2026-11-03T10:30"), at_least="99")
    assert (minutes_down(found), found.breached_at) == (30, at("2026-11-03T10:14:24"))


def test_excess_counts_only_what_lies_beyond_the_limit() -> None:
    # 10:00 to 10:12 less 5 minutes = 7 minutes, from 10:05 on. 1.44 minutes are spent at 10:06:26.4.
    found = judged(outage("2026-11-03T10:00", "2026-11-03T10:12"), short_outages="excess")
    assert (minutes_down(found), found.detail["ignored"]) == (7, 5 * MINUTE)
    assert found.breached_at == at("2026-11-03T10:06:26.4")
    exactly = judged(outage("2026-11-03T10:00", "2026-11-03T10:05"), short_outages="excess")
    assert (minutes_down(exactly), exactly.breached_at) == (0, None)


def test_an_outage_over_midnight_is_measured_whole_and_each_day_has_its_part() -> None:
    # 23:57 to 00:04 is 7 minutes: 3 on the 3rd and 4 on the 4th, long enough at 00:02 of the 4th.
    facts = [outage("2026-11-03T23:57", "2026-11-04T00:04")]
    before, after = judged(*facts), judged(*facts, day="2026-11-04")
    assert (minutes_down(before), minutes_down(after)) == (3, 4)
    assert before.breached_at == after.breached_at == at("2026-11-04T00:02")
    assert (before.detail["ignored"], after.detail["ignored"]) == (0, 0)


def test_excess_over_midnight_counts_from_the_instant_of_the_limit() -> None:
    # 23:57 to 00:04: the first 5 minutes end at 00:02. None of them is left for the 3rd, 2 minutes for the 4th.
    facts = [outage("2026-11-03T23:57", "2026-11-04T00:04")]
    parts = [minutes_down(judged(*facts, day=day, short_outages="excess")) for day in ("2026-11-03", "2026-11-04")]
    assert parts == [0, 2]


def test_a_night_outside_service_hours_neither_adds_nor_ends() -> None:
    # Open 08:00 to 18:00. 17:58 to 18:00 is 2 minutes, 08:00 to 08:03 of the next day 3: 5 minutes, reached at 08:03.
    facts = [outage("2026-11-03T17:58", "2026-11-04T08:03")]
    days = [judged(*facts, day=day, service_hours="business") for day in ("2026-11-03", "2026-11-04")]
    assert [minutes_down(each) for each in days] == [2, 3]
    assert {each.breached_at for each in days} == {at("2026-11-04T08:03")}
    # One microsecond less, and the 14 hours of the night do not help.
    shorter = [outage("2026-11-03T17:58", "2026-11-04T08:02:59.999999")]
    assert [
        minutes_down(judged(*shorter, day=day, service_hours="business")) for day in ("2026-11-03", "2026-11-04")
    ] == [
        0,
        0,
    ]


def test_up_only_at_night_does_not_end_an_outage() -> None:
    # 2 minutes before the close and 3 after the opening, although the service worked from 20:00 to 06:00.
    facts = [outage("2026-11-03T17:58", "2026-11-03T20:00"), outage("2026-11-04T06:00", "2026-11-04T08:03")]
    assert [
        minutes_down(judged(*facts, day=day, service_hours="business")) for day in ("2026-11-03", "2026-11-04")
    ] == [
        2,
        3,
    ]


@pytest.mark.parametrize("planned", ["removed", "excused"])
def test_an_exclusion_neither_adds_to_an_outage_nor_ends_it(planned: str) -> None:
    # Down 10:00 to 10:30, excluded 10:02 to 10:27: 2 + 3 = 5 minutes count, reached at 10:30.
    facts, excluded = [outage("2026-11-03T10:00", "2026-11-03T10:30")], ("2026-11-03T10:02", "2026-11-03T10:27")
    found = judged(*facts, excluded=(excluded,), planned_downtime=planned)
    assert (minutes_down(found), found.breached_at) == (5, at("2026-11-03T10:30"))
    # Excluded up to 10:28: 2 + 2 = 4 minutes, too short. The raw figure knows no exclusions: 30 minutes of 1,440.
    found = judged(*facts, excluded=(("2026-11-03T10:02", "2026-11-03T10:28"),), planned_downtime=planned)
    assert (minutes_down(found), found.detail["ignored"]) == (0, 4 * MINUTE)
    assert Fraction(found.detail["raw_figure"]) == Fraction(141_000, 1440)


def test_unknown_time_neither_adds_nor_ends() -> None:
    # Down 3 minutes, unknown 20, down 2: an outage of 5 minutes in 1,420 known ones.
    facts = [
        state("2026-11-03T10:00", "down"),
        state("2026-11-03T10:03", "unknown"),
        state("2026-11-03T10:23", "down"),
        state("2026-11-03T10:25", "up"),
    ]
    found = judged(*facts)
    assert (minutes_down(found), found.figure) == (5, Fraction(1415, 1420))
    assert found.breached_at == at("2026-11-03T10:25")


def test_unknown_time_that_counts_as_down_is_no_outage() -> None:
    # 2 minutes unknown count as down, since the terms say so; 4 minutes of downtime beside them are too short.
    facts = [state("2026-11-03T10:00", "down"), state("2026-11-03T10:04", "unknown"), state("2026-11-03T10:06", "up")]
    assert minutes_down(judged(*facts, unknown="down")) == 2


def test_degraded_time_that_counts_as_up_ends_an_outage() -> None:
    # 4 minutes down, 1 degraded, 4 down: two outages of 4 minutes, or one of 9 if degraded counts as down.
    facts = [
        state("2026-11-03T10:00", "down"),
        state("2026-11-03T10:04", "degraded"),
        state("2026-11-03T10:05", "down"),
        state("2026-11-03T10:09", "up"),
    ]
    assert [minutes_down(judged(*facts, degraded=each)) for each in ("up", "down", "removed")] == [0, 9, 8]
    # Half of the degraded minute counts as down, whatever happens to the outages.
    assert minutes_down(judged(*facts, degraded={"weight": "0.5"})) == Fraction(1, 2)


def test_an_open_outage_counts_as_up_until_it_is_long_enough() -> None:
    facts = [state("2026-11-03T10:00", "down")]
    early = judged(*facts, as_of="2026-11-03T10:04:59.999999", warn_at={"budget_consumed": ["50"], "projected": True})
    assert (minutes_down(early), early.figure, early.again) == (0, Fraction(1), at("2026-11-03T10:05"))
    assert not [risk for risk in early.risks if risk.at < at("2026-11-03T10:05")]
    # If it lasts, it is long enough at 10:05, and 5 minutes are more than the 1.44 of the budget.
    assert early.breached_at == at("2026-11-03T10:05")
    late = judged(*facts, as_of="2026-11-03T10:05")
    assert (minutes_down(late), late.breached_at) == (5, at("2026-11-03T10:05"))


def test_time_to_exhaustion_does_not_warn_of_an_outage_too_short() -> None:
    # 1 percent are 14.4 minutes: down from 10:00 on they end at 10:14:24. A warning an hour ahead waits until 10:05.
    facts = [state("2026-11-03T10:00", "down")]
    terms: dict[str, Any] = {"at_least": "99", "warn_at": {"time_to_exhaustion": ["PT1H"]}}
    assert judged(*facts, as_of="2026-11-03T10:04", **terms).risks == ()
    (risk,) = judged(*facts, as_of="2026-11-03T10:06", **terms).risks
    assert risk.at == at("2026-11-03T10:05")


def test_an_outage_too_short_at_the_close_is_counted_once_it_grew() -> None:
    # Down from 23:58 on: at 00:02 it has 4 minutes, none counts on the 3rd. At 00:03 it has 5, and 2 of them do.
    facts = [state("2026-11-03T23:58", "down")]
    assert [minutes_down(judged(*facts, as_of=f"2026-11-04T00:0{n}")) for n in (2, 3)] == [0, 2]
    assert judged(*facts, as_of="2026-11-04T00:02").again == at("2026-11-04T00:03")


def test_a_correction_that_shortens_an_outage_takes_all_of_it_away() -> None:
    # Reported 10:00 to 10:06, 6 minutes; corrected to end at 10:04, 4 minutes, less than 5.
    assert minutes_down(judged(outage("2026-11-03T10:00", "2026-11-03T10:06"))) == 6
    assert minutes_down(judged(outage("2026-11-03T10:00", "2026-11-03T10:04"))) == 0


def test_two_short_outages_with_a_microsecond_between_them_do_not_add_up() -> None:
    # 4 minutes, 1 µs up, 4 minutes.
    facts = [outage("2026-11-03T10:00", "2026-11-03T10:04"), outage("2026-11-03T10:04:00.000001", "2026-11-03T10:08")]
    assert minutes_down(judged(*facts)) == 0
    joined = [outage("2026-11-03T10:00", "2026-11-03T10:04"), outage("2026-11-03T10:04", "2026-11-03T10:08")]
    assert minutes_down(judged(*joined)) == 8


def test_a_promise_of_everything_breaks_when_the_outage_is_long_enough() -> None:
    found = judged(outage("2026-11-03T10:00", "2026-11-03T10:07"), at_least="100")
    assert found.breached_at == at("2026-11-03T10:05")
    # Its figure is the one of that instant: 5 of the 605 minutes so far.
    assert found.missed[0].figure == Fraction(600, 605)


def test_sure_downtime_is_what_counts_if_unknown_time_was_up() -> None:
    # 3 min down, 1 unknown, 3 down: 6 minutes. If the unknown one was up, both outages have 3, and nothing is sure.
    facts = [
        state("2026-11-03T10:00", "down"),
        state("2026-11-03T10:03", "unknown"),
        state("2026-11-03T10:04", "down"),
        state("2026-11-03T10:07", "up"),
    ]
    found = judged(*facts)
    assert (minutes_down(found), found.missed[0].withstands_unknown) == (6, False)
    assert judged(*facts, outage("2026-11-03T12:00", "2026-11-03T12:05")).missed[0].withstands_unknown


@pytest.mark.parametrize(
    ("terms", "remedy"),
    [
        ({"ignore_outages_shorter_than": "PT0S"}, "write PT5M"),
        ({"ignore_outages_shorter_than": "-PT5M"}, "ignore_outages_shorter_than"),
        ({"ignore_outages_shorter_than": "P1M"}, "ignore_outages_shorter_than"),
        ({"short_outages": "half"}, "write whole or excess"),
        ({"ignore_outages_shorter_than": None, "short_outages": "excess"}, "leave it out"),
        (
            {"aggregation": {"outages": {"at_least": "PT5M"}}, "objective": {"at_most": "2"}},
            "least length of an outage",
        ),
        ({"aggregation": "ratio"}, "only availability"),
    ],
)
def test_terms_that_cannot_be_judged_are_refused(terms: dict[str, Any], remedy: str) -> None:
    with pytest.raises(TermsNotEvaluable, match=remedy):
        line_of({**available(**FIVE), **terms})
