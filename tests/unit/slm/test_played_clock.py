"""The demonstration's clock runs at real speed, and an hour passes within a minute when it is asked to."""

from __future__ import annotations

from slm.demo.alder.played_clock import PlayedClock
from slm.demo.alder.script.timeline import HOUR, MINUTE, SECOND

START = 1_764_000_000 * SECOND


class Wall:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> int:
        return self.at


def test_it_is_real_time_until_an_hour_is_played() -> None:
    wall = Wall()
    clock = PlayedClock(wall)
    wall.at += 5 * SECOND
    assert clock.now() == wall.at
    assert clock.of_real(START - HOUR) == START - HOUR
    assert clock.real_seconds(30 * SECOND) == 30
    assert not clock.is_playing


def test_an_hour_passes_within_a_minute_and_then_real_speed_returns() -> None:
    wall = Wall()
    clock = PlayedClock(wall)
    assert clock.play() == START + HOUR
    wall.at += SECOND
    assert clock.now() == START + MINUTE
    assert clock.is_playing
    wall.at = START + 61 * SECOND
    assert clock.now() == START + HOUR + SECOND
    assert not clock.is_playing


def test_real_instants_keep_the_time_that_was_shown_at_them() -> None:
    wall = Wall()
    clock = PlayedClock(wall)
    clock.play()
    wall.at += 3 * HOUR
    shown = [clock.of_real(START + second * SECOND) for second in range(-5, 120)]
    assert shown == sorted(shown)
    assert clock.of_real(START + 2 * SECOND) == START + 2 * MINUTE


def test_a_length_takes_as_long_as_the_clock_needs_for_it() -> None:
    wall = Wall()
    clock = PlayedClock(wall)
    clock.play()
    assert clock.real_seconds(MINUTE) == 1
    assert clock.real_seconds(HOUR + 30 * SECOND) == 90
    wall.at += 30 * SECOND
    assert clock.real_seconds(HOUR) == 30 + 1800


def test_asking_again_while_it_plays_adds_nothing_and_asking_later_plays_another_hour() -> None:
    wall = Wall()
    clock = PlayedClock(wall)
    clock.play()
    wall.at += 10 * SECOND
    assert clock.play() == START + HOUR
    wall.at = START + MINUTE
    assert clock.play() == START + 2 * HOUR
    wall.at += MINUTE
    assert clock.now() == START + 2 * HOUR
