"""Decisions of the parties during a replay: terms, the end of an agreement, exclusions and disputes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

from slm_events.instants import from_text
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion
from slm_monitor.domain.lifecycle.target_state import Breach
from tests.support.memory_store import MemoryEvaluationStore
from tests.support.monitor import AGREEMENT


class Decision(Protocol):
    """A decision of a party, which is stored and sent to the partition in the same way as by the use cases."""

    is_terms: ClassVar[bool]
    """Whether the decision changes the terms, so that it must arrive in time: a closed window keeps its terms."""

    def may_reach(self, store: MemoryEvaluationStore) -> bool:
        """Whether the thing that this decision is about exists already."""
        ...

    def reach(self, store: MemoryEvaluationStore) -> None: ...


class _AtOnce:
    is_terms: ClassVar[bool] = False

    def may_reach(self, store: MemoryEvaluationStore) -> bool:
        return True


@dataclass(frozen=True)
class Signed(_AtOnce):
    """A signed version of the terms."""

    version: Mapping[str, Any]
    is_terms: ClassVar[bool] = True

    def reach(self, store: MemoryEvaluationStore) -> None:
        held = store.versions.setdefault(AGREEMENT, [])
        if self.version not in held:
            held.append(self.version)
            held.sort(key=lambda each: int(each["version"]))
        store.tell("terms", agreement_id=AGREEMENT)


@dataclass(frozen=True)
class Terminated(_AtOnce):
    """The early end of an agreement."""

    ends_at: int
    is_terms: ClassVar[bool] = True

    def reach(self, store: MemoryEvaluationStore) -> None:
        store.ended[AGREEMENT] = self.ends_at
        store.tell("terms", agreement_id=AGREEMENT)


@dataclass(frozen=True)
class Approved(_AtOnce):
    """The approval of an exclusion. A revoked exclusion stays revoked, even if its approval arrives again."""

    exclusion: ApprovedExclusion

    def reach(self, store: MemoryEvaluationStore) -> None:
        if self.exclusion.exclusion_id not in store.revoked:
            store.approved[self.exclusion.exclusion_id] = self.exclusion
        _tell_of_exclusions(store, self.exclusion)


@dataclass(frozen=True)
class Revoked(_AtOnce):
    """The revocation of an exclusion."""

    exclusion_id: str

    def reach(self, store: MemoryEvaluationStore) -> None:
        store.revoked.add(self.exclusion_id)
        gone = store.approved.pop(self.exclusion_id, None)
        _tell_of_exclusions(store, gone)


@dataclass(frozen=True)
class Overturned(_AtOnce):
    """An upheld dispute, which annuls a breach. Only published breaches can be disputed."""

    breach_id: str
    target_id: str
    subject: str
    since: int

    @classmethod
    def of(cls, breach: Breach) -> Overturned:
        begins = breach.document.get("window_start_at")
        since = breach.certain_at if begins is None else min(from_text(begins), breach.certain_at)
        return cls(breach.breach_id, breach.target_id, breach.subject, since)

    def may_reach(self, store: MemoryEvaluationStore) -> bool:
        return self.breach_id in store.breaches

    def reach(self, store: MemoryEvaluationStore) -> None:
        store.overturned.add(self.breach_id)
        store.tell("dispute", **asdict(self))


def _tell_of_exclusions(store: MemoryEvaluationStore, *others: ApprovedExclusion | None) -> None:
    known = [each for each in (*store.approved.values(), *others) if each is not None]
    since = min((start for each in known for start, _ in each.intervals), default=None)
    store.tell("exclusion", agreement_id=AGREEMENT, since=since)
