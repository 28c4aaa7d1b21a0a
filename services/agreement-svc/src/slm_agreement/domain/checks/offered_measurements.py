"""The measurements that a back-test of a revision may look at: those of the parties who read its result, and those
that their owner has offered to the other party.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slm_agreement.domain.versions.agreement import SIGNED, Identity, Revision, Version
from slm_events.aggregations import CLOCK, KINDS, MEMBERS, TICKETS, read_name

_TICKETS = "tickets"
"""Stands for all tickets of the provider, as their keys stand for its indicators."""
Measurement = tuple[str, str]
"""Whose measurement it is (id of the party), and the key of the indicator or ``_TICKETS``."""


def find_withheld_targets(version: Version, others: Sequence[Version]) -> dict[str, str]:
    """Return the targets of the current revision that no back-test may evaluate: key of the target → id of the party
    whose measurements they need.

    A party that reads the result sees figures of its own measurements. It sees figures of the other party's only if
    that party named them in a revision that it proposed, or in a version that both have signed. Whether an indicator
    exists does not matter: otherwise a draft with a guessed key would tell.

    ``others`` are the agreement's other versions.
    """
    readers = _readers(version)
    offered = set(_offered(version, others))
    document = version.current.document
    by_key = {target["key"]: target for target in document["targets"]}
    withheld = {}
    for key, target in by_key.items():
        needed = set(_needed(target, by_key, version.identity, frozenset()))
        owners = sorted(owner for owner, name in needed - offered if any(owner != reader for reader in readers))
        if owners:
            withheld[key] = owners[0]
    return withheld


def _readers(version: Version) -> list[str]:
    """Return the ids of the parties that may read the check of a version."""
    both = (version.identity.provider_party_id, version.identity.customer_party_id)
    return [party for party in both if version.visible_to(party)]


def _offered(version: Version, others: Sequence[Version]) -> Iterator[Measurement]:
    """Yield the measurements that their owner has named to the other party of the agreement."""
    identity = version.identity
    for each in (version, *others):
        for revision in each.revisions:
            by = _proposers(each, revision)
            by_key = {target["key"]: target for target in revision.document["targets"]} if by else {}
            for target in by_key.values():
                for owner, name in _needed(target, by_key, identity, frozenset()):
                    if owner in by:
                        yield owner, name


def _proposers(version: Version, revision: Revision) -> frozenset[str | None]:
    """Return the parties that have put a revision forward: its proposer, or both parties if they signed it."""
    identity = version.identity
    if version.state in SIGNED and revision is version.current:
        return frozenset({identity.provider_party_id, identity.customer_party_id})
    if revision.tabled_at is None:
        return frozenset()
    return frozenset({version.tabled_by_party_id if revision is version.current else revision.author.party_id})


def _needed(
    target: Mapping[str, Any], by_key: Mapping[str, Mapping[str, Any]], identity: Identity, seen: frozenset[str]
) -> Iterator[Measurement]:
    """Yield the measurements from which a target is evaluated, through the targets that it is computed from."""
    named = target.get("indicator")
    if named is not None:
        yield named["owner_party_id"], named["key"]
    aggregation = target["aggregation"]
    kind = KINDS[read_name(aggregation)]
    if kind.source in (CLOCK, TICKETS):
        yield identity.provider_party_id, _TICKETS
    members = aggregation["composite"]["members"] if kind.source == MEMBERS else ()
    for member in members:
        if "indicator" in member:
            yield member["indicator"]["owner_party_id"], member["indicator"]["key"]
        elif member["target"] in by_key and member["target"] not in seen:
            yield from _needed(by_key[member["target"]], by_key, identity, seen | {member["target"]})
