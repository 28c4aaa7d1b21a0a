"""The workflow of a breach: any steps in any order reach only allowed states."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from slm_monitor.domain.lifecycle import breach_workflow
from slm_monitor.domain.lifecycle.breach_workflow import (
    ACKNOWLEDGE,
    ACKNOWLEDGED,
    CLOSE,
    CLOSED,
    CONFIRM,
    CONFIRMED,
    DISPUTE,
    DISPUTED,
    GIVE_ROOT_CAUSE,
    OPEN,
    ROOT_CAUSE_GIVEN,
    WITHDRAWN,
    BreachWorkflow,
    InvalidBreachStep,
)

STEPS = (ACKNOWLEDGE, GIVE_ROOT_CAUSE, CLOSE, DISPUTE, CONFIRM)
ORDER = (ACKNOWLEDGE, GIVE_ROOT_CAUSE, CLOSE)


class Lives(RuleBasedStateMachine):
    """Two parties, evaluations that withdraw and reinstate the breach, and a model of the steps taken."""

    def __init__(self) -> None:
        super().__init__()
        self.life = BreachWorkflow()
        self.done: list[str] = []
        self.in_force = True
        self.revision = 0

    def expected(self) -> set[str]:
        """By the history alone: handling goes forward in its order, and not while something is disputed."""
        if not self.in_force:
            return set()
        handled = [step for step in self.done if step in ORDER]
        if self.done and self.done[-1] == DISPUTE:
            return {CONFIRM}
        if len(handled) == len(ORDER):
            return set()
        confirmed = bool(self.done) and self.done[-1] == CONFIRM
        return {ORDER[len(handled)]} | (set() if confirmed else {DISPUTE})

    @rule(step=st.sampled_from(STEPS))
    def step(self, step: str) -> None:
        if step in self.expected():
            self.life = self.life.after(step)
            self.done.append(step)
        else:
            with pytest.raises(InvalidBreachStep) as refused:
                self.life.after(step)
            assert set(refused.value.allowed) == self.expected()

    @precondition(lambda self: self.in_force)
    @rule()
    def withdraw(self) -> None:
        self.in_force = False
        self.life = self.life.after_evaluation(self.revision, is_in_force=False)

    @precondition(lambda self: not self.in_force)
    @rule()
    def stand_again(self) -> None:
        self.in_force, self.done = True, []
        self.revision += 1
        self.life = self.life.after_evaluation(self.revision, is_in_force=True)

    @rule()
    def hear_the_judge_again(self) -> None:
        assert self.life.after_evaluation(self.revision, self.in_force) == self.life

    @invariant()
    def allows_what_its_history_allows(self) -> None:
        assert set(self.life.allowed) == self.expected()

    @invariant()
    def says_where_it_stands(self) -> None:
        handled = [step for step in self.done if step in ORDER]
        reached = (OPEN, ACKNOWLEDGED, ROOT_CAUSE_GIVEN, CLOSED)[len(handled)]
        last = self.done[-1] if self.done else ""
        state = {DISPUTE: DISPUTED, CONFIRM: CONFIRMED}.get(last, reached)
        assert self.life.state == (state if self.in_force else WITHDRAWN)
        assert self.life.state in breach_workflow.STATES

    @invariant()
    def counts_its_steps(self) -> None:
        assert (self.life.revision, self.life.number) == (self.revision, len(self.done))


Lives.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestLives = Lives.TestCase


def test_a_tag_names_one_state_of_one_life() -> None:
    open_, seen = BreachWorkflow(), BreachWorkflow().after(ACKNOWLEDGE)
    tags = {
        each.tag
        for each in (
            open_,
            seen,
            open_.after_evaluation(0, is_in_force=False),
            seen.after_evaluation(1, is_in_force=True),
        )
    }
    assert len(tags) == 4


def test_a_refused_step_names_those_that_can_be_taken() -> None:
    with pytest.raises(InvalidBreachStep, match="possible now: acknowledge, dispute"):
        BreachWorkflow().after(CLOSE)
