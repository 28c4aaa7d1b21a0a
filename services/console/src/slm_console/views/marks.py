"""The eight state marks: each is a shape and a word, so that nobody depends on its colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slm_console.views.reader import Reader


@dataclass(frozen=True, slots=True)
class Mark:
    """A state mark: its key and its word; ``parts/marks.html`` draws its shape."""

    key: str
    word: Callable[[Reader], str]


MARKS: Mapping[str, Mark] = {
    mark.key: mark
    for mark in (
        Mark("met", lambda reader: reader.gettext("met")),
        Mark("on-track", lambda reader: reader.gettext("on track")),
        Mark("at-risk", lambda reader: reader.gettext("at risk")),
        Mark("breached", lambda reader: reader.gettext("breached")),
        Mark("no-data", lambda reader: reader.gettext("no data")),
        Mark("not-counted", lambda reader: reader.gettext("does not count")),
        Mark("paused", lambda reader: reader.gettext("paused")),
        Mark("withdrawn", lambda reader: reader.gettext("withdrawn")),
    )
}

_STATES = {
    "met": "met",
    "on_track": "on-track",
    "at_risk": "at-risk",
    "breached": "breached",
    "no_data": "no-data",
    "not_applicable": "no-data",
    "excluded": "not-counted",
    "paused": "paused",
    "withdrawn": "withdrawn",
}


def mark_of(verdict: str | None, *, is_open: bool = False) -> str:
    """Return the key of the state mark for a verdict. ``met`` becomes ``on-track`` while the period is open."""
    if verdict == "met" and is_open:
        return "on-track"
    return _STATES.get(verdict or "", "no-data")
