"""Findings about an agreement's tickets that depend on the provider's other agreements."""

from __future__ import annotations

from slm_agreement.application import named_companies
from slm_agreement.application.ledger import Ledger
from slm_agreement.domain.errors import Finding
from slm_agreement.domain.versions import ticket_scopes
from slm_agreement.domain.versions.agreement import Identity, Version
from slm_agreement.domain.versions.ticket_scopes import TicketScope

_SLA = "sla"


async def find_ticket_scope_errors(ledger: Ledger, version: Version) -> list[Finding]:
    """Return an error for each way in which a ticket of this agreement could also belong to another customer.

    Only agreements with customers are checked. Operational level agreements and underpinning contracts cover the same
    tickets on purpose.
    """
    identity, document = version.identity, version.current.document
    if identity.kind != _SLA or not ticket_scopes.has_ticket_targets(document):
        return []
    customer = await named_companies.find_side(ledger, identity.customer_party_id)
    service = await ledger.services.get(identity.service_id)
    if customer is None or service is None:
        return []
    own = ticket_scopes.ticket_scope_of(customer, service)
    return ticket_scopes.check_ticket_scopes(document, own, await _scopes_of_others(ledger, identity))


async def _scopes_of_others(ledger: Ledger, identity: Identity) -> list[TicketScope]:
    """Return the ticket scopes of the provider's signed agreements with other customers, each scope once.

    The number of statements does not depend on the number of agreements: a provider may have thousands.
    """
    signed = await ledger.agreements.signed_customers_and_services(identity.provider_party_id, _SLA)
    others = [(customer, service) for customer, service in signed if customer != identity.customer_party_id]
    parties = await ledger.parties.get_all({customer for customer, _ in others})
    companies = await ledger.named_companies.get_all({customer for customer, _ in others})
    # A record of the same customer, which this agreement confirms.
    same = {each for each, company in companies.items() if company.joined_party_id == identity.customer_party_id}
    others = [(customer, service) for customer, service in others if customer not in same]
    parties = {**parties, **{each: company.as_party() for each, company in companies.items()}}
    services = await ledger.services.get_all({service for _, service in others})
    return [
        ticket_scopes.ticket_scope_of(parties[customer], services[service])
        for customer, service in others
        if customer in parties and service in services
    ]
