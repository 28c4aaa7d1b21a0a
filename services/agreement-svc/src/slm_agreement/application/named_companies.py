"""Companies that a party names because they do not use the product, and the search for a party or named company."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slm_agreement.application import callers
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.parties import PartyDetails
from slm_agreement.application.register import Register, replace_details
from slm_agreement.domain.errors import WrongState
from slm_agreement.domain.people.invitations import OPEN, Invitation
from slm_agreement.domain.people.named_companies import ID_KIND, NamedCompany
from slm_agreement.domain.people.people import Party
from slm_chassis.access import Principal

NAMED_COMPANIES = Register[NamedCompany](
    "named company",
    "name",
    kept=lambda ledger: ledger.named_companies,
    may_see=lambda caller, company: caller.may_see(company.named_by_party_id),
    audited=lambda company: {"key": company.key, "name": company.name},
    incidental=("joined_party_id",),
)


async def name_company(
    ledgers: LedgerFactory, caller: Principal, key: str | None, details: PartyDetails
) -> tuple[NamedCompany, bool]:
    """Name a company under the caller's key, or a random key if ``key`` is None; return it and whether it is new.

    Nobody but the caller's party sees it. Raises NotAllowed unless the caller is a manager of a party, and KeyTaken.
    """
    callers.require_manager(caller)
    party_id = callers.require_party(caller)
    key = callers.key_or_random(key)
    company_id = callers.derive_id(party_id, ID_KIND, key)
    company = NamedCompany(company_id, party_id, key, details.name, details.external_refs)
    async with ledgers.begin() as ledger:
        return await NAMED_COMPANIES.enter(ledger, caller, company)


async def edit_named_company(
    ledgers: LedgerFactory,
    caller: Principal,
    party_id: str,
    details: PartyDetails,
    unless_changed: Callable[[NamedCompany], None],
) -> NamedCompany:
    """Change the name or the external references of a named company; its key stays.

    ``unless_changed`` raises if the company has changed since the caller read it. Raises Unknown and NotAllowed.
    """
    callers.require_manager(caller)
    async with ledgers.begin() as ledger:
        company = await NAMED_COMPANIES.locked(ledger, caller, party_id)
        unless_changed(company)
        return await NAMED_COMPANIES.change(ledger, caller, replace_details(company, details))


async def lock_company_to_invite(ledger: Ledger, caller: Principal, company_id: str) -> NamedCompany:
    """Lock and return a named company that may be invited now.

    Raises Unknown for a company that the caller's party did not name, and WrongState if the company has joined or an
    earlier invitation of it is still open.
    """
    callers.require_party(caller)
    company = await NAMED_COMPANIES.locked(ledger, caller, company_id)
    if company.joined_party_id is not None:
        raise WrongState(f"{company.name} has joined already: offer it the contracts that you put on record.")
    for earlier in await ledger.invitations.find(named_company_id=company_id):
        if earlier.state_at(ledger.now) == OPEN:
            remedy = f"withdraw the invitation {earlier.invitation_id} first"
            raise WrongState(f"{company.name} is invited already: {remedy}.")
    return company


async def join_as_party(ledger: Ledger, invitation: Invitation, party_id: str) -> None:
    """Store which party accepted the invitation of a named company; for any other invitation this does nothing.

    The records of the company stay as they are.
    """
    if invitation.named_company_id is None:
        return
    await ledger.lock(invitation.named_company_id)
    company = await ledger.named_companies.get(invitation.named_company_id)
    assert company is not None, "a named company is never deleted"
    await ledger.named_companies.put(replace(company, joined_party_id=party_id))
    detail = {"key": company.key, "name": company.name, "party_id": party_id}
    await ledger.note(None, "named-company.join", company.party_id, detail)


async def is_named_by(ledger: Ledger, party_id: str | None, company_id: str) -> bool:
    """Return whether this is the id of a company that the party named."""
    company = await ledger.named_companies.get(company_id)
    return company is not None and party_id is not None and company.named_by_party_id == party_id


async def find_side(ledger: Ledger, party_id: str) -> Party | None:
    """Return the provider or customer with this id: a party, or a named company; None if there is neither."""
    party = await ledger.parties.get(party_id)
    if party is not None:
        return party
    company = await ledger.named_companies.get(party_id)
    return None if company is None else company.as_party()
