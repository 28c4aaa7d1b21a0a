"""The storage that the use cases need: collections of domain values in one transaction, and the publication of
events.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from slm_agreement.domain.people.enrolment import EnrolledPrincipal
from slm_agreement.domain.people.invitations import Invitation
from slm_agreement.domain.people.people import Party, Person, Requirement, Service
from slm_agreement.domain.people.relations import Relation
from slm_agreement.domain.versions.agreement import Identity, Version
from slm_chassis.ledger import LedgerOfTransaction, Repository


class Agreements(Protocol):
    """Agreements with all their versions. A use case that changes one calls ``Ledger.lock`` first."""

    async def identity(self, agreement_id: str) -> Identity | None:
        """Return the identity of an agreement; None if there is none."""

    async def add(self, identity: Identity) -> None:
        """Add an agreement without versions."""
        ...

    async def versions(self, agreement_id: str) -> list[Version]:
        """Return every version, in ascending order."""
        ...

    async def signed_of(self, provider_party_id: str) -> list[Identity]:
        """Return a provider's agreements with a version that is signed and has not ended."""
        ...

    async def save(self, version: Version) -> None:
        """Store a version and the instant of its next change of state."""
        ...


class Ledger(LedgerOfTransaction, Protocol):
    """The storage within one transaction."""

    @property
    def parties(self) -> Repository[Party]:
        """The parties."""

    @property
    def people(self) -> Repository[Person]:
        """The people of all parties."""

    @property
    def services(self) -> Repository[Service]:
        """The services of all catalogues."""

    @property
    def requirements(self) -> Repository[Requirement]:
        """The service level requirements."""

    @property
    def principals(self) -> Repository[EnrolledPrincipal]:
        """The principals with their keys."""

    @property
    def relations(self) -> Repository[Relation]:
        """The relations between parties."""

    @property
    def invitations(self) -> Repository[Invitation]:
        """The invitations."""

    @property
    def agreements(self) -> Agreements:
        """The agreements with their versions."""

    async def invitation_with(self, sha256: str) -> str | None:
        """Return the id of the invitation whose code has this hash; None if there is none."""
        ...

    async def principal_of(self, person_id: str) -> str | None:
        """Return the id of the principal of a person; None if there is none."""
        ...

    async def people_with(self, party_id: str, email: str) -> list[str]:
        """Return the ids of a party's people with this mail address, ignoring upper and lower case."""
        ...


class Desk(Protocol):
    """Opens ledgers."""

    space: str
    """The installation's namespace, from which the ids of an operator's keys follow."""

    def begin(self) -> AbstractAsyncContextManager[Ledger]:
        """Open a ledger whose changes are kept at the end of the block, or dropped if it raises."""
        ...

    async def due(self) -> list[str]:
        """Return the ids of agreements with a version whose state must change now, the earliest first."""
        ...
