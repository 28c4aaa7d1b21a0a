"""The imports of history that hold back one partition's past: what waits for each, and how far each of them is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from slm_monitor.application.intake.imports import QUIET_MICROSECONDS
from slm_monitor.application.state.ports import Hold, PartitionStep
from slm_monitor.application.state.target_dependencies import TransitiveDependencies
from slm_monitor.domain.facts.facts import Fact, MeasuredValues, indicator_of
from slm_monitor.domain.lifecycle.reconciliation import EvaluationMoment

_EXTEND = QUIET_MICROSECONDS // 60
"""An import's end is moved in the database when it moves by at least this much: not with every batch."""


class Holds:
    """A hold reaches up to its ``through``: only what lies before that instant waits.

    It goes through four states: open; released, when its party has sent everything or its time is over, and all that
    was sent before has been taken in; judged here, when this partition has judged its own indicators and tickets; and
    judged everywhere, when all partitions have. Derived targets, whose members may live in any partition, wait for the
    last of them, so that none of them is ever published with half of its members.
    """

    def __init__(self, number: int, holds: Iterable[Hold]) -> None:
        self._number = number
        self._holds = {hold.import_id: hold for hold in holds}
        self._released: set[str] = set()
        self._global_watermark: set[str] = set()
        self._expiring: set[str] = set()

    def hear(self, hold: Hold) -> None:
        """An import was opened, or has come a step further."""
        self._holds[hold.import_id] = hold

    def reach(self, positions: Mapping[str, int]) -> list[Hold]:
        """The imports that are released as of these positions and were not before."""
        found = []
        for hold in self._holds.values():
            if hold.release is not None and hold.import_id not in self._released:
                ends = hold.release
                if all(at >= int(ends.get(f"{topic}:{self._number}", 0)) for topic, at in positions.items()):
                    self._released.add(hold.import_id)
                    found.append(hold)
        return found

    def reach_everywhere(self) -> list[Hold]:
        """The imports that all partitions have judged since this was asked last."""
        found = [
            each for each in self._holds.values() if each.is_everywhere and each.import_id not in self._global_watermark
        ]
        self._global_watermark.update(each.import_id for each in found)
        return found

    # -- what waits ---------------------------------------------------------------------------------------------

    def through(self, subject: str) -> int | None:
        """Up to which instant an indicator or a ticket is held; None where it is not."""
        if not self._holds:
            return None
        open_holds = (each for each in self._holds.values() if each.import_id not in self._released)
        return max((each.through for each in open_holds if each.covers(subject)), default=None)

    def through_derived(self, made_of: TransitiveDependencies) -> int | None:
        """Up to which instant a target made of others is held."""
        waiting = (each for each in self._holds.values() if not each.is_everywhere)
        return max((each.through for each in waiting if covers(each, made_of)), default=None)

    def moment(self, subject: str, moment: EvaluationMoment) -> EvaluationMoment:
        """The moment at which an indicator or a ticket is judged: what of it waits, and which import it tells of."""
        if not self._holds:
            return moment
        held = self.through(subject)
        mine = (each for each in self._holds.values() if each.import_id in self._released and not each.is_judged_here)
        told = min((each.import_id for each in mine if each.covers(subject)), default=None)
        return replace(moment, through=held, import_id=told if held is None else None)

    def moment_derived(self, made_of: TransitiveDependencies, moment: EvaluationMoment) -> EvaluationMoment:
        """The moment at which a target made of others is judged."""
        if not self._holds:
            return moment
        held = self.through_derived(made_of)
        told = min((each.import_id for each in self._holds.values() if covers(each, made_of)), default=None)
        return replace(moment, through=held, import_id=told if held is None else None)

    # -- how far each is ----------------------------------------------------------------------------------------

    def next_due(self) -> int | None:
        """When the next of them ends by itself."""
        waiting = (each for each in self._holds.values() if each.release is None)
        return min((each.expires_at for each in waiting if each.import_id not in self._expiring), default=None)

    def over(self, now: int) -> list[Hold]:
        """Those whose time is over, unless another partition has taken in facts of theirs since."""
        return [
            each
            for each in self._holds.values()
            if each.release is None and each.expires_at <= now and each.import_id not in self._expiring
        ]

    def expire(self, hold: Hold, step: PartitionStep) -> None:
        """End a hold for whose history nothing has come for long; the store tells every partition so."""
        self._expiring.add(hold.import_id)
        step.expired.append(hold.import_id)

    def extend(self, values: Iterable[MeasuredValues], facts: Iterable[Fact], now: int, step: PartitionStep) -> None:
        """Facts of an import's past keep it open: it ends by itself an hour after the last of them."""
        waiting = [each for each in self._holds.values() if each.release is None]
        if not waiting:
            return
        for hold in waiting:
            until = min(now + QUIET_MICROSECONDS, hold.latest_end)
            if until - hold.expires_at >= _EXTEND and _has_history(hold, values, facts):
                self._holds[hold.import_id] = replace(hold, expires_at=until)
                step.extended[hold.import_id] = until

    def waiting_here(self) -> list[Hold]:
        """Those that are released, and that this partition has not judged to the end yet. One of which another import
        still holds a part waits for that."""
        open_holds = [each for each in self._holds.values() if each.import_id not in self._released]
        return [
            each
            for each in self._holds.values()
            if each.import_id in self._released
            and not each.is_judged_here
            and not any(_overlap(each, other) for other in open_holds)
        ]

    def judged_here(self, hold: Hold, step: PartitionStep) -> None:
        self._holds[hold.import_id] = replace(hold, is_judged_here=True)
        step.released.append(hold.import_id)

    def waiting_derived(self) -> list[Hold]:
        """Those whose derived targets may be judged by now."""
        return [each for each in self._holds.values() if each.import_id in self._global_watermark]

    def judged_derived(self, hold: Hold, step: PartitionStep) -> None:
        """The last step: nothing of the import waits in this partition any more."""
        del self._holds[hold.import_id]
        step.derived.append(hold.import_id)


def covers(hold: Hold, made_of: TransitiveDependencies) -> bool:
    """Whether something that a derived target is made of, in the end, waits for an import."""
    return (bool(hold.sources) and hold.owner_party_id in made_of.ticket_owners) or any(
        hold.covers(subject) for subject in made_of.subjects
    )


def _overlap(one: Hold, other: Hold) -> bool:
    shared = one.indicators & other.indicators or one.sources & other.sources
    return one.owner_party_id == other.owner_party_id and bool(shared)


def _has_history(hold: Hold, values: Iterable[MeasuredValues], facts: Iterable[Fact]) -> bool:
    """Whether some of the facts are of an import's past."""
    if any(fact.at <= hold.through and hold.covers(indicator_of(fact.subject)) for fact in facts):
        return True
    for rows in values:
        slots = [slot for slot, name in enumerate(rows.subjects) if hold.covers(indicator_of(name))]
        if slots and bool(np.any(rows.at[np.isin(rows.slot, slots)] <= hold.through)):
            return True
    return False
