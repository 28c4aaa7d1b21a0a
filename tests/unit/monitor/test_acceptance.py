"""An accepted window stays as it is, and each change that facts would make is published once as an adjustment."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from slm_monitor.domain.lifecycle import acceptance, reconciliation, target_events
from slm_monitor.domain.lifecycle.acceptance import WindowRevisionAcceptance
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, TargetState, TargetWindow
from tests.support.monitor import at, available, moment, target_state_of

MET = WindowEvaluation(Fraction(9995, 10_000), 9_995, 10_000, met=True)
LATER = moment("2026-12-10T00:00")


def missed(share: int) -> WindowEvaluation:
    figure = Fraction(share, 10_000)
    miss = MissedObjectiveLevel(target_events.OBJECTIVE, at("2026-11-20T00:00"), figure)
    return WindowEvaluation(figure, share, 10_000, met=False, missed=(miss,))


def closed(finding: WindowEvaluation = MET) -> tuple[TargetState, TargetWindow]:
    """A closed window of November, with its target state."""
    target_state = target_state_of(available())
    terms = target_state.line.latest
    window = TargetWindow(terms.target_id, "2026-11", 1, at("2026-11-01T00:00"), at("2026-12-01T00:00"))
    december = TargetWindow(terms.target_id, "2026-12", 1, at("2026-12-01T00:00"), at("2027-01-01T00:00"))
    target_state.windows = {"2026-11": window, "2026-12": december}
    settle(target_state, window, finding, moment("2026-12-01T01:00"))
    return target_state, window


def settle(target_state: TargetState, window: TargetWindow, finding: WindowEvaluation, when: Any = LATER) -> list[Any]:
    changes = EvaluationChanges()
    reconciliation.reconcile_calendar_window(target_state, window, target_state.line.latest, finding, when, changes)
    return [each.event for each in changes.events]


def accept(target_state: TargetState, revision: int = 0) -> EvaluationChanges:
    changes = EvaluationChanges()
    accepted = WindowRevisionAcceptance(target_state.target_id, "2026-11", revision, at("2026-12-05T00:00"))
    acceptance.freeze_accepted_windows([(target_state.target_id, target_state.windows)], [accepted], changes)
    return changes


def test_each_outcome_that_would_have_been_is_told_once_with_its_difference() -> None:
    target_state, window = closed()
    accept(target_state)
    stands = (window.verdict, window.figure, window.good, window.revision)
    (first,) = settle(target_state, window, missed(9_980))
    assert (first.number, first.verdict, first.difference) == (1, "breached", "-3/20")
    assert (first.booked_in_window_id, first.before["verdict"]) == ("2026-12", "met")
    assert settle(target_state, window, missed(9_980)) == []
    (second,) = settle(target_state, window, MET)
    assert (second.number, second.verdict, second.difference) == (2, "met", "3/20")
    assert (window.verdict, window.figure, window.good, window.revision) == stands


def test_no_breach_of_a_frozen_window_is_published_or_withdrawn() -> None:
    target_state, window = closed(missed(9_980))
    accept(target_state)
    (told,) = settle(target_state, window, MET)
    assert type(told).__name__ == "WindowAdjusted"
    assert [breach.standing for breach in target_state.breaches.values()] == [True]


@pytest.mark.parametrize("revision", [1, 7])
def test_only_the_revision_that_was_accepted_is_frozen(revision: int) -> None:
    target_state, window = closed()
    assert not accept(target_state, revision).windows
    (told,) = [each for each in settle(target_state, window, missed(9_980)) if type(each).__name__ == "WindowRestated"]
    assert told.revision == 1
    assert accept(target_state, 1).windows


def test_an_open_window_cannot_be_accepted() -> None:
    target_state, window = closed()
    window.closed_at = None
    assert not accept(target_state).windows


def test_a_breach_that_was_overturned_leaves_the_figure_and_takes_the_verdict() -> None:
    target_state, window = closed(missed(9_980))
    (identity,) = target_state.breaches
    target_state.overturned = {identity}
    told = {type(each).__name__: each for each in settle(target_state, window, missed(9_980))}
    assert told.keys() == {"BreachWithdrawn", "WindowRestated"}
    assert (window.verdict, window.figure) == ("met", "499/5")
    assert settle(target_state, window, missed(9_980)) == []


def test_a_window_that_began_before_the_record_stays_as_it_is() -> None:
    target_state, window = closed()
    target_state.record_begins_at = at("2026-11-15T00:00")
    assert settle(target_state, window, missed(9_980)) == []
    assert (window.verdict, window.revision) == ("met", 0)
