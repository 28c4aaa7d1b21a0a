"""A mail server for tests: it keeps received mails, and can refuse mails or be stopped."""

from __future__ import annotations

import asyncio
import email
import re
import socket
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """An SMTP server in a thread, on a free port of 127.0.0.1. ``refusal``, if set, is the answer to every mail."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusal: str | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._controller: Controller | None = None

    def __enter__(self) -> Mailbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Accept connections; after ``stop`` on the same port as before."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Close the port, so that connections are refused."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def url(self) -> str:
        """The value for ``SLM_SMTP_URL``."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusal is not None:
            return self.refusal
        self.messages.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def to(self, address: str) -> list[str]:
        """Return the texts of the mails with a link or code to an address, the oldest first.

        They are plain text. Notices of events, which come whenever something happens, have HTML beside it.
        """
        return [each.get_content() for each in self.messages if each["To"] == address and not each.is_multipart()]

    async def next_to(self, address: str, known: int = 0, seconds: float = 20.0) -> str:
        """Wait until more than ``known`` mails have come to an address; return the newest text."""
        async with asyncio.timeout(seconds):
            while len(self.to(address)) <= known:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return self.to(address)[-1]


def link_in(text: str) -> str:
    """Return the address of the only link in a mail."""
    [found] = re.findall(r"https?://\S+", text)
    return str(found)


def code_in(text: str) -> str:
    """Return the six digits in a mail with a code."""
    [found] = re.findall(r"\b\d{6}\b", text)
    return str(found)
