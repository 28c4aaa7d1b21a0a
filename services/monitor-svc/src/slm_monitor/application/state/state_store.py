"""Facts about the states of a partition's indicators: state changes and outages, each stored singly."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.states.labelled_state_history import LabelledStateHistory
from slm_monitor.domain.states.state_history import BEFORE_ALL_WINDOWS, StateHistory
from slm_monitor.domain.states.timeline import StateTimeline
from slm_monitor.domain.terms.instances import Group

__all__ = ["BEFORE_ALL_WINDOWS", "StateFactCache", "Touch"]
Touch = Callable[[str, int], None]
MOST_FACTS = 300_000
"""Most facts in memory. Beyond that, the least recently used indicators are dropped, and read again when needed."""


class StateFactCache:
    """Caches the state facts of indicators: read from the store when first needed, then kept in memory while there is
    room.
    """

    def __init__(self, store: EvaluationStore, most_facts: int = MOST_FACTS) -> None:
        self._store = store
        self._most_facts = most_facts
        self._records: OrderedDict[str, StateHistory] = OrderedDict()
        self._grouped: dict[str, dict[tuple[str, ...], LabelledStateHistory]] = {}
        """Indicator → label names → its histories for the values of these labels, if a target is grouped by these
        names.
        """
        self._labels: dict[str, set[tuple[str, ...]]] = {}
        """Indicator → the sets of label names that its targets are grouped by."""
        self._held = 0

    def group(self, subject: str, names: Sequence[str]) -> None:
        """Keep an additional timeline for each combination of values of these labels."""
        self._labels.setdefault(subject, set()).add(tuple(names))

    async def accept_facts(self, facts: Sequence[Fact], touch: Touch) -> list[Fact]:
        """Take in facts; return the facts that are new or replace a fact with the same key.

        ``touch`` is called with the indicator and the first instant at which its timeline changed.
        """
        if not facts:
            return []
        # Room is made before the facts of this step are taken, because only what is in memory now has been committed.
        self._make_room({fact.subject for fact in facts})
        subjects = {fact.subject for fact in facts}
        await self._load(subjects)
        # The timelines by label must exist before the facts are taken: the instant from which a fact changes one of
        # them depends on the earlier facts of that label value.
        for subject in subjects:
            for names in self._labels.get(subject, ()):
                self._by_labels(subject, names)
        accepted: dict[tuple[str, str], Fact] = {}
        for fact in facts:
            record = self._records[fact.subject]
            size = len(record)
            is_new, since = record.add(fact)
            self._held += len(record) - size
            sinces = [since]
            if is_new:
                accepted[fact.subject, fact.key] = fact
                sinces += [grouped.add(fact) for grouped in self._grouped.get(fact.subject, {}).values()]
            changed = [each for each in sinces if each is not None]
            if changed:
                touch(fact.subject, min(changed))
        return list(accepted.values())

    async def timeline(self, subject: str, group: Group = ()) -> StateTimeline:
        """Return the timeline of an indicator or, with ``group``, of its facts with these label values."""
        await self._load([subject])
        record = self._records[subject]
        if group:
            grouped = self._by_labels(subject, tuple(name for name, _ in group))
            record = grouped.records.get(group) or StateHistory()
        indicator = await self._store.indicator(subject)
        if indicator is None:
            return record.timeline("unknown")
        return record.timeline(indicator.initial_state, indicator.stale_after)

    async def groups(self, subject: str, names: Sequence[str]) -> set[Group]:
        """Return the combinations of values that an indicator's facts have for these labels."""
        await self._load([subject])
        return set(self._by_labels(subject, tuple(names)).records)

    def _by_labels(self, subject: str, names: tuple[str, ...]) -> LabelledStateHistory:
        grouped = self._grouped.setdefault(subject, {})
        if names not in grouped:
            grouped[names] = LabelledStateHistory(names, self._records[subject].facts.values())
        return grouped[names]

    async def last_signal(self, subject: str) -> UtcMicroseconds | None:
        """Return the instant of an indicator's latest signal; None if there is none."""
        await self._load([subject])
        return self._records[subject].last_signal

    def _make_room(self, needed: set[str]) -> None:
        while self._held > self._most_facts and len(self._records) > len(needed):
            subject, record = self._records.popitem(last=False)
            if subject in needed:
                self._records[subject] = record
            else:
                self._held -= len(record)
                self._grouped.pop(subject, None)

    async def _load(self, subjects: Iterable[str]) -> None:
        wanted = sorted(set(subjects))
        missing = [subject for subject in wanted if subject not in self._records]
        if missing:
            found = await self._store.facts(missing)
            for subject in missing:
                self._records[subject] = record = StateHistory(found.get(subject, {}).values())
                self._held += len(record)
        for subject in wanted:
            self._records.move_to_end(subject)
