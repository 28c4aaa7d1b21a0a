"""The parts of an agreement on which the terms of a target depend."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.domain.terms import aggregations
from slm_agreement.domain.terms.indicators import Parties
from slm_chassis.identity import named_id


@dataclass(frozen=True, slots=True)
class Surroundings:
    """An agreement's ids, the names of its service hours (``hours``), and the aggregations that may be agreed
    (``accepted``).
    """

    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    service_id: str
    hours: frozenset[str]
    accepted: frozenset[str] = aggregations.ACCEPTED

    @property
    def parties(self) -> Parties:
        """The provider and the customer."""
        return Parties(self.provider_party_id, self.customer_party_id)

    def target_id(self, key: str) -> str:
        """Return the id of a target: the same in every version of the agreement, different in every other agreement."""
        return named_id(self.agreement_id, "target", key)
