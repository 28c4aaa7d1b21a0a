"""The event of a cause: breaches and risks of one provider that come from the same outage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRevised:
    """One party's view of a cause changed. Each party of a cause gets its own event, about its own breaches and risks.

    A customer's event names no other customer and counts only breaches and risks of that customer. The provider's event
    covers all customers.
    """

    cause_id: str
    """The id of the cause: the UUIDv5 of provider, cause key and start of the union of the bad intervals. If the start
    moves, the cause gets another id.
    """
    party_id: str
    """The party whose view changed. Only that party gets the event."""
    revision: int
    """The revision of this party's view of the cause: 0 at first, one more with each change."""
    change: str
    """What changed: ``created`` | ``joined`` (with findings of another cause) | ``split`` (findings went to another
    cause) | ``moved`` (the cause has a new id, because its start moved) | ``ended`` (the outage is over) | ``revised``
    (its findings or intervals changed) | ``replaced`` (see ``replaced_by``) | ``withdrawn`` (it has no findings any
    more).
    """
    provider_party_id: str
    customer_party_ids: list[str] = field(default_factory=list)
    """The customers whose breaches and risks belong to the cause; in a customer's view only that customer."""
    about: list[dict[str, Any]] = field(default_factory=list)
    """What the breaches and risks have in common: ``{"kind", "name"}``. A kind is ``indicator`` | ``item`` (a
    configuration item) | ``ticket`` | ``target``.
    """
    start_at: str
    """Start of the union of the bad intervals of this party's breaches and risks."""
    end_at: str | None
    """End of the union of these bad intervals; null while the outage lasts."""
    agreement_ids: list[str] = field(default_factory=list)
    service_ids: list[str] = field(default_factory=list)
    breaches: int = 0
    risks: int = 0
    breach_ids: list[str] = field(default_factory=list)
    """The ids of up to 1,000 breaches."""
    risk_ids: list[str] = field(default_factory=list)
    """The ids of up to 1,000 risks."""
    replaced_by: list[str] = field(default_factory=list)
    """The ids of the causes that now have the breaches and risks of this one, where ``change`` is ``replaced``."""
    published_at: str
