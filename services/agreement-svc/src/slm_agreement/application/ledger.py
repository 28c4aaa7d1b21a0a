"""The storage that the use cases need: collections of domain objects in one transaction, and published events."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from slm_agreement.domain.checks.revision_backtest import RevisionBacktest
from slm_agreement.domain.contracting.comments import Comment
from slm_agreement.domain.documents.supports import SupportReference
from slm_agreement.domain.people.accounts import Account
from slm_agreement.domain.people.enrolment import EnrolledPrincipal
from slm_agreement.domain.people.guests import GuestLink
from slm_agreement.domain.people.invitations import Invitation
from slm_agreement.domain.people.mails import Mail
from slm_agreement.domain.people.named_companies import NamedCompany
from slm_agreement.domain.people.openid import OpenIdLink, OpenIdLogIn
from slm_agreement.domain.people.people import Party, Person, Requirement, Service
from slm_agreement.domain.people.relations import Relation
from slm_agreement.domain.people.sign_in_links import InstallationState, SignInLink
from slm_agreement.domain.versions.agreement import Identity, Version
from slm_chassis.ledger import LedgerOfTransaction, Repository
from slm_events.instants import UtcMicroseconds


class Agreements(Protocol):
    """The agreements with all their versions. A use case that changes an agreement calls ``Ledger.lock`` first."""

    async def identity(self, agreement_id: str) -> Identity | None:
        """Return an agreement's ids, kind, scope, parties and service, which all its versions share; None if there is
        no such agreement.
        """

    async def add(self, identity: Identity) -> None:
        """Add an agreement without versions."""
        ...

    async def versions(self, agreement_id: str) -> list[Version]:
        """Return every version of an agreement, in ascending order."""
        ...

    async def signed_customers_and_services(self, provider_party_id: str, kind: str) -> list[tuple[str, str]]:
        """Return the customer party id and the service id of each agreement of this kind of the provider.

        Only agreements with a signed version that has not ended count. The result names no pair twice.
        """
        ...

    async def count_signed_about(self, service_id: str) -> int:
        """Return how many agreements about a service have a signed version that has not ended."""
        ...

    async def confirming(self, record_id: str) -> list[str]:
        """Return the ids of the agreements in which a record was offered to its other party, ordered by id."""
        ...

    async def supports(self, agreement_id: str) -> list[SupportReference]:
        """Return every reference to a supporting agreement that a party ever named in a document of this agreement."""
        ...

    async def add_support(self, reference: SupportReference) -> None:
        """Add a reference to a supporting agreement."""
        ...

    async def save(self, version: Version) -> None:
        """Store a version, with the instant of its next automatic change."""
        ...


@dataclass(frozen=True, slots=True)
class AttemptCount:
    """How many attempts a subject, such as an account or a network address, has made in the present time window, and
    when the window ends (microseconds UTC).
    """

    count: int
    until: UtcMicroseconds


class Ledger(LedgerOfTransaction, Protocol):
    """The storage within one transaction, by kind of object."""

    @property
    def parties(self) -> Repository[Party]:
        """The parties."""

    @property
    def named_companies(self) -> Repository[NamedCompany]:
        """The companies that parties named because they do not use the product."""

    @property
    def people(self) -> Repository[Person]:
        """The people of all parties."""

    @property
    def services(self) -> Repository[Service]:
        """The services in the catalogues of all providers."""

    @property
    def requirements(self) -> Repository[Requirement]:
        """The requirements that customers have recorded."""

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
    def accounts(self) -> Repository[Account]:
        """The accounts, each under the id of its principal."""

    @property
    def comments(self) -> Repository[Comment]:
        """The comments on agreements."""

    @property
    def sign_in_links(self) -> Repository[SignInLink]:
        """The sign-in links that operators made."""

    @property
    def installation(self) -> Repository[InstallationState]:
        """The state of the installation, in one row with the id ``INSTALLATION``."""

    @property
    def mails(self) -> Repository[Mail]:
        """The mails that wait to be sent."""

    @property
    def guest_links(self) -> Repository[GuestLink]:
        """The links that were mailed to guests."""

    @property
    def openid_log_ins(self) -> Repository[OpenIdLogIn]:
        """The log-ins with an OpenID provider that were begun and not completed."""

    @property
    def openid_links(self) -> Repository[OpenIdLink]:
        """The subjects of OpenID providers, each linked to a principal."""

    @property
    def backtests(self) -> Repository[RevisionBacktest]:
        """The newest back-test of each revision, under the revision's hash."""

    @property
    def agreements(self) -> Agreements:
        """The agreements with their versions."""

    async def invitation_with(self, sha256: str) -> str | None:
        """Return the id of the invitation whose code has this hash; None if there is none."""
        ...

    async def principal_of(self, person_id: str) -> str | None:
        """Return the id of the principal of a person; None if there is none."""
        ...

    async def delete_account(self, principal_id: str) -> None:
        """Delete the account of a principal."""
        ...

    async def due_mail(self) -> Mail | None:
        """Lock and return the due mail that has waited longest; None if none is due.

        Mails that another transaction is sending are passed over.
        """

    async def delete_mail(self, mail_id: str) -> None:
        """Delete a mail that was sent."""
        ...

    async def is_first_time(self, name: str) -> bool:
        """Return whether no transaction has called this method with this name before; the commit stores the name."""
        ...

    async def has_parties(self) -> bool:
        """Whether any party is registered."""
        ...

    async def people_with(self, party_id: str, email: str) -> list[str]:
        """Return the ids of a party's people with this mail address, ignoring upper and lower case."""
        ...

    async def people_at(self, email: str) -> list[Person]:
        """Return the people of all parties with this mail address, ignoring upper and lower case."""
        ...

    async def take_openid_log_in(self, sha256: str) -> OpenIdLogIn | None:
        """Delete and return the log-in whose ``state`` has this hash; None if there is none, or it was taken before."""

    async def forget_openid_log_ins(self) -> None:
        """Delete log-ins that have expired."""
        ...

    async def attempt(self, subject: str, within: int) -> AttemptCount:
        """Count one attempt that a subject, such as an account or a network address, has made.

        Return the count of all replicas in the present time window, and when the window ends. A window lasts ``within``
        microseconds.
        """
        ...

    async def take_back_attempt(self, subject: str) -> None:
        """Reduce the count of a subject's attempts by one."""
        ...

    async def forget_attempts(self) -> None:
        """Delete the counts of time windows that have ended.

        This must be the last statement of its transaction: two transactions could otherwise deadlock.
        """
        ...


class LedgerFactory(Protocol):
    """A factory of ledgers: each ledger is one transaction."""

    space: str
    """The namespace UUID of the installation, from which the ids of objects of operators are derived."""
    console_url: str | None
    """The address of the console, for links in mails; None if the installation sends no mails."""

    def begin(self) -> AbstractAsyncContextManager[Ledger]:
        """Begin a transaction and yield its ledger. The changes commit when the ``async with`` block ends. If the block
        raises, nothing is stored.
        """
        ...

    async def due(self) -> list[str]:
        """Return the ids of agreements that have an automatic change due now, the earliest first."""
        ...
