"""What the runs of all kinds of pulls have in common: the state of a run under way, and how its outcome is stored."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from slm_chassis.asked_waits import wait_after_last
from slm_chassis.clock import SECOND, real_now
from slm_chassis.faults import Overload, is_infrastructure_fault
from slm_mappings.pull_recipes import PullRecipe
from slm_monitor.application.pulls.ports import PullStore, ToolClient
from slm_monitor.domain.pulls.dialects import ToolAnswer, ToolRequest, UnreadableAnswer
from slm_monitor.domain.pulls.pulls import (
    ClaimedPull,
    LeaseLost,
    Position,
    PullProgress,
    PullRun,
    RunOutcome,
    ToolTrouble,
)
from slm_monitor.domain.pulls.schedule import LONGEST_ASKED, pause_after

MOST_REQUESTS = 50
"""Most requests of one run. After them, other pulls have their turn, and the pull later continues where it stopped."""
_log = structlog.get_logger(__name__)


@dataclass
class Course:
    """A run under way: its claim, and what the pull and the run have done so far."""

    claim: ClaimedPull
    progress: PullProgress
    run: PullRun

    async def ask(self, tools: ToolClient, request: ToolRequest) -> ToolAnswer:
        """Send a request and return the answer. Raises ToolTrouble."""
        self.run = replace(self.run, requests=self.run.requests + 1)
        return await tools.ask(self.claim, request)

    def end(self, outcome: RunOutcome, problem: str = "") -> None:
        """Record how the run ends."""
        self.run = replace(self.run, outcome=outcome, problem=problem, ended_at=real_now())

    def succeed(self) -> None:
        """Record that the run is complete."""
        self.end("done")
        self.progress = replace(
            self.progress, failures=0, problem="", succeeded_at=self.run.ended_at, is_held_by_tool=False
        )


AnyCourse = TypeVar("AnyCourse", bound=Course)


def mind_limit(answer: ToolAnswer) -> None:
    """Raise ToolTrouble if the tool says that it accepts no further request for a while."""
    wait = wait_after_last(answer.headers, real_now())
    if wait:
        raise ToolTrouble("The tool accepts no further request for a while.", wait=wait, is_limit=True)


class Attempts:
    """Makes runs. If a run fails, stores the reason and the instant until which the pull waits."""

    def __init__(self, store: PullStore, lease_seconds: float) -> None:
        self._store = store
        self._lease_seconds = lease_seconds

    async def make(
        self,
        claim: ClaimedPull,
        begin: Callable[[ClaimedPull], AnyCourse],
        read: Callable[[AnyCourse], Awaitable[None]],
    ) -> None:
        """Begin the run of a claimed pull and read until the run is done, has sent MOST_REQUESTS requests, or fails.

        The outcome is stored; only faults of the product's own database and log are raised.
        """
        course = Course(claim, claim.progress, claim.run)
        try:
            begun = begin(claim)
            course = begun
            await read(begun)
        except LeaseLost:
            _log.info("turn of a pull lost", pull_id=claim.pull.pull_id)
        except Overload as behind:
            waits = ToolTrouble("Many facts wait to be evaluated here.", wait=behind.retry_after * SECOND)
            await self._failed(course, waits, is_ours=True)
        except ToolTrouble as trouble:
            await self._failed(course, trouble)
        except UnreadableAnswer as problem:
            await self._failed(course, ToolTrouble(str(problem)))
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            # Stored, so that this pull alone waits: no other one is disturbed.
            _log.error("pull failed", pull_id=claim.pull.pull_id, exc_info=error)
            fault = f"It failed here ({type(error).__name__}); the log of the service says why."
            await self._failed(course, ToolTrouble(fault))

    async def _failed(self, course: Course, trouble: ToolTrouble, *, is_ours: bool = False) -> None:
        """Store why the run ended early, and the instant until which the pull waits.

        ``is_ours``: the cause lies in the product, not in the tool.
        """
        now, progress, claim = real_now(), course.progress, course.claim
        is_told = trouble.wait is not None and (trouble.is_limit or is_ours)
        failures = progress.failures + (not is_told)
        asked = min(trouble.wait or 0, LONGEST_ASKED)
        # Not for secrets: spreads pulls whose tool came back.
        pause = pause_after(failures, random.uniform(0.8, 1.2))
        if trouble.is_question and progress.position.after:
            # The tool does not know any more what had been read: read the unit of time again from its beginning.
            progress = replace(progress, position=Position(progress.position.since))
        progress = replace(
            progress,
            hold_until=now + (asked if is_told else max(pause, asked)),
            is_held_by_tool=trouble.wait is not None and not is_ours,
            failures=failures,
            problem=trouble.problem,
        )
        outcome: RunOutcome = "held" if is_told or trouble.is_limit else "failed"
        ended = replace(course.run, outcome=outcome, problem=trouble.problem, ended_at=now)
        _log.info("pull waits", pull_id=claim.pull.pull_id, outcome=outcome, requests=ended.requests)
        try:
            async with self._store.turn(claim, self._lease_seconds) as turn:
                await turn.keep(progress, ended, is_over=True)
        except LeaseLost:
            _log.info("turn of a pull lost", pull_id=claim.pull.pull_id)


class PlainRunner(ABC):
    """Base of the runners that keep the state of a run in a plain ``Course``. Runs of tickets need more: see
    TicketRunner.
    """

    def __init__(
        self, store: PullStore, tools: ToolClient, recipes: Mapping[str, PullRecipe], lease_seconds: float
    ) -> None:
        """``recipes``: name of a connector → its recipe."""
        self._attempts = Attempts(store, lease_seconds)
        self._store = store
        self._tools = tools
        self._recipes = recipes
        self._lease_seconds = lease_seconds

    async def run(self, claim: ClaimedPull) -> None:
        """Run a claimed pull; see Attempts.make."""
        await self._attempts.make(claim, self._course, self._read)

    def _course(self, claim: ClaimedPull) -> Course:
        if claim.pull.connector not in self._recipes:
            raise ToolTrouble("The connector of this pull is not installed any more.")
        return Course(claim, claim.progress, claim.run)

    @abstractmethod
    async def _read(self, course: Course) -> None:
        """Request the data from the tool, and store the data together with the new position of the pull."""
