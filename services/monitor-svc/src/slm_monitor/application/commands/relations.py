"""Storage of relations between parties, as agreement-svc publishes them. A party can make only a related party its
delegate.
"""

from __future__ import annotations

from typing import Protocol

from slm_events.agreement import PartiesRelated


class PartyRelationStore(Protocol):
    """The store of relations between parties."""

    async def relate(self, one: str, other: str) -> None:
        """Store that two parties are related; storing it again changes nothing."""
        ...

    async def knows(self, one: str, other: str) -> bool:
        """Return whether two parties are related, in either order."""
        ...


async def store_party_relation(relations: PartyRelationStore, related: PartiesRelated) -> None:
    """Store a published relation between two parties."""
    await relations.relate(related.first_party_id, related.second_party_id)
