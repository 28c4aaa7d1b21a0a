"""Mails say what they were given, and nothing that was hidden in it; a failure names no secret and no address."""

from __future__ import annotations

import asyncio
import email
import socket
from email.policy import default

import pytest

from slm_chassis.mail_words import is_plain_address, one_line
from slm_chassis.smtp import OutgoingMail, SmtpServer
from tests.support.mailbox import Mailbox

READER = "ada@acme.example"


def mail(subject: str) -> OutgoingMail:
    return OutgoingMail("11111111-1111-4111-8111-111111111111", READER, subject, "text", 0, "<p>text</p>")


@pytest.mark.parametrize("subject", ["=?utf-8?q?=0d=0aBcc:spy@evil.example?=", "=?utf-8?b?DQpCY2M6IHg=?=", "Größe ■ ▲"])
async def test_a_subject_adds_no_header(subject: str) -> None:
    with Mailbox() as mailbox:
        assert await SmtpServer(mailbox.url, "slm@acme.example").try_to_send(mail(subject)) is None
        [message] = mailbox.messages
    assert message.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type", *(
            ["X-Peer"] if "X-Peer" in message else []
        )
    ]  # fmt: skip
    again = email.message_from_bytes(bytes(message), policy=default)
    assert again["Message-ID"] == "<11111111-1111-4111-8111-111111111111@acme.example>"


async def test_a_line_break_in_a_subject_is_refused_for_ever_or_sent_as_one_line() -> None:
    with Mailbox() as mailbox:
        refused = await SmtpServer(mailbox.url, "slm@acme.example").try_to_send(mail("a\r\nBcc: b@c.example"))
        assert refused is not None and not refused.is_away and mailbox.messages == []


async def test_a_failure_names_neither_password_nor_reader() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server = SmtpServer(f"smtp://slm:top-secret@127.0.0.1:{closed.getsockname()[1]}", "slm@acme.example", 0.5)
        refused = await server.try_to_send(mail("s"))
    assert refused is not None and refused.is_away and not refused.is_final
    for text in (refused.reason, repr(server), str(server)):
        assert "top-secret" not in text and READER not in text


async def test_a_password_is_not_sent_without_tls() -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            heard.append(line)
            writer.write(b"250 AUTH PLAIN LOGIN\r\n")
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    refused = await SmtpServer(f"smtp://slm:top-secret@127.0.0.1:{port}", "slm@acme.example", 0.5).try_to_send(
        mail("s")
    )
    listening.close()
    assert refused is not None and refused.is_away
    assert not any(b"AUTH" in line for line in heard)


def test_addresses_and_lines() -> None:
    assert is_plain_address(READER)
    for address in ("a@b, c@d", "a@b\nBcc: c@d", "<a@b>", "a", "@b", "a@", "ä@b.example", "a@-b"):
        assert not is_plain_address(address), address
    assert one_line("a\r\nb\u2028c\x00" + "d" * 500) == ("a b c " + "d" * 500)[:120]
