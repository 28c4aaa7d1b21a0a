"""The holds of one partition: imports of history that delay the evaluation of the past, and the progress of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.intake.imports import QUIET_MICROSECONDS
from slm_monitor.application.state.loaded_partition import ImportHold
from slm_monitor.application.state.partition_step import PartitionStepChanges
from slm_monitor.application.state.target_dependencies import TransitiveDependencies
from slm_monitor.domain.facts.facts import Fact, MeasuredValues, parse_series_indicator
from slm_monitor.domain.lifecycle.target_state import EvaluationMoment

_EXTEND = QUIET_MICROSECONDS // 60
"""Smallest change of an import's expiry, in µs, that is written to the database. Without this limit, every batch
would write a change.
"""


class ImportHolds:
    """The holds that one partition knows. A hold covers only the time before its ``through``.

    A hold goes through four states:

    - open: facts of the import may still arrive
    - released: the import was completed or the hold has expired, and this partition has taken in all its facts
    - evaluated here: this partition has evaluated the held indicators and tickets that lie in it
    - evaluated everywhere: every partition has done so

    The members of a derived target may lie in any partition. A derived target therefore waits for the last state.
    """

    def __init__(self, number: int, holds: Iterable[ImportHold]) -> None:
        self._number = number
        self._holds = {hold.import_id: hold for hold in holds}
        self._released: set[str] = set()
        self._evaluated_everywhere: set[str] = set()
        self._expiring: set[str] = set()

    def update(self, hold: ImportHold) -> None:
        """Add a hold, or replace it by its new state."""
        self._holds[hold.import_id] = hold

    def newly_released(self, positions: Mapping[str, int]) -> list[ImportHold]:
        """Return the holds that are released at these positions and that no earlier call has returned.

        ``positions``: topic → position of this partition.
        """
        found = []
        for hold in self._holds.values():
            if hold.release is not None and hold.import_id not in self._released:
                ends = hold.release
                if all(at >= int(ends.get(f"{topic}:{self._number}", 0)) for topic, at in positions.items()):
                    self._released.add(hold.import_id)
                    found.append(hold)
        return found

    def newly_evaluated_everywhere(self) -> list[ImportHold]:
        """Return the holds whose indicators and tickets all partitions have evaluated, each hold only once.

        A hold that an earlier call has returned is left out.
        """
        found = [
            each
            for each in self._holds.values()
            if each.is_evaluated_everywhere and each.import_id not in self._evaluated_everywhere
        ]
        self._evaluated_everywhere.update(each.import_id for each in found)
        return found

    # -- held subjects ------------------------------------------------------------------------------------------

    def through(self, subject: str) -> UtcMicroseconds | None:
        """Return the instant up to which an indicator or a ticket is held; None if no import holds it."""
        if not self._holds:
            return None
        open_holds = (each for each in self._holds.values() if each.import_id not in self._released)
        return max((each.through for each in open_holds if each.covers(subject)), default=None)

    def through_derived(self, made_of: TransitiveDependencies) -> UtcMicroseconds | None:
        """Return the instant up to which a derived target is held; None if no import holds it."""
        waiting = (each for each in self._holds.values() if not each.is_evaluated_everywhere)
        return max((each.through for each in waiting if is_derived_target_held(each, made_of)), default=None)

    def moment(self, subject: str, moment: EvaluationMoment) -> EvaluationMoment:
        """Return the moment of an evaluation, with the fields about imports set for an indicator or a ticket.

        ``through`` of the result is the instant up to which an import holds the subject's past. If no import holds it,
        ``import_id`` is the import whose history is evaluated now; published events name that import.
        """
        if not self._holds:
            return moment
        held = self.through(subject)
        mine = (
            each for each in self._holds.values() if each.import_id in self._released and not each.is_evaluated_here
        )
        import_id = min((each.import_id for each in mine if each.covers(subject)), default=None)
        return replace(moment, through=held, import_id=import_id if held is None else None)

    def moment_derived(self, made_of: TransitiveDependencies, moment: EvaluationMoment) -> EvaluationMoment:
        """Return the moment of an evaluation, with the fields about imports set for a derived target.

        ``through`` of the result is the instant up to which an import holds the target's past. If no import holds it,
        ``import_id`` is the import whose history is evaluated now; published events name that import.
        """
        if not self._holds:
            return moment
        held = self.through_derived(made_of)
        import_id = min(
            (each.import_id for each in self._holds.values() if is_derived_target_held(each, made_of)), default=None
        )
        return replace(moment, through=held, import_id=import_id if held is None else None)

    # -- states of each hold ------------------------------------------------------------------------------------

    def next_due(self) -> UtcMicroseconds | None:
        """Return the next instant (µs) at which an open hold expires; None if no hold is open."""
        waiting = (each for each in self._holds.values() if each.release is None)
        return min((each.expires_at for each in waiting if each.import_id not in self._expiring), default=None)

    def expired(self, now: UtcMicroseconds) -> list[ImportHold]:
        """Return the open holds that have expired as far as this partition knows.

        Another partition may have taken in facts that extend them.
        """
        return [
            each
            for each in self._holds.values()
            if each.release is None and each.expires_at <= now and each.import_id not in self._expiring
        ]

    def expire(self, hold: ImportHold, step: PartitionStepChanges) -> None:
        """End a hold that has expired. The store then sends a message about the end to every partition."""
        self._expiring.add(hold.import_id)
        step.expired.append(hold.import_id)

    def extend(
        self, values: Iterable[MeasuredValues], facts: Iterable[Fact], now: UtcMicroseconds, step: PartitionStepChanges
    ) -> None:
        """Extend each open hold for which a fact arrived that lies in its past.

        The hold then expires an hour after ``now``, but not after its ``latest_end``. An extension by less than
        ``_EXTEND`` is left out.
        """
        waiting = [each for each in self._holds.values() if each.release is None]
        if not waiting:
            return
        for hold in waiting:
            until = min(now + QUIET_MICROSECONDS, hold.latest_end)
            if until - hold.expires_at >= _EXTEND and _has_history(hold, values, facts):
                self._holds[hold.import_id] = replace(hold, expires_at=until)
                step.extended[hold.import_id] = until

    def waiting_here(self) -> list[ImportHold]:
        """Return the released holds that this partition has not fully evaluated.

        A hold that overlaps an open hold waits until the open one ends.
        """
        open_holds = [each for each in self._holds.values() if each.import_id not in self._released]
        return [
            each
            for each in self._holds.values()
            if each.import_id in self._released
            and not each.is_evaluated_here
            and not any(_overlap(each, other) for other in open_holds)
        ]

    def finish_here(self, hold: ImportHold, step: PartitionStepChanges) -> None:
        self._holds[hold.import_id] = replace(hold, is_evaluated_here=True)
        step.released.append(hold.import_id)

    def waiting_derived(self) -> list[ImportHold]:
        """Return the holds whose derived targets may be evaluated now."""
        return [each for each in self._holds.values() if each.import_id in self._evaluated_everywhere]

    def finish_derived(self, hold: ImportHold, step: PartitionStepChanges) -> None:
        """Remove a hold after this partition has evaluated its derived targets too. The hold is then done here."""
        del self._holds[hold.import_id]
        step.derived.append(hold.import_id)


def is_derived_target_held(hold: ImportHold, made_of: TransitiveDependencies) -> bool:
    """Return whether a hold covers a source of a derived target, either direct or through derived members."""
    return (bool(hold.sources) and hold.owner_party_id in made_of.ticket_owners) or any(
        hold.covers(subject) for subject in made_of.subjects
    )


def _overlap(one: ImportHold, other: ImportHold) -> bool:
    shared = one.indicators & other.indicators or one.sources & other.sources
    return one.owner_party_id == other.owner_party_id and bool(shared)


def _has_history(hold: ImportHold, values: Iterable[MeasuredValues], facts: Iterable[Fact]) -> bool:
    """Return whether some of the rows or facts lie in the past that a hold covers."""
    if any(fact.at <= hold.through and hold.covers(parse_series_indicator(fact.subject)) for fact in facts):
        return True
    for rows in values:
        slots = [slot for slot, name in enumerate(rows.subjects) if hold.covers(parse_series_indicator(name))]
        if slots and bool(np.any(rows.at[np.isin(rows.slot, slots)] <= hold.through)):
            return True
    return False
