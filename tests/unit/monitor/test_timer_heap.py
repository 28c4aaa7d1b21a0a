"""Timers fire at their instant and not before; setting a timer again replaces its instant."""

from __future__ import annotations

from slm_monitor.application.state.timers import STATE, TICKET, TimerHeap

ONE, OTHER = (STATE, "one"), (TICKET, "other")


def test_a_timer_is_due_at_its_instant_and_not_before() -> None:
    timers = TimerHeap()
    timers.set(ONE, 100)
    assert timers.due(99) == []
    assert timers.due(100) == [ONE]
    assert timers.due(100) == []


def test_only_the_latest_word_on_a_timer_counts() -> None:
    timers = TimerHeap()
    timers.set(ONE, 100)
    timers.set(OTHER, 150)
    timers.set(ONE, 200)
    assert timers.next_due() == 150
    assert timers.due(199) == [OTHER]
    timers.set(ONE, None)
    assert timers.next_due() is None and timers.due(1_000) == []


def test_timers_are_taken_in_the_order_of_their_instants() -> None:
    timers = TimerHeap()
    timers.set(OTHER, 2)
    timers.set(ONE, 1)
    assert timers.due(5) == [ONE, OTHER]


def test_the_earliest_due_timers_fire_first_and_the_rest_stay_due() -> None:
    timers = TimerHeap()
    timers.set(OTHER, 7)
    timers.set(ONE, 5)
    assert timers.due(9, most=1) == [ONE]
    assert timers.next_due() == 7
    assert timers.due(9, most=1) == [OTHER]
