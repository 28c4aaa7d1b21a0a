"""Parties: those who provide or receive services. Operators of the installation register them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slm_agreement.application import callers, registering
from slm_agreement.application.ledger import Desk
from slm_agreement.domain.errors import Unknown
from slm_agreement.domain.people import Party
from slm_chassis.access import Principal
from slm_chassis.identity import named_id


async def register(
    desk: Desk, caller: Principal, key: str | None, name: str, external_refs: list[dict[str, Any]]
) -> tuple[Party, bool]:
    """A party under its key, and whether it is new."""
    callers.must_operate(caller)
    key = callers.key_or_random(key)
    party = Party(named_id(desk.space, key), key, name, external_refs)
    async with desk.begin() as ledger:
        kept, is_new = await registering.enter(ledger, ledger.parties, party.party_id, party)
        if is_new:
            ledger.publish(kept.registered())
            await ledger.note(caller, "party.register", kept.party_id, {"key": key, "name": name})
    return kept, is_new


async def edit(
    desk: Desk,
    caller: Principal,
    party_id: str,
    name: str,
    external_refs: list[dict[str, Any]],
    unless_changed: Callable[[Party], None],
) -> Party:
    """Another name or other references; the key stays. Raises Unknown."""
    callers.must_operate(caller)
    async with desk.begin() as ledger:
        await ledger.lock(party_id)
        party = await ledger.parties.get(party_id)
        if party is None:
            raise Unknown(f"There is no party {party_id!r}.")
        unless_changed(party)
        party = replace(party, name=name, external_refs=external_refs)
        await ledger.parties.put(party)
        ledger.publish(party.registered())
        await ledger.note(caller, "party.edit", party_id, {"name": name})
    return party
