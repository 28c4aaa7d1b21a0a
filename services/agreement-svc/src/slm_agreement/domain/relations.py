"""Which parties know one another: a relation stands once the other side accepted an invitation, or an operator linked
them. Only then may one name the other, or its services."""

from __future__ import annotations

from dataclasses import dataclass

from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.agreement import PartiesRelated

INVITATION, OPERATOR = "invitation", "operator"


@dataclass(frozen=True, slots=True)
class Relation:
    """Two parties that may name each other. ``made_how`` is ``invitation`` or ``operator``."""

    relation_id: str
    first_party_id: str
    second_party_id: str
    made_how: str
    made_at: int

    def other_than(self, party_id: str) -> str:
        """The party on the other side."""
        return self.second_party_id if party_id == self.first_party_id else self.first_party_id

    def related(self) -> PartiesRelated:
        return PartiesRelated(
            relation_id=self.relation_id,
            first_party_id=self.first_party_id,
            second_party_id=self.second_party_id,
            made_how=self.made_how,
            made_at=instants.to_text(self.made_at),
        )


def between(one: str, other: str, how: str, now: int) -> Relation:
    """The relation of two parties, the same whichever of them is named first."""
    first, second = sorted((one, other))
    return Relation(relation_id(one, other), first, second, how, now)


def relation_id(one: str, other: str) -> str:
    """The id of the relation of two parties. Raises ValueError where the first in order is no UUID."""
    first, second = sorted((one, other))
    return named_id(first, "relation", second)
