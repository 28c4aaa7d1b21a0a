"""Which parties know one another, as agreement-svc tells: only then may one name the other."""

from __future__ import annotations

from typing import Protocol

from slm_events.agreement import PartiesRelated


class Relations(Protocol):
    """Where relations of parties are kept."""

    async def relate(self, one: str, other: str) -> None:
        """Keep that two parties know one another; again changes nothing."""
        ...

    async def knows(self, one: str, other: str) -> bool:
        """Whether two parties know one another, whichever is named first."""
        ...


async def keep_relation(relations: Relations, related: PartiesRelated) -> None:
    """Keep a relation."""
    await relations.relate(related.first_party_id, related.second_party_id)
