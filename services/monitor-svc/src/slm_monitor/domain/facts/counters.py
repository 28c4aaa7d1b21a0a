"""Counters that only rise: what each reading adds is its difference to the one before it, by their instants.

Readings are kept as they were sent, and what they add is derived: a late, corrected or retracted one changes what it
and the next one add, and nothing else. So the same set of readings adds the same, in whatever order it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from slm_monitor.domain.facts.facts import Fact, labelled

_NEVER = -(2**63)


def is_reading(fact: Fact | None) -> bool:
    """Whether a fact is a reading of counters."""
    return fact is not None and "cumulative" in fact.body


def stream_of(fact: Fact) -> str:
    """The readings that follow each other: those of one indicator, source and set of labels."""
    return labelled(fact.subject, fact.body.get("labels") or {})


def reading_increments(readings: Iterable[Fact]) -> dict[str, tuple[int, ...]]:
    """What each reading of one stream adds to the one before, by its key; the first one adds nothing."""
    in_order = sorted(readings, key=reading_order)
    return {after.key: _difference(before, after) for before, after in pairwise(in_order)}


def counts_from_readings(facts: Iterable[Fact], around: Iterable[Fact] = ()) -> list[Fact]:
    """The facts, readings as the counts that they add; ``around``: the readings before and after them, if any are."""
    kept = list(facts)
    streams: dict[str, dict[str, Fact]] = {}
    for fact in (*around, *kept):
        if is_reading(fact):
            streams.setdefault(stream_of(fact), {})[fact.key] = fact
    differences = {key: each for held in streams.values() for key, each in reading_increments(held.values()).items()}
    return [_as_counts(fact, differences.get(fact.key)) if is_reading(fact) else fact for fact in kept]


def reading_spans(facts: Iterable[Fact]) -> Mapping[str, tuple[int, int]]:
    """The first and the last instant of the readings among the facts, by stream."""
    found: dict[str, tuple[int, int]] = {}
    for fact in facts:
        if is_reading(fact):
            first, last = found.get(stream_of(fact), (fact.at, fact.at))
            found[stream_of(fact)] = (min(first, fact.at), max(last, fact.at))
    return found


def reading_order(fact: Fact) -> tuple[int, int, Sequence[int], str]:
    """Where a reading stands in its stream; at one instant the counters themselves tell which was read first."""
    return (fact.at, fact.body.get("since", _NEVER), fact.body["cumulative"], fact.key)


def _difference(before: Fact, after: Fact) -> tuple[int, ...]:
    now = after.body["cumulative"]
    if _restarted(before, after):
        return tuple(now)
    rises = [each - earlier for each, earlier in zip(now, before.body["cumulative"], strict=True)]
    if len(rises) == 2:
        # Two counters are not read in one instant: what has come to one of them may still be missing in the other.
        rises[0] = min(max(rises[0], 0), rises[1])
    return tuple(rises)


def _restarted(before: Fact, after: Fact) -> bool:
    """A counter that fell was set back to zero, and so was the other of a pair."""
    since = [fact.body.get("since") for fact in (before, after)]
    if None not in since and since[0] != since[1]:
        return True
    is_bad = bool(after.body.get("bad"))
    pairs = zip(_counters(after, is_bad), _counters(before, is_bad), strict=True)
    return any(now < earlier for now, earlier in pairs)


def _counters(fact: Fact, is_bad: bool) -> list[int]:
    """As they were read: the good or the bad events and all of them, or one count."""
    counters = fact.body["cumulative"]
    return [counters[1] - counters[0], counters[1]] if is_bad else list(counters)


def _as_counts(fact: Fact, difference: tuple[int, ...] | None) -> Fact:
    rows = [list(difference)] if difference is not None and any(difference) else []
    return replace(fact, body={**fact.body, "rows": rows})
