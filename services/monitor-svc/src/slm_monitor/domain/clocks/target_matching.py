"""The matching of tickets to targets: for each kind of clock in an agreement, the first target that matches applies."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.clocks.ticket_scope import TicketAgreementIndex, TicketScope
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.terms.terms import ClockTarget
from slm_monitor.domain.terms.terms_history import ClockHistory, TargetTermsHistory

Attributes = Mapping[str, Any]
Passed = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TicketAgreementMatch:
    """The result of matching a ticket, as it is now, to agreements.

    ``evaluated_by``: the ids of the agreements that evaluate the ticket. ``unmatched_cause``: the reason if no
    agreement with a customer covers the ticket, or if no agreement evaluates it; otherwise None.
    """

    evaluated_by: frozenset[str]
    unmatched_cause: str | None


class TicketRuleBook:
    """The rules that decide which targets apply to the tickets of one party. It is built once and used for many
    tickets.
    """

    def __init__(self, lines: Sequence[ClockHistory], others: Iterable[TargetTermsHistory] = ()) -> None:
        groups: dict[tuple[str, str], list[ClockHistory]] = {}
        for line in lines:
            groups.setdefault((line.latest.agreement_id, line.latest.clock.clock), []).append(line)
        self.agreements = TicketAgreementIndex([*lines, *others])
        self.kinds = [(kind, ClockKindRules(group)) for (_, kind), group in groups.items()]
        """The rules of each agreement and kind of clock (response, resolution …). Of each such group the first target
        that matches applies. Each agreement has its own groups, because the SLA with the customer and the OLA with a
        team both apply to one ticket.
        """
        self.latest = {line.latest.target_id: line.latest for line in lines}
        self._moving = _moving(lines)

    def scope_of(self, events: Sequence[TicketEvent]) -> TicketScope:
        """Return the agreements in force when a ticket was opened: at its ``opened`` event or, without such an event,
        at its first event.
        """
        return self.agreements.at_opening(ticket_events.find_ticket_opening_instant(events))

    def matching(self, events: Sequence[TicketEvent], evaluated_by: Collection[str]) -> TicketAgreementMatch:
        """Match a ticket to the agreements, by its attributes after all these events.

        ``evaluated_by`` are the agreements that already have clocks on the ticket.
        """
        scope, opened_at, said = (
            self.scope_of(events),
            ticket_events.find_ticket_opening_instant(events),
            ticket_events.merge_ticket_attributes(events),
        )
        covering = scope.covering(said)
        reason = covering.reason
        if reason is None and not evaluated_by:
            reason = self._why_none(covering.agreements, opened_at, said)
        return TicketAgreementMatch(covering.agreements & set(evaluated_by), reason)

    def _why_none(self, covering: Collection[str], opened_at: UtcMicroseconds | None, said: Attributes) -> str | None:
        """Return why no target of the agreements that cover a ticket applies to it; None if a target applies."""
        if opened_at is None:
            return "it has not been opened"
        rules = [rules for _, rules in self.kinds if rules.agreement_id in covering]
        if any(each.first_match(opened_at, opened_at, said) is not None for each in rules):
            return None
        return "; ".join(each.why_none(opened_at, said) for each in rules[:3]) or "no target is about tickets"

    def next_change(self, after: UtcMicroseconds) -> UtcMicroseconds | None:
        """Return the first instant later than ``after`` at which an amendment changes running clocks; None if there is
        none.
        """
        position = bisect_right(self._moving, after)
        return self._moving[position] if position < len(self._moving) else None


def build_ticket_rule_book(
    lines: Iterable[TargetTermsHistory], beside: Iterable[TargetTermsHistory] = ()
) -> TicketRuleBook:
    """Build the rules by which the targets and agreements of a ticket are found.

    The ticket targets of an agreement are tried in the order in which the agreement lists them. Agreements are tried in
    the order of their ids. A target that is not about tickets matches no ticket, but its agreement may cover one.
    A target ``beside`` matches no ticket either, even if it is about tickets.
    """
    everything = list(lines)
    clocks = [line for line in everything if isinstance(line, ClockHistory)]
    others = [line for line in everything if not isinstance(line, ClockHistory)]
    return TicketRuleBook(
        sorted(clocks, key=lambda line: (line.latest.agreement_id, line.latest.place)), [*others, *beside]
    )


class ClockKindRules:
    """The rules of one kind of clock in one agreement: its targets in order, with their amendments."""

    is_fixed = False

    def __init__(self, lines: Sequence[ClockHistory]) -> None:
        self._lines = lines
        self._moving = _moving(lines)
        self.agreement_id = lines[0].latest.agreement_id

    def covers(self, scope: TicketScope, attributes: Attributes) -> bool:
        """Whether the agreement covers a ticket, by the ticket's service and customer."""
        return self.agreement_id in scope.covering(attributes).agreements

    def why_none(self, opened_at: UtcMicroseconds, attributes: Attributes) -> str:
        """Return why the first of these targets does not apply to a ticket. Call this only if none of them applies."""
        line = self._lines[0]
        return f"{line.latest.key}: {_why_not(line.at(opened_at), attributes)}"

    def changes(self, after: UtcMicroseconds, until: UtcMicroseconds) -> list[UtcMicroseconds]:
        """Return the instants in (after, until] at which amendments change running clocks."""
        return [at for at in self._moving if after < at <= until] if self._moving else []

    def first_match(
        self, opened_at: UtcMicroseconds, amended_to: UtcMicroseconds, attributes: Attributes
    ) -> ClockTarget | None:
        """Return the first target that applies to a ticket opened at ``opened_at``; None if none applies.

        Amendments that change running clocks are taken into account up to ``amended_to``.
        """
        for line in self._lines:
            target = self._terms(line, opened_at, amended_to)
            if target is not None and ticket_events.has_wanted_attributes(target.clock.applies_to, attributes):
                return target
        return None

    def passed_over(
        self,
        chosen: ClockTarget,
        opened_at: UtcMicroseconds,
        amended_to: UtcMicroseconds,
        attributes: Attributes,
    ) -> Passed:
        """Return (key, why the target does not apply to the ticket) of each target before ``chosen``."""
        found = []
        for line in self._lines:
            if line.target_id == chosen.target_id:
                break
            found.append((line.latest.key, _why_not(self._terms(line, opened_at, amended_to), attributes)))
        return tuple(found)

    def _terms(self, line: ClockHistory, opened_at: UtcMicroseconds, amended_to: UtcMicroseconds) -> ClockTarget | None:
        terms = line.at(opened_at)
        if self._moving:
            for later in line.versions:
                if opened_at < later.effective_at <= amended_to and _moves_running(later):
                    terms = later
        return terms


class SingleTargetRule:
    """Rules that consist of one target, which applies to every ticket."""

    is_fixed = True

    def covers(self, scope: TicketScope, attributes: Attributes) -> bool:
        return True

    def __init__(self, target: ClockTarget) -> None:
        self._target = target

    def changes(self, after: UtcMicroseconds, until: UtcMicroseconds) -> list[UtcMicroseconds]:
        return []

    def first_match(
        self, opened_at: UtcMicroseconds, amended_to: UtcMicroseconds, attributes: Attributes
    ) -> ClockTarget | None:
        return self._target

    def passed_over(
        self,
        chosen: ClockTarget,
        opened_at: UtcMicroseconds,
        amended_to: UtcMicroseconds,
        attributes: Attributes,
    ) -> Passed:
        return ()


def _moving(lines: Iterable[ClockHistory]) -> list[UtcMicroseconds]:
    return sorted({terms.effective_at for line in lines for terms in line.versions if _moves_running(terms)})


def _moves_running(terms: ClockTarget) -> bool:
    return terms.clock.on_terms_change != "keep"


def _why_not(terms: ClockTarget | None, attributes: Attributes) -> str:
    if terms is None:
        return "not in force when the ticket was opened"
    for name, values in terms.clock.applies_to.items():
        if not ticket_events.attribute_has_value(attributes.get(name), values):
            return f"{name} is {attributes.get(name)}, not {' or '.join(sorted(values))}"
    return "applies"
