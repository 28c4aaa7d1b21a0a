"""The facts that are sent after a visitor has first opened a page: a scripted hour, and everyday traffic beside it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from slm.demo.alder.enrolment import Participants
from slm.demo.alder.script import history, targets, tickets
from slm.demo.alder.script.timeline import HOUR, MINUTE, SECOND
from slm.demo.alder.sending import send_items
from slm_chassis.clock import Clock, sleep_until
from slm_events.instants import to_text

Fact = dict[str, Any]

OUTAGE_AFTER = 90 * SECOND
"""Time from a visitor's first page until the mail platform goes down, microseconds."""
_MAIL_DOWN, _LONGER = 14 * MINUTE, 2 * MINUTE
"""Mail stays down for ``_MAIL_DOWN``, or for the downtime left this month plus ``_LONGER`` if that is more."""
_CHECKOUT_AT, _CHECKOUT_DOWN = 50 * MINUTE, 4 * MINUTE
_PORTAL_BACK = 25 * MINUTE
_URGENT_RESOLVED = 36 * MINUTE
_SECONDS = 10
"""At most this many seconds of the installation's clock pass until the sender looks again which facts are due."""


def scripted_states(look: int, mail_left: int) -> list[Fact]:
    """Return the scripted changes of state that follow a visitor's first page.

    ``look``: the instant of that first page, microseconds UTC; ``mail_left``: how much longer, in microseconds, mail
    may be down this month.
    """
    mail_down = max(_MAIL_DOWN, mail_left + _LONGER)
    changes = (
        (targets.MAIL, OUTAGE_AFTER, "down"),
        (targets.MAIL, OUTAGE_AFTER + mail_down, "up"),
        (targets.CHECKOUT, _CHECKOUT_AT, "down"),
        (targets.CHECKOUT, _CHECKOUT_AT + _CHECKOUT_DOWN, "up"),
    )
    named = {"source": history.SOURCE}
    return [
        {**named, "indicator": key, "id": f"live/{key}/{after}", "at": to_text(look + after), "state": state}
        for key, after, state in changes
    ]


def urgent_resolution(look: int) -> list[Fact]:
    """Return the event that resolves the urgent incident in time.

    ``look``: the instant (microseconds UTC) at which a visitor first opened a page.
    """
    about = {"source": tickets.SOURCE, "ticket": f"INC-{tickets.URGENT_NUMBER}", "id": "resolved", "sequence": 9}
    at = to_text(look + _URGENT_RESOLVED)
    return [{**about, "at": at, "event": "resolved", "state": "resolved"}]


def everyday_measurements(minute: int, portal_from: int) -> list[Fact]:
    """Return the measurements of one minute: answer times, requests and, once the portal is back, pages of the portal.

    ``minute`` is the instant at which the minute begins, ``portal_from`` the instant at which the portal is back. Both
    are microseconds UTC.
    """
    random = Random(f"{history.SEED}/{minute}")
    at = {"source": history.SOURCE, "at": to_text(minute)}
    values = [random.randrange(60, 290) for _ in range(4)]
    total = random.randrange(180, 320)
    facts: list[Fact] = [
        {**at, "indicator": targets.CHECKOUT_SPEED, "values": values, "unit": "ms"},
        {**at, "indicator": targets.BANKING_REQUESTS, "total": total, "good": total - random.choice((0, 0, 1))},
    ]
    if minute >= portal_from:
        pages = random.randrange(3, 9)
        facts.append({**at, "indicator": targets.PORTAL_PAGES, "total": pages, "good": pages})
    return facts


class LiveSender:
    """Sends the everyday facts from the start, and the scripted facts after a visitor has opened a page (``looked``).

    ``mail_left`` is how much longer, in microseconds, mail may be down this month.
    """

    def __init__(self, enrolled: Participants, clock: Clock, mail_left: int) -> None:
        self._enrolled = enrolled
        self._mail_left = mail_left
        self._clock = clock
        self._look: int | None = None
        self._begin = clock.now() // MINUTE * MINUTE

    def looked(self) -> None:
        """Record that a visitor has opened a page. The script counts from the first call."""
        if self._look is None:
            self._look = self._clock.now()

    async def run(self) -> None:
        """Send each fact when its instant has come, until cancelled. Raises ApiProblem."""
        sent: set[str] = set()
        minute = self._begin
        while True:
            await sleep_until(self._clock, min(minute + MINUTE, self._clock.now() + _SECONDS * SECOND))
            now = self._clock.now()
            while minute + MINUTE <= now:
                # Minute by minute, so that the facts of an hour that passes fast are sent in order, too.
                await send_items(self._enrolled, "measurements", everyday_measurements(minute, self._portal_from()))
                minute += MINUTE
            for door, fact in self._due(now):
                if fact["id"] not in sent:
                    await send_items(self._enrolled, door, [fact])
                    sent.add(fact["id"])

    def _portal_from(self) -> int:
        return self._begin + 8 * HOUR if self._look is None else self._look + _PORTAL_BACK

    def _due(self, now: int) -> Iterator[tuple[str, Fact]]:
        if self._look is None:
            return
        scripted = [("measurements", each) for each in scripted_states(self._look, self._mail_left)]
        scripted += [("ticket-events", each) for each in urgent_resolution(self._look)]
        yield from ((door, fact) for door, fact in scripted if fact["at"] <= to_text(now))
