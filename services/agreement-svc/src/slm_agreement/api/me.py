"""``/api/v1/me``: who the caller is, and the caller's password."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header

from slm_agreement.adapters import agreement_queries
from slm_agreement.api import shapes
from slm_agreement.api.bodies.sessions import PasswordChange
from slm_agreement.api.dependencies import TheLedgers, ThePasswords
from slm_agreement.api.invitations import refuse_stored_secret
from slm_agreement.api.responses.principals import CallerResponse
from slm_agreement.application import accounts
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.policies import OWN_ACCOUNT

router = APIRouter(prefix="/api/v1/me", tags=["sessions"])


@router.get("", **operation("Read who you are", CallerResponse))
async def get_me(caller: Caller, ledgers: TheLedgers, database: TheDatabase) -> dict[str, Any]:
    """Read your principal, party, person, roles and mandates, how you are identified, and whether your party is a
    provider, a customer or both.
    """
    is_provider, is_customer = await agreement_queries.fetch_sides_of_party(database, caller)
    profile = shapes.caller_json(await accounts.describe_caller(ledgers, caller))
    return {**profile, "is_provider": is_provider, "is_customer": is_customer}


@router.post(
    "/password",
    **operation(
        "Set or change your password",
        None,
        "not-allowed",
        "address-taken",
        "invalid",
        "too-many-attempts",
        "no-idempotency-here",
        status=204,
        extra=dict(OWN_ACCOUNT),
    ),
)
async def change_password(
    body: PasswordChange,
    caller: Caller,
    ledgers: TheLedgers,
    passwords: ThePasswords,
    idempotency_key: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> None:
    """Set the password of your account, whose mail address is the one recorded with your person. Your other sessions
    end.

    The first password needs only your key. To replace a password, send the present one as `current_password`.
    """
    refuse_stored_secret(idempotency_key)
    await accounts.change_password(ledgers, passwords, caller, body.current_password, body.password)
