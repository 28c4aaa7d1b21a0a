"""Which agreements cover a ticket by its service and customer, and who may see it."""

from __future__ import annotations

from typing import Any

import pytest

from slm_monitor.domain.clocks import clock_replay
from slm_monitor.domain.clocks.target_matching import TicketRuleBook, build_ticket_rule_book
from slm_monitor.domain.clocks.ticket_scope import PROJECTED, WHOLE
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.terms.terms_history import ClockHistory
from tests.support.monitor import PROVIDER, available, line_of, opened, resolved, ticket_event

A, B, TEAM = "customer-a", "customer-b", "team"


def agreement(name: str, customer: str, service: str, **more: Any) -> ClockHistory:
    target = {**resolved(), "target_id": f"target of {name}", "service_id": service}
    return line_of(
        target,
        agreement_id=name,
        customer_party_id=customer,
        service_id=service,
        service_key=f"key of {service}",
        customer_key=f"key of {customer}",
        **more,
    )


def covering(book: TicketRuleBook, *events: TicketEvent) -> tuple[set[str], str | None]:
    """The agreements that have a clock on the ticket, and why none does."""
    found = clock_replay.replay_clocks_by_rules(events, book, None)
    evaluated_by = {clock.target.agreement_id for clock in found}
    matching = book.matching(events, evaluated_by)
    return set(matching.evaluated_by), matching.unmatched_cause


TWO = build_ticket_rule_book([agreement("one", A, "s1"), agreement("two", B, "s2")])
AT = "2026-11-05T09:00"


@pytest.mark.parametrize(
    ("said", "judged"),
    [
        ({"service": "s1"}, {"one"}),
        ({"service": "key of s2"}, {"two"}),
        ({"customer": A}, {"one"}),
        ({"customer": "key of customer-b"}, {"two"}),
        ({"service": ["x", "s2"]}, {"two"}),
        ({"service": "s1", "customer": A}, {"one"}),
        ({"service": "s1", "customer": B}, set()),
        ({"service": "x"}, set()),
        ({"customer": "x"}, set()),
        ({}, set()),
        ({"service": "", "customer": None}, set()),
        ({"customer": [A, B]}, set()),
    ],
)
def test_a_ticket_is_judged_by_its_own_service_and_customer(said: dict[str, Any], judged: set[str]) -> None:
    found, because = covering(TWO, opened(AT, **said))
    assert found == judged
    assert (because is None) == bool(judged)


def test_several_agreements_about_one_service_with_one_customer_all_judge() -> None:
    book = build_ticket_rule_book([agreement("one", A, "s1"), agreement("other", A, "s1")])
    assert covering(book, opened(AT)) == ({"one", "other"}, None)


def test_a_service_of_two_customers_does_not_tell_whose_ticket_it_is() -> None:
    book = build_ticket_rule_book([agreement("one", A, "s1"), agreement("two", B, "s1")])
    judged, because = covering(book, opened(AT, service="s1"))
    assert (judged, because) == (set(), "it names no customer, and it may be of 2 customers")
    assert covering(book, opened(AT, service="s1", customer=B))[0] == {"two"}


def test_a_ticket_without_a_service_is_ambiguous_if_its_customer_has_two() -> None:
    book = build_ticket_rule_book([agreement("one", A, "s1"), agreement("other", A, "s2")])
    assert covering(book, opened(AT, customer=A))[0] == set()
    assert covering(book, opened(AT, service="s2"))[0] == {"other"}


def test_an_agreement_without_targets_for_tickets_makes_them_ambiguous_too() -> None:
    silent = line_of(available(), agreement_id="silent", customer_party_id=B)
    assert covering(build_ticket_rule_book([agreement("one", A, "s1")]), opened(AT))[0] == {"one"}
    assert covering(build_ticket_rule_book([agreement("one", A, "s1"), silent]), opened(AT))[0] == set()


def test_only_agreements_in_force_at_the_opening_count() -> None:
    later = agreement("later", B, "s2", effective_at="2026-11-05T10:00:00Z")
    book = build_ticket_rule_book([agreement("one", A, "s1"), later])
    assert covering(book, opened(AT))[0] == {"one"}
    assert covering(book, opened("2026-11-05T10:00"))[0] == set()


def test_a_ticket_that_changes_customer_cancels_a_clock_and_starts_another() -> None:
    events = [opened(AT, service="s1"), ticket_event("2026-11-05T10:00", "state_changed", service="s2")]
    found = clock_replay.replay_clocks_by_rules(events, TWO, None)
    assert {clock.target.agreement_id: clock.state for clock in found} == {"one": "cancelled", "two": "running"}
    assert covering(TWO, *events) == ({"two"}, None)


def test_a_support_uses_its_own_rules_and_its_other_side_sees_less() -> None:
    sides = {"provider_party_id": TEAM, "customer_party_id": PROVIDER}
    internal = line_of(
        {**resolved(), "target_id": "internal", "applies_to": {"team": ["network"]}},
        agreement_id="ola",
        kind="ola",
        **sides,
    )
    book = build_ticket_rule_book([agreement("one", A, "s1"), agreement("two", B, "s2"), internal])
    judged, because = covering(book, opened(AT, team="network", service="s2"))
    assert (judged, because) == ({"two", "ola"}, None)
    assert book.agreements.readers(PROVIDER, judged) == {B: WHOLE, TEAM: PROJECTED}
    assert covering(book, opened(AT, team="network"))[1] is not None
    assert internal.latest.ticket_owners == {TEAM, PROVIDER}
