"""Clocks on a page: lengths of time that grow or shrink, and that the browser updates without asking the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slm_console.views.reader import Reader

_LENGTH = "{length}"
"""The place of the length in ``RunningClock.says``."""


@dataclass(frozen=True, slots=True)
class RunningClock:
    """A length of time until or since an instant, with the text around it.

    Either ``until`` or ``since`` is that instant, in microseconds since 1970; the other one of the two is None.
    """

    text: str
    """The whole text as of the page's instant."""
    says: str
    """The text with ``{length}`` in place of the length."""
    over: str = ""
    """The text once ``until`` has passed."""
    until: int | None = None
    since: int | None = None

    @property
    def milliseconds(self) -> int:
        """The instant in milliseconds since 1970, the unit of browsers."""
        instant = self.until if self.until is not None else self.since
        return (instant or 0) // 1000


def time_until(reader: Reader, instant: int, say: Callable[[str], str], over: str) -> RunningClock:
    """Return a clock that runs down to an instant; ``over`` is its text afterwards.

    ``say`` returns the clock's text for a length of time.
    """
    left = instant - reader.now
    text = say(reader.running(left)) if left > 0 else over
    return RunningClock(text, say(_LENGTH), over, until=instant)


def time_since(reader: Reader, instant: int, say: Callable[[str], str]) -> RunningClock:
    """Return a clock that counts up from an instant. ``say`` returns the clock's text for a length of time."""
    return RunningClock(say(reader.running(reader.now - instant)), say(_LENGTH), since=instant)


def time_to_deadline(reader: Reader, deadline: int) -> RunningClock:
    """Return the clock of a deadline: ``41 min to the deadline``."""
    return time_until(
        reader,
        deadline,
        lambda length: reader.gettext("%(length)s to the deadline", length=length),
        reader.gettext("past the deadline"),
    )
