"""Relations between parties. Only related parties may name each other and each other's services.

Two parties are related after one accepted the other's invitation, or an operator related them.
"""

from __future__ import annotations

from dataclasses import dataclass

from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.agreement import PartiesRelated

INVITATION, OPERATOR = "invitation", "operator"


@dataclass(frozen=True, slots=True)
class Relation:
    """Two related parties. ``made_how`` is ``invitation`` or ``operator``."""

    relation_id: str
    first_party_id: str
    second_party_id: str
    made_how: str
    made_at: int

    def other_than(self, party_id: str) -> str:
        """Return the party on the other side."""
        return self.second_party_id if party_id == self.first_party_id else self.first_party_id

    def related(self) -> PartiesRelated:
        """Return the event of the new relation."""
        return PartiesRelated(
            relation_id=self.relation_id,
            first_party_id=self.first_party_id,
            second_party_id=self.second_party_id,
            made_how=self.made_how,
            made_at=instants.to_text(self.made_at),
        )


def between(one: str, other: str, how: str, now: int) -> Relation:
    """Return the relation of two parties, the same in either order."""
    first, second = sorted((one, other))
    return Relation(relation_id(one, other), first, second, how, now)


def relation_id(one: str, other: str) -> str:
    """Return the id of the relation of two parties; raises ValueError if the first in order is not a UUID."""
    first, second = sorted((one, other))
    return named_id(first, "relation", second)
