"""Cache of the API's last answers, which pages show while a service is away."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

Json = Any
Parameters = Mapping[str, str | Sequence[str]]
"""Query parameters; a parameter with several values is sent once for each value."""
Query = tuple[str, Parameters]
"""The path of a GET request and its query parameters."""


@dataclass
class LastAnswers:
    """Cache of the last answer to each request, which pages show while a service is away.

    Answers are stored under a hash of the caller's key, so that nobody sees an answer to another caller.
    """

    most: int = 2_000
    _kept: OrderedDict[bytes, tuple[int, Json]] = field(default_factory=OrderedDict)

    def keep(self, key: str, query: Query, data: Json, now: int) -> None:
        """Store an answer, and drop the oldest answers if there are more than ``most``."""
        place = _place(key, query)
        self._kept[place] = (now, data)
        self._kept.move_to_end(place)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)

    def find(self, key: str, query: Query) -> tuple[int, Json] | None:
        """Return an answer with the instant at which it was given, in microseconds since 1970; None if it is not
        stored.
        """
        return self._kept.get(_place(key, query))


def _place(key: str, query: Query) -> bytes:
    path, parameters = query
    question = [key, path, *(f"{name}={value}" for name, value in sorted(parameters.items()))]
    return sha256("\n".join(question).encode()).digest()
