"""A catch-up completes once no ticket of the past waits, in whatever order the tickets are evaluated."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slm_monitor.application.engine.catching_up import CatchUpTracker
from slm_monitor.application.state.loaded_partition import AgreementCatchUp
from slm_monitor.application.state.partition_step import HELD, JUDGED, WAITING, PartitionStepChanges

TICKETS = [f"party/desk/{number}" for number in range(5)]
FOUND = ("agreement", 1)


def step(tickets: dict[str, str]) -> PartitionStepChanges:
    made = PartitionStepChanges({}, {})
    made.tickets.update(tickets)
    return made


@given(st.lists(st.dictionaries(st.sampled_from(TICKETS), st.sampled_from([HELD, JUDGED, WAITING]), max_size=3)))
def test_a_partition_is_done_only_when_each_ticket_was_judged_since(steps: list[dict[str, str]]) -> None:
    catching_up = CatchUpTracker()
    catching_up.add([AgreementCatchUp(*FOUND, begun_at=10)], TICKETS)
    judged: set[str] = set()
    for tickets in steps:
        catching_up.remove_evaluated(step(tickets))
        judged |= {ticket for ticket, state in tickets.items() if state == JUDGED}
        assert [each.key for each in catching_up.waiting_here(10)] == ([FOUND] if judged == set(TICKETS) else [])
    assert catching_up.waiting_here(9) == [] and catching_up.next_due(9) == 10


def test_what_is_made_of_others_waits_for_every_partition() -> None:
    catching_up, done = CatchUpTracker(), step({})
    catching_up.add([AgreementCatchUp(*FOUND, begun_at=10)], [])
    (found,) = catching_up.waiting_here(10)
    catching_up.finish_here(found, done)
    assert (done.caught_up, catching_up.waiting_here(10), catching_up.waiting_derived(10)) == ([FOUND], [], [])
    catching_up.note_evaluated_everywhere(*FOUND)
    assert catching_up.newly_evaluated_everywhere() == [found] and catching_up.newly_evaluated_everywhere() == []
    assert catching_up.waiting_derived(9) == [] and catching_up.derived_due(9) == 10
    catching_up.finish_derived(found, done)
    assert (done.caught_up_derived, catching_up.waiting_derived(10)) == ([FOUND], [])


def test_terms_that_are_heard_again_do_not_begin_again() -> None:
    catching_up, done = CatchUpTracker(), step({})
    catching_up.add([AgreementCatchUp(*FOUND, begun_at=10)], [])
    catching_up.finish_here(catching_up.waiting_here(10)[0], done)
    catching_up.add([AgreementCatchUp(*FOUND, begun_at=10, is_evaluated_here=True)], TICKETS)
    assert catching_up.waiting_here(10) == []
