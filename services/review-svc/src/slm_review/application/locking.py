"""Reading a value of an agreement to which the caller is a party, with the agreement locked."""

from __future__ import annotations

from typing import Protocol, TypeVar

from slm_chassis.access import Principal
from slm_chassis.ledger import Repository
from slm_review.application.ledger import Ledger
from slm_review.domain.errors import NotFound


class OfAgreement(Protocol):
    """A value that belongs to an agreement and has its parties."""

    @property
    def agreement_id(self) -> str:
        """The id of its agreement."""

    @property
    def provider_party_id(self) -> str:
        """The provider of its agreement."""

    @property
    def customer_party_id(self) -> str:
        """The customer of its agreement."""


T = TypeVar("T", bound=OfAgreement)


async def locked(ledger: Ledger, caller: Principal, kept: Repository[T], what: str, identity: str) -> T:
    """Lock the agreement of the value with this id, and return the value.

    Raises NotFound, naming ``what``, if the caller may not see one.
    """
    seen = await kept.get(identity)
    if seen is None or not caller.may_see(seen.provider_party_id, seen.customer_party_id):
        raise NotFound(what, identity)
    await ledger.lock(seen.agreement_id)
    # Read again: it may have changed while this transaction waited for the lock.
    found = await kept.get(identity)
    assert found is not None
    return found
