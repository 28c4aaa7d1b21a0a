"""Regrouping of a provider's findings into causes after some findings changed.

The parties' views of these causes are computed as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.causes import cause_views
from slm_monitor.domain.causes.cause_views import CauseViewChange, Membership, PublishedCauseView
from slm_monitor.domain.causes.findings import CauseFinding
from slm_monitor.domain.causes.grouping import group_findings_into_causes


@dataclass(frozen=True, slots=True)
class RegroupedFindings:
    """The changes that a grouping makes to the store.

    ``kept``: finding id → (finding, id of its cause), for new and changed findings. ``dropped``: ids of breaches and
    risks that are not findings any more.
    """

    kept: Membership
    dropped: Collection[str]
    views: Sequence[tuple[CauseViewChange, int]]
    """Changed views of parties, each with its new revision."""


class CauseGroupingStore(Protocol):
    """The store of one provider's findings and causes, inside one transaction.

    While the transaction lasts, no other transaction regroups findings of that provider.
    """

    async def findings(self, finding_ids: Collection[str]) -> Membership: ...

    async def connected(
        self, provider_party_id: str, spans: Mapping[str, Sequence[Interval]], cause_ids: Collection[str]
    ) -> Membership:
        """Return all findings of the given causes, and all findings that match ``spans``.

        ``spans``: cause key → intervals (µs). A finding matches if it has one of these keys and its own interval
        overlaps an interval of that key.
        """
        ...

    async def views(self, cause_ids: Collection[str]) -> Mapping[tuple[str, str], PublishedCauseView]:
        """Return (cause id, party id) → view of the cause as last published."""
        ...

    async def keep(self, regrouped: RegroupedFindings) -> None: ...

    def publish(self, event: Any, event_id: str) -> None: ...


async def regroup_findings_of_provider(
    store: CauseGroupingStore, provider_party_id: str, changed: Mapping[str, CauseFinding | None], now: UtcMicroseconds
) -> Sequence[CauseViewChange]:
    """Group a provider's findings into causes again, after some findings changed; return the changes of parties' views.

    ``changed``: id of a finding → its present content; None: it is not a finding any more. Only findings that are
    connected to a changed finding, or were connected to it before, are grouped again. No other cause can be affected.
    """
    before = await _touched(store, provider_party_id, changed)
    after = {identity: finding for identity, (finding, _) in before.items()}
    after |= {identity: finding for identity, finding in changed.items() if finding is not None}
    for identity, finding in changed.items():
        if finding is None:
            after.pop(identity, None)
    causes = group_findings_into_causes(after.values())
    named = {cause.cause_id for cause in causes} | {cause_id for _, cause_id in before.values()}
    published = await store.views(named)
    changes = cause_views.compare_cause_views(before, causes, published)
    kept = {finding.finding_id: (finding, cause.cause_id) for cause in causes for finding in cause.findings}
    views = [(each, _next_revision(published, each)) for each in changes]
    await store.keep(
        RegroupedFindings(
            {identity: held for identity, held in kept.items() if before.get(identity) != held},
            sorted(before.keys() - kept.keys()),
            views,
        )
    )
    for change, revision in views:
        event_id = cause_views.derive_cause_view_event_id(change.cause_id, change.party_id, revision)
        store.publish(cause_views.build_cause_revised(change, revision, now=now), event_id)
    return changes


def _next_revision(published: Mapping[tuple[str, str], PublishedCauseView], change: CauseViewChange) -> int:
    """Return the revision of a changed view: 0 for a new view, else one more than the published revision."""
    view = published.get((change.cause_id, change.party_id))
    return 0 if view is None else view.revision + 1


async def _touched(
    store: CauseGroupingStore, provider_party_id: str, changed: Mapping[str, CauseFinding | None]
) -> dict[str, tuple[CauseFinding, str]]:
    """Return finding id → (stored finding, id of its cause), for all findings that are connected to a changed finding.

    A finding is connected if it matches the changed finding as it was before or as it is now. ``changed``: finding id →
    the finding as it is now; None: it no longer exists.
    """
    held = dict(await store.findings(changed))
    present = [finding for finding in changed.values() if finding is not None]
    while True:
        spans = _spans([*present, *(finding for finding, _ in held.values())])
        found = await store.connected(provider_party_id, spans, {cause_id for _, cause_id in held.values()})
        if found.keys() <= held.keys():
            return held
        held |= found


def _spans(findings: Sequence[CauseFinding]) -> dict[str, list[Interval]]:
    """Return cause key → union of the intervals (microseconds UTC) of the findings that have the key."""
    on_key: dict[str, list[Interval]] = {}
    for finding in findings:
        for key in finding.keys:
            on_key.setdefault(key, []).append(finding.span)
    return {key: intervals.union(spans) for key, spans in on_key.items()}
