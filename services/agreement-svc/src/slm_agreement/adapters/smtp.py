"""A client of an SMTP server, and the worker that sends waiting mails with it."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

import structlog

from slm_agreement.application import mails
from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.domain.people.mails import Mail
from slm_chassis.clock import SECOND
from slm_chassis.workers import Progress

_PAUSE_SECONDS = 0.5
"""Real seconds between two looks for waiting mails. A look that finds none costs one query on a partial index."""
_SERVER_SECONDS = 20.0
_PORTS = {"smtp": 587, "smtps": 465}
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SmtpServer:
    """A mail server, and the mail address that is given as the sender.

    The server's address is ``smtp://user:password@host:port`` or ``smtps://…``. ``smtps`` uses TLS from the beginning.
    With ``smtp``, STARTTLS is used where the server offers it, and a password is never sent without TLS.
    """

    url: str
    sender: str

    async def send(self, mail: Mail) -> None:
        """Send one mail; raises OSError and SMTPException."""
        await asyncio.to_thread(self._send, self._message(mail))

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, mail.recipient, mail.subject
        message["Date"] = formatdate(mail.created_at / SECOND)
        message["Message-ID"] = f"<{mail.mail_id}@{self.sender.rpartition('@')[2].rstrip('>') or 'slm'}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message

    def _send(self, message: EmailMessage) -> None:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "localhost", parts.port or _PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SERVER_SECONDS, context=context)
        else:
            client = smtplib.SMTP(host, port, timeout=_SERVER_SECONDS)
        with client:
            client.ehlo()
            if parts.scheme == "smtp" and (client.has_extn("starttls") or parts.username):
                client.starttls(context=context)
            if parts.username:
                client.login(unquote(parts.username), unquote(parts.password or ""))
            client.send_message(message)


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
        trouble, is_final = "", False
        try:
            await self._server.send(mail)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            trouble = f"{type(error).__name__}: {_reply_of(error)}"
            is_final = _is_final(error)
            _logger.warning("mail not sent", mail_id=mail.mail_id, tries=mail.tries + 1, reason=trouble, final=is_final)
        return trouble, is_final


def _reply_of(error: Exception) -> str:
    """Return the mail server's error message, without the recipient's address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return ", ".join(str(code) for code, _ in error.recipients.values())
    return str(error)[:200]


def _is_final(error: Exception) -> bool:
    """Return whether trying again is useless: the server refuses this recipient or this mail permanently (5xx)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600
