"""Causes follow from the findings alone: neither the order of arrival nor how they were batched matters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from slm_chassis.identity import NAMESPACE, named_id
from slm_monitor.application.causes.regrouping import regroup_findings_of_provider
from slm_monitor.domain.causes.findings import BREACH, CauseFinding
from slm_monitor.domain.causes.grouping import group_findings_into_causes
from tests.support.cause_histories import (
    CUSTOMERS,
    HISTORIES,
    PROVIDERS,
    Change,
    Listener,
    MemoryCauses,
    expected_causes,
    expected_views,
    present,
    provider_of,
)


async def played(history: Sequence[Sequence[Change]], listener: Listener) -> MemoryCauses:
    store = MemoryCauses(listener)
    for now, batch in enumerate(history):
        for provider in PROVIDERS:
            changed = {identity: finding for identity, finding in batch if provider_of(identity) == provider}
            if changed:
                await regroup_findings_of_provider(store, provider, changed, now)
    return store


def causes_in(store: MemoryCauses) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for identity, (_, cause) in store.held.items():
        found.setdefault(cause, set()).add(identity)
    return {cause: frozenset(group) for cause, group in found.items()}


@given(HISTORIES)
@settings(max_examples=300, deadline=None)
def test_regrouping_step_by_step_is_the_same_as_comparing_every_pair(history: list[list[Change]]) -> None:
    listener = Listener()
    store = asyncio.run(played(history, listener))
    findings = present(history)
    assert causes_in(store) == expected_causes(findings.values())
    at_once = group_findings_into_causes(findings.values())
    assert causes_in(store) == {each.cause_id: frozenset(one.finding_id for one in each.findings) for each in at_once}


@given(HISTORIES)
@settings(max_examples=300, deadline=None)
def test_events_alone_tell_each_party_what_there_is(history: list[list[Change]]) -> None:
    listener = Listener()
    asyncio.run(played(history, listener))
    assert listener.views() == expected_views(present(history))


@given(HISTORIES, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_arrival_does_not_matter(history: list[list[Change]], chance: Random) -> None:
    last = list(present(history).items())
    chance.shuffle(last)
    in_another_order = asyncio.run(played([[each] for each in last], Listener()))
    assert causes_in(in_another_order) == causes_in(asyncio.run(played(history, Listener())))


@given(HISTORIES)
@settings(max_examples=200, deadline=None)
def test_a_customer_is_told_of_nobody_else(history: list[list[Change]]) -> None:
    listener = Listener()
    asyncio.run(played(history, listener))
    for event in listener.every:
        if event.party_id in CUSTOMERS:
            assert event.customer_party_ids == [event.party_id]
            assert not any(other in str(event) for other in CUSTOMERS if other != event.party_id)
            mine = CUSTOMERS.index(event.party_id)
            assert {int(each.rsplit("-", 1)[1]) % 3 for each in event.agreement_ids} <= {mine}


def test_a_repeated_change_tells_nobody_anything() -> None:
    async def play() -> list[int]:
        listener = Listener()
        store = MemoryCauses(listener)
        identity = named_id(NAMESPACE, "finding-1")
        keys = frozenset({"indicator:a"})
        finding = CauseFinding(identity, BREACH, PROVIDERS[1], CUSTOMERS[1], "agreement-1", "t", "s", keys, 0, 60)
        counts = []
        for _ in range(3):
            changes = await regroup_findings_of_provider(
                store, finding.provider_party_id, {finding.finding_id: finding}, 0
            )
            counts.append(len(changes))
        return counts

    assert asyncio.run(play()) == [2, 0, 0]
