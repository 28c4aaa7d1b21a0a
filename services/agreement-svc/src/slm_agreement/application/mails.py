"""Mails: each is stored in the transaction that causes it, and sent later by a worker."""

from __future__ import annotations

from dataclasses import replace

from slm_agreement.application.ledger import Ledger
from slm_agreement.domain.people import mails
from slm_agreement.domain.people.mails import Mail
from slm_chassis.identity import new_id


async def store_mail(ledger: Ledger, recipient: str, content: tuple[str, str]) -> None:
    """Store a mail to be sent after the commit; ``content`` is its subject and text."""
    subject, text = content
    await ledger.mails.put(Mail(new_id(), recipient, subject, text, ledger.now, ledger.now))


async def record_mail_try(ledger: Ledger, mail: Mail, trouble: str, is_final: bool) -> None:
    """Record that a worker tried to send a mail: delete the mail if it was sent; otherwise plan the next try.

    ``trouble`` says why the try failed; empty: the mail was sent. ``is_final`` says that no further try can succeed.
    If the last try fails, the mail stays without its text.
    """
    if not trouble:
        await ledger.delete_mail(mail.mail_id)
        return
    tries = mail.tries + 1
    if is_final or tries >= mails.MOST_TRIES:
        await ledger.mails.put(replace(mail, next_try_at=None, tries=tries, trouble=trouble, text=""))
        return
    later = ledger.now + mails.retry_pause(tries)
    await ledger.mails.put(replace(mail, next_try_at=later, tries=tries, trouble=trouble))
