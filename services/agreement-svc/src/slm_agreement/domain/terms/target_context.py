"""The context of a target: the parts of its agreement on which the target's terms depend."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.domain.terms import aggregations
from slm_agreement.domain.terms.indicators import AgreementParties
from slm_chassis.identity import named_id


@dataclass(frozen=True, slots=True)
class TargetContext:
    """The parts of an agreement that are needed to read a target.

    They are the ids of the agreement, the parties and the service, the names of the agreement's service hours
    (``hours``), the aggregations that may be used (``accepted``), and the keys of the agreement's critical periods.
    """

    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    service_id: str
    hours: frozenset[str]
    accepted: frozenset[str] = aggregations.ACCEPTED
    recorded_by_party_id: str | None = None
    """The party that put the agreement on record; None for an agreement that is negotiated."""
    critical_periods: frozenset[str] = frozenset()

    @property
    def parties(self) -> AgreementParties:
        """The party ids of the provider and the customer, and of the recorder of an agreement on record."""
        return AgreementParties(self.provider_party_id, self.customer_party_id, self.recorded_by_party_id)

    def target_id(self, key: str) -> str:
        """Return the id of the target with this key: the same in every version of the agreement, and in no other
        agreement.
        """
        return named_id(self.agreement_id, "target", key)
