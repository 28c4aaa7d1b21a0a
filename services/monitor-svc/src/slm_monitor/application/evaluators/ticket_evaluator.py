"""The evaluator of tickets of one partition. Ticket events are kept in the store, and read when
a ticket is evaluated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

import structlog

from slm_monitor.application.evaluators.schedule.holds import ImportHolds
from slm_monitor.application.state.loaded_partition import ImportHold, LoadedPartition
from slm_monitor.application.state.partition_step import HELD, JUDGED, WAITING, PartitionStepChanges
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.application.state.timers import TICKET, TimerHeap
from slm_monitor.domain.clocks import target_matching
from slm_monitor.domain.clocks.target_matching import TicketRuleBook
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.ticket_events import DELETED_EVENTS_KEY
from slm_monitor.domain.lifecycle.target_state import Breach, EvaluationChanges, EvaluationMoment, TicketState
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import ClockHistory, TargetTermsHistory
from slm_monitor.domain.tickets import ticket_target

_logger = structlog.get_logger(__name__)


class TicketEvaluator:
    """Tracks which tickets must be evaluated, and evaluates them."""

    def __init__(
        self, store: EvaluationStore, timers: TimerHeap, loaded: LoadedPartition, overturned: Collection[str] = ()
    ) -> None:
        self._overturned = overturned
        self._store = store
        self._timers = timers
        self._lines: dict[str, dict[str, Sequence[TargetTermsHistory]]] = {}
        """Party → agreement → the terms histories of its targets."""
        self._pairs: dict[str, set[tuple[str, str]]] = {}
        """Party → the pairs of customer and service of its agreements."""
        self._with_clocks: dict[str, set[str]] = {}
        """Party → its agreements with per-ticket targets."""
        self._books: dict[str, TicketRuleBook] = {}
        self._waiting: dict[str, None] = {}
        self._history: dict[str, None] = dict.fromkeys(sorted(loaded.waiting_tickets))
        """Tickets that wait because of an import or new terms and, after a restart, all that were not evaluated before.

        They are evaluated after all others, as there may be thousands whose results mostly lie in the past. Each is
        evaluated once, however many events have arrived meanwhile.
        """
        self._held: dict[str, None] = {}
        """Tickets of which some time waits for an import."""
        self._touched: dict[str, dict[str, Fact]] = {}
        for ticket, due in loaded.ticket_dues:
            timers.set((TICKET, ticket), due)

    def attach(self, lines: Sequence[TargetTermsHistory]) -> frozenset[str]:
        """Attach the terms histories of an agreement; return the parties whose tickets must be evaluated again.

        An agreement without per-ticket targets matters too, because a ticket that names no customer may belong to it.
        """
        if not lines:
            return frozenset()
        terms = lines[0].latest
        has_clocks = any(isinstance(line, ClockHistory) for line in lines)
        is_news = has_clocks
        for owner in terms.ticket_owners:
            is_news = is_news or self._may_be_about(terms, owner)
            self._lines.setdefault(owner, {})[terms.agreement_id] = lines
            self._pairs.setdefault(owner, set()).add((terms.customer_party_id, terms.service_id))
            with_clocks = self._with_clocks.setdefault(owner, set())
            (with_clocks.add if has_clocks else with_clocks.discard)(terms.agreement_id)
            self._books.pop(owner, None)
        return terms.ticket_owners if is_news else frozenset()

    def _may_be_about(self, terms: ServiceLevelTarget, owner: str) -> bool:
        """Return whether an agreement's new terms can change which other agreements apply to this party's tickets.

        Both must be true:

        - An attached agreement of the party has per-ticket targets.
        - The terms' pair of customer and service is new, or the agreement is attached already. In the second case the
          new terms may end earlier than the old terms.
        """
        is_new_pair = (terms.customer_party_id, terms.service_id) not in self._pairs.get(owner, ())
        is_known = terms.agreement_id in self._lines.get(owner, {})
        return bool(self._with_clocks.get(owner)) and (is_new_pair or is_known)

    def _book(self, owner: str) -> TicketRuleBook:
        if owner not in self._books:
            lines = self._lines.get(owner, {}).values()
            self._books[owner] = target_matching.build_ticket_rule_book(line for each in lines for line in each)
        return self._books[owner]

    async def wake_owner(
        self, owner: str, partition: int, step: PartitionStepChanges, holds: ImportHolds
    ) -> Sequence[str]:
        """Mark all tickets of a party as waiting, because terms are new; return the tickets.

        The step stores that these tickets wait. There may be many, so tickets with new events are evaluated first.
        """
        woken = await self._store.tickets_of(owner, partition)
        for ticket in woken:
            self._history[ticket] = None
            step.tickets[ticket] = WAITING if holds.through(ticket) is None else HELD
        return woken

    def to_evaluate(self, agreement_id: str) -> list[str]:
        """Return the tickets of an agreement's parties that are not evaluated in full: they wait, or an import holds
        some of their time.
        """
        owners = {owner for owner, known in self._lines.items() if agreement_id in known}
        return [ticket for ticket in (*self._waiting, *self._history, *self._held) if ticket.split("/", 1)[0] in owners]

    def wake(self, ticket: str) -> None:
        """Mark a ticket for the next evaluation, because its timer fired."""
        self._waiting[ticket] = None

    def free(self, holds: ImportHolds) -> None:
        """Mark tickets for the next evaluation if no import holds them any more."""
        for ticket in [ticket for ticket in (*self._held, *self._history) if holds.through(ticket) is None]:
            self._held.pop(ticket, None)
            self._history.pop(ticket, None)
            self._waiting[ticket] = None

    async def accept_facts(self, facts: Sequence[Fact], step: PartitionStepChanges, holds: ImportHolds) -> list[Fact]:
        """Take in ticket facts; return the facts that are new or replace a fact with the same key."""
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
                # A repeated fact is stored as the latest revision, and changes no clock.
                if before is None or (before.at, before.body) != (fact.at, fact.body):
                    through = holds.through(fact.subject)
                    is_past = through is not None and fact.at <= through
                    (self._history if is_past else self._waiting)[fact.subject] = None
                    step.tickets[fact.subject] = WAITING if through is None else HELD
        return list(accepted.values())

    @property
    def ready(self) -> int:
        return len(self._waiting) + len(self._history)

    @property
    def has_ready(self) -> bool:
        return bool(self._waiting or self._history)

    def waits_for(self, hold: ImportHold) -> bool:
        """Return whether a ticket that an import covers has not been evaluated."""
        waiting = (*self._waiting, *self._history, *self._held)
        return bool(hold.sources) and any(hold.covers(ticket) for ticket in waiting)

    async def evaluate(
        self, holds: ImportHolds, moment: EvaluationMoment, step: PartitionStepChanges, most: int, most_history: int
    ) -> None:
        """Evaluate at most ``most_history`` tickets that wait because of an import or new terms, and at most ``most``
        other waiting tickets.

        If an import holds the past of a ticket, only the time after that past is evaluated.
        """
        ready = list(islice(self._waiting, most))
        ready += [ticket for ticket in islice(self._history, most_history) if ticket not in self._waiting]
        touched, self._touched = self._touched, {}
        if not ready:
            return
        stored = await self._store.facts([ticket for ticket in ready if ticket not in touched])
        states, breaches = await self._store.ticket_states(ready)
        for ticket in ready:
            facts, due, waits = touched.get(ticket) or stored.get(ticket, {}), None, False
            if DELETED_EVENTS_KEY not in facts:
                due, waits = _evaluate_or_mark(
                    ticket,
                    facts.values(),
                    self._book(ticket.split("/", 1)[0]),
                    states.get(ticket, {}),
                    dict(breaches.get(ticket, {})),
                    holds.moment(ticket, moment),
                    step.changes,
                    self._overturned,
                )
            self._timers.set((TICKET, ticket), due)
            self._waiting.pop(ticket, None)
            self._history.pop(ticket, None)
            if waits:
                self._held[ticket] = None
            step.tickets[ticket] = HELD if waits else JUDGED


def _evaluate_or_mark(
    ticket: str,
    facts: Iterable[Fact],
    book: TicketRuleBook,
    published: ticket_target.States,
    breaches: dict[str, Breach],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
    overturned: Collection[str],
) -> tuple[int | None, bool]:
    """Evaluate a ticket; return the next instant (µs) at which its result may change without new data, and whether some
    of its time is held.

    A ticket whose evaluation fails is marked with the reason. Other tickets are still evaluated, and the intake record
    with the ticket's events still counts as processed.
    """
    own = EvaluationChanges(mark=moment.mark)
    try:
        evaluated = ticket_target.evaluate_ticket(ticket, facts, book, published, breaches, moment, own, overturned)
    except Exception as error:
        _logger.warning("ticket not evaluated", ticket=ticket, exc_info=error)
        reason = f"{type(error).__name__}: {error}"
        changes.tickets[ticket] = TicketState(ticket, None, unjudgeable=(("", reason, ""),))
        return None, False
    changes.add(own)
    return evaluated
