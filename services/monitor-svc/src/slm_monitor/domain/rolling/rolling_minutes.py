"""Which minutes of a rolling target have to be judged, and which version of its terms holds in each."""

from __future__ import annotations

from collections.abc import Iterator

from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import Window
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory


def lookback_of(line: TermsHistory) -> int:
    """How many minutes back from the present a judgement looks: the window, or what warnings look back on."""
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
    """A minute belongs to the term by its start."""
    return -(-line.begins_at // MINUTE)


def last_minute(line: TermsHistory) -> int:
    return (line.ends_at - 1) // MINUTE


def hold_back(window: Window, line: TermsHistory, through: int | None) -> None:
    """Take the minutes up to ``through`` for judged: an import loads their history. Its end has them judged in full;
    until then a breach that stands goes on through them."""
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
    """The minutes (first, last) to judge anew: those that facts in the minutes ``touched`` reach, those since the last
    judgement, and all from ``since`` on. Those up to ``through`` wait for an import."""
    assert window.judged_to is not None
    begins, last = first_minute(line), min(present, last_minute(line))
    if through is not None:
        begins = max(begins, through // MINUTE + 1)
    # A slice counts from the minute after it on.
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
    """The stretches of minutes (first and last) that one version holds for."""
    at = first
    while at <= last:
        terms = line.at(at * MINUTE)
        following = line.begins_after(at * MINUTE)
        ends = [last] if following is None else [last, (following - 1) // MINUTE]
        if terms is not None:
            ends.append((min(terms.ends_at, line.ends_at) - 1) // MINUTE)
            yield terms, at, min(ends)
        at = min(ends) + 1
