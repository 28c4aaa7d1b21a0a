"""What a use case needs of storage: collections of domain values in one transaction, and a way to tell of changes."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from slm_agreement.domain.agreement import Identity, Version
from slm_agreement.domain.enrolment import EnrolledPrincipal
from slm_agreement.domain.invitations import Invitation
from slm_agreement.domain.people import Party, Person, Requirement, Service
from slm_agreement.domain.relations import Relation
from slm_chassis.ledger import LedgerOfTransaction, Repository


class Agreements(Protocol):
    """Agreements with all their versions. Whoever changes one begins with ``Ledger.lock``."""

    async def identity(self, agreement_id: str) -> Identity | None: ...

    async def add(self, identity: Identity) -> None:
        """A new agreement, without a version yet."""
        ...

    async def versions(self, agreement_id: str) -> list[Version]:
        """Every version, the first first."""
        ...

    async def signed_of(self, provider_party_id: str) -> list[Identity]:
        """A provider's agreements of which a version is signed and has not ended."""
        ...

    async def save(self, version: Version) -> None:
        """Keep a version as it stands, and when it turns next."""
        ...


class Ledger(LedgerOfTransaction, Protocol):
    """One transaction."""

    @property
    def parties(self) -> Repository[Party]: ...
    @property
    def people(self) -> Repository[Person]: ...
    @property
    def services(self) -> Repository[Service]: ...
    @property
    def requirements(self) -> Repository[Requirement]: ...
    @property
    def principals(self) -> Repository[EnrolledPrincipal]: ...
    @property
    def relations(self) -> Repository[Relation]: ...
    @property
    def invitations(self) -> Repository[Invitation]: ...
    @property
    def agreements(self) -> Agreements: ...

    async def invitation_with(self, sha256: str) -> str | None:
        """The id of the invitation whose code has this hash."""
        ...

    async def principal_of(self, person_id: str) -> str | None:
        """The id of the principal that a person is bound to."""
        ...

    async def people_with(self, party_id: str, email: str) -> list[str]:
        """Ids of a party's people with a mail address, however it is capitalised."""
        ...


class Desk(Protocol):
    """Where ledgers come from."""

    space: str
    """The installation's name space: what an operator names by a key has its id from here."""

    def begin(self) -> AbstractAsyncContextManager[Ledger]:
        """A ledger whose changes are kept when the block ends, and forgotten when it raises."""
        ...

    async def due(self) -> list[str]:
        """Ids of agreements with a version whose next turn has come, the earliest first."""
        ...
