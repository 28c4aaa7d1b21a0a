"""The number of items that each source sends. Items are counted in memory with each batch. The counts of a source are
stored at most once a minute.

A source is all items that one principal sends with the same ``source``. Items without this field have the empty name.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from slm_chassis.access import Principal
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.rejections import (
    LONGEST_NAME,
    LONGEST_TEXT,
    IntakeRejection,
    is_storable_text,
    shorten_value_for_display,
)

SLOT_MICROSECONDS = 600_000_000
"""Length of a counting interval, µs: items are counted in slots of ten minutes."""
IGNORED = "@ignored"
"""Key of the count of samples that no series rule matches. Refused items are counted by the code of the refusal."""
MOST_KEPT = 20
"""Most refused items that are kept for one source: the latest ones."""
MOST_NAMES = 100
"""Most source names under which one principal's items are counted. Items with further names count as items without a
name.
"""


@dataclass(frozen=True, slots=True)
class SourceName:
    """The identity of a source: owner of the sent facts, topic of the facts, source name, and the sending principal."""

    owner_party_id: str
    topic: str
    source: str
    principal_id: str
    principal_name: str = field(compare=False)

    @property
    def source_id(self) -> str:
        """Id of the source, derived from its identity, so that it is the same in every process."""
        parts = (self.owner_party_id, self.topic, self.source, self.principal_id)
        return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class RefusedSample:
    """A refused item as it is kept: when it was sent, its subject, and what was wrong with it."""

    at: UtcMicroseconds
    subject: str
    refusal: IntakeRejection

    def document(self) -> dict[str, Any]:
        """Return the refused item as JSON."""
        return {
            "subject": self.subject,
            "outcome": self.refusal.outcome,
            "code": self.refusal.reason,
            "field": self.refusal.field,
            "value": shorten_value_for_display(self.refusal.value),
            "remedy": self.refusal.remedy,
        }


@dataclass(slots=True)
class SourceTally:
    """Counts of a source, and its last refused items.

    ``items``: (start of a slot of ten minutes in µs, code of the refusal) → number of items; the code is empty for
    accepted items.
    """

    items: Counter[tuple[int, str]] = field(default_factory=Counter)
    last_fact_at: UtcMicroseconds | None = None
    last_refused_at: UtcMicroseconds | None = None
    refused: deque[RefusedSample] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))
    ignored_names: Sequence[str] = ()
    """Names of some of the series without a matching rule in the latest request that had such series."""

    def accept(self, count: int, now: UtcMicroseconds) -> None:
        """Count accepted items."""
        self.items[now // SLOT_MICROSECONDS * SLOT_MICROSECONDS, ""] += count
        self.last_fact_at = now

    def refuse(self, sample: RefusedSample) -> None:
        """Count a refused item, and keep it as a sample."""
        self.items[sample.at // SLOT_MICROSECONDS * SLOT_MICROSECONDS, sample.refusal.reason] += 1
        self.last_refused_at = sample.at
        self.refused.append(sample)

    def ignore(self, count: int, names: Sequence[str], now: UtcMicroseconds) -> None:
        """Count samples that are left out, because no rule matches their series. ``names``: the names of some of these
        series.
        """
        self.items[now // SLOT_MICROSECONDS * SLOT_MICROSECONDS, IGNORED] += count
        self.ignored_names = tuple(names)

    def add(self, later: SourceTally) -> None:
        """Add the counts of a later tally of the same source."""
        self.ignored_names = later.ignored_names or self.ignored_names
        self.items.update(later.items)
        self.last_fact_at = later.last_fact_at or self.last_fact_at
        self.last_refused_at = later.last_refused_at or self.last_refused_at
        self.refused.extend(later.refused)


Tallies = dict[SourceName, SourceTally]


def tally_batch(
    caller: Principal, topic: str, items: Mapping[int, Any], refusals: Sequence[IntakeRejection], now: UtcMicroseconds
) -> Tallies:
    """Return source → counts that a batch adds.

    Refused items count for the caller's own party, whatever owner they name, so that nobody can add to the refused
    items of another party's sources.
    """
    found: Tallies = {}
    refused = {refusal.index: refusal for refusal in reversed(refusals)}
    for index, item in items.items():
        owner = caller.party_id if index in refused else item.owner or caller.party_id
        if owner is None:
            continue
        tally = found.setdefault(_name(caller, topic, owner, item.source or ""), SourceTally())
        if index not in refused:
            tally.accept(1, now)
        else:
            tally.refuse(RefusedSample(now, _subject(item), refused[index]))
    unread = [refusal for index, refusal in refused.items() if index not in items]
    if unread and caller.party_id is not None:
        nameless = found.setdefault(_name(caller, topic, caller.party_id, ""), SourceTally())
        for refusal in unread:
            nameless.refuse(RefusedSample(now, "", refusal))
    return found


def _name(caller: Principal, topic: str, owner: str, source: str) -> SourceName:
    storable = source if is_storable_text(source) and len(source.encode()) <= LONGEST_NAME else ""
    return SourceName(owner, topic, storable, caller.principal_id, caller.name)


def _subject(item: Any) -> str:
    text = str(item.indicator) if hasattr(item, "indicator") else str(item.ticket)
    return str(shorten_value_for_display(text))


class SourceCounts:
    """The counts of this process since they were last stored."""

    def __init__(self) -> None:
        self._tallies: Tallies = {}
        self._names: dict[str, set[str]] = {}

    def count_accepted(self, caller: Principal, topic: str, source: str, count: int, now: UtcMicroseconds) -> None:
        """Count accepted items of the caller's own party."""
        if caller.party_id is not None and count:
            name = self._bounded(_name(caller, topic, caller.party_id, source))
            # Most requests are of this path: no tally is made for a source that has one.
            if (tally := self._tallies.get(name)) is None:
                tally = self._tallies[name] = SourceTally()
            tally.accept(count, now)

    def count_refused(self, caller: Principal, topic: str, source: str, sample: RefusedSample) -> None:
        """Count a refused item that was not part of a batch."""
        if caller.party_id is not None:
            tally = SourceTally()
            tally.refuse(sample)
            self.add({_name(caller, topic, caller.party_id, source): tally})

    def count_unreadable(self, caller: Principal, topic: str, why: str, now: UtcMicroseconds) -> None:
        """Count a request that could not be read, as one refused item."""
        refusal = IntakeRejection(0, "rejected", "malformed_body", "", None, why[:LONGEST_TEXT])
        self.count_refused(caller, topic, "", RefusedSample(now, "", refusal))

    def count_source(self, caller: Principal, topic: str, source: str, tally: SourceTally) -> None:
        """Add a tally to the counts of one source of the caller's own party."""
        if caller.party_id is not None:
            self.add({_name(caller, topic, caller.party_id, source): tally})

    def add(self, tallies: Tallies) -> None:
        """Add the counts of a batch, by source."""
        for name, tally in tallies.items():
            self._tallies.setdefault(self._bounded(name), SourceTally()).add(tally)

    def take(self, is_due: Callable[[SourceName], bool]) -> Tallies:
        """Return and forget the counts of the sources that are due to be stored."""
        due = {name: tally for name, tally in self._tallies.items() if is_due(name)}
        self._tallies = {name: tally for name, tally in self._tallies.items() if name not in due}
        return due

    def put_back(self, tallies: Tallies) -> None:
        """Add counts again that ``take`` returned and that could not be stored."""
        for name, tally in tallies.items():
            if (later := self._tallies.get(name)) is not None:
                tally.add(later)
            self._tallies[name] = tally

    def _bounded(self, name: SourceName) -> SourceName:
        known = self._names.setdefault(name.principal_id, {""})
        if name.source in known or len(known) <= MOST_NAMES:
            known.add(name.source)
            return name
        return SourceName(name.owner_party_id, name.topic, "", name.principal_id, name.principal_name)
