"""JSON that somebody else wrote: bounded in size and depth before it is decoded, and storable afterwards.

Unreadable      the bytes are no JSON that may be worked with; its text says why
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

MOST_BYTES = 16 << 20
"""The largest value of a record: what the log on Kafka takes."""
DEEPEST = 96
"""Nesting of lists and objects: half as much again as a request's body may have, which an event may hold."""
MOST_DIGITS = 300
"""Of a whole number: fewer than overflow a float, more than any figure has."""

# Possessive, and the closing quote may be missing: linear in the length whatever the bytes are.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS = b"[]{}"
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(_BRACKETS))
_HINT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Unreadable(ValueError):
    """The bytes are no JSON that may be worked with."""


def json_of(value: bytes, *, most_bytes: int = MOST_BYTES, deepest: int = DEEPEST) -> Any:
    """Bytes → JSON value. Raises Unreadable, and nothing else, whatever the bytes are."""
    if len(value) > most_bytes:
        raise Unreadable(f"the value has {len(value)} bytes; at most {most_bytes} are read")
    if not is_within(value, deepest):
        raise Unreadable(f"lists and objects are nested more than {deepest} deep, or are not closed")
    try:
        found = _DECODER.decode(value.decode())
    # Whatever it is, these bytes are its cause, and the next ones may be good: too deep, too long, no memory for it.
    except Exception as error:
        raise Unreadable(str(error) or type(error).__name__) from error
    if _HINT.search(value) and not is_storable(found):
        raise Unreadable("text holds a NUL character or half a surrogate pair, which no database keeps")
    return found


def is_within(value: bytes, deepest: int) -> bool:
    """Whether nothing is nested deeper, told without decoding and in time linear in the length."""
    if value.count(b"[") + value.count(b"{") <= deepest:
        return True
    brackets = _STRINGS.sub(b"", value).translate(None, _ALL_BUT_BRACKETS)
    for _ in range(deepest):
        # Each turn takes away the innermost pairs, of which there are no more kinds than two.
        left = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not left or len(left) == len(brackets):
            return not left
        brackets = left
    return False


def is_storable(value: Any) -> bool:
    """Whether PostgreSQL keeps all text of a JSON value; the value must not be nested deeply."""
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
        raise ValueError(f"the number {digits[:20]} is beyond the range of numbers")
    return number


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_number, parse_constant=_no_number)
