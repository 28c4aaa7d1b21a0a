"""One run of a pull of outages: a document of the tool is read whole if it has changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from slm_chassis.access import Principal
from slm_chassis.clock import SECOND, Clock, real_now
from slm_events.catalogue import MEASUREMENTS
from slm_mappings.mapped_payloads import MappedPayload, map_payload
from slm_mappings.messages import ImportRefused
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.pull_recipes import PullRecipe, parse_outage_mapping
from slm_monitor.application.intake.intake import FactIntake
from slm_monitor.application.intake.record_reader import IndicatorRegister
from slm_monitor.application.intake.source_counts import SourceTally
from slm_monitor.application.pulls.attempts import Course, PlainRunner
from slm_monitor.application.pulls.keeping import errors_of
from slm_monitor.application.pulls.ports import PullStore, ToolClient
from slm_monitor.domain.pulls import documents
from slm_monitor.domain.pulls.dialects import ToolAnswer, UnreadableAnswer
from slm_monitor.domain.pulls.pulls import MOST_ERRORS, Position, Pull
from slm_monitor.domain.pulls.schedule import next_reconciliation

_MOST_NAMES = 10


class OutageTaker:
    """Maps documents of tools, and takes their outages in."""

    def __init__(self, intake: FactIntake, indicators: IndicatorRegister, clock: Clock) -> None:
        self.intake = intake
        self._indicators = indicators
        self._clock = clock
        # A thread of its own, so that a large answer never keeps those of requests busy.
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="documents")

    async def read(self, pull: Pull, document: Any) -> MappedPayload:
        """Map a document of the tool by the pull's mapping. Raises ImportRefused and UnreadableAnswer."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _mapped_document, pull, document)

    async def take(self, pull: Pull, found: MappedPayload) -> tuple[int, list[dict[str, Any]]]:
        """Take in the outages whose indicators are registered.

        Return the number of outages left out because their indicators are not registered, and the errors of refused
        outages.
        """
        sender = Principal(pull.pull_id, pull.party_id, pull.title, frozenset({"integrator"}))
        subjects = {f"{pull.party_id}/{item['indicator']}" for item in found.measurements}
        known = await self._indicators.indicators(list(subjects))
        ours = [item for item in found.measurements if f"{pull.party_id}/{item['indicator']}" in known]
        ignored = len(found.measurements) - len(ours)
        if ignored:
            names = sorted(subject.partition("/")[2] for subject in subjects - known.keys())
            tally = SourceTally()
            tally.ignore(ignored, names[:_MOST_NAMES], self._clock.now())
            self.intake.sources.count_source(sender, MEASUREMENTS.name, pull.source, tally)
        if not ours:
            return ignored, []
        taken = await self.intake.take_measurements(json.dumps(ours).encode(), "application/json", sender)
        errors = [
            {"field": f"{ours[each.index]['indicator']}.{each.field}", "value": None, "remedy": each.remedy}
            for each in taken.refusals
        ]
        return ignored, errors


class OutageRunner(PlainRunner):
    """Runs claimed pulls of outages. Outages and the version of the document that has been read are stored together."""

    def __init__(
        self,
        store: PullStore,
        tools: ToolClient,
        taker: OutageTaker,
        recipes: Mapping[str, PullRecipe],
        lease_seconds: float,
    ) -> None:
        super().__init__(store, tools, recipes, lease_seconds)
        self._taker = taker

    async def _read(self, course: Course) -> None:
        """Read the document once. A nightly run reads the document even if it is unchanged, because some of its
        outages may be about indicators that were registered after the previous run.
        """
        self._taker.intake.check(MEASUREMENTS.name)
        pull, asked_at = course.claim.pull, real_now()
        tag = course.progress.position.after if course.run.kind == "changes" else ""
        answer = await course.ask(self._tools, documents.request_of(pull.path, tag))
        found = None if answer.is_unchanged else await self._found(course, answer)
        async with self._store.turn(course.claim, self._lease_seconds) as turn:
            if found is not None:
                _count_outages(course, found, *await self._taker.take(pull, found))
                tag = documents.tag_of(answer)
            self._succeed(course, Position(asked_at, after=tag))
            await turn.keep(course.progress, course.run, is_over=True)

    async def _found(self, course: Course, answer: ToolAnswer) -> MappedPayload:
        try:
            return await self._taker.read(course.claim.pull, answer.document)
        except ImportRefused as refused:
            course.run = replace(course.run, errors=tuple(errors_of(refused, "")[:MOST_ERRORS]))
            raise UnreadableAnswer(f"{refused.title}: {refused.findings[0].remedy}.") from refused

    def _succeed(self, course: Course, position: Position) -> None:
        now, pull = real_now(), course.claim.pull
        course.progress = replace(
            course.progress, position=position, changes_due_at=course.run.started_at + pull.every_seconds * SECOND
        )
        course.succeed()
        if course.run.kind == "reconciliation":
            following = next_reconciliation(pull.reconcile_at, pull.zone, now)
            course.progress = replace(course.progress, reconciled_at=now, reconcile_due_at=following)


def _mapped_document(pull: Pull, document: Any) -> MappedPayload:
    mapping: OutageMapping = parse_outage_mapping(pull.mapping).model_copy(update={"source": pull.source})
    inner = document
    for part in mapping.records.items.split(".") if mapping.records.items else ():
        inner = inner.get(part) if isinstance(inner, Mapping) else None
    if inner is None:
        raise UnreadableAnswer(f"The answer has no `{mapping.records.items}`: is it the document of the mapping?")
    return map_payload(json.dumps(document).encode(), mapping)


def _count_outages(course: Course, found: MappedPayload, ignored: int, errors: list[dict[str, Any]]) -> None:
    unread = [] if found.refused is None else errors_of(found.refused, "")
    course.run = replace(
        course.run,
        samples=len(found.measurements),
        ignored=ignored,
        refused=len(unread) + len(errors),
        errors=tuple([*unread, *errors][:MOST_ERRORS]),
    )
