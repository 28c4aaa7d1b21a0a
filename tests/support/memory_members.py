"""The results of members that derived targets ask for, answered from memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slm_monitor.application.history import closed_tickets
from slm_monitor.application.history.closed_tickets import ClosedTicket
from slm_monitor.application.state.ports import MemberTargetWindow
from slm_monitor.domain.clocks.clock_replay import CANCELLED, MET
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_events import OBJECTIVE
from slm_monitor.domain.lifecycle.target_state import (
    OPEN_ENDED,
    Breach,
    InconsistentTicket,
    TargetWindow,
    TicketClock,
)
from slm_monitor.domain.rolling.missed_runs import MissedMinuteRun
from slm_monitor.domain.rolling.rolling_derived import EndedClock

Span = tuple[int, int]


class MemberResults:
    """The results of one partition that derived targets need."""

    def __init__(self) -> None:
        self.windows: dict[tuple[str, str], TargetWindow] = {}
        self.breaches: dict[str, Breach] = {}
        self.clocks: dict[tuple[str, str, int], TicketClock] = {}
        self.inconsistent: dict[str, InconsistentTicket] = {}
        """Ticket → the reason why it is not evaluated."""

    async def tickets_ended(
        self, target_ids: Sequence[str], spans: Sequence[Span], as_of: int
    ) -> Sequence[tuple[int, int]]:
        found = [self.ended_within(target_ids, span, as_of) for span in spans]
        return [(len(each), sum(ended.is_met for ended in each)) for each in found]

    def ended_within(self, target_ids: Sequence[str], span: Span, as_of: int) -> list[ClosedTicket]:
        """Return the tickets whose clocks of these targets ended within a span."""
        entries = {key: each for key, each in self.clocks.items() if key[0] in target_ids}
        found: dict[str, ClosedTicket] = {}
        for ticket in {ticket for _, ticket, _ in entries}:
            clocks = [each.clock for key, each in entries.items() if key[1] == ticket and each.clock.state != CANCELLED]
            excused = {(key[0], key[2]) for key, each in entries.items() if key[1] == ticket and each.excused}
            for clock, at in closed_tickets.find_clock_end_instants(clocks, as_of):
                if span[0] <= at < span[1] and at <= as_of:
                    held = found.get(ticket, ClosedTicket(ticket, at, True))
                    is_met = clock.state == MET or (clock.target.target_id, clock.ordinal) in excused
                    found[ticket] = ClosedTicket(ticket, max(at, held.ended_at), held.is_met and is_met)
        return [found[ticket] for ticket in sorted(found)]

    async def tickets_left_out(self, target_ids: Sequence[str], spans: Sequence[Span]) -> Sequence[tuple[int, int]]:
        odd = [each for each in self.inconsistent.values() if set(each.targets) & set(target_ids)]
        return [(sum(start <= each.at < end for each in odd), 0) for start, end in spans]

    async def member_windows(
        self, target_ids: Sequence[str], window_ids: Sequence[str]
    ) -> Mapping[tuple[str, str], MemberTargetWindow]:
        return {
            key: MemberTargetWindow(window.verdict, window.figure, window.closed_at, self._breached_at(window))
            for key, window in self.windows.items()
            if key[0] in target_ids and key[1] in window_ids
        }

    async def member_runs(self, target_ids: Sequence[str], window_id: str) -> Mapping[str, Sequence[MissedMinuteRun]]:
        runs: dict[str, list[MissedMinuteRun]] = {}
        for each in sorted(self.breaches.values(), key=lambda breach: breach.ordinal):
            mine = (each.window_id, each.level, each.standing) == (window_id, OBJECTIVE, True)
            if mine and each.target_id in target_ids:
                last = OPEN_ENDED if each.until is None else each.until // MINUTE - 1
                runs.setdefault(each.target_id, []).append(MissedMinuteRun(each.ordinal, last))
        return runs

    async def clocks_ended(self, target_ids: Sequence[str], span: Span, as_of: int) -> Sequence[EndedClock]:
        found = []
        for (target_id, ticket, _), entry in self.clocks.items():
            clock = entry.clock
            at = clock.stopped_at if clock.state == MET else clock.breached_at
            if target_id not in target_ids or clock.state == CANCELLED or at is None:
                continue
            if span[0] <= at < span[1] and at <= as_of:
                found.append(EndedClock(ticket, at, clock.state == MET or entry.excused))
        return sorted(found)

    def _breached_at(self, window: TargetWindow) -> int | None:
        mine = (window.target_id, window.window_id, window.version, OBJECTIVE, True)
        return min(
            (
                each.certain_at
                for each in self.breaches.values()
                if (each.target_id, each.window_id, each.version, each.level, each.standing) == mine
            ),
            default=None,
        )
