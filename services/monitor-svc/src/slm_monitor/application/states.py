"""The state changes and outages of a partition's indicators, each kept by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from slm_monitor.application.ports import JudgeStore
from slm_monitor.domain.facts import Fact
from slm_monitor.domain.timeline import UNOBSERVED, Timeline, timeline_of

EVER = -(2**62)
"""Before every window."""
Touch = Callable[[str, int], None]


class States:
    """Read from the store when an indicator is first spoken of, then kept in memory."""

    def __init__(self, store: JudgeStore) -> None:
        self._store = store
        self._facts: dict[str, dict[str, Fact]] = {}
        self._earliest: dict[str, int] = {}

    async def take(self, facts: Sequence[Fact], touch: Touch) -> list[Fact]:
        """Those that are new or hold over what was known under their key; ``touch`` hears from when they change it."""
        await self._load({fact.subject for fact in facts})
        accepted: dict[tuple[str, str], Fact] = {}
        for fact in facts:
            held = self._facts[fact.subject]
            before = held.get(fact.key)
            if before is not None and fact.rank <= before.rank:
                continue
            since = self._changed_since(fact, before)
            held[fact.key] = fact
            self._note_earliest(fact, before)
            accepted[fact.subject, fact.key] = fact
            touch(fact.subject, since)
        return list(accepted.values())

    async def timeline(self, subject: str) -> Timeline:
        await self._load([subject])
        indicator = await self._store.indicator(subject)
        return timeline_of(self._facts[subject].values(), indicator.initial_state if indicator else "unknown")

    async def _load(self, subjects: Iterable[str]) -> None:
        missing = sorted(set(subjects) - self._facts.keys())
        if missing:
            found = await self._store.facts(missing)
            for subject in missing:
                self._facts[subject] = dict(found.get(subject, {}))
                self._find_earliest(subject)

    def _changed_since(self, fact: Fact, before: Fact | None) -> int:
        """A measurement speaks of what follows, but the first one also of all that was before it (``previous``), and
        one after a time without observation of the time since the last word."""
        both = [fact] if before is None else [fact, before]
        since = min(each.at for each in both)
        if not any(_is_state(each) for each in both):
            return since
        if since <= self._earliest.get(fact.subject, since):
            return EVER
        if any(each.body.get("previous") == UNOBSERVED for each in both):
            known = self._facts[fact.subject].values()
            return max(each.at for each in known if _is_state(each) and each.at < since)
        return since

    def _note_earliest(self, fact: Fact, before: Fact | None) -> None:
        earliest = self._earliest.get(fact.subject)
        if before is not None and before.at == earliest:
            self._find_earliest(fact.subject)
        elif _is_state(fact):
            self._earliest[fact.subject] = fact.at if earliest is None else min(earliest, fact.at)

    def _find_earliest(self, subject: str) -> None:
        found = min((fact.at for fact in self._facts[subject].values() if _is_state(fact)), default=None)
        if found is None:
            self._earliest.pop(subject, None)
        else:
            self._earliest[subject] = found


def _is_state(fact: Fact) -> bool:
    return "state" in fact.body
