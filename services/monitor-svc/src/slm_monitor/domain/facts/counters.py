"""Cumulative counters: the increments between successive readings.

Readings are stored as they were sent, and their increments are derived from them. A reading that is late, corrected or
retracted changes only its own increment and the increment of the next reading. The same readings therefore give the
same increments, whatever the order of their arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from slm_monitor.domain.facts.facts import Fact, name_labelled_series

_NEVER = -(2**63)


def is_counter_reading(fact: Fact | None) -> bool:
    """Whether a fact is a reading of cumulative counters."""
    return fact is not None and "cumulative" in fact.body


def name_counter_stream(fact: Fact) -> str:
    """Return the name of the stream that a reading belongs to.

    All readings of a stream have the same indicator and labels. The source, if the sender names it, is one of the
    labels. An increment is the difference between a reading and the reading before it in the same stream.
    """
    return name_labelled_series(fact.subject, fact.body.get("labels") or {})


def compute_reading_increments(readings: Iterable[Fact]) -> dict[str, tuple[int, ...]]:
    """Return, by fact key, the increment of each reading over the reading before it. The readings are of one stream.

    The first reading has no entry. An increment has as many numbers as the readings have counters: one count, or good
    and all events.
    """
    in_order = sorted(readings, key=counter_reading_sort_key)
    return {after.key: _difference(before, after) for before, after in pairwise(in_order)}


def replace_readings_by_counts(facts: Iterable[Fact], around: Iterable[Fact] = ()) -> list[Fact]:
    """Return the facts with each counter reading replaced by its increment; other facts are returned unchanged.

    ``around`` are the readings just before and just after the facts, where any exist; they are not returned.
    """
    kept = list(facts)
    streams: dict[str, dict[str, Fact]] = {}
    for fact in (*around, *kept):
        if is_counter_reading(fact):
            streams.setdefault(name_counter_stream(fact), {})[fact.key] = fact
    differences = {
        key: each for held in streams.values() for key, each in compute_reading_increments(held.values()).items()
    }
    return [_as_counts(fact, differences.get(fact.key)) if is_counter_reading(fact) else fact for fact in kept]


def find_reading_spans_by_stream(facts: Iterable[Fact]) -> Mapping[str, tuple[int, int]]:
    """Return the (first, last) instant of the readings among the facts, by stream."""
    found: dict[str, tuple[int, int]] = {}
    for fact in facts:
        if is_counter_reading(fact):
            first, last = found.get(name_counter_stream(fact), (fact.at, fact.at))
            found[name_counter_stream(fact)] = (min(first, fact.at), max(last, fact.at))
    return found


def counter_reading_sort_key(fact: Fact) -> tuple[int, int, Sequence[int], str]:
    """Return the sort key of a reading within its stream. Readings of one instant are ordered by their counters."""
    return (fact.at, fact.body.get("since", _NEVER), fact.body["cumulative"], fact.key)


def _difference(before: Fact, after: Fact) -> tuple[int, ...]:
    """Return the increment between two readings; after a reset, the counters of the later reading."""
    now = after.body["cumulative"]
    if _was_reset(before, after):
        return tuple(now)
    rises = [each - earlier for each, earlier in zip(now, before.body["cumulative"], strict=True)]
    if len(rises) == 2:
        # A source does not read its two counters at the same instant: an event may be in one and still missing in the
        # other.
        rises[0] = min(max(rises[0], 0), rises[1])
    return tuple(rises)


def _was_reset(before: Fact, after: Fact) -> bool:
    """Whether the source reset its counters between two readings: ``since`` changed, or a counter fell."""
    since = [fact.body.get("since") for fact in (before, after)]
    if None not in since and since[0] != since[1]:
        return True
    is_bad = bool(after.body.get("bad"))
    pairs = zip(_counters(after, is_bad), _counters(before, is_bad), strict=True)
    return any(now < earlier for now, earlier in pairs)


def _counters(fact: Fact, is_bad: bool) -> list[int]:
    """Return the counters that the source sent: [count], or [good, all] events; [bad, all] events if ``is_bad``."""
    counters = fact.body["cumulative"]
    return [counters[1] - counters[0], counters[1]] if is_bad else list(counters)


def _as_counts(fact: Fact, difference: tuple[int, ...] | None) -> Fact:
    rows = [list(difference)] if difference is not None and any(difference) else []
    return replace(fact, body={**fact.body, "rows": rows})
