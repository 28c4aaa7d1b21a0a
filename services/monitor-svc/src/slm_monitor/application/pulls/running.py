"""One run of a pull: requests until the tool has no further changes. Each answer is stored with its position."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from slm_chassis.clock import SECOND, real_now
from slm_chassis.faults import Overload, is_infrastructure_fault
from slm_events.instants import UtcMicroseconds
from slm_mappings.pull_recipes import PullRecipe, columns_of, parse_pull_mapping
from slm_monitor.application.pulls.ports import PullStore, ToolClient
from slm_monitor.application.pulls.taking import ReadTickets, TicketReader
from slm_monitor.domain.pulls import limits
from slm_monitor.domain.pulls.dialects import (
    Dialect,
    Page,
    Question,
    ToolAnswer,
    ToolRequest,
    UnreadableAnswer,
    advance,
    wider,
)
from slm_monitor.domain.pulls.pulls import (
    MOST_ERRORS,
    MOST_MISSING,
    ClaimedPull,
    LeaseLost,
    Position,
    PullProgress,
    PullRun,
    ReconciliationProgress,
    RunOutcome,
    ToolTrouble,
)
from slm_monitor.domain.pulls.schedule import LONGEST_ASKED, next_reconciliation, pause_after

MOST_REQUESTS = 50
"""Requests of one run; then other pulls have their turn, and the pull goes on where it stopped."""
_FEW_MISSING = 10
"""So many missing tickets are believed in any case; of more, at most half of those that were asked for."""
_log = structlog.get_logger(__name__)


@dataclass
class _Course:
    """A run under way: its claim, what the pull has done so far, and the earliest and latest change that was read."""

    claim: ClaimedPull
    dialect: Dialect
    recipe: PullRecipe
    question: Question
    progress: PullProgress
    run: PullRun
    newest: UtcMicroseconds | None = None

    def count(self, page: Page, found: ReadTickets) -> None:
        """Add the tickets of one answer to the run's counts."""
        times = [row.updated_at for row in page.rows if row.updated_at is not None]
        self.newest = max([*times, *([] if self.newest is None else [self.newest])], default=None)
        refused = [at for at in found.refused.values() if at is not None]
        known = [] if self.progress.refused_since is None else [self.progress.refused_since]
        self.progress = replace(self.progress, refused_since=min([*refused, *known], default=None))
        self.run = replace(
            self.run,
            tickets=self.run.tickets + len(page.rows),
            changed=self.run.changed + found.changed,
            refused=self.run.refused + len(found.refused),
            errors=(*self.run.errors, *found.errors)[:MOST_ERRORS],
        )

    def end(self, outcome: RunOutcome, problem: str = "") -> None:
        """Record how the run ends."""
        self.run = replace(self.run, outcome=outcome, problem=problem, ended_at=real_now())

    def succeed(self) -> None:
        """Record that the run is complete."""
        self.end("done")
        self.progress = replace(
            self.progress, failures=0, problem="", succeeded_at=self.run.ended_at, is_held_by_tool=False
        )


class PullRunner:
    """Runs claimed pulls. Tickets and the position up to which a run has read are stored together."""

    def __init__(
        self,
        store: PullStore,
        tools: ToolClient,
        reader: TicketReader,
        ways: tuple[Mapping[str, PullRecipe], Mapping[str, Dialect]],
        lease_seconds: float,
    ) -> None:
        self._store = store
        self._tools = tools
        self._reader = reader
        self._recipes, self._dialects = ways
        self._lease_seconds = lease_seconds

    async def run(self, claim: ClaimedPull) -> None:
        """Run a claimed pull until it is done, has sent its share of requests, or fails.

        How it ended is stored; only faults of our own database and log are raised.
        """
        course: _Course | None = None
        try:
            course = self._course(claim)
            self._reader.check()
            await (self._changes(course) if claim.run.kind == "changes" else self._reconcile(course))
        except LeaseLost:
            _log.info("turn of a pull lost", pull_id=claim.pull.pull_id)
        except Overload as behind:
            waits = ToolTrouble("Many facts wait to be evaluated here.", wait=behind.retry_after * SECOND)
            await self._failed(course, claim, waits, is_ours=True)
        except ToolTrouble as trouble:
            await self._failed(course, claim, trouble)
        except UnreadableAnswer as problem:
            await self._failed(course, claim, ToolTrouble(str(problem)))
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            # Stored, so that this pull alone waits: no other one is disturbed.
            _log.error("pull failed", pull_id=claim.pull.pull_id, exc_info=error)
            fault = f"It failed here ({type(error).__name__}); the log of the service says why."
            await self._failed(course, claim, ToolTrouble(fault))

    def _course(self, claim: ClaimedPull) -> _Course:
        pull = claim.pull
        recipe = self._recipes.get(pull.connector)
        if recipe is None or recipe.dialect not in self._dialects:
            raise ToolTrouble("The connector of this pull is not installed any more.")
        fields = tuple(columns_of(parse_pull_mapping(pull.mapping)))
        question = Question(pull.path, fields, pull.filter, recipe.open, recipe.page_size, real_now())
        return _Course(claim, self._dialects[recipe.dialect], recipe, question, claim.progress, claim.run)

    async def _changes(self, course: _Course) -> None:
        position = course.progress.position
        if position.since > course.question.now:
            position = Position(course.question.now - course.recipe.overlap_seconds * SECOND)
        while True:
            # Of this moment: some tools are asked for the last so many minutes.
            question = replace(course.question, now=real_now())
            answer = await self._ask(course, course.dialect.changed(question, position))
            page = _page_of(course.dialect, answer, question, position)
            found = await self._reader.read(course.claim.pull, course.dialect, page.rows)
            following = advance(course.dialect, question, position, page)
            async with self._store.turn(course.claim, self._lease_seconds) as turn:
                await self._reader.take(course.claim.pull, found)
                course.count(page, found)
                self._move(course, position, following)
                await turn.keep(course.progress, course.run, is_over=course.run.ended_at is not None)
            if following is None or course.run.ended_at is not None:
                return
            position = following
            self._mind_limit(answer)

    def _move(self, course: _Course, position: Position, following: Position | None) -> None:
        """Set the position from which the pull continues, and when it continues."""
        now, pull = real_now(), course.claim.pull
        if following is not None:
            course.progress = replace(course.progress, position=following)
            if course.run.requests >= MOST_REQUESTS:
                course.end("partial")
                course.progress = replace(course.progress, changes_due_at=now)
            return
        since = position.since
        if course.newest is not None:
            # Once more next time: the tool may show a change later than another one that was later.
            since = min(course.newest, now) - course.recipe.overlap_seconds * SECOND
        course.progress = replace(
            course.progress,
            position=Position(since),
            changes_due_at=course.run.started_at + pull.every_seconds * SECOND,
        )
        course.succeed()

    async def _reconcile(self, course: _Course) -> None:
        while course.run.ended_at is None:
            done = course.progress.reconciling or ReconciliationProgress()
            answer = await (self._read_open(course, done) if done.stage == "open" else self._ask_known(course, done))
            if answer is not None and course.run.ended_at is None:
                self._mind_limit(answer)

    async def _read_open(self, course: _Course, done: ReconciliationProgress) -> ToolAnswer:
        """Read the next tickets that are open in the tool, and take them in; return the tool's answer."""
        position = Position(0, done.after, done.extra)
        answer = await self._ask(course, course.dialect.open(course.question, done.after, done.extra))
        page = _page_of(course.dialect, answer, course.question, position)
        if not page.more:
            done = ReconciliationProgress("known")
        elif page.rows:
            done = replace(done, after=page.after, extra=0)
        else:
            done = replace(done, extra=wider(done.extra, course.question.size))
        await self._take_reconciled(course, page, done)
        return answer

    async def _ask_known(self, course: _Course, done: ReconciliationProgress) -> ToolAnswer | None:
        """Request the next tickets that the product knows as open, and record those that the tool does not show.

        Return the tool's answer; None if there are no further tickets.
        """
        pull = course.claim.pull
        numbers = await self._store.open_numbers(pull.party_id, pull.source, done.after, course.question.size)
        if not numbers:
            await self._end_reconciliation(course, done)
            return None
        answer = await self._ask(course, course.dialect.named(course.question, numbers))
        page = _page_of(course.dialect, answer, course.question, Position(0))
        shown = {row.number for row in page.rows}
        missing = (*done.missing, *(each for each in numbers if each not in shown))[:MOST_MISSING]
        done = replace(done, after=numbers[-1], asked=done.asked + len(numbers), missing=missing)
        await self._take_reconciled(course, page, done)
        return answer

    async def _take_reconciled(self, course: _Course, page: Page, done: ReconciliationProgress) -> None:
        found = await self._reader.read(course.claim.pull, course.dialect, page.rows)
        async with self._store.turn(course.claim, self._lease_seconds) as turn:
            await self._reader.take(course.claim.pull, found)
            course.count(page, found)
            course.progress = replace(course.progress, reconciling=done)
            if course.run.requests >= MOST_REQUESTS:
                course.end("partial")
                course.progress = replace(course.progress, reconcile_due_at=real_now())
            await turn.keep(course.progress, course.run, is_over=course.run.ended_at is not None)

    async def _end_reconciliation(self, course: _Course, done: ReconciliationProgress) -> None:
        pull, before, now = course.claim.pull, set(course.progress.missing), real_now()
        is_believed = len(done.missing) <= max(_FEW_MISSING, done.asked // 2)
        async with self._store.turn(course.claim, self._lease_seconds) as turn:
            if pull.cancels_missing and is_believed:
                for number in done.missing:
                    if number in before:
                        course.run = replace(
                            course.run, changed=course.run.changed + await self._reader.cancel(pull, number)
                        )
            course.succeed()
            problem = "" if is_believed else _UNBELIEVED.format(missing=len(done.missing), asked=done.asked)
            course.run = replace(course.run, missing=done.missing, problem=problem)
            course.progress = replace(
                course.progress,
                reconciling=None,
                missing=done.missing,
                reconciled_at=now,
                reconcile_due_at=next_reconciliation(pull.reconcile_at, pull.zone, now),
                problem=problem,
            )
            await turn.keep(course.progress, course.run, is_over=True)

    async def _ask(self, course: _Course, request: ToolRequest) -> ToolAnswer:
        course.run = replace(course.run, requests=course.run.requests + 1)
        return await self._tools.ask(course.claim, request)

    def _mind_limit(self, answer: ToolAnswer) -> None:
        """Raise ToolTrouble if the tool says that it accepts no further request for a while."""
        wait = limits.wait_after_last(answer.headers, real_now())
        if wait:
            raise ToolTrouble("The tool accepts no further request for a while.", wait=wait, is_limit=True)

    async def _failed(
        self, course: _Course | None, claim: ClaimedPull, trouble: ToolTrouble, *, is_ours: bool = False
    ) -> None:
        """Store why the run ended early, and until when the pull waits. ``is_ours``: the tool is not at fault."""
        now, progress = real_now(), claim.progress if course is None else course.progress
        run = claim.run if course is None else course.run
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
        ended = replace(run, outcome=outcome, problem=trouble.problem, ended_at=now)
        _log.info("pull waits", pull_id=claim.pull.pull_id, outcome=outcome, requests=ended.requests)
        try:
            async with self._store.turn(claim, self._lease_seconds) as turn:
                await turn.keep(progress, ended, is_over=True)
        except LeaseLost:
            _log.info("turn of a pull lost", pull_id=claim.pull.pull_id)


def _page_of(dialect: Dialect, answer: ToolAnswer, question: Question, position: Position) -> Page:
    """Return the tickets of an answer. Raises UnreadableAnswer, also if the answer has more than were requested."""
    page = dialect.read(answer, question, position)
    if len(page.rows) > question.size + position.extra:
        # Each takes time, all in one transaction.
        raise UnreadableAnswer("The answer has more tickets than were asked for.")
    return page


_UNBELIEVED = (
    "The tool does not show {missing} of {asked} open tickets. None is cancelled: may the account see them all?"
)
