"""What a target takes from the agreement around it."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.domain import aggregations
from slm_agreement.domain.indicators import Parties
from slm_chassis.identity import named_id


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``hours`` are the names of the agreement's service hours, ``accepted`` the aggregations that may be agreed."""

    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    service_id: str
    hours: frozenset[str]
    accepted: frozenset[str] = aggregations.ACCEPTED

    @property
    def parties(self) -> Parties:
        return Parties(self.provider_party_id, self.customer_party_id)

    def target_id(self, key: str) -> str:
        """The same key is the same target in every version of the agreement, and in no other agreement."""
        return named_id(self.agreement_id, "target", key)
