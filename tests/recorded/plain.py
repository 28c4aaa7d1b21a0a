"""Answers and events without what differs from play to play: ids, hashes, keys, tokens and real time."""

from __future__ import annotations

import re
from typing import Any

_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_HASH = r"(?<![0-9a-zA-Z])[0-9a-f]{64}(?![0-9a-zA-Z])"
_KEY = r"slm_[A-Za-z0-9_-]{43}"
_VARIABLE = re.compile(f"(?P<id>{_UUID})|(?P<hash>{_HASH})|(?P<key>{_KEY})")
IDS = re.compile(_UUID)
MASKED = frozenset({"traceparent", "ce_traceparent", "ce_id", "ce_causationid", "ce_correlationid"})
"""Random or made in passing: which event of one instant got which id says nothing."""
NAMED = frozenset({"next", "cursor", "etag", "if-match", "if-none-match"})
"""Opaque tokens: of equal ones it is kept that they are equal."""


class Plain:
    """Writes each id, hash and key as its kind and a number, counted in the order of first appearance."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def text(self, value: str) -> str:
        return _VARIABLE.sub(lambda found: self._named(found.lastgroup or "", found[0]), value)

    def known(self, value: str) -> str:
        """A text with the names of the ids, hashes and keys that have been met before; all others are left out."""
        return _VARIABLE.sub(lambda found: self._known.get(found[0], ""), value)

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value in the same shape."""
        if isinstance(value, dict):
            return {self.text(key): self.value(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, name) for inner in value]
        if name in MASKED and isinstance(value, str):
            return "…"
        if name in NAMED and isinstance(value, str) and is_opaque(value):
            return self._named("token", value)
        return self.text(value) if isinstance(value, str) else value

    def _named(self, kind: str, found: str) -> str:
        if found not in self._known:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[found] = f"<{kind} {self._counts[kind]}>"
        return self._known[found]


def is_opaque(token: str) -> bool:
    """Whether a text is a token and no word or sentence."""
    return len(token) >= 16 and re.fullmatch(r'(W/)?"?[A-Za-z0-9_.=+/-]+"?', token) is not None
