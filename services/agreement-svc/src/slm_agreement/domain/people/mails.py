"""The mails that the product sends: invitations, guest links and codes, as plain text."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.domain.errors import Finding, Invalid
from slm_chassis.mail_words import is_plain_address, one_line
from slm_events.instants import UtcMicroseconds

MOST_TRIES = 12
"""After this number of failed tries a mail is given up: about 18 hours after the first try."""
OPERATOR_IN_WORDS = "The operator of this installation"
"""The name of an operator in mails and pages, because the operator's own name says nothing to people outside."""
_FIRST_PAUSE = 30_000_000
_LONGEST_PAUSE = 3 * 3_600_000_000


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that waits to be sent. The row is deleted when the mail server has accepted the mail.

    Instants are microseconds UTC.
    """

    mail_id: str
    recipient: str
    subject: str
    text: str
    created_at: UtcMicroseconds
    next_try_at: UtcMicroseconds | None
    """When sending is tried next; None after the mail was given up."""
    tries: int = 0
    trouble: str = ""
    """Why the latest try failed; empty before the first failure."""


def retry_pause(tries: int) -> int:
    """Return the pause before the next try to send a mail, after this many failed tries (microseconds)."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE << min(tries, 20))


def invitation_mail(inviter: str, whom: str, url: str, expires: str) -> tuple[str, str]:
    """Return the subject and the text of the mail with an invitation. ``inviter`` names person and company."""
    text = (
        f"{one_line(inviter)} invites you{f' ({one_line(whom)})' if whom else ''} to agree on service levels.\n\n"
        f"Open this link to accept; it works once, until {expires}:\n\n{url}\n\n"
        "If you do not know who wrote this, do nothing."
    )
    return f"{one_line(inviter)} invites {one_line(whom) or 'you'}", text


def person_of_company(name: str, company: str | None) -> str:
    """Return the sender as a mail names them: the person and the company or, if ``company`` is None, an operator."""
    return f"{one_line(name)} of {one_line(company)}" if company else OPERATOR_IN_WORDS


def guest_link_mail(sender: str, title: str, url: str, expires: str) -> tuple[str, str]:
    """Return the subject and the text of the mail with a guest's link to one agreement."""
    text = (
        f"{one_line(sender)} asks you to read and answer this agreement: {one_line(title)}\n\n"
        f"Open this link; you need no account. It ends on {expires}:\n\n{url}\n\n"
        "The page sends a code to this address before it shows anything. Do not pass the link on."
    )
    return f"For you to read: {one_line(title)}", text


def guest_code_mail(code: str, minutes: int) -> tuple[str, str]:
    """Return the subject and the text of the mail with the code that confirms a guest's mail address."""
    text = (
        f"Your code is {code}. It is valid for {minutes} minutes.\n\n"
        "Write it only into the page that asked for it. If you did not ask for it, do nothing."
    )
    return f"Your code: {code}", text


def check_mail_address(email: str, field: str) -> str:
    """Return a mail address without surrounding spaces; raises Invalid if no mail can be sent to it."""
    address = email.strip()
    if not is_plain_address(address):
        remedy = "write one plain address like ada@acme.example"
        raise Invalid("No mail can be sent to this address.", [Finding(field, email, remedy)])
    return address
