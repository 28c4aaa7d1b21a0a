"""Grouping of findings into causes. Two findings of one provider have one cause if they share a cause key and their bad
intervals overlap.

The result depends on the set of findings alone, not on the order in which they arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slm_chassis.identity import named_id
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.causes.findings import CauseFinding


@dataclass(frozen=True, slots=True)
class FindingCause:
    """One cause. ``cause_id`` is derived from the provider, ``key`` and ``since``. ``findings`` are sorted by id."""

    cause_id: str
    provider_party_id: str
    key: str
    since: UtcMicroseconds
    findings: tuple[CauseFinding, ...]


def derive_cause_id(provider_party_id: str, key: str, since: UtcMicroseconds) -> str:
    """Return the id of a cause: a UUIDv5 over the provider, the cause key, and the start of the earliest bad
    interval.
    """
    return named_id(provider_party_id, "cause", key, to_text(since))


def group_findings_into_causes(findings: Iterable[CauseFinding]) -> list[FindingCause]:
    """Group findings into causes; return the causes, sorted by their ids.

    Two findings of one provider belong together if they share a key and their bad intervals overlap, directly or
    through other findings. Intervals that only touch do not overlap.
    """
    by_id = {finding.finding_id: finding for finding in findings}
    leaders = {identity: identity for identity in by_id}

    def leader_of(identity: str) -> str:
        while leaders[identity] != identity:
            leaders[identity] = leaders[leaders[identity]]
            identity = leaders[identity]
        return identity

    on_key: dict[tuple[str, str], list[CauseFinding]] = {}
    for finding in by_id.values():
        for key in finding.keys:
            on_key.setdefault((finding.provider_party_id, key), []).append(finding)
    for sharing in on_key.values():
        sharing.sort(key=lambda each: (each.since, each.finding_id))
        first, reach = sharing[0], sharing[0].until
        for finding in sharing[1:]:
            if finding.since < reach:
                leaders[leader_of(finding.finding_id)] = leader_of(first.finding_id)
                reach = max(reach, finding.until)
            else:
                first, reach = finding, finding.until
    groups: dict[str, list[CauseFinding]] = {}
    for identity in sorted(by_id):
        groups.setdefault(leader_of(identity), []).append(by_id[identity])
    return sorted((_cause_of(group) for group in groups.values()), key=lambda cause: cause.cause_id)


def _cause_of(group: list[CauseFinding]) -> FindingCause:
    """Build the cause of a group of findings.

    The key of the cause is the first, in alphabetical order, of the keys of its earliest findings.
    """
    since = min(finding.since for finding in group)
    key = min(key for finding in group if finding.since == since for key in finding.keys)
    provider = group[0].provider_party_id
    return FindingCause(derive_cause_id(provider, key, since), provider, key, since, tuple(group))
