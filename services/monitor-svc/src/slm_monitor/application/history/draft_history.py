"""The record of facts as draft terms see it: as if they had always been in force and no other terms existed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.history import closed_tickets
from slm_monitor.application.history.closed_tickets import ClosedTicket
from slm_monitor.application.history.fact_history import FactHistoryStore
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.clocks import target_matching
from slm_monitor.domain.clocks.target_matching import TicketRuleBook
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.terms.terms_history import build_terms_histories
from slm_monitor.domain.tickets import ticket_target

CUSTOMER_MUST_BE_NAMED = "customer_must_be_named"
"""Field of a draft: a ticket that names no customer does not count, because it may be another customer's."""
_ANOTHER = "another customer"
AT_ONCE = 500
"""Most tickets read and evaluated at once."""


class PagedTicketHistory(FactHistoryStore, Protocol):
    """The record of facts, from which a party's tickets can be read page by page."""

    async def tickets(
        self, owner_party_id: str, before: UtcMicroseconds, after: str, most: int
    ) -> Sequence[tuple[str, Sequence[Fact]]]:
        """Return a page of the party's tickets that have an event before the instant ``before``.

        Each is (ticket, all its facts). The page has the first ``most`` tickets whose names follow ``after``, in order
        of name.
        """
        ...

    async def tickets_opened(
        self, owner_party_id: str, span: Interval, after: str, most: int
    ) -> Sequence[tuple[str, Sequence[Fact]]]:
        """Return a page, as ``tickets`` does, of the party's tickets that were opened in the span."""
        ...


class FactHistoryUnderDraftTerms:
    """A view of the record of facts in which the draft is the only agreement, and nothing was excluded or disputed.

    ``document``: the draft in the form of AgreementFinalized.
    """

    def __init__(self, history: PagedTicketHistory, document: Mapping[str, Any], present: UtcMicroseconds) -> None:
        self._history = history
        self._terms = AgreementTerms(document["agreement_id"], [document], None)
        self._document = document
        self._owner = str(document["provider_party_id"])
        self._present = present

    async def agreement(self, agreement_id: str) -> AgreementTerms:
        return self._terms

    async def indicator(self, subject: str) -> Indicator | None:
        return await self._history.indicator(subject)

    async def single(self, subject: str, span: Interval | None, known_at: UtcMicroseconds | None) -> Sequence[Fact]:
        return await self._history.single(subject, span, known_at)

    async def values(self, subject: str, span: Interval, known_at: UtcMicroseconds | None) -> MeasuredValues:
        return await self._history.values(subject, span, known_at)

    async def readings(
        self, stream: str, first: UtcMicroseconds, last: UtcMicroseconds, known_at: UtcMicroseconds | None
    ) -> Sequence[Fact]:
        return await self._history.readings(stream, first, last, known_at)

    async def exclusions(self, agreement_id: str, known_at: UtcMicroseconds | None) -> Sequence[ApprovedExclusion]:
        return []

    async def begins_at(self, subject: str) -> UtcMicroseconds | None:
        return await self._history.begins_at(subject)

    async def overturned(self, breach_ids: Collection[str], known_at: UtcMicroseconds | None) -> Collection[str]:
        return []

    async def overturned_runs(
        self, target_id: str, window_id: str, minute: int, known_at: UtcMicroseconds | None
    ) -> Collection[str]:
        return []

    async def accepted_at(self, target_id: str, window_id: str) -> UtcMicroseconds | None:
        return None

    async def agreements_of(self, owner_party_id: str) -> Sequence[AgreementTerms]:
        return [self._terms]

    async def tickets_left_out(self, target_ids: Sequence[str], span: Interval) -> tuple[int, int]:
        return 0, 0

    async def tickets_changed(self, owner_party_id: str, known_at: UtcMicroseconds) -> Mapping[str, Sequence[Fact]]:
        return {}

    async def tickets_ended(
        self, target_ids: Sequence[str], span: Interval, as_of: UtcMicroseconds
    ) -> Sequence[ClosedTicket]:
        """Return the party's tickets whose clocks ended in the span, evaluated by the draft."""
        book = self._rule_book()
        found: list[ClosedTicket] = []
        after = ""
        while page := await self._history.tickets(self._owner, span[1], after, AT_ONCE):
            after = page[-1][0]
            found += await asyncio.to_thread(self._walked, page, book, target_ids, span)
        return [each for each in found if each.ended_at <= as_of]

    async def tickets_opened(self, span: Interval) -> list[UtcMicroseconds]:
        """Return when the tickets that the draft covers were opened, of those opened in the span."""
        book, found, after = self._rule_book(), [], ""
        while page := await self._history.tickets_opened(self._owner, span, after, AT_ONCE):
            after = page[-1][0]
            for _, facts in page:
                events = ticket_target.convert_facts_to_ticket_events(facts)
                opened_at = ticket_events.find_ticket_opening_instant(events)
                if opened_at is not None and self._terms.agreement_id in book.scope_of(events).ever(events):
                    found.append(opened_at)
        return found

    def _rule_book(self) -> TicketRuleBook:
        """Return the rules of the draft.

        If a customer must be named, an agreement of another customer stands beside the draft. A ticket that names no
        customer may then be of two customers, and so belongs to neither.
        """
        lines = build_terms_histories(self._terms.versions, None)
        if not self._document.get(CUSTOMER_MUST_BE_NAMED):
            return target_matching.build_ticket_rule_book(lines)
        other = {**self._document, "agreement_id": _ANOTHER, "customer_party_id": _ANOTHER, "customer_key": _ANOTHER}
        beside = build_terms_histories([{**other, "customer_external_refs": []}], None)
        return target_matching.build_ticket_rule_book(lines, beside)

    def _walked(
        self,
        page: Sequence[tuple[str, Sequence[Fact]]],
        book: TicketRuleBook,
        target_ids: Sequence[str],
        span: Interval,
    ) -> list[ClosedTicket]:
        walked = (
            closed_tickets.evaluate_ticket_outcome(ticket, facts, book, target_ids, span, self._present)
            for ticket, facts in page
        )
        return [ClosedTicket(one.ticket, one.ended_at, not one.missed) for one in walked if one is not None]
