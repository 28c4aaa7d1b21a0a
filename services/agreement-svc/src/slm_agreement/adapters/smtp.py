"""The worker that sends waiting mails to the SMTP server."""

from __future__ import annotations

import asyncio

import structlog

from slm_agreement.application import mails
from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.domain.people.mails import Mail
from slm_chassis.smtp import OutgoingMail, SmtpServer
from slm_chassis.workers import Progress

_PAUSE_SECONDS = 0.5
"""Real seconds between two looks for waiting mails. A look that finds none costs one query on a partial index."""
_logger = structlog.get_logger(__name__)


class MailSender:
    """A worker that sends waiting mails one after the other.

    Several replicas may run: each mail is sent by one of them only. A mail may arrive twice if the process dies between
    the mail server's reply and the commit.
    """

    name = "mail sender"

    def __init__(self, ledgers: LedgerFactory, server: SmtpServer, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._ledgers = ledgers
        self._server = server
        self._pause_seconds = pause_seconds
        self.progress = Progress()

    async def step(self) -> bool:
        """Try to send the due mail that has waited longest; return whether there was one."""
        self.progress.beat()
        async with self._ledgers.begin() as ledger:
            mail = await ledger.due_mail()
            if mail is None:
                return False
            trouble, is_final = await self._try(mail)
            await mails.record_mail_try(ledger, mail, trouble, is_final)
        return True

    async def run(self) -> None:
        """Send due mails until the task is cancelled."""
        while True:
            if not await self.step():
                await asyncio.sleep(self._pause_seconds)

    async def _try(self, mail: Mail) -> tuple[str, bool]:
        """Try to send a mail.

        Return why it could not be sent (empty if it was sent), and whether trying again is useless.
        """
        refused = await self._server.try_to_send(
            OutgoingMail(mail.mail_id, mail.recipient, mail.subject, mail.text, mail.created_at)
        )
        if refused is None:
            return "", False
        _logger.warning(
            "mail not sent", mail_id=mail.mail_id, tries=mail.tries + 1, reason=refused.reason, final=refused.is_final
        )
        return refused.reason, refused.is_final
