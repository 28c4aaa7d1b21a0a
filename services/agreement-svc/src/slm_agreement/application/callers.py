"""What a caller may do for which party, and the keys that make applying a file twice make one thing."""

from __future__ import annotations

from uuid import UUID

from slm_agreement.domain.agreement import Mover
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown
from slm_agreement.domain.reading import KEY, KEY_REMEDY
from slm_chassis.access import Principal
from slm_chassis.identity import named_id, new_id

LEVEL_MANAGER = "service_level_manager"


def mover(caller: Principal) -> Mover:
    """The caller as the rules of negotiation know it."""
    return Mover(caller.principal_id, caller.party_id, caller.roles, caller.person_id)


def party_for(caller: Principal, party_id: str | None, field: str = "party_id") -> str:
    """The party on whose behalf the caller acts: its own, or for an operator the one named.

    Raises Unknown for another's party, Invalid where an operator names none.
    """
    if caller.is_operator:
        if party_id is None:
            raise Invalid("An operator acts for a party.", [Finding(field, "none", "name the party's id")])
        return party_id
    if party_id is not None and party_id != caller.party_id:
        raise Unknown(f"There is no party {party_id!r} that you may see.")
    return str(caller.party_id)


def party_of(caller: Principal) -> str:
    """The party that the caller belongs to. Raises NotAllowed for an operator."""
    if caller.party_id is None:
        raise NotAllowed("An operator of the installation is no party: use a key of the provider or the customer.")
    return caller.party_id


def id_of(party_id: str | UUID, kind: str, key: str) -> str:
    """The id that a key stands for within a party. Raises Unknown for what is no party's id."""
    try:
        return named_id(party_id, kind, key)
    except ValueError:
        raise Unknown(f"There is no party {str(party_id)!r}.") from None


def must_manage(caller: Principal) -> None:
    """Raises NotAllowed unless the caller is a service level manager or an operator."""
    if not caller.has_role(LEVEL_MANAGER):
        raise NotAllowed(f"This needs the role {LEVEL_MANAGER}.")


def must_operate(caller: Principal) -> None:
    """Raises NotAllowed unless the caller is an operator of the installation."""
    if not caller.is_operator:
        raise NotAllowed("This needs an operator of the installation.")


def key_or_random(key: str | None, field: str = "key") -> str:
    """The client's key, checked, or a random one. Raises Invalid."""
    if key is None:
        return new_id()
    if not KEY.match(key):
        raise Invalid("That is no key.", [Finding(field, key, KEY_REMEDY)])
    return key
