"""The rights of callers, and ids derived from keys: a client that sends an object twice creates only one object."""

from __future__ import annotations

from uuid import UUID

from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.terms.reading import KEY, KEY_REMEDY
from slm_agreement.domain.versions.agreement import Actor
from slm_chassis.access import Principal
from slm_chassis.identity import named_id, new_id

LEVEL_MANAGER = "service_level_manager"


def actor_of(caller: Principal) -> Actor:
    """Return the caller as the actor of a negotiation."""
    return Actor(caller.principal_id, caller.party_id, caller.roles, caller.person_id, caller.name)


def require_acting_party(caller: Principal, party_id: str | None, field: str = "party_id") -> str:
    """Return the id of the party for which the caller acts: the caller's own party, or ``party_id`` for an operator.

    Raises Unknown if ``party_id`` is not the caller's own party, and Invalid if an operator sends no ``party_id``.
    """
    if caller.is_operator:
        if party_id is None:
            raise Invalid("An operator acts for a party.", [Finding(field, "none", "name the party's id")])
        return party_id
    if party_id is not None and party_id != caller.party_id:
        raise Unknown(f"There is no party {party_id!r} that you may see.")
    return str(caller.party_id)


def require_party(caller: Principal) -> str:
    """Return the id of the caller's party; raises NotAllowed for an operator, which has none."""
    if caller.party_id is None:
        raise NotAllowed("An operator of the installation is not a party: use a key of the provider or the customer.")
    return caller.party_id


def derive_id(party_id: str | UUID, kind: str, key: str) -> str:
    """Return the id of the object that has this key. A key is unique among the party's objects of the same kind.

    Raises Unknown for an invalid party id.
    """
    try:
        return named_id(party_id, kind, key)
    except ValueError:
        raise Unknown(f"There is no party {str(party_id)!r}.") from None


def require_manager(caller: Principal) -> None:
    """Raise NotAllowed unless the caller is a service level manager or an operator."""
    if not caller.has_role(LEVEL_MANAGER):
        raise NotAllowed(f"This needs the role {LEVEL_MANAGER}.")


def refuse_token(caller: Principal) -> None:
    """Raise NotAllowed for a caller with an access token that stands for a key: a token, which ends within an hour,
    must not create anything that lasts longer.
    """
    if caller.by_token and caller.identified_by == enrolment.KEY:
        raise NotAllowed("An access token makes no keys, invitations, links or passwords: send the API key itself.")


def require_operator(caller: Principal) -> None:
    """Raise NotAllowed unless the caller is an operator of the installation."""
    if not caller.is_operator:
        raise NotAllowed("This needs an operator of the installation.")


def key_or_random(key: str | None, field: str = "key") -> str:
    """Return the key that the client chose, or a random one if it chose none; raises Invalid for an invalid key."""
    if key is None:
        return new_id()
    if not KEY.match(key):
        raise Invalid("The key is not valid.", [Finding(field, key, KEY_REMEDY)])
    return key
