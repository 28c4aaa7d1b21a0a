"""The views of causes: what each party is shown of every cause, and the changes of a view.

A view is computed from the party's own findings alone. A customer's view therefore shows nothing of other customers:
neither their findings, nor the number of these findings, nor their times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_chassis.identity import named_id
from slm_events.causes import CauseRevised
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.causes.findings import BREACH, CauseFinding
from slm_monitor.domain.causes.grouping import FindingCause
from slm_monitor.domain.lifecycle.target_state import OPEN_ENDED

CREATED, JOINED, SPLIT, MOVED, ENDED, REVISED = "created", "joined", "split", "moved", "ended", "revised"
REPLACED, WITHDRAWN = "replaced", "withdrawn"
CURRENT = "current"
MOST_FINDING_IDS = 1_000
"""The greatest number of findings that a view lists by id; its counts include all findings."""
Membership = Mapping[str, tuple[CauseFinding, str]]
"""Finding id → (finding, id of its cause)."""


@dataclass(frozen=True, slots=True)
class PublishedCauseView:
    """A party's view of a cause as last published. ``state`` is current, replaced or withdrawn."""

    revision: int
    state: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CauseViewChange:
    """A change of one party's view of one cause.

    ``change``: the kind of change, such as created, joined, split or withdrawn. ``document``: the view after the
    change.
    """

    cause_id: str
    party_id: str
    change: str
    document: Mapping[str, Any]

    @property
    def state(self) -> str:
        return self.change if self.change in (REPLACED, WITHDRAWN) else CURRENT


def build_cause_view_document(
    party_id: str, provider_party_id: str, findings: Sequence[CauseFinding]
) -> dict[str, Any]:
    """Return a party's view of a cause as a document, from the findings of the cause that concern this party."""
    until = max(finding.until for finding in findings)
    breaches = [finding.finding_id for finding in findings if finding.kind == BREACH]
    risks = [finding.finding_id for finding in findings if finding.kind != BREACH]
    return {
        "provider_party_id": provider_party_id,
        "customer_party_ids": sorted({finding.customer_party_id for finding in findings})
        if party_id == provider_party_id
        else [party_id],
        "about": [_about(key) for key in sorted(set[str]().union(*(finding.keys for finding in findings)))],
        "start_at": to_text(min(finding.since for finding in findings)),
        "end_at": None if until >= OPEN_ENDED else to_text(until),
        "agreement_ids": sorted({finding.agreement_id for finding in findings}),
        "service_ids": sorted({finding.service_id for finding in findings}),
        "breaches": len(breaches),
        "risks": len(risks),
        "breach_ids": sorted(breaches)[:MOST_FINDING_IDS],
        "risk_ids": sorted(risks)[:MOST_FINDING_IDS],
        "replaced_by": [],
    }


def _about(key: str) -> dict[str, str]:
    kind, _, name = key.partition(":")
    return {"kind": kind, "name": name}


def compare_cause_views(
    before: Membership, causes: Iterable[FindingCause], published: Mapping[tuple[str, str], PublishedCauseView]
) -> list[CauseViewChange]:
    """Return the changes of views that must be published, sorted by cause and party.

    ``before``: the findings, each with the cause that it had until now. ``causes``: the present causes of the same
    findings. ``published``: (cause id, party id) → the view as last published.
    """
    after = {finding.finding_id: (finding, cause.cause_id) for cause in causes for finding in cause.findings}
    parties = {party for finding, _ in (*before.values(), *after.values()) for party in finding.parties}
    found: list[CauseViewChange] = []
    for party in parties:
        views = {cause: view for (cause, viewer), view in published.items() if viewer == party}
        found += _changes_of(party, _own(before, party), _own(after, party), views)
    return sorted(found, key=lambda each: (each.cause_id, each.party_id))


def _own(membership: Membership, party: str) -> Membership:
    return {identity: held for identity, held in membership.items() if party in held[0].parties}


def _changes_of(
    party: str, before: Membership, after: Membership, views: Mapping[str, PublishedCauseView]
) -> list[CauseViewChange]:
    groups: dict[str, list[CauseFinding]] = {}
    for finding, cause in after.values():
        groups.setdefault(cause, []).append(finding)
    changes = []
    for cause, findings in groups.items():
        document = build_cause_view_document(party, findings[0].provider_party_id, findings)
        view = views.get(cause)
        if view is None or view.state != CURRENT or view.document != document:
            changes.append(CauseViewChange(cause, party, _change(cause, before, after, view, document), document))
    for cause in {held for _, held in before.values()} - groups.keys():
        left = [identity for identity, (_, held) in before.items() if held == cause]
        replaced_by = sorted({after[identity][1] for identity in left if identity in after})
        view = views.get(cause)
        document = {**(view.document if view else {}), "replaced_by": replaced_by, **_EMPTY}
        changes.append(CauseViewChange(cause, party, REPLACED if replaced_by else WITHDRAWN, document))
    return changes


_EMPTY: dict[str, Any] = {"breaches": 0, "risks": 0, "breach_ids": [], "risk_ids": []}


def _change(
    cause: str, before: Membership, after: Membership, view: PublishedCauseView | None, document: Mapping[str, Any]
) -> str:
    """Return how one party's view of a cause changed: created, joined, split, moved, ended or revised.

    The cause must still have a finding that concerns the party.
    """
    here = {identity for identity, (_, held) in after.items() if held == cause}
    earlier = {before[identity][1] for identity in here if identity in before}
    is_continued = view is not None and view.state == CURRENT
    if len(earlier | ({cause} if is_continued else set())) > 1:
        return JOINED
    if not earlier:
        return REVISED if is_continued else CREATED
    has_left = any(
        held in earlier and identity in after and after[identity][1] != cause for identity, (_, held) in before.items()
    )
    if has_left:
        return SPLIT
    if not is_continued:
        return MOVED
    assert view is not None
    return ENDED if view.document.get("end_at") is None and document["end_at"] is not None else REVISED


def build_cause_revised(change: CauseViewChange, revision: int, *, now: UtcMicroseconds) -> CauseRevised:
    """Build the event which says that one party's view of a cause has changed."""
    return CauseRevised(
        cause_id=change.cause_id,
        party_id=change.party_id,
        revision=revision,
        change=change.change,
        **change.document,
        published_at=to_text(now),
    )


def derive_cause_view_event_id(cause_id: str, party_id: str, revision: int) -> str:
    """Return the event id for one revision of the view that one party has of a cause."""
    return named_id(cause_id, "cause-revised", party_id, revision)
