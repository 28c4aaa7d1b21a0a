"""Queries of the audit trail: acts of the caller's party, and acts of others on objects of the caller's party."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, literal, or_, select, true, union_all

from slm_agreement.adapters import agreement_tables, register_tables, search_tables
from slm_agreement.adapters.queries import (
    INVITATIONS,
    NAMED_COMPANIES,
    PARTIES,
    PEOPLE,
    PRINCIPALS,
    RELATIONS,
    REQUIREMENTS,
    SERVICES,
    Listing,
    Rows,
    belongs_to_caller,
    caller_sees_agreement,
    caller_sees_version,
    fetch_rows,
)
from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_chassis.tables import audit


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """The conditions of a list of audit entries. Instants are microseconds UTC; ``since`` is included, ``until`` is
    not.
    """

    principal_id: str | None = None
    action: str | None = None
    """A whole action such as ``key.issue``, or its first part, such as ``key``."""
    subject_id: str | None = None
    since: int | None = None
    until: int | None = None

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter as SQL conditions."""
        found: list[ColumnElement[bool]] = []
        if self.principal_id is not None:
            found.append(audit.c.principal_id == self.principal_id)
        if self.action is not None:
            begins = audit.c.action.startswith(f"{self.action}.", autoescape=True)
            found.append(or_(audit.c.action == self.action, begins))
        if self.subject_id is not None:
            found.append(audit.c.subject == self.subject_id)
        if self.since is not None:
            found.append(audit.c.at >= self.since)
        if self.until is not None:
            found.append(audit.c.at < self.until)
        return found


async def fetch_audit_entries(database: Database, caller: Principal, page: Page, wanted: AuditFilter) -> Rows:
    """Return a page of the audit entries that the caller may see, newest first, each with the name of its subject."""
    statement = (
        select(audit, _name_of_subject(caller).label("subject_name"))
        .where(_sees(caller), page.beyond(audit.c.seq, descending=True), *wanted.conditions)
        .order_by(audit.c.seq.desc())
        .limit(page.fetch)
    )
    return await fetch_rows(database, statement)


def _sees(caller: Principal) -> ColumnElement[bool]:
    """Return the condition for audit entries that the caller may see.

    These are acts of the caller's party, acts on the party's own objects, and the public acts on its agreements.
    """
    if caller.is_operator:
        return true()
    private = audit.c.detail["private"].as_boolean()
    agreement, version = agreement_tables.agreement, agreement_tables.agreement_version
    shared = (
        select(agreement.c.agreement_id)
        .join(version, version.c.agreement_id == agreement.c.agreement_id)
        .where(caller_sees_agreement(caller), caller_sees_version(caller))
    )
    return or_(
        belongs_to_caller(caller, audit.c.party_id),
        audit.c.subject.in_(_own_things(caller)),
        and_(private.isnot(True), audit.c.subject.in_(shared)),
    )


def _own_things(caller: Principal) -> Select[tuple[str]]:
    """Return the query of the ids of the caller's party and of all objects that belong to this party alone.

    Only the party itself and operators change these objects.
    """
    kept = [
        (register_tables.party.c.party_id, register_tables.party.c.party_id),
        (register_tables.named_company.c.party_id, register_tables.named_company.c.named_by_party_id),
        (register_tables.person.c.person_id, register_tables.person.c.party_id),
        (register_tables.principal.c.principal_id, register_tables.principal.c.party_id),
        (register_tables.invitation.c.invitation_id, register_tables.invitation.c.party_id),
        (register_tables.service.c.service_id, register_tables.service.c.provider_party_id),
        (register_tables.requirement.c.requirement_id, register_tables.requirement.c.customer_party_id),
    ]
    ids = [select(identity).where(belongs_to_caller(caller, owner)) for identity, owner in kept]
    company = register_tables.named_company.c
    theirs = select(register_tables.service.c.service_id).where(
        register_tables.service.c.provider_party_id == company.party_id,
        belongs_to_caller(caller, company.named_by_party_id),
    )
    related = select(register_tables.party_relation.c.relation_id).where(RELATIONS.seen_by(caller))
    things = union_all(*ids, theirs, related).subquery("own_things")
    return select(things.c[0])


def _name_of_subject(caller: Principal) -> ColumnElement[str | None]:
    """Return the expression for the present name of the object of an act; NULL if the object has no name."""
    entry = search_tables.search_entry
    seen = or_(belongs_to_caller(caller, entry.c.party_id), belongs_to_caller(caller, entry.c.other_party_id))
    title = select(entry.c.title).where(entry.c.kind == "agreement", entry.c.id == audit.c.subject, seen)

    def name(listing: Listing, column: ColumnElement[str]) -> ScalarSelect[str]:
        # A party's own act may be on another party's object, whose name it must not read: an inviter's alias for it.
        named = select(column).where(listing.id == audit.c.subject, listing.seen_by(caller))
        return named.scalar_subquery()

    return func.coalesce(
        title.scalar_subquery(),
        name(PRINCIPALS, register_tables.principal.c.name),
        name(PEOPLE, register_tables.person.c.name),
        name(PARTIES, register_tables.party.c.name),
        name(NAMED_COMPANIES, register_tables.named_company.c.name),
        name(SERVICES, register_tables.service.c.name),
        name(REQUIREMENTS, register_tables.requirement.c.key),
        func.nullif(name(INVITATIONS, register_tables.invitation.c.alias), literal("")),
    )
