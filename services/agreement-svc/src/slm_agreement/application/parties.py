"""Parties, which provide or receive services. Operators of the installation register them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slm_agreement.application import callers
from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.application.register import Register, replace_details
from slm_agreement.domain.people.people import Party
from slm_chassis.access import Principal
from slm_chassis.identity import named_id

PARTIES = Register[Party](
    "party",
    "register",
    kept=lambda ledger: ledger.parties,
    may_see=lambda caller, party: True,
    audited=lambda party: {"key": party.key, "name": party.name},
    event=Party.registered,
    unknown="",
)


@dataclass(frozen=True, slots=True)
class PartyDetails:
    """The fields of a party that can be edited."""

    name: str
    external_refs: list[dict[str, Any]]


async def register_party(
    ledgers: LedgerFactory, caller: Principal, key: str | None, details: PartyDetails
) -> tuple[Party, bool]:
    """Register a party under its key, or a random key if ``key`` is None. Return the party and whether it is new.

    Raises NotAllowed unless the caller is an operator.
    """
    callers.require_operator(caller)
    key = callers.key_or_random(key)
    party = Party(named_id(ledgers.space, key), key, details.name, details.external_refs)
    async with ledgers.begin() as ledger:
        return await PARTIES.enter(ledger, caller, party)


async def edit_party(
    ledgers: LedgerFactory,
    caller: Principal,
    party_id: str,
    details: PartyDetails,
    unless_changed: Callable[[Party], None],
) -> Party:
    """Change the name or the external references of a party; its key cannot change.

    ``unless_changed`` raises if the party has changed since the caller read it. Raises Unknown.
    """
    callers.require_operator(caller)
    async with ledgers.begin() as ledger:
        party = await PARTIES.locked(ledger, caller, party_id)
        unless_changed(party)
        return await PARTIES.change(ledger, caller, replace_details(party, details))
