"""The scope of tickets: which agreements of a party cover a ticket by its service and customer, or why none does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.terms.terms import SLA, ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TargetTermsHistory

WHOLE, PROJECTED = "whole", "projected"
"""How much of a ticket another party sees. The customer of an SLA sees the whole ticket; the other party of an OLA or
UC sees its number, times, state, priority and teams.
"""
_NAMING = ("service", "customer")
_MOST_KNOWN = 10_000
"""The greatest number of (service, customer) pairs whose agreements are cached. Many tickets have the same pair."""


@dataclass(frozen=True, slots=True)
class TicketCoverage:
    """The ids of the agreements that cover a ticket.

    ``reason`` is why no agreement with a customer covers the ticket. It is None if such an agreement covers the ticket,
    or if there are only agreements of other kinds (OLA, UC …).
    """

    agreements: frozenset[str]
    reason: str | None = None


@dataclass
class TicketScope:
    """The agreements in force when a ticket was opened, and which of them cover it by its service and customer."""

    slas: Sequence[ServiceLevelTarget]
    """One target of each agreement with a customer; it gives the names of the agreement's service and customer."""
    others: frozenset[str]
    """The ids of agreements that cover tickets of every service and customer: OLAs, UCs and drafts."""
    _known: dict[tuple[Any, ...], TicketCoverage] = field(default_factory=dict)

    def covering(self, attributes: Mapping[str, Any]) -> TicketCoverage:
        """Return the agreements that cover a ticket with these attributes, by its service and customer."""
        key = tuple(str(attributes.get(name)) for name in _NAMING)
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._covering(attributes)
        return self._known[key]

    def ever(self, events: Iterable[TicketEvent]) -> frozenset[str]:
        """Return the agreements that cover the ticket after at least one of its events."""
        found, said = self.covering({}).agreements, {}
        for event in events:
            if any(name in event.attributes for name in _NAMING):
                said.update({name: event.attributes[name] for name in _NAMING if name in event.attributes})
                found |= self.covering(said).agreements
        return found

    def _covering(self, attributes: Mapping[str, Any]) -> TicketCoverage:
        found, reason = self._own(attributes)
        return TicketCoverage(self.others | {each.agreement_id for each in found}, reason)

    def _own(self, attributes: Mapping[str, Any]) -> tuple[Sequence[ServiceLevelTarget], str | None]:
        """Return (the SLAs that cover a ticket, the ``reason`` why no SLA covers it, as in ``TicketCoverage``).

        If the SLAs that fit the ticket's attributes have several customers, the customer is in doubt and no SLA covers
        the ticket. The same holds if the ticket names no service and these SLAs have several services.
        """
        found: Sequence[ServiceLevelTarget] = self.slas
        if not found:
            return [], None if self.others else "no agreement was in force when it was opened"
        customers, services = _said(attributes, "customer"), _said(attributes, "service")
        if customers:
            found = [each for each in found if each.customer_names & customers]
            if not found:
                return [], f"no agreement in force at its opening has a customer known as {_quoted_names(customers)}"
        if services:
            found = [each for each in found if each.service_names & services]
            if not found:
                of_customer = " with this customer" if customers else ""
                return (
                    [],
                    f"no agreement{of_customer} in force at its opening is about a service known as "
                    + _quoted_names(services),
                )
        different = len({each.customer_party_id for each in found})
        if different > 1:
            because = f"{_quoted_names(customers)} names" if customers else "it names no customer, and it may be of"
            return [], f"{because} {different} customers"
        if not services and (different := len({each.service_id for each in found})) > 1:
            return [], f"it names no service, and it may be about {different} services"
        return found, None


def _said(attributes: Mapping[str, Any], name: str) -> frozenset[str]:
    written = attributes.get(name)
    return frozenset() if written in (None, "", []) else ticket_events.list_attribute_values_as_text(written)


def _quoted_names(names: Iterable[str]) -> str:
    return " or ".join(repr(name[:100]) for name in sorted(names)[:3])


class TicketAgreementIndex:
    """An index of all agreements that may evaluate a party's tickets, by the time in which they are in force."""

    def __init__(self, lines: Iterable[TargetTermsHistory]) -> None:
        self._lines: dict[str, list[TargetTermsHistory]] = {}
        for line in lines:
            self._lines.setdefault(line.latest.agreement_id, []).append(line)
        every = [line for of_one in self._lines.values() for line in of_one]
        turns = {at for line in every for at in (line.begins_at, line.ends_at)}
        turns |= {at for line in every for terms in line.versions for at in (terms.effective_at, terms.ends_at)}
        self._turns = sorted(turns)
        self._scopes: dict[int, TicketScope] = {}
        """Cache: index in ``_turns`` → the scope from that instant to the next one."""

    def at_opening(self, opened_at: UtcMicroseconds | None) -> TicketScope:
        """Return the scope of a ticket that was opened at ``opened_at``. If ``opened_at`` is None, the opening is
        unknown, so no SLA is in force.

        The scope is cached: it changes only at instants at which an agreement or a version begins or ends.
        """
        place = -1 if opened_at is None else bisect_right(self._turns, opened_at)
        if place not in self._scopes:
            self._scopes[place] = self._in_force(opened_at)
        return self._scopes[place]

    def _in_force(self, opened_at: UtcMicroseconds | None) -> TicketScope:
        slas, others = [], set()
        for agreement_id, lines in self._lines.items():
            target = lines[0].latest
            if target.agreement_kind != SLA:
                others.add(agreement_id)
            elif opened_at is not None and any(line.at(opened_at) is not None for line in lines):
                slas.append(target)
        return TicketScope(slas, frozenset(others))

    def readers(self, owner_party_id: str, evaluated_by: Iterable[str]) -> dict[str, str]:
        """Return the other parties of the agreements that evaluate a ticket: party id → how much of the ticket the
        party sees, ``whole`` or ``projected``.
        """
        found: dict[str, str] = {}
        for agreement_id in sorted(evaluated_by):
            target = self._lines[agreement_id][0].latest
            sees = PROJECTED if target.is_support else WHOLE
            for party in {target.provider_party_id, target.customer_party_id} - {owner_party_id}:
                found[party] = sees if found.get(party) != WHOLE else WHOLE
        return found
