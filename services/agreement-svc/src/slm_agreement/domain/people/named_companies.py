"""Companies that one party names because they do not use the product, such as a cloud provider."""

from __future__ import annotations

from dataclasses import dataclass, field

from slm_agreement.domain.people.people import Party

ID_KIND = "named company"
"""The id of a named company is the UUIDv5 of this text and its key, in the namespace of the party that named it."""


@dataclass(frozen=True, slots=True)
class NamedCompany:
    """A company that a party named. It has no people, keys or access, and two parties never share one.

    Its id stands where the id of the other party stands in an agreement that was recorded.
    """

    party_id: str
    named_by_party_id: str
    key: str
    name: str
    external_refs: list[dict[str, str | None]] = field(default_factory=list)
    joined_party_id: str | None = None
    """The party that accepted the invitation of this company; None while nobody has."""

    def as_party(self) -> Party:
        """Return the company as the provider or customer of an agreement."""
        return Party(self.party_id, self.key, self.name, self.external_refs)
