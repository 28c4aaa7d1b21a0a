"""One run of a pull of tickets. It sends requests until no change is left. Each answer is stored with its position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from slm_chassis.clock import SECOND, real_now
from slm_events.instants import UtcMicroseconds
from slm_mappings.pull_recipes import PullRecipe, columns_of, parse_pull_mapping
from slm_monitor.application.pulls.attempts import MOST_REQUESTS, Attempts, Course, mind_limit
from slm_monitor.application.pulls.ports import PullStore, ToolClient
from slm_monitor.application.pulls.taking import ReadTickets, TicketReader
from slm_monitor.domain.pulls.dialects import (
    Dialect,
    Page,
    Question,
    ToolAnswer,
    UnreadableAnswer,
    advance,
    wider,
)
from slm_monitor.domain.pulls.pulls import (
    MOST_ERRORS,
    MOST_MISSING,
    ClaimedPull,
    Position,
    ReconciliationProgress,
    ToolTrouble,
)
from slm_monitor.domain.pulls.schedule import next_reconciliation

_FEW_MISSING = 10
"""Missing tickets are believed to be gone if there are at most this many, or at most half as many as were asked for."""


@dataclass
class _Course(Course):
    """A run that reads tickets. ``newest``: the latest change that was read."""

    dialect: Dialect
    recipe: PullRecipe
    question: Question
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


class TicketRunner:
    """Runs claimed pulls of tickets. Tickets and the position up to which a run has read are stored together."""

    def __init__(
        self,
        store: PullStore,
        tools: ToolClient,
        reader: TicketReader,
        ways: tuple[Mapping[str, PullRecipe], Mapping[str, Dialect]],
        lease_seconds: float,
    ) -> None:
        self._attempts = Attempts(store, lease_seconds)
        self._store = store
        self._tools = tools
        self._reader = reader
        self._recipes, self._dialects = ways
        self._lease_seconds = lease_seconds

    async def run(self, claim: ClaimedPull) -> None:
        """Run a claimed pull; see Attempts.make."""
        await self._attempts.make(claim, self._course, self._read)

    async def _read(self, course: _Course) -> None:
        self._reader.check()
        await (self._changes(course) if course.claim.run.kind == "changes" else self._reconcile(course))

    def _course(self, claim: ClaimedPull) -> _Course:
        pull = claim.pull
        recipe = self._recipes.get(pull.connector)
        if recipe is None or recipe.dialect not in self._dialects:
            raise ToolTrouble("The connector of this pull is not installed any more.")
        fields = tuple(columns_of(parse_pull_mapping(pull.mapping)))
        question = Question(pull.path, fields, pull.filter, recipe.open, recipe.page_size, real_now())
        return _Course(claim, claim.progress, claim.run, self._dialects[recipe.dialect], recipe, question)

    async def _changes(self, course: _Course) -> None:
        position = course.progress.position
        if position.since > course.question.now:
            position = Position(course.question.now - course.recipe.overlap_seconds * SECOND)
        while True:
            # Of this moment: some tools are asked for the last so many minutes.
            question = replace(course.question, now=real_now())
            answer = await course.ask(self._tools, course.dialect.changed(question, position))
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
            mind_limit(answer)

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
                mind_limit(answer)

    async def _read_open(self, course: _Course, done: ReconciliationProgress) -> ToolAnswer:
        """Read the next tickets that are open in the tool, and take them in; return the tool's answer."""
        position = Position(0, done.after, done.extra)
        answer = await course.ask(self._tools, course.dialect.open(course.question, done.after, done.extra))
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
        """Request the next tickets that the product knows as open, and record tickets that the tool does not show.

        Return the tool's answer; None if there are no further tickets.
        """
        pull = course.claim.pull
        numbers = await self._store.open_numbers(pull.party_id, pull.source, done.after, course.question.size)
        if not numbers:
            await self._end_reconciliation(course, done)
            return None
        answer = await course.ask(self._tools, course.dialect.named(course.question, numbers))
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


def _page_of(dialect: Dialect, answer: ToolAnswer, question: Question, position: Position) -> Page:
    """Return the tickets of an answer. Raises UnreadableAnswer, also if it has more tickets than were requested."""
    page = dialect.read(answer, question, position)
    if len(page.rows) > question.size + position.extra:
        # Each takes time, all in one transaction.
        raise UnreadableAnswer("The answer has more tickets than were asked for.")
    return page


_UNBELIEVED = (
    "The tool does not show {missing} of {asked} open tickets. None is cancelled: may the account see them all?"
)
