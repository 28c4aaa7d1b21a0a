"""Checks of text before it is written into a mail: the address of the recipient, and texts that others have written."""

from __future__ import annotations

_LONGEST_LINE = 120


def is_plain_address(address: str) -> bool:
    """Whether the text is exactly one mail address. Such a text can add neither a recipient nor a header to a mail."""
    name, at, host = address.rpartition("@")
    is_plain = address.isascii() and address.isprintable() and not set(address) & set(' ,;:<>()[]\\"')
    return bool(name and at and host and is_plain) and len(address) <= 254 and not host.startswith((".", "-"))


def one_line(text: str) -> str:
    """Return somebody else's text as one line of at most 120 characters.

    Readers of a mail then do not mistake it for a text of the product, and it cannot begin another header.
    """
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:_LONGEST_LINE]
