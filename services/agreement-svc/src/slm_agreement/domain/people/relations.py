"""Relations between parties. Only related parties may name each other and each other's services.

Two parties are related after one accepted the other's invitation, or an operator related them.
"""

from __future__ import annotations

from dataclasses import dataclass

from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.agreement import PartiesRelated
from slm_events.instants import UtcMicroseconds

INVITATION, OPERATOR = "invitation", "operator"


@dataclass(frozen=True, slots=True)
class Relation:
    """Two related parties. ``made_how`` is ``invitation`` or ``operator``; ``made_at`` is microseconds UTC."""

    relation_id: str
    first_party_id: str
    second_party_id: str
    made_how: str
    made_at: UtcMicroseconds

    def other_than(self, party_id: str) -> str:
        """Return the id of the other of the two parties."""
        return self.second_party_id if party_id == self.first_party_id else self.first_party_id

    def related(self) -> PartiesRelated:
        """Return the event that the two parties were related."""
        return PartiesRelated(
            relation_id=self.relation_id,
            first_party_id=self.first_party_id,
            second_party_id=self.second_party_id,
            made_how=self.made_how,
            made_at=instants.to_text(self.made_at),
        )


def relation_between(one: str, other: str, how: str, now: UtcMicroseconds) -> Relation:
    """Return a new relation of two parties; its id does not depend on which party is named first."""
    first, second = sorted((one, other))
    return Relation(relation_id(one, other), first, second, how, now)


def relation_id(one: str, other: str) -> str:
    """Return the id of the relation of two parties, in whichever order they are given.

    Raises ValueError if the first of the two ids in alphabetical order is not a UUID.
    """
    first, second = sorted((one, other))
    return named_id(first, "relation", second)
