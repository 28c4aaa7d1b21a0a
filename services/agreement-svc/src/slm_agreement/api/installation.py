"""``/api/v1/installation``: whether the installation was set up, and its first start."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from slm_agreement.api import sessions, shapes
from slm_agreement.api.bodies.installation import FirstPersonBody, NewInstallation
from slm_agreement.api.dependencies import TheLedgers, ThePasswords, TheProvider
from slm_agreement.api.invitations import IdempotencyKey, refuse_stored_secret
from slm_agreement.api.responses.installation import InstallationResponse, NewInstallationResponse, SetUpLinkResponse
from slm_agreement.application import new_invitations, set_up
from slm_agreement.application.first_people import FirstPersonDetails
from slm_agreement.application.set_up import SetUpData
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.parts import TheAccess

router = APIRouter(prefix="/api/v1/installation", tags=["installation"])
PAGE = "/set-up/"
"""Path of the console's page for the set-up, to which the code is appended."""
_MANAGER, _SIGNATORY, _PARTY = "manager", "signatory", "first"
"""Keys of the people and the party for whom the request names no key."""


@router.get("", **operation("Read whether the installation was set up", InstallationResponse))
async def get_installation(ledgers: TheLedgers, provider: TheProvider) -> dict[str, Any]:
    """Read the name of the installation, whether it has a party, whether it sends mails, and with which OpenID provider
    people may log in. No key is needed.
    """
    name, is_set_up = await set_up.read_installation_state(ledgers)
    return {
        "name": name,
        "is_set_up": is_set_up,
        "sends_mails": ledgers.console_url is not None,
        "openid_provider": None if provider is None else provider.name,
    }


@router.post(
    "",
    **operation(
        "Set up the installation with its first party",
        NewInstallationResponse,
        "wrong-credentials",
        "wrong-state",
        "too-many-attempts",
        "invalid",
        "overloaded",
        status=201,
    ),
)
async def set_up_installation(
    body: NewInstallation, request: Request, ledgers: TheLedgers, passwords: ThePasswords, access: TheAccess
) -> dict[str, Any]:
    """Register the first party with its first service level manager, who gets a session. The set-up code takes the
    place of an API key.

    With `signatory` the first person who may sign is enrolled too, and gets an invitation: mailed if
    the installation sends mails, else its link is in the response.
    """
    first = SetUpData(
        body.name,
        body.party.key or _PARTY,
        body.party.name,
        _somebody(body.person, _MANAGER),
        body.password,
        None if body.signatory is None else _somebody(body.signatory, _SIGNATORY),
    )
    origin = sessions.request_origin(request, body.client)
    made = await set_up.set_up_installation(ledgers, passwords, body.code, first, origin)
    code = made.signatory_code
    return {
        **await sessions.new_session_json(made.begun, access),
        "party": shapes.party_json(made.party),
        "signatory_link": None if code is None else f"{new_invitations.PAGE}{code}",
    }


@router.post(
    "/links",
    **operation(
        "Make a link for the first start",
        SetUpLinkResponse,
        "not-allowed",
        "wrong-state",
        "no-idempotency-here",
        status=201,
    ),
)
async def create_set_up_link(
    caller: Caller, ledgers: TheLedgers, idempotency_key: IdempotencyKey = None
) -> dict[str, Any]:
    """Make a link for the set-up, while there is no party; only an operator may do this.

    An earlier link becomes void.
    """
    refuse_stored_secret(idempotency_key)
    code, expires_at = await set_up.create_set_up_code(ledgers, caller)
    return {"code": code, "link": f"{PAGE}{code}", "expires_at": shapes.instant_text(expires_at)}


def _somebody(person: FirstPersonBody, key: str) -> FirstPersonDetails:
    return FirstPersonDetails(person.key or key, person.name, person.email)
