"""Decoding of JSON that other programs may have written. Its size and depth are limited, and its text can be stored in
a database.

``Unreadable`` is raised if the bytes are not acceptable JSON; its message says why.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

MOST_BYTES = 16 << 20
"""The most bytes that the value of a record may have. Kafka as the log has the same limit."""
DEEPEST = 96
"""The deepest nesting of lists and objects: half as deep again as is allowed in a request's body, because events
contain such bodies.
"""
MOST_DIGITS = 300
"""The most digits of a whole number: too few to overflow a float, and more than any figure has."""

# Possessive quantifiers and an optional closing quote keep the time linear for all input.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS = b"[]{}"
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(_BRACKETS))
_HINT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Unreadable(ValueError):
    """The bytes are not acceptable JSON."""


def decode_json(value: bytes, *, most_bytes: int = MOST_BYTES, deepest: int = DEEPEST) -> Any:
    """Return the decoded JSON value of the bytes. Raises only Unreadable, whatever the bytes are."""
    if len(value) > most_bytes:
        raise Unreadable(f"the value has {len(value)} bytes; at most {most_bytes} are read")
    if not is_nested_at_most(value, deepest):
        raise Unreadable(f"lists and objects are nested more than {deepest} deep, or are not closed")
    try:
        found = _DECODER.decode(value.decode())
    # Any exception (too deep, too long, out of memory) is caused by these bytes, and the next record may be fine.
    except Exception as error:
        raise Unreadable(str(error) or type(error).__name__) from error
    if _HINT.search(value) and not is_storable(found):
        raise Unreadable("text contains a NUL character or half a surrogate pair, which cannot be stored")
    return found


def is_nested_at_most(value: bytes, deepest: int) -> bool:
    """Whether the JSON is nested at most ``deepest`` levels. Decodes nothing and takes time linear in its length."""
    if value.count(b"[") + value.count(b"{") <= deepest:
        return True
    brackets = _STRINGS.sub(b"", value).translate(None, _ALL_BUT_BRACKETS)
    for _ in range(deepest):
        # Each turn removes the innermost pairs, which are either [] or {}.
        left = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not left or len(left) == len(brackets):
            return not left
        brackets = left
    return False


def is_storable(value: Any) -> bool:
    """Whether PostgreSQL can store all text in a JSON value. The value must not be nested deeply."""
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is None
    if isinstance(value, dict):
        return all(is_storable(name) and is_storable(inner) for name, inner in value.items())
    return all(is_storable(inner) for inner in value) if isinstance(value, list) else True


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits; at most {MOST_DIGITS} are read")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:20]} is too large or too small")
    return number


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_number, parse_constant=_no_number)
