"""The minutes of a rolling target that must be evaluated, and the version of the terms in force at each of them."""

from __future__ import annotations

from collections.abc import Iterator

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import NO_MINUTE, TargetWindow
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.terms.terms_history import FigureHistory


def compute_lookback_minutes(line: FigureHistory) -> int:
    """Return how many minutes the evaluation of one minute looks back at most. This is the greatest length of the
    rolling window, the burn rate windows and the times of budget drops.
    """
    lengths = [
        length
        for terms in line.versions
        for length in (
            terms.rolling_microseconds,
            *(pair.long for pair in terms.warn_at.pairs),
            *(within for _, within in terms.warn_at.drops),
        )
    ]
    return max(lengths) // MINUTE


def find_first_minute_of_term(line: FigureHistory) -> int:
    """Return the first minute (numbered since 1970) that starts within the term of the agreement."""
    return -(-line.begins_at // MINUTE)


def find_last_minute_of_term(line: FigureHistory) -> int:
    return (line.ends_at - 1) // MINUTE


def begin_before_first_minute(window: TargetWindow, line: FigureHistory) -> None:
    """Set the last evaluated minute of a window of which no minute is evaluated yet: the one before its first."""
    if window.judged_to == NO_MINUTE:
        window.judged_to = find_first_minute_of_term(line) - 1


def skip_minutes_held_by_import(window: TargetWindow, line: FigureHistory, through: UtcMicroseconds | None) -> None:
    """Mark the minutes up to ``through`` as evaluated, because an import is loading their facts.

    When the import ends, these minutes are evaluated in full. Until then an open breach continues through them. If
    ``through`` is None, no import is loading, and nothing is marked.
    """
    if through is not None:
        window.judged_to = max(window.judged_to, min(through // MINUTE, find_last_minute_of_term(line)))


def find_minutes_to_evaluate(
    window: TargetWindow,
    line: FigureHistory,
    touched: tuple[int, int] | None,
    since: UtcMicroseconds | None,
    present: int,
    through: UtcMicroseconds | None = None,
) -> list[tuple[int, int]]:
    """Return the minutes to evaluate now, as (first, last) intervals.

    A minute is evaluated for any of these reasons:

    * Its window contains new facts. The new facts lie in the minutes ``touched``; None: there are no new facts.
    * It was evaluated before, and lies at or after the instant ``since`` (microseconds). If ``touched`` begins earlier,
      its first minute is taken instead of ``since``. If ``since`` is None, this reason applies to no minute.
    * It is later than the last evaluated minute, and not later than ``present``.

    Minutes up to ``through`` are left out, because an import still loads their facts; None: no import is loading.
    """
    begins, last = find_first_minute_of_term(line), min(present, find_last_minute_of_term(line))
    if through is not None:
        begins = max(begins, through // MINUTE + 1)
    # One minute more than the window: a time slice counts only from the minute after its end.
    length = max(terms.rolling_microseconds for terms in line.versions) // MINUTE + 1
    known = min(window.judged_to, last)
    found = []
    if since is not None:
        first = since // MINUTE if touched is None else min(since // MINUTE, touched[0])
        found.append((max(first, begins), known))
    elif touched is not None:
        found.append((max(touched[0], begins), min(touched[1] + length - 1, known)))
    found.append((max(window.judged_to + 1, begins), last))
    return [(first, until) for first, until in found if first <= until]


def split_minutes_by_version(line: FigureHistory, first: int, last: int) -> Iterator[tuple[FigureTarget, int, int]]:
    """Yield (terms, first minute, last minute) for each version that is in force within the minutes ``first`` to
    ``last``.
    """
    at = first
    while at <= last:
        terms = line.at(at * MINUTE)
        following = line.begins_after(at * MINUTE)
        ends = [last] if following is None else [last, (following - 1) // MINUTE]
        if terms is not None:
            ends.append((min(terms.ends_at, line.ends_at) - 1) // MINUTE)
            yield terms, at, min(ends)
        at = min(ends) + 1
