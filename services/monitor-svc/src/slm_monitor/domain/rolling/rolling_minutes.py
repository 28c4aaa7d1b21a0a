"""The minutes of a rolling target that must be evaluated, and the version of the terms at each of them."""

from __future__ import annotations

from collections.abc import Iterator

from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import Window
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory


def lookback_of(line: TermsHistory) -> int:
    """Return how many minutes an evaluation looks back: the longest of the window, the burn rates and
    the budget drops.
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


def first_minute(line: TermsHistory) -> int:
    """Return the first minute that starts within the term."""
    return -(-line.begins_at // MINUTE)


def last_minute(line: TermsHistory) -> int:
    return (line.ends_at - 1) // MINUTE


def hold_back(window: Window, line: TermsHistory, through: int | None) -> None:
    """Mark the minutes up to ``through`` as evaluated, because an import is loading their history.

    The end of the import evaluates them in full; until then an open breach continues through them.
    """
    if through is not None:
        assert window.judged_to is not None
        window.judged_to = max(window.judged_to, min(through // MINUTE, last_minute(line)))


def minutes_to_evaluate(
    window: Window,
    line: TermsHistory,
    touched: tuple[int, int] | None,
    since: int | None,
    present: int,
    through: int | None = None,
) -> list[tuple[int, int]]:
    """Return the (first, last) minutes to evaluate again: those that facts in the minutes ``touched`` affect, those
    since the last evaluation, and all from ``since`` (microseconds) on.

    Minutes up to ``through`` wait for the end of an import.
    """
    assert window.judged_to is not None
    begins, last = first_minute(line), min(present, last_minute(line))
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


def by_version(line: TermsHistory, first: int, last: int) -> Iterator[tuple[ServiceLevelTarget, int, int]]:
    """Yield (terms, first minute, last minute) for each version that is in force in the minutes
    ``first`` to ``last``.
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
