"""Histories of findings for property tests of causes, a cause store in memory, and the causes that must result.

The expected causes are computed by another rule than the product's: every pair of findings is compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from hypothesis import strategies

from slm_calendar.intervals import Interval
from slm_chassis.identity import NAMESPACE, named_id
from slm_events.causes import CauseRevised
from slm_events.instants import to_text
from slm_monitor.application.causes.regrouping import RegroupedFindings
from slm_monitor.domain.causes.cause_views import Membership, PublishedCauseView
from slm_monitor.domain.causes.findings import BREACH, RISK, CauseFinding
from slm_monitor.domain.lifecycle.target_state import OPEN_ENDED

MINUTE = 60_000_000
PROVIDERS = [named_id(NAMESPACE, f"provider-{number}") for number in range(2)]
CUSTOMERS = [named_id(NAMESPACE, f"customer-{number}") for number in range(3)]
KEYS = ["indicator:a", "indicator:b", "item:disk", "ticket:1"]
Change = tuple[str, CauseFinding | None]
"""A finding's id and its new content; None if the finding is withdrawn."""


@strategies.composite
def changes(draw: Any) -> Change:
    """Draw a change of one of a dozen findings.

    A finding's parties never change; its keys, its interval, and whether it is hidden from the customer may change.
    """
    number = draw(strategies.integers(0, 11))
    identity = named_id(NAMESPACE, f"finding-{number}")
    if draw(strategies.integers(0, 5)) == 0:
        return identity, None
    since = draw(strategies.integers(0, 8)) * MINUTE
    length = draw(strategies.integers(1, 5))
    kind = BREACH if number % 3 else RISK
    is_hidden = kind == RISK and draw(strategies.booleans())
    keys = draw(strategies.sets(strategies.sampled_from(KEYS), min_size=1, max_size=2))
    return identity, CauseFinding(
        identity,
        kind,
        PROVIDERS[number % 2],
        CUSTOMERS[number % 3],
        f"agreement-{number}",
        f"target-{number}",
        f"service-{number % 2}",
        frozenset(keys),
        since,
        OPEN_ENDED if length == 5 else since + length * MINUTE,
        is_hidden,
    )


HISTORIES = strategies.lists(strategies.lists(changes(), min_size=1, max_size=5), min_size=1, max_size=10)
"""A strategy for histories: batches of changes, in the order in which they arrive."""


def provider_of(identity: str) -> str:
    number = next(number for number in range(12) if named_id(NAMESPACE, f"finding-{number}") == identity)
    return PROVIDERS[number % 2]


def present(history: Sequence[Sequence[Change]]) -> dict[str, CauseFinding]:
    """Return finding id → finding, for the findings that exist at the end of a history."""
    last = {identity: finding for batch in history for identity, finding in batch}
    return {identity: finding for identity, finding in last.items() if finding is not None}


def expected_causes(findings: Collection[CauseFinding]) -> dict[str, frozenset[str]]:
    """Return cause id → ids of its findings: groups are merged until no two of them share a finding."""
    groups = [{finding.finding_id} for finding in findings]
    for one, other in combinations(findings, 2):
        if one.provider_party_id != other.provider_party_id or not one.keys & other.keys:
            continue
        if max(one.since, other.since) < min(one.until, other.until):
            mine = next(group for group in groups if one.finding_id in group)
            theirs = next(group for group in groups if other.finding_id in group)
            if mine is not theirs:
                groups.remove(theirs)
                mine |= theirs
    by_id = {finding.finding_id: finding for finding in findings}
    found = {}
    for group in groups:
        members = [by_id[identity] for identity in group]
        start = min(each.since for each in members)
        key = min(min(each.keys) for each in members if each.since == start)
        found[named_id(members[0].provider_party_id, "cause", key, to_text(start))] = frozenset(group)
    return found


def expected_views(findings: Mapping[str, CauseFinding]) -> dict[tuple[str, str], tuple[str, str | None, list[str]]]:
    """Return (cause, party) → start, end and ids of the party's own findings in the cause."""
    found: dict[tuple[str, str], tuple[str, str | None, list[str]]] = {}
    for cause, group in expected_causes(findings.values()).items():
        for party in {party for each in group for party in findings[each].parties}:
            own = [findings[each] for each in group if party in findings[each].parties]
            until = max(each.until for each in own)
            found[cause, party] = (
                to_text(min(each.since for each in own)),
                None if until == OPEN_ENDED else to_text(until),
                sorted(each.finding_id for each in own),
            )
    return found


@dataclass
class Listener:
    """A consumer of events that keeps the latest revision of each view that it received."""

    told: dict[tuple[str, str], CauseRevised] = field(default_factory=dict)
    every: list[CauseRevised] = field(default_factory=list)

    def hear(self, event: CauseRevised) -> None:
        known = self.told.get((event.cause_id, event.party_id))
        assert event.revision == (0 if known is None else known.revision + 1)
        self.told[event.cause_id, event.party_id] = event
        self.every.append(event)

    def views(self) -> dict[tuple[str, str], tuple[str, str | None, list[str]]]:
        """Return the views as the events alone describe them, in the form of ``expected_views``."""
        return {
            place: (event.start_at, event.end_at, sorted([*event.breach_ids, *event.risk_ids]))
            for place, event in self.told.items()
            if event.change not in ("replaced", "withdrawn")
        }


class MemoryCauses:
    """A cause store in memory."""

    def __init__(self, listener: Listener) -> None:
        self.held: dict[str, tuple[CauseFinding, str]] = {}
        self._views: dict[tuple[str, str], PublishedCauseView] = {}
        self._listener = listener

    async def findings(self, finding_ids: Collection[str]) -> Membership:
        return {identity: self.held[identity] for identity in finding_ids if identity in self.held}

    async def connected(
        self, provider_party_id: str, spans: Mapping[str, Sequence[Interval]], cause_ids: Collection[str]
    ) -> Membership:
        def overlaps(finding: CauseFinding) -> bool:
            return finding.provider_party_id == provider_party_id and any(
                finding.since < until and since < finding.until
                for key in finding.keys
                for since, until in spans.get(key, ())
            )

        return {
            identity: (finding, cause)
            for identity, (finding, cause) in self.held.items()
            if cause in cause_ids or overlaps(finding)
        }

    async def views(self, cause_ids: Collection[str]) -> Mapping[tuple[str, str], PublishedCauseView]:
        return {place: view for place, view in self._views.items() if place[0] in cause_ids}

    async def keep(self, regrouped: RegroupedFindings) -> None:
        for identity in regrouped.dropped:
            del self.held[identity]
        self.held |= regrouped.kept
        for change, revision in regrouped.views:
            self._views[change.cause_id, change.party_id] = PublishedCauseView(revision, change.state, change.document)

    def publish(self, event: Any, event_id: str) -> None:
        self._listener.hear(event)
