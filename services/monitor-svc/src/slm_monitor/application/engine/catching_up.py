"""Catch-up: a partition evaluates earlier facts by newly signed terms.

Events that are published meanwhile are marked with the version of the terms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from slm_events.catalogue import BREACHES, PUBLISHED
from slm_events.clocks import TicketClockEvent
from slm_events.instants import UtcMicroseconds
from slm_events.monitor import TargetResultEvent
from slm_monitor.application.state.loaded_partition import AgreementCatchUp
from slm_monitor.application.state.partition_step import JUDGED, PartitionStepChanges


class CatchUpTracker:
    """Tracks the catch-ups of one partition. In a catch-up, the partition evaluates earlier facts by a newly signed
    version.

    A catch-up has two phases. First every partition evaluates the agreement's indicators and tickets, at least up to
    the instant at which the terms arrived. When all partitions have done so, they evaluate the derived targets.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], AgreementCatchUp] = {}
        self._pending: dict[tuple[str, int], set[str]] = {}
        """(agreement id, version) → the tickets that existed when the terms arrived and have not been evaluated by
        these terms yet."""
        self._woken: set[tuple[str, int]] = set()

    def add(self, found: Iterable[AgreementCatchUp], tickets: Iterable[str]) -> None:
        """Add versions to catch up with, after new terms arrived or the partition was loaded.

        ``tickets``: the tickets that must be evaluated by these terms.
        """
        waiting = set(tickets)
        for each in found:
            self._found.setdefault(each.key, each)
            self._pending.setdefault(each.key, set()).update(waiting)

    def note_evaluated_everywhere(self, agreement_id: str, version: int) -> None:
        """Record that all partitions have evaluated the indicators and tickets of this agreement version."""
        found = self._found.get((agreement_id, version))
        if found is not None:
            found.is_evaluated_everywhere = True

    def newly_evaluated_everywhere(self) -> list[AgreementCatchUp]:
        """Return the catch-ups whose indicators and tickets all partitions have evaluated, each catch-up only once.

        A catch-up that an earlier call has returned is left out.
        """
        reached = [each for key, each in self._found.items() if each.is_evaluated_everywhere and key not in self._woken]
        self._woken.update(each.key for each in reached)
        return reached

    def next_due(self, watermark: UtcMicroseconds) -> UtcMicroseconds | None:
        """Return the next instant (µs) after the watermark for which a catch-up waits; None if no catch-up waits.

        A catch-up waits for the instant at which its terms arrived. It can end in this partition only after all timers
        up to this instant have fired, so the partition waits for the instant even if no timer is set before it.
        """
        waiting = (each.begun_at for each in self._found.values() if not each.is_evaluated_here)
        return min((begun_at for begun_at in waiting if begun_at > watermark), default=None)

    def derived_due(self, global_watermark: UtcMicroseconds) -> UtcMicroseconds | None:
        """Return the instant (µs) that the global watermark must reach before derived targets of a catch-up can be
        evaluated.

        None: no catch-up waits for the global watermark.
        """
        waiting = (each.begun_at for each in self._found.values() if each.is_evaluated_everywhere)
        return min((begun_at for begun_at in waiting if begun_at > global_watermark), default=None)

    def mark(self, step: PartitionStepChanges) -> None:
        """Mark the events of a step that belong to an agreement with a catch-up in this partition.

        The field ``catch_up`` of such an event gets the number of the newly signed version. If the agreement has
        several catch-ups, the field gets the lowest of their numbers. Events of breaches and risks are also counted.
        """
        if not self._found:
            return
        versions: dict[str, int] = {}
        for agreement_id, version in self._found:
            versions[agreement_id] = min(version, versions.get(agreement_id, version))
        events = step.changes.events
        for place, outgoing in enumerate(events):
            event = outgoing.event
            if not isinstance(event, TargetResultEvent | TicketClockEvent) or event.agreement_id not in versions:
                continue
            key = event.agreement_id, versions[event.agreement_id]
            events[place] = replace(outgoing, event=replace(event, catch_up=key[1]))
            if PUBLISHED[type(event)].topic is BREACHES:
                step.catch_up_breaches[key] = step.catch_up_breaches.get(key, 0) + 1

    def remove_evaluated(self, step: PartitionStepChanges) -> None:
        """Record which tickets the step has evaluated in full, so that no catch-up waits for these tickets any more."""
        if any(self._pending.values()):
            done = {ticket for ticket, state in step.tickets.items() if state == JUDGED}
            for waiting in self._pending.values():
                waiting -= done

    def waiting_here(self, watermark: UtcMicroseconds) -> list[AgreementCatchUp]:
        """Return the catch-ups that can end in this partition now, and have not ended here yet.

        A catch-up can end when the watermark has reached the arrival of its terms, and all its tickets are evaluated.
        """
        return [
            each
            for key, each in self._found.items()
            if not each.is_evaluated_here and each.begun_at <= watermark and not self._pending.get(key)
        ]

    def finish_here(self, found: AgreementCatchUp, step: PartitionStepChanges) -> None:
        found.is_evaluated_here = True
        self._pending.pop(found.key, None)
        step.caught_up.append(found.key)

    def waiting_derived(self, global_watermark: UtcMicroseconds) -> list[AgreementCatchUp]:
        """Return the catch-ups that end in this partition as soon as their derived targets are evaluated.

        All partitions have evaluated the indicators and tickets of these catch-ups, and the global watermark has
        reached the arrival of their terms.
        """
        return [each for each in self._found.values() if each.key in self._woken and each.begun_at <= global_watermark]

    def finish_derived(self, found: AgreementCatchUp, step: PartitionStepChanges) -> None:
        """End the catch-up in this partition, after its derived targets have been evaluated."""
        del self._found[found.key]
        self._woken.discard(found.key)
        step.caught_up_derived.append(found.key)
