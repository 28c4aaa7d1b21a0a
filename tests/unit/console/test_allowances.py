"""What a promise allows is said in minutes, errors and tickets; the three figures of a sentence add up."""

from __future__ import annotations

from fractions import Fraction

import pytest

from slm_console.views.judgement.allowances import (
    allowance_of,
    budget_of,
    downtime_left,
    pace_in_words,
    pace_of,
    whole_minutes,
)
from slm_console.views.reader import MINUTE, SECOND, Reader
from slm_events.instants import from_text

READER = Reader(from_text("2026-11-26T09:42:00Z"))


def said(whole: Fraction | int, used: Fraction | int, unit: str = "microseconds") -> str:
    budget = {"unit": unit, "whole": str(Fraction(whole)), "consumed": str(Fraction(used)), "consumed_share": None}
    allowance = allowance_of(READER, budget)
    assert allowance is not None
    return allowance.sentence


@pytest.mark.parametrize(
    ("whole", "used", "sentence"),
    [
        (Fraction("43.2") * MINUTE, 0, "0 of 43 min used, 43 min left"),
        (Fraction("43.2") * MINUTE, 20 * MINUTE, "20 of 43 min used, 23 min left"),
        (Fraction("43.2") * MINUTE, 20 * MINUTE + 30 * SECOND, "20 min 30 s of 43 min 12 s used, 22 min 42 s left"),
        (Fraction("43.2") * MINUTE, 41 * MINUTE + 10 * SECOND, "41 min 10 s of 43 min 12 s used, 2 min 2 s left"),
        (Fraction("43.2") * MINUTE, 43 * MINUTE + 11 * SECOND, "43 min 11 s of 43 min 12 s used, 1 s left"),
        (Fraction("43.2") * MINUTE, 60 * MINUTE, "1 h of 43 min 12 s used, 16 min 48 s over"),
        (Fraction("4.32") * MINUTE, 100 * SECOND, "1 min 40 s of 4 min 19 s used, 2 min 39 s left"),
        (2_678 * SECOND, 1_945 * SECOND, "32 of 44 min used, 12 min left"),
        (2_678 * SECOND, 1_704 * SECOND, "28 of 44 min used, 16 min left"),
        (Fraction(2_678_400_600_000, 1_000), 1_704_600_000, "28 of 44 min used, 16 min left"),
        (72 * 60 * MINUTE, 20 * 60 * MINUTE, "20 of 72 h used, 52 h left"),
        (72 * 60 * MINUTE, 1_229 * MINUTE, "20 h 29 min of 72 h used, 51 h 31 min left"),
    ],
)
def test_time_is_said_in_minutes(whole: Fraction | int, used: Fraction | int, sentence: str) -> None:
    assert said(whole, used) == sentence


@pytest.mark.parametrize(
    ("unit", "whole", "used", "sentence"),
    [
        ("events", 50, 38, "38 of 50 errors used, 12 left"),
        ("slow", 95, 38, "38 of 95 slow answers used, 57 left"),
        ("events", Fraction(36, 5), 12, "12 of 7 errors used, 5 over"),
        ("tickets", 2, 1, "1 of 2 late tickets used, 1 left"),
        ("outages", 1, 1, "1 of 1 outages used, 0 left"),
    ],
)
def test_what_is_counted_is_said_in_whole_numbers(unit: str, whole: Fraction, used: Fraction, sentence: str) -> None:
    assert said(whole, used, unit) == sentence


@pytest.mark.parametrize(
    ("unit", "words"), [("microseconds", "1 h used so far"), ("events", "3,600,000,000 used so far")]
)
def test_beside_a_calm_state_nothing_is_called_too_much(unit: str, words: str) -> None:
    budget = {"unit": unit, "whole": str(60 * 43_000_000), "consumed": str(3_600_000_000), "consumed_share": "60/43"}
    allowance = allowance_of(READER, budget, "on-track")
    assert allowance is not None
    assert (allowance.sentence, allowance.left, allowance.is_over) == (words, "", False)
    breached = allowance_of(READER, budget, "breached")
    assert breached is not None and breached.is_over and "over" in breached.sentence


@pytest.mark.parametrize(
    ("aggregation", "unit"),
    [({"share_at_most": "300"}, "slow"), ({"quantile": "0.95"}, "slow"), ("ratio", "events"), ({"x": "1"}, "events")],
)
def test_an_answer_that_took_too_long_is_no_error(aggregation: object, unit: str) -> None:
    budget = budget_of({"aggregation": aggregation}, {"budget": {"unit": "events"}})
    assert budget is not None and budget["unit"] == unit
    time = budget_of({"aggregation": aggregation}, {"budget": {"unit": "microseconds"}})
    assert time is not None and time["unit"] == "microseconds"
    assert budget_of({"aggregation": aggregation}, None) is None


@pytest.mark.parametrize("whole", [2_592 * SECOND, 2_678_400_600, 26_784 * SECOND + 1, 260_000 * SECOND + 7])
@pytest.mark.parametrize("thousandths", [3, 77, 318, 636, 881, 993, 1_117, 1_700])
def test_the_parts_of_a_time_budget_add_up_and_the_rest_is_never_rounded_up(whole: int, thousandths: int) -> None:
    used = whole * thousandths // 1_000
    amounts = [Fraction(each) for each in _amounts(said(whole, used))]
    if used > whole:
        assert amounts[1] + amounts[2] == amounts[0]
    else:
        assert amounts[0] + amounts[2] == amounts[1] and amounts[2] * SECOND <= whole - used


def _amounts(sentence: str) -> list[int]:
    """Return the three amounts of ``20 of 72 h used, 52 h left`` in seconds."""
    first, _, rest = sentence.partition(" of ")
    whole, _, rest = rest.partition(" used, ")
    own = next((word for word in ("h", "min", "s") if first.endswith(f" {word}")), whole.split()[-1])
    return [_seconds(each, own) for each in (first, whole, rest.rsplit(" ", 1)[0])]


def _seconds(amount: str, unit: str) -> int:
    words = amount.replace(",", "").split()
    units = {"h": 3_600, "min": 60, "s": 1}
    if len(words) == 1:
        return int(words[0]) * units[unit]
    return sum(int(count) * units[name] for count, name in zip(words[::2], words[1::2], strict=True))


def test_what_is_left_is_never_rounded_up_on_today_either() -> None:
    assert downtime_left(READER, 974 * SECOND, 2_678 * SECOND) == "16 of 44 min of allowed downtime left"
    assert downtime_left(READER, 734 * SECOND, 2_678 * SECOND) == "12 of 44 min of allowed downtime left"


def test_lost_minutes_are_rounded_as_used_ones() -> None:
    lost = {0: 0, 10 * SECOND: 1, 28 * MINUTE + 24 * SECOND: 28, 32 * MINUTE + 31 * SECOND: 32}
    assert {each: whole_minutes(each) for each in lost} == lost


def test_nothing_allowed_is_no_allowance() -> None:
    assert allowance_of(READER, None) is None


@pytest.mark.parametrize(
    ("rate", "projected", "words"),
    [
        ("6/1", "2026-11-26T14:00:00Z", "6 times too fast: used up by 14:00"),
        ("3/2", "2026-11-28T14:00:00Z", "1.5 times too fast: used up by Sat 14:00"),
        (None, "2026-12-24T14:00:00Z", "expected to be used up 24 Dec 14:00"),
        ("6/1", None, ""),
        ("6/1", "2026-11-20T14:00:00Z", ""),
    ],
)
def test_a_pace_is_said_by_its_end(rate: str | None, projected: str | None, words: str) -> None:
    assert pace_in_words(READER, rate, projected) == words


def test_early_in_a_window_no_pace_contradicts_the_forecast() -> None:
    # READER's present is 26 November: on the second day of a month the forecast reckons with a twelfth of it.
    window = {
        "detail": {"burn_rate": "22/1"},
        "time_left": {"projected_breach_at": "2026-11-26T14:00:00Z"},
        "start": "2026-11-25T00:00:00Z",
        "end": "2026-12-25T00:00:00Z",
    }
    assert pace_of(READER, window) == "expected to be used up 14:00"
    assert pace_of(READER, {**window, "start": "2026-11-10T00:00:00Z"}) == "22 times too fast: used up by 14:00"
    assert pace_of(READER, None) == ""
