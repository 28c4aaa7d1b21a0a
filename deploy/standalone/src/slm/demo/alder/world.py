"""Building of the demonstration's data through the public API, and its progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from slm.demo.alder import handling, sending, signing
from slm.demo.alder.enrolment import Participants, enrol_participants
from slm.demo.alder.live import LiveSender
from slm.demo.alder.script import history, tickets
from slm.demo.alder.script.companies import PROVIDER
from slm.demo.alder.script.facts import history_of
from slm.demo.alder.script.timeline import Timeline
from slm_chassis.clock import Clock

STEPS = ("starting", "signing", "history", "judging", "answers", "complete")
"""The steps of building the demonstration's data, in order."""


@dataclass
class BuildProgress:
    """How far the data are built. ``usable_seconds``: real seconds until agreements were signed; None before."""

    step: str = STEPS[0]
    sent: int = 0
    facts: int = 0
    usable_seconds: float | None = None


@dataclass
class DemonstrationWorld:
    """The data built so far. ``places``: name that the stories use → id of a record."""

    timeline: Timeline
    begun: float
    """When building began, in seconds of the monotonic clock."""
    progress: BuildProgress = field(default_factory=BuildProgress)
    places: dict[str, str] = field(default_factory=dict)
    enrolled: Participants | None = None
    live: LiveSender | None = None


Say = Callable[[str], None]


class WorldBuilder:
    """Builds the demonstration's data. ``say`` is called with a line of text at each step."""

    def __init__(self, client: httpx.AsyncClient, world: DemonstrationWorld, clock: Clock, say: Say) -> None:
        self._client = client
        self._world = world
        self._clock = clock
        self._say = say

    async def make_usable(self, operator_key: str) -> Participants:
        """Register everybody, and negotiate and sign all agreements. Raises ApiProblem."""
        world, timeline = self._world, self._world.timeline
        world.progress.step = "signing"
        enrolled = world.enrolled = await enrol_participants(self._client, operator_key)
        self._hold = await sending.open_history_import(enrolled)
        self._signed = await signing.sign_all(enrolled, timeline.begin)
        opened = await signing.leave_in_negotiation(enrolled, timeline.month(0).end, self._signed)
        world.places |= {key: each["agreement_id"] for key, each in {**self._signed, **opened}.items()}
        world.live = LiveSender(enrolled, self._clock, history.mail_downtime_left(timeline))
        world.progress.usable_seconds = time.monotonic() - world.begun
        return enrolled

    async def fill(self) -> None:
        """Send the history and record how people handled its breaches. Raises ApiProblem and TimeoutError."""
        world = self._world
        enrolled = world.enrolled
        assert enrolled is not None, "the world is usable before it is filled"
        facts = history_of(world.timeline)
        world.progress.step, world.progress.facts = "history", facts.count
        await self._find_targets(enrolled)
        await sending.send_history(enrolled, self._hold, facts, self._sent)
        self._step("answers", f"twelve months are judged: {facts.count} facts")
        await self._act(enrolled)
        self._step("complete", "all of the history is in")

    async def _act(self, enrolled: Participants) -> None:
        world, timeline = self._world, self._world.timeline
        month = timeline.month(history.MAINTENANCE_BACK)
        world.places["urgent"] = f"INC-{tickets.URGENT_NUMBER}"
        world.places["withdrawn"] = await self._breach_of(enrolled, month.id)
        world.places["breach"] = await self._breach_of(enrolled, timeline.month(history.BREACH_BACK).id)
        world.places["cause"] = await self._cause_of_mail(enrolled)
        world.places |= await handling.request_exclusions(enrolled, timeline, self._signed)
        path = f"breaches/{world.places['withdrawn']}"
        ada = enrolled.manager(PROVIDER)
        await handling.wait_for_answer(enrolled, ada, path, lambda seen: bool(seen["state"] == "withdrawn"))
        tried = await handling.backtest_draft(enrolled)
        world.places["backtest"] = tried["backtest_id"]
        await handling.answer_breaches(enrolled, timeline)
        await handling.hold_reviews(enrolled, timeline, self._signed)

    async def _find_targets(self, enrolled: Participants) -> None:
        """Store the id of each target in ``places``, under the name ``<agreement>-<target>``."""
        names = {each["agreement_id"]: key for key, each in self._signed.items()}
        targets = sum(len(each["document"]["targets"]) for each in self._signed.values())
        ada = enrolled.manager(PROVIDER)
        seen = await handling.wait_for_answer(
            enrolled, ada, "targets?limit=1000", lambda now: len(now["items"]) >= targets
        )
        for target in seen["items"]:
            self._world.places[f"{names[target['agreement_id']]}-{target['key']}"] = target["target_id"]

    async def _breach_of(self, enrolled: Participants, window: str) -> str:
        """Return the id of the breach of checkout's availability in the month ``window``, such as ``2026-11``."""
        path = f"breaches?target_id={self._world.places['checkout-availability']}&window_id={window}"
        ada = enrolled.manager(PROVIDER)
        seen = await handling.wait_for_answer(enrolled, ada, path, lambda now: bool(now["items"]))
        return str(seen["items"][0]["breach_id"])

    async def _cause_of_mail(self, enrolled: Participants) -> str:
        """Return the id of the shared cause of all breaches that the mail platform's outage led to."""
        month = self._world.timeline.month(history.MAIL_BACK).id
        path = f"breaches?target_id={self._world.places['mail-harbour-availability']}&window_id={month}"
        ada = enrolled.manager(PROVIDER)
        seen = await handling.wait_for_answer(
            enrolled, ada, path, lambda now: any(each["cause_id"] for each in now["items"])
        )
        return str(seen["items"][0]["cause_id"])

    def _sent(self, sent: int, facts: int) -> None:
        self._world.progress.sent = sent
        if sent == facts:
            self._step("judging", f"{facts} facts are sent; they are being judged")

    def _step(self, step: str, line: str) -> None:
        self._world.progress.step = step
        self._say(f"{time.monotonic() - self._world.begun:6.1f} s  {line}")
