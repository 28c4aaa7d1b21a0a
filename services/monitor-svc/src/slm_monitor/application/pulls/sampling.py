"""One run of a pull of samples: one request for each piece of time. Each answer is stored with its position."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from slm_chassis.access import Principal
from slm_chassis.clock import SECOND, real_now
from slm_events.catalogue import MEASUREMENTS
from slm_mappings.pull_recipes import PullRecipe
from slm_monitor.application.intake.series_intake import SeriesAnswer, SeriesIntake
from slm_monitor.application.pulls.attempts import MOST_REQUESTS, Course, PlainRunner, mind_limit
from slm_monitor.application.pulls.ports import PullStore, ToolClient
from slm_monitor.domain.facts.rejections import is_storable_text
from slm_monitor.domain.mapping.samples import WrittenSeries
from slm_monitor.domain.mapping.selectors import NAME, MatchingTooCostly
from slm_monitor.domain.pulls import promql
from slm_monitor.domain.pulls.dialects import ToolAnswer
from slm_monitor.domain.pulls.promql import MOST_POINTS, AskedSeries, Piece
from slm_monitor.domain.pulls.pulls import MOST_ERRORS, Position, ToolTrouble
from slm_monitor.domain.pulls.queries import SampleQuery

_LONGEST_LABELS = 16_384
_NO_NAME = "give the pull a `query.record`: the series of this expression have no name"
_BAD_LABELS = f"use labels of {_LONGEST_LABELS:,} characters at most, without NUL and lone surrogates"
_TOO_COSTLY = "The series rules would take too long for this answer: ask for fewer series, or simplify them."


class SampleRunner(PlainRunner):
    """Runs claimed pulls of samples. Samples and the position up to which a run has read are stored together."""

    def __init__(
        self,
        store: PullStore,
        tools: ToolClient,
        intake: SeriesIntake,
        recipes: Mapping[str, PullRecipe],
        lease_seconds: float,
    ) -> None:
        super().__init__(store, tools, recipes, lease_seconds)
        self._intake = intake

    async def _read(self, course: Course) -> None:
        self._intake.intake.check(MEASUREMENTS.name)
        pull = course.claim.pull
        query = pull.query
        assert query is not None, "SampleRunner runs pulls with a query"
        while course.run.ended_at is None:
            position = course.progress.position
            piece = promql.next_piece(query, position.since, real_now(), position.extra or MOST_POINTS)
            if piece is None:
                await self._succeed(course)
                return
            try:
                answer = await course.ask(self._tools, promql.request_of(pull.path, query, piece))
                whole = promql.complete_part(answer, query, piece)
                written = (
                    [] if whole is None else await asyncio.to_thread(_series_to_take, answer, query, pull.source, whole)
                )
            except ToolTrouble as trouble:
                if not trouble.is_too_much or piece.points == 1:
                    raise
                await self._narrow(course, piece)
                continue
            if whole is None:
                await self._succeed(course)
                return
            await self._take(course, written, whole)
            if course.run.ended_at is None:
                mind_limit(answer)

    async def _take(self, course: Course, written: Sequence[WrittenSeries], piece: Piece) -> None:
        """Take in the samples of a piece of time, and store them with the position after that time."""
        pull, width = course.claim.pull, course.progress.position.extra
        sender = Principal(pull.pull_id, pull.party_id, pull.title, frozenset({"integrator"}))
        async with self._store.turn(course.claim, self._lease_seconds) as turn:
            try:
                answer = await self._intake.take(written, sender, pull.party_id, pulled_as=pull.source)
            except MatchingTooCostly as error:
                raise ToolTrouble(_TOO_COSTLY) from error
            _count(course, answer)
            # Twice as many next time: that it was too much may have had a cause that is gone.
            width = 0 if 2 * width >= MOST_POINTS else 2 * width
            course.progress = replace(course.progress, position=Position(piece.following, extra=width))
            self._rest_if_enough(course)
            await turn.keep(course.progress, course.run, is_over=course.run.ended_at is not None)

    async def _narrow(self, course: Course, piece: Piece) -> None:
        """Halve the number of instants in later requests, because the last answer was too large for the server or for
        the product.
        """
        since = course.progress.position.since
        course.progress = replace(course.progress, position=Position(since, extra=max(1, piece.points // 2)))
        self._rest_if_enough(course)
        async with self._store.turn(course.claim, self._lease_seconds) as turn:
            await turn.keep(course.progress, course.run, is_over=course.run.ended_at is not None)

    def _rest_if_enough(self, course: Course) -> None:
        if course.run.requests >= MOST_REQUESTS:
            course.end("partial")
            course.progress = replace(course.progress, changes_due_at=real_now())

    async def _succeed(self, course: Course) -> None:
        """Record that all samples which are complete by now have been read."""
        due_at = course.run.started_at + course.claim.pull.every_seconds * SECOND
        course.progress = replace(course.progress, changes_due_at=due_at)
        course.succeed()
        async with self._store.turn(course.claim, self._lease_seconds) as turn:
            await turn.keep(course.progress, course.run, is_over=True)


def _series_to_take(answer: ToolAnswer, query: SampleQuery, source: str, piece: Piece) -> list[WrittenSeries]:
    return [_checked_series(each) for each in promql.read_answer(answer, query, source, piece)]


def _checked_series(asked: AskedSeries) -> WrittenSeries:
    texts = tuple(text for pair in sorted(asked.labels.items()) for text in pair)
    samples = [(at, value, 0) for at, value in asked.samples]
    if not asked.labels.get(NAME):
        return WrittenSeries(samples=samples, fault=_NO_NAME)
    if sum(map(len, texts)) > _LONGEST_LABELS or not all(map(is_storable_text, texts)):
        return WrittenSeries(samples=samples, fault=_BAD_LABELS)
    return WrittenSeries(labels=texts, samples=samples)


def _count(course: Course, answer: SeriesAnswer) -> None:
    errors = [{"field": "series", "value": None, "remedy": reason} for reason in answer.reasons]
    run = course.run
    course.run = replace(
        run,
        samples=run.samples + answer.samples,
        ignored=run.ignored + answer.ignored,
        refused=run.refused + answer.refused_samples,
        errors=(*run.errors, *(each for each in errors if each not in run.errors))[:MOST_ERRORS],
    )
