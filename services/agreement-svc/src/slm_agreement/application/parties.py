"""Parties: those who provide or receive services. Operators of the installation register them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slm_agreement.application import callers
from slm_agreement.application.ledger import Desk
from slm_agreement.application.register import Register, edited
from slm_agreement.domain.people import Party
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
    """What can be edited of a party."""

    name: str
    external_refs: list[dict[str, Any]]


async def register(desk: Desk, caller: Principal, key: str | None, details: PartyDetails) -> tuple[Party, bool]:
    """A party under its key, and whether it is new."""
    callers.must_operate(caller)
    key = callers.key_or_random(key)
    party = Party(named_id(desk.space, key), key, details.name, details.external_refs)
    async with desk.begin() as ledger:
        return await PARTIES.enter(ledger, caller, party)


async def edit_party(
    desk: Desk, caller: Principal, party_id: str, details: PartyDetails, unless_changed: Callable[[Party], None]
) -> Party:
    """Another name or other references; the key stays. Raises Unknown."""
    callers.must_operate(caller)
    async with desk.begin() as ledger:
        party = await PARTIES.locked(ledger, caller, party_id)
        unless_changed(party)
        return await PARTIES.change(ledger, caller, edited(party, details))
