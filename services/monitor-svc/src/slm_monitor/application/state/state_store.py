"""The state changes and outages of a partition's indicators, each kept by itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.states.labelled_state_history import LabelledStateHistory
from slm_monitor.domain.states.state_history import EVER, StateHistory
from slm_monitor.domain.states.timeline import Timeline
from slm_monitor.domain.terms.instances import Group

__all__ = ["EVER", "StateStore", "Touch"]
Touch = Callable[[str, int], None]
MOST_FACTS = 300_000
"""Facts in memory; beyond, the indicators that were not spoken of for longest are read again when they are."""


class StateStore:
    """Read from the store when an indicator is spoken of, then kept in memory while there is room."""

    def __init__(self, store: EvaluationStore, most_facts: int = MOST_FACTS) -> None:
        self._store = store
        self._most_facts = most_facts
        self._records: OrderedDict[str, StateHistory] = OrderedDict()
        self._grouped: dict[str, dict[tuple[str, ...], LabelledStateHistory]] = {}
        """Indicator → labels → its states told apart by them, where a target wants them so."""
        self._labels: dict[str, set[tuple[str, ...]]] = {}
        """Indicator → the sets of labels that its targets are grouped by."""
        self._held = 0

    def group(self, subject: str, names: Sequence[str]) -> None:
        """Keep an indicator's states apart by these labels from now on."""
        self._labels.setdefault(subject, set()).add(tuple(names))

    async def take(self, facts: Sequence[Fact], touch: Touch) -> list[Fact]:
        """Those that are new or hold over what was known under their key; ``touch`` hears from when they change it."""
        if not facts:
            return []
        # Before anything of this step is taken in: what is in memory now has been committed.
        self._make_room({fact.subject for fact in facts})
        subjects = {fact.subject for fact in facts}
        await self._load(subjects)
        # Also by label before these facts: from when on they change a label value depends on what was known of it.
        for subject in subjects:
            for names in self._labels.get(subject, ()):
                self._by_labels(subject, names)
        accepted: dict[tuple[str, str], Fact] = {}
        for fact in facts:
            record = self._records[fact.subject]
            size = len(record)
            is_new, since = record.take(fact)
            self._held += len(record) - size
            sinces = [since]
            if is_new:
                accepted[fact.subject, fact.key] = fact
                sinces += [grouped.take(fact) for grouped in self._grouped.get(fact.subject, {}).values()]
            changed = [each for each in sinces if each is not None]
            if changed:
                touch(fact.subject, min(changed))
        return list(accepted.values())

    async def timeline(self, subject: str, group: Group = ()) -> Timeline:
        """Of the indicator, or of its facts with these labels."""
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
        """The values of labels that an indicator's facts have."""
        await self._load([subject])
        return set(self._by_labels(subject, tuple(names)).records)

    def _by_labels(self, subject: str, names: tuple[str, ...]) -> LabelledStateHistory:
        grouped = self._grouped.setdefault(subject, {})
        if names not in grouped:
            grouped[names] = LabelledStateHistory(names, self._records[subject].facts.values())
        return grouped[names]

    async def last_signal(self, subject: str) -> int | None:
        """The last instant at which anything was heard of an indicator."""
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
