"""What the parties decide while facts come: terms, the end of an agreement, exclusions and disputes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from slm_monitor.domain.planned_time import Exclusion
from tests.support.memory_judge import MemoryJudgeStore
from tests.support.monitor import AGREEMENT


class Decision(Protocol):
    """Kept, and told to the judge's partition, as the use cases do."""

    @property
    def is_terms(self) -> bool:
        """Whether it has to come in time: a window that has closed keeps the terms it was judged by."""
        ...

    def reach(self, store: MemoryJudgeStore) -> None: ...


@dataclass(frozen=True, slots=True)
class Signed:
    """A version of the terms."""

    version: Mapping[str, Any]
    is_terms: bool = True

    def reach(self, store: MemoryJudgeStore) -> None:
        held = store.versions.setdefault(AGREEMENT, [])
        if self.version not in held:
            held.append(self.version)
            held.sort(key=lambda each: int(each["version"]))
        store.tell("terms", agreement_id=AGREEMENT)


@dataclass(frozen=True, slots=True)
class Terminated:
    """The agreement ends early."""

    ends_at: int
    is_terms: bool = True

    def reach(self, store: MemoryJudgeStore) -> None:
        store.ended[AGREEMENT] = self.ends_at
        store.tell("terms", agreement_id=AGREEMENT)


@dataclass(frozen=True, slots=True)
class Approved:
    """An exclusion; once revoked it stays so, however often its approval is heard."""

    exclusion: Exclusion
    is_terms: bool = False

    def reach(self, store: MemoryJudgeStore) -> None:
        if self.exclusion.exclusion_id not in store.revoked:
            store.approved[self.exclusion.exclusion_id] = self.exclusion
        _tell_of_exclusions(store, self.exclusion)


@dataclass(frozen=True, slots=True)
class Revoked:
    """An exclusion that counts no more."""

    exclusion_id: str
    is_terms: bool = False

    def reach(self, store: MemoryJudgeStore) -> None:
        store.revoked.add(self.exclusion_id)
        gone = store.approved.pop(self.exclusion_id, None)
        _tell_of_exclusions(store, gone)


def _tell_of_exclusions(store: MemoryJudgeStore, *others: Exclusion | None) -> None:
    known = [each for each in (*store.approved.values(), *others) if each is not None]
    since = min((start for each in known for start, _ in each.stretches), default=None)
    store.tell("exclusion", agreement_id=AGREEMENT, since=since)
