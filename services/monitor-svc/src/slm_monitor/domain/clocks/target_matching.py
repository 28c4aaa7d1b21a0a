"""Which target applies to a ticket: the rules of one kind of clock in their order, of which the first match wins."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_monitor.domain.clocks.ticket_scope import Agreements, TicketScope
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory

Attributes = Mapping[str, Any]
Passed = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TicketMatch:
    """The agreements that judge a ticket as it is now, and why none with a customer does."""

    judging: frozenset[str]
    unmatched_because: str | None


class RuleBook:
    """All rules by which a party's tickets are judged; read once, for there are many tickets."""

    def __init__(self, lines: Sequence[TermsHistory], others: Iterable[TermsHistory] = ()) -> None:
        groups: dict[tuple[str, str], list[TermsHistory]] = {}
        for line in lines:
            if line.latest.clock is not None:
                groups.setdefault((line.latest.agreement_id, line.latest.clock.clock), []).append(line)
        self.agreements = Agreements([*lines, *others])
        self.kinds = [(kind, TargetRules(group)) for (_, kind), group in groups.items()]
        """Per agreement and clock (response, resolution …) the rules of which the first match wins: what the provider
        owes the customer does not take the place of what a team owes the provider."""
        self.latest = {line.latest.target_id: line.latest for line in lines}
        self._moving = _moving(lines)

    def scope_of(self, events: Sequence[TicketEvent]) -> TicketScope:
        """The agreements in force when a ticket was opened; one that nobody opened was opened by its first event."""
        return self.agreements.at_opening(ticket_events.opened_at(events))

    def matching(self, events: Sequence[TicketEvent], judging: Collection[str]) -> TicketMatch:
        """Who sees a ticket, and why nothing judges it; ``judging``: the agreements that have clocks on it."""
        scope, opened_at, said = (
            self.scope_of(events),
            ticket_events.opened_at(events),
            ticket_events.attributes_after(events),
        )
        covering = scope.covering(said)
        reason = covering.reason
        if reason is None and not judging:
            reason = self._why_none(covering.agreements, opened_at, said)
        return TicketMatch(covering.agreements & set(judging), reason)

    def _why_none(self, covering: Collection[str], opened_at: int | None, said: Attributes) -> str | None:
        """Why no rule of the agreements that cover a ticket applies to it; None where one does."""
        if opened_at is None:
            return "it has not been opened"
        rules = [rules for _, rules in self.kinds if rules.agreement_id in covering]
        if any(each.first_match(opened_at, opened_at, said) is not None for each in rules):
            return None
        return "; ".join(each.why_none(opened_at, said) for each in rules[:3]) or "no target is about tickets"

    def next_change(self, after: int) -> int | None:
        """The next instant at which terms take effect that change clocks that run."""
        position = bisect_right(self._moving, after)
        return self._moving[position] if position < len(self._moving) else None


def rule_book(lines: Iterable[TermsHistory]) -> RuleBook:
    """Of all lines those that are judged ticket by ticket: tried in the order in which an agreement lists them, and
    agreements in the order of their ids. Targets of other kinds tell which agreements a ticket may be about."""
    everything = list(lines)
    clocks = [line for line in everything if line.latest.clock is not None]
    others = [line for line in everything if line.latest.clock is None]
    return RuleBook(sorted(clocks, key=lambda line: (line.latest.agreement_id, line.latest.place)), others)


class TargetRules:
    """Targets of one kind of clock, through their amendments."""

    is_fixed = False

    def __init__(self, lines: Sequence[TermsHistory]) -> None:
        self._lines = lines
        self._moving = _moving(lines)
        self.agreement_id = lines[0].latest.agreement_id

    def covers(self, scope: TicketScope, attributes: Attributes) -> bool:
        """Whether a ticket is one of the agreement's own service and customer."""
        return self.agreement_id in scope.covering(attributes).agreements

    def why_none(self, opened_at: int, attributes: Attributes) -> str:
        """Why none of these rules applies to a ticket: the first rule's reason."""
        line = self._lines[0]
        return f"{line.latest.key}: {_why_not(line.at(opened_at), attributes)}"

    def changes(self, after: int, until: int) -> list[int]:
        """The instants in (after, until] at which clocks that run come under other terms."""
        return [at for at in self._moving if after < at <= until] if self._moving else []

    def first_match(self, opened_at: int, amended_to: int, attributes: Attributes) -> ServiceLevelTarget | None:
        """The target for a ticket opened then, with the amendments up to ``amended_to`` that concern what runs."""
        for line in self._lines:
            target = self._terms(line, opened_at, amended_to)
            if (
                target is not None
                and target.clock is not None
                and ticket_events.is_wanted(target.clock.applies_to, attributes)
            ):
                return target
        return None

    def passed_over(
        self, chosen: ServiceLevelTarget, opened_at: int, amended_to: int, attributes: Attributes
    ) -> Passed:
        """The rules before the one that was chosen, each with why it does not apply."""
        found = []
        for line in self._lines:
            if line.target_id == chosen.target_id:
                break
            found.append((line.latest.key, _why_not(self._terms(line, opened_at, amended_to), attributes)))
        return tuple(found)

    def _terms(self, line: TermsHistory, opened_at: int, amended_to: int) -> ServiceLevelTarget | None:
        terms = line.at(opened_at)
        if self._moving:
            for later in line.versions:
                if opened_at < later.effective_at <= amended_to and _moves_running(later):
                    terms = later
        return terms


class SingleTarget:
    """One target, whatever the ticket is like."""

    is_fixed = True

    def covers(self, scope: TicketScope, attributes: Attributes) -> bool:
        return True

    def __init__(self, target: ServiceLevelTarget) -> None:
        self._target = target

    def changes(self, after: int, until: int) -> list[int]:
        return []

    def first_match(self, opened_at: int, amended_to: int, attributes: Attributes) -> ServiceLevelTarget | None:
        return self._target

    def passed_over(
        self, chosen: ServiceLevelTarget, opened_at: int, amended_to: int, attributes: Attributes
    ) -> Passed:
        return ()


def _moving(lines: Iterable[TermsHistory]) -> list[int]:
    return sorted({terms.effective_at for line in lines for terms in line.versions if _moves_running(terms)})


def _moves_running(terms: ServiceLevelTarget) -> bool:
    return terms.clock is not None and terms.clock.on_terms_change != "keep"


def _why_not(terms: ServiceLevelTarget | None, attributes: Attributes) -> str:
    if terms is None or terms.clock is None:
        return "not in force when the ticket was opened"
    for name, values in terms.clock.applies_to.items():
        if not ticket_events.has_value(attributes.get(name), values):
            return f"{name} is {attributes.get(name)}, not {' or '.join(sorted(values))}"
    return "applies"
