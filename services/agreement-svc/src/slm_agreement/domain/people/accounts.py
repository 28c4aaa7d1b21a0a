"""Accounts: the mail address and the password with which a person logs in, and the rules for passwords."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from slm_agreement.domain.errors import Finding, Invalid
from slm_events.instants import UtcMicroseconds

SHORTEST, LONGEST = 12, 200
"""The fewest and the most characters of a password."""
_FEWEST_DIFFERENT = 6
_PART = 4
"""A part of a mail address before the @ that has at least this many characters must not occur in the password."""


@dataclass(frozen=True, slots=True)
class Account:
    """The mail address and password with which the person behind a principal logs in.

    The password is stored only as its Argon2id hash.
    """

    principal_id: str
    email: str
    """The mail address, normalised by ``normalise_address``. No other account has the same."""
    password_hash: str
    may_sign: bool
    """Whether sessions of the account may sign: no manager was involved in setting the password."""
    set_how: str
    """How the password was set: ``invitation`` (with an invitation's code) or ``holder`` (by the person alone)."""
    set_by_name: str
    """The name of the inviter, or of the person who set the password."""
    set_at: UtcMicroseconds
    is_proven: bool = False
    """Whether the person is known to read the mailbox: the password was set with a link that was mailed only there."""


def normalise_address(email: str) -> str:
    """Return a mail address in the form in which addresses are compared: trimmed, lower case, in Unicode's form C."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def normalise_password(password: str) -> str:
    """Return a password in the form in which it is hashed: Unicode's form C.

    So the same text typed on two machines is the same password.
    """
    return unicodedata.normalize("NFC", password)


def check_password(password: str, email: str, field: str = "password") -> None:
    """Raise Invalid for a password that is easy to guess. The error message does not contain the password."""
    text = normalise_password(password)
    name = normalise_address(email).partition("@")[0]
    if not SHORTEST <= len(text) <= LONGEST:
        _refuse(field, f"write {SHORTEST} to {LONGEST} characters; several words in a row are good")
    if len(set(text)) < _FEWEST_DIFFERENT:
        _refuse(field, f"use at least {_FEWEST_DIFFERENT} different characters")
    if len(name) >= _PART and name in text.casefold():
        _refuse(field, "leave your mail address out of it")


def _refuse(field: str, remedy: str) -> None:
    raise Invalid("The password is easy to guess.", [Finding(field, "…", remedy)])
