"""Reading a value that belongs to an agreement of the caller, with the agreement locked."""

from __future__ import annotations

from typing import Protocol, TypeVar

from slm_chassis.access import Principal
from slm_chassis.ledger import Repository
from slm_review.application.ledger import Ledger
from slm_review.domain.errors import NotFound


class AgreementPart(Protocol):
    """A value that belongs to an agreement, and names the agreement's parties."""

    @property
    def agreement_id(self) -> str:
        """The id of the agreement to which this review, action, action plan or proposal belongs."""

    @property
    def provider_party_id(self) -> str:
        """The id of the agreement's provider."""

    @property
    def customer_party_id(self) -> str:
        """The id of the agreement's customer."""


T = TypeVar("T", bound=AgreementPart)


async def lock_and_read(ledger: Ledger, caller: Principal, kept: Repository[T], what: str, identity: str) -> T:
    """Lock the agreement to which the value with this id belongs, and return the value.

    Raises NotFound if there is no such value, or the caller may not see it; ``what`` names the kind of value in the
    message.
    """
    seen = await kept.get(identity)
    if seen is None or not caller.may_see(seen.provider_party_id, seen.customer_party_id):
        raise NotFound(what, identity)
    await ledger.lock(seen.agreement_id)
    # Read again: it may have changed while this transaction waited for the lock.
    found = await kept.get(identity)
    assert found is not None
    return found
