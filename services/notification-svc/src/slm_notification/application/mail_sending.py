"""The worker that makes mails of waiting deliveries and sends them. Replicas share the work by leases."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from slm_chassis.clock import SECOND, real_now
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.mail_words import is_plain_address
from slm_chassis.smtp import OutgoingMail, RefusedMail
from slm_chassis.workers import Backoff, Progress
from slm_notification.application.mail_ports import (
    ClaimedMail,
    FailedMail,
    MailDesk,
    MailedNotice,
    MailServer,
    ReadingLinks,
)
from slm_notification.domain.attempts import RetryRules, pause_after
from slm_notification.domain.mail_text import MOST_SHOWN, MailFrame, MailItem, MailWords, words_of
from slm_notification.domain.notices import MailKind
from slm_notification.domain.readers import Reader
from slm_notification.domain.week_text import words_of_week
from slm_notification.domain.weeks import WEEK

_POLL_SECONDS = 0.25
_PEOPLE_AT_ONCE = 200
_DRAIN_SECONDS = 5.0
_PRUNE_SECONDS = 3_600.0
_LONGEST_AWAY_SECONDS = 30.0
_REPLIES = 10
"""The most replies of the mail server to one mail: greeting, EHLO, STARTTLS, EHLO, login, and those to the mail."""
_ABOUT_AGREEMENTS: tuple[MailKind, ...] = ("agreement", "decision", "signature")
_MOST_LINKS = 5
"""The most links for a reader without an account in one mail: the most that are made for a person at a time."""
_LINK_SECONDS = 5.0
"""The most real seconds that a mail waits for links."""
_NOBODY = "Not sent: the person has no mail address any more, or may not log in any more."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MailLimits:
    """Limits of sending mails.

    How many mails are sent at the same time, the shortest time between two mails about one cause, how long the server
    may take for a reply, and how long mails are kept.
    """

    console_url: str
    at_once: int = 8
    together: int = 900 * SECOND
    """The least microseconds between two mails about one cause. The second mail has all that was added meanwhile."""
    reply_seconds: float = 20.0
    keep_microseconds: int = 30 * 86_400 * SECOND

    @property
    def lease_seconds(self) -> float:
        """Seconds for which a claimed mail belongs to a process: longer than the slowest server can take."""
        return _REPLIES * self.reply_seconds + _LINK_SECONDS + 1


class NotificationMailer:
    """The worker that makes and sends mails, and stores how each attempt ended.

    While the mail server is away, the worker tries only one mail at a time, with growing pauses. After the first
    success, all mails that waited for the server are due. A process that has just started does the same after its first
    success, because an earlier process may have left mails that wait.
    """

    name = "sender of mails"

    def __init__(
        self, desk: MailDesk, server: MailServer, links: ReadingLinks, rules: RetryRules, limits: MailLimits
    ) -> None:
        self.progress = Progress()
        self._desk = desk
        self._server = server
        self._links = links
        self._rules = rules
        self._limits = limits
        self._running: set[asyncio.Task[None]] = set()
        self._failures = 0
        # Mails may wait that another process tried in vain before it was killed. It knew that the server was away.
        self._was_away = True
        self._away_until = 0.0
        self._prune_at = 0.0

    async def run(self) -> None:
        """Make and send mails until cancelled. Then the mails that are being sent get a few seconds to end."""
        backoff = Backoff()
        try:
            while True:
                try:
                    made = await self.step()
                    backoff.reset()
                except Exception as error:
                    if not is_infrastructure_fault(error):
                        raise
                    await backoff.pause()
                    continue
                if not made:
                    await asyncio.sleep(_POLL_SECONDS)
        finally:
            if self._running:
                with suppress(Exception):
                    await asyncio.wait(self._running, timeout=_DRAIN_SECONDS)

    async def step(self) -> int:
        """Make mails from due deliveries, and begin to send mails. Return the number of mails that are now being sent.

        At most ``at_once`` mails are sent at the same time, and only one after a failure.
        """
        for person_id in await self._desk.people_with_due(_PEOPLE_AT_ONCE):
            await self._desk.make_mails(person_id, self._limits.together)
            self.progress.beat()
        now = asyncio.get_running_loop().time()
        if now >= self._prune_at:
            self._prune_at = now + _PRUNE_SECONDS
            await self._desk.prune_mails(real_now() - self._limits.keep_microseconds)
        room = (1 if self._failures else self._limits.at_once) - len(self._running)
        if room <= 0 or now < self._away_until:
            self.progress.beat()
            return 0
        claims = await self._desk.claim_mails(room, self._limits.lease_seconds)
        for claim in claims:
            task = asyncio.create_task(self._handle(claim))
            self._running.add(task)
            task.add_done_callback(self._forget)
        self.progress.beat()
        return len(claims)

    async def settle(self) -> None:
        """Wait until no mail is being sent and all results are stored."""
        while self._running:
            await asyncio.wait(self._running)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The mail is claimed again when its lease has ended.
            _log.error("mail not handled", exc_info=error)

    async def _handle(self, claim: ClaimedMail) -> None:
        reader = await self._desk.reader(claim.person_id)
        if reader is None or not is_plain_address(reader.email.strip()):
            await self._desk.store_dropped(claim, _NOBODY)
            return
        words = await self._words(claim, reader)
        mail = OutgoingMail(
            claim.message_id, reader.email.strip(), words.subject, words.text, claim.created_at, words.html
        )
        refused = await self._server.try_to_send(mail)
        await self._store(claim, refused)

    async def _words(self, claim: ClaimedMail, reader: Reader) -> MailWords:
        content = await self._desk.content_of(claim.message_id, MOST_SHOWN)
        console = self._limits.console_url
        frame = MailFrame(reader.name, reader.time_zone, console)
        if (week := next((each.words for each in content.notices if each.kind == WEEK), None)) is not None:
            return words_of_week(week, frame)
        links = await self._links_in(reader, content.notices)
        told = [
            MailItem(
                kind=each.kind,
                headline=each.words["headline"],
                lines=[(label, text) for label, text in each.words["lines"]],
                agreement=each.title,
                url=f"{console}{each.words['path']}",
                reading_url=links.get(each.agreement_id or ""),
            )
            for each in content.notices
            if each.kind != WEEK
        ]
        page = None if claim.cause_id is None else f"{console}/causes/{claim.cause_id}"
        return words_of(told, content.count, frame, is_digest=claim.is_digest, page=page)

    async def _links_in(self, reader: Reader, notices: Sequence[MailedNotice]) -> dict[str, str]:
        """Return agreement id → link with which a reader without an account may read that agreement.

        An agreement gets a link only if the agreement's page shows the details of a notice in the mail.
        """
        ids = [each.agreement_id for each in notices if each.kind in _ABOUT_AGREEMENTS and each.agreement_id]
        links: dict[str, str] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINK_SECONDS):
                for agreement_id in list(dict.fromkeys(ids))[:_MOST_LINKS]:
                    link = await self._links.link_for(reader, agreement_id)
                    if link is None:
                        break  # The reader can log in, or agreement-svc is away: it is asked only once.
                    links[agreement_id] = link
        return links

    async def _store(self, claim: ClaimedMail, refused: RefusedMail | None) -> None:
        """Store the result of an attempt. If the database is away, wait for it: a mail that was accepted and not stored
        as sent would be sent again.
        """
        backoff = Backoff()
        while True:
            try:
                await (self._succeeded(claim) if refused is None else self._failed(claim, refused))
                return
            except Exception as error:
                if not is_infrastructure_fault(error) or real_now() > claim.leased_until:
                    raise
            await backoff.pause()

    async def _succeeded(self, claim: ClaimedMail) -> None:
        await self._desk.store_sent(claim, was_away=self._was_away)
        self._failures, self._was_away, self._away_until = 0, False, 0.0

    async def _failed(self, claim: ClaimedMail, refused: RefusedMail) -> None:
        now = real_now()
        is_over = refused.is_final or now - claim.first_attempt_at >= self._rules.give_up_after
        # Not for secrets: spreads the attempts.
        pause = pause_after(self._rules, claim.attempts, random.uniform(0.8, 1.2))
        await self._desk.store_failed(
            claim, FailedMail(refused.reason, None if is_over else now + pause, refused.is_away)
        )
        if refused.is_away:
            self._failures += 1
            self._was_away = True
            seconds = min(0.5 * 2 ** min(self._failures, 10), _LONGEST_AWAY_SECONDS)
            self._away_until = asyncio.get_running_loop().time() + seconds
        _log.warning(
            "mail not sent",
            message_id=claim.message_id,
            attempts=claim.attempts,
            reason=refused.reason,
            final=is_over,
        )
