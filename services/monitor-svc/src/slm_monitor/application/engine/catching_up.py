"""Signed versions that are judged over what was recorded before: what they tell is marked, and when it is done told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from slm_events.catalogue import BREACHES, PUBLISHED
from slm_events.clocks import ClockMoved
from slm_events.monitor import TargetJudged
from slm_monitor.application.state.ports import JUDGED, CatchUp, PartitionStep


class CatchingUp:
    """The versions that one partition has not caught up with.

    Each goes through two steps, as an import does. First every partition judges its indicators and tickets of the
    agreement, as of when the terms were heard or later. When all have, the targets made of others are judged.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], CatchUp] = {}
        self._pending: dict[tuple[str, int], set[str]] = {}
        """The tickets that were there as the terms were heard, and have not been judged by them."""
        self._woken: set[tuple[str, int]] = set()

    def hear(self, found: Iterable[CatchUp], tickets: Iterable[str]) -> None:
        """Terms were heard, or the partition was loaded; ``tickets`` are those to be judged by them."""
        waiting = set(tickets)
        for each in found:
            self._found.setdefault(each.key, each)
            self._pending.setdefault(each.key, set()).update(waiting)

    def hear_everywhere(self, agreement_id: str, version: int) -> None:
        """All partitions have judged their indicators and tickets of it."""
        found = self._found.get((agreement_id, version))
        if found is not None:
            found.is_everywhere = True

    def reach_everywhere(self) -> list[CatchUp]:
        """Those that came so far since this was asked last."""
        reached = [each for key, each in self._found.items() if each.is_everywhere and key not in self._woken]
        self._woken.update(each.key for each in reached)
        return reached

    def next_due(self, watermark: int) -> int | None:
        """Timers are to fire up to the instant at which the terms were heard, be there any or not."""
        waiting = (each.begun_at for each in self._found.values() if not each.is_judged_here)
        return min((begun_at for begun_at in waiting if begun_at > watermark), default=None)

    def derived_due(self, global_watermark: int) -> int | None:
        """Likewise for what is made of others."""
        waiting = (each.begun_at for each in self._found.values() if each.is_everywhere)
        return min((begun_at for begun_at in waiting if begun_at > global_watermark), default=None)

    def mark(self, step: PartitionStep) -> None:
        """Have the events of a step say which version catches up, and count those of breaches and risks."""
        if not self._found:
            return
        versions: dict[str, int] = {}
        for agreement_id, version in self._found:
            versions[agreement_id] = min(version, versions.get(agreement_id, version))
        events = step.changes.events
        for place, outgoing in enumerate(events):
            event = outgoing.event
            if not isinstance(event, TargetJudged | ClockMoved) or event.agreement_id not in versions:
                continue
            key = event.agreement_id, versions[event.agreement_id]
            events[place] = replace(outgoing, event=replace(event, catch_up=key[1]))
            if PUBLISHED[type(event)].topic is BREACHES:
                step.catch_up_breaches[key] = step.catch_up_breaches.get(key, 0) + 1

    def judged(self, step: PartitionStep) -> None:
        """Take note of the tickets that a step has judged in full."""
        if any(self._pending.values()):
            done = {ticket for ticket, state in step.tickets.items() if state == JUDGED}
            for waiting in self._pending.values():
                waiting -= done

    def waiting_here(self, watermark: int) -> list[CatchUp]:
        """Those of which nothing of the past waits in this partition, if its timers up to ``watermark`` have fired."""
        return [
            each
            for key, each in self._found.items()
            if not each.is_judged_here and each.begun_at <= watermark and not self._pending.get(key)
        ]

    def judged_here(self, found: CatchUp, step: PartitionStep) -> None:
        found.is_judged_here = True
        self._pending.pop(found.key, None)
        step.caught_up.append(found.key)

    def waiting_derived(self, global_watermark: int) -> list[CatchUp]:
        """Those whose derived targets may have been judged by now."""
        return [each for each in self._found.values() if each.key in self._woken and each.begun_at <= global_watermark]

    def judged_derived(self, found: CatchUp, step: PartitionStep) -> None:
        """The last step: this partition has caught up."""
        del self._found[found.key]
        self._woken.discard(found.key)
        step.caught_up_derived.append(found.key)
