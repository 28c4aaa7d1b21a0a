"""What may be written into a mail: addresses of one recipient, and texts of others as one line."""

from __future__ import annotations

_LONGEST_LINE = 120


def is_plain_address(address: str) -> bool:
    """Whether the text is one mail address to which a mail can be sent, and nothing that could add a recipient or a
    header.
    """
    name, at, host = address.rpartition("@")
    is_plain = address.isascii() and address.isprintable() and not set(address) & set(' ,;:<>()[]\\"')
    return bool(name and at and host and is_plain) and len(address) <= 254 and not host.startswith((".", "-"))


def one_line(text: str) -> str:
    """Return somebody else's text as one line of at most 120 characters.

    So readers of a mail do not take it for a text of the product, and it cannot begin another header.
    """
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:_LONGEST_LINE]
