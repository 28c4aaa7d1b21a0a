"""Limits of a JSON text that are checked before it is parsed: its nesting depth and its number of values."""

from __future__ import annotations

import re

from slm_chassis.http.problems import Problem

_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')
_STRUCTURE = b'[]{}"'
_OTHERS = bytes(set(range(256)) - set(_STRUCTURE))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


def check_json_bounds(body: bytes, max_depth: int, max_values: int) -> None:
    """Raise 400 for a text that is nested too deeply and 413 for one with too many values.

    A text that is not valid JSON is left to the parser.
    """
    if body.count(b"[") + body.count(b"{") > max_depth and json_depth(body, max_depth) > max_depth:
        detail = f"Arrays and objects may be nested {max_depth} deep. Send a flatter document."
        raise Problem(400, "too-deep", "The body is nested too deeply", detail)
    if count_json_values(body) > max_values:
        detail = f"A body may have {max_values} values. Send the rest in further requests."
        raise Problem(413, "too-many-values", "The body has too many values", detail)


def count_json_values(body: bytes) -> int:
    """Return an upper bound for the number of values in a JSON text.

    Each value follows a comma or is the first of an array or object.
    """
    return body.count(b",") + body.count(b"[") + body.count(b"{") + 1


def json_depth(body: bytes, enough: int) -> int:
    """Return the nesting depth of a JSON text; depths beyond ``enough`` are not distinguished.

    Each step removes all innermost brackets in one pass in C.
    """
    brackets = _ESCAPE.sub(b"", body) if b"\\" in body else body
    brackets = _STRING.sub(b"", brackets.translate(_ONE_KIND, _OTHERS))
    found = 0
    while brackets and found <= enough:
        fewer = brackets.replace(b"[]", b"")
        if len(fewer) == len(brackets):
            # Never closed, so not valid JSON, but a parser would still recurse this deep.
            return found + brackets.count(b"[")
        found += 1
        brackets = fewer
    return found
