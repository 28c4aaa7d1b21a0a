"""Finding a thing of an agreement that the caller is a party to, and locking that agreement."""

from __future__ import annotations

from typing import Protocol, TypeVar

from slm_chassis.access import Principal
from slm_chassis.ledger import Repository
from slm_review.application.ledger import Ledger
from slm_review.domain.errors import NotFound


class OfAgreement(Protocol):
    """A thing that belongs to an agreement and knows its parties."""

    @property
    def agreement_id(self) -> str: ...
    @property
    def provider_party_id(self) -> str: ...
    @property
    def customer_party_id(self) -> str: ...


T = TypeVar("T", bound=OfAgreement)


async def locked(ledger: Ledger, caller: Principal, kept: Repository[T], what: str, identity: str) -> T:
    """The thing with this id, its agreement locked. Raises NotFound naming ``what`` where the caller sees none."""
    seen = await kept.get(identity)
    if seen is None or not caller.may_see(seen.provider_party_id, seen.customer_party_id):
        raise NotFound(what, identity)
    await ledger.lock(seen.agreement_id)
    # Read again: somebody may have changed it while this transaction waited for the lock.
    found = await kept.get(identity)
    assert found is not None
    return found
