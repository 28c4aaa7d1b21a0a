"""The tickets of one partition: their events are kept in the store and read when a ticket is judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice

import structlog

from slm_monitor.application.ports import Hold, JudgeStore, LoadedPartition, Step
from slm_monitor.application.timers import TICKET, Timers
from slm_monitor.domain import ticket_rules, ticket_target
from slm_monitor.domain.facts import Fact
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.settling import Moment
from slm_monitor.domain.standing import Breach, Changes, TicketState
from slm_monitor.domain.ticket_rules import Book
from slm_monitor.domain.tickets import FORGOTTEN

IsHeld = Callable[[str], bool]
_logger = structlog.get_logger(__name__)


class TicketJudge:
    """Which tickets have to be judged, and judging them."""

    def __init__(
        self, store: JudgeStore, timers: Timers, loaded: LoadedPartition, overturned: Collection[str] = ()
    ) -> None:
        self._overturned = overturned
        self._store = store
        self._timers = timers
        self._lines: dict[str, dict[str, TermsLine]] = {}
        self._books: dict[str, Book] = {}
        self._waiting: dict[str, None] = {}
        # Told apart from those that may be judged: an import holds thousands, and every step would ask for each.
        self._held: dict[str, None] = dict.fromkeys(sorted(loaded.waiting_tickets))
        self._touched: dict[str, dict[str, Fact]] = {}
        for ticket, due in loaded.ticket_dues:
            timers.set((TICKET, ticket), due)

    def attach(self, line: TermsLine) -> None:
        owner = line.latest.owner_party_id
        self._lines.setdefault(owner, {})[line.target_id] = line
        self._books.pop(owner, None)

    def _book(self, owner: str) -> Book:
        if owner not in self._books:
            self._books[owner] = ticket_rules.book_of(self._lines.get(owner, {}).values())
        return self._books[owner]

    async def wake_owner(self, owner: str, partition: int, step: Step, is_held: IsHeld) -> None:
        """New terms concern all tickets of a party; that they wait is kept, as there may be many."""
        for ticket in await self._store.tickets_of(owner, partition):
            self._wait(ticket, is_held)
            step.tickets[ticket] = True

    def wake(self, ticket: str, is_held: IsHeld) -> None:
        """Its time has come."""
        self._wait(ticket, is_held)

    def free(self, is_held: IsHeld) -> None:
        """The holds have changed: what none holds any longer may be judged."""
        for ticket in [ticket for ticket in self._held if not is_held(ticket)]:
            del self._held[ticket]
            self._waiting[ticket] = None

    def _wait(self, ticket: str, is_held: IsHeld) -> None:
        (self._held if is_held(ticket) else self._waiting)[ticket] = None

    async def take(self, facts: Sequence[Fact], step: Step, is_held: IsHeld) -> list[Fact]:
        """The facts that are new or hold over what was known under their key."""
        if not facts:
            return []
        known = await self._store.facts(sorted({fact.subject for fact in facts}))
        accepted: dict[tuple[str, str], Fact] = {}
        for fact in facts:
            held = self._touched.setdefault(fact.subject, dict(known.get(fact.subject, {})))
            before = held.get(fact.key)
            if before is None or fact.rank > before.rank:
                held[fact.key] = fact
                accepted[fact.subject, fact.key] = fact
                # The same again is kept as the latest word, and changes no clock.
                if before is None or (before.at, before.body) != (fact.at, fact.body):
                    self._wait(fact.subject, is_held)
                    step.tickets[fact.subject] = True
        return list(accepted.values())

    @property
    def ready(self) -> int:
        return len(self._waiting)

    @property
    def has_ready(self) -> bool:
        return bool(self._waiting)

    def waits_for(self, hold: Hold) -> bool:
        """Whether some of what an import brought has not been judged."""
        return bool(hold.sources) and any(hold.covers(ticket) for ticket in (*self._waiting, *self._held))

    async def judge(self, moment: Moment, step: Step, most: int) -> None:
        """Judge the waiting tickets that nothing holds, so many at a time."""
        ready = list(islice(self._waiting, most))
        touched, self._touched = self._touched, {}
        if not ready:
            return
        stored = await self._store.facts([ticket for ticket in ready if ticket not in touched])
        states, breaches = await self._store.ticket_states(ready)
        for ticket in ready:
            facts, due = touched.get(ticket) or stored.get(ticket, {}), None
            if FORGOTTEN not in facts:
                due = _judged(
                    ticket, facts.values(), self._book(ticket.split("/", 1)[0]), states.get(ticket, {}),
                    dict(breaches.get(ticket, {})), moment, step.changes, self._overturned,
                )  # fmt: skip
            self._timers.set((TICKET, ticket), due)
            del self._waiting[ticket]
            step.tickets[ticket] = False


def _judged(
    ticket: str, facts: Iterable[Fact], book: Book, told: ticket_target.States,
    breaches: dict[str, Breach], moment: Moment, changes: Changes, overturned: Collection[str],
) -> int | None:  # fmt: skip
    """A ticket that cannot be judged is marked: it neither stops the others nor sets their records aside."""
    own = Changes()
    try:
        due = ticket_target.judge(ticket, facts, book, told, breaches, moment, own, overturned)
    except Exception as error:
        _logger.warning("ticket not judged", ticket=ticket, exc_info=error)
        reason = f"{type(error).__name__}: {error}"
        changes.tickets[ticket] = TicketState(ticket, None, unjudgeable=(("", reason),))
        return None
    changes.add(own)
    return due
