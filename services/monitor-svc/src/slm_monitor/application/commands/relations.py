"""Relations between parties, as agreement-svc publishes them. Only a related party may be named."""

from __future__ import annotations

from typing import Protocol

from slm_events.agreement import PartiesRelated


class Relations(Protocol):
    """The store of relations between parties."""

    async def relate(self, one: str, other: str) -> None:
        """Store that two parties are related; storing it again changes nothing."""
        ...

    async def knows(self, one: str, other: str) -> bool:
        """Whether two parties are related, in either order."""
        ...


async def keep_relation(relations: Relations, related: PartiesRelated) -> None:
    """Store a relation that agreement-svc has published."""
    await relations.relate(related.first_party_id, related.second_party_id)
