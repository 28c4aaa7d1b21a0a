"""A client of an SMTP server, for the services that send mails."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds

SERVER_SECONDS = 20.0
"""Real seconds that each reply of the mail server may take, unless the service sets others."""
_PORTS = {"smtp": 587, "smtps": 465}
_OF_THIS_MAIL = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError, ValueError)


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail to one recipient. ``mail_id`` becomes its Message-ID, so that a repeated mail can be recognised."""

    mail_id: str
    recipient: str
    subject: str
    text: str
    created_at: UtcMicroseconds
    html: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedMail:
    """The reason why a mail could not be sent.

    ``is_final``: trying again is useless. ``is_away``: the cause is not this mail but the server or the connection, so
    no other mail can be sent now either.
    """

    reason: str
    is_final: bool
    is_away: bool = False


@dataclass(frozen=True)
class SmtpServer:
    """A mail server, and the mail address that is given as the sender.

    The server's address is ``smtp://user:password@host:port`` or ``smtps://…``. ``smtps`` uses TLS from the beginning.
    With ``smtp``, STARTTLS is used where the server offers it, and a password is never sent without TLS.
    """

    url: str
    sender: str
    reply_seconds: float = SERVER_SECONDS
    """Real seconds that each reply of the server may take."""

    def __repr__(self) -> str:
        return f"SmtpServer({urlsplit(self.url).hostname})"

    async def send(self, mail: OutgoingMail) -> None:
        """Send one mail; raises OSError, SMTPException, and ValueError for a header that cannot be written."""
        await asyncio.to_thread(self._send, self._message(mail))

    async def try_to_send(self, mail: OutgoingMail) -> RefusedMail | None:
        """Send one mail; return why it could not be sent, without the recipient's address, or None if it was sent."""
        try:
            await self.send(mail)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            reason = f"{type(error).__name__}: {_reply_of(error)}".replace(mail.recipient, "(address)")
            return RefusedMail(reason, _is_final(error), not isinstance(error, _OF_THIS_MAIL))
        return None

    def _message(self, mail: OutgoingMail) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, mail.recipient, _literal(mail.subject)
        message["Date"] = formatdate(mail.created_at / SECOND)
        message["Message-ID"] = f"<{mail.mail_id}@{self.sender.rpartition('@')[2].rstrip('>') or 'slm'}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
        return message

    def _send(self, message: EmailMessage) -> None:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "localhost", parts.port or _PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=self.reply_seconds, context=context)
        else:
            client = smtplib.SMTP(host, port, timeout=self.reply_seconds)
        with client:
            client.ehlo()
            if parts.scheme == "smtp" and (client.has_extn("starttls") or parts.username):
                client.starttls(context=context)
            if parts.username:
                client.login(unquote(parts.username), unquote(parts.password or ""))
            client.send_message(message)


def _literal(text: str) -> str:
    """Return the text for a header, changed where Python would decode it.

    Python decodes ``=?utf-8?q?…?=`` when a header is set. The decoded text could end the line and begin another header.
    """
    return text.replace("=?", "= ?")


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
