"""``/api/v1/principals``: principals and their API keys."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from slm_agreement.adapters import queries, sql_ledger
from slm_agreement.api import reading, shapes
from slm_agreement.api.bodies.principals import NewKey, NewPrincipal, PrincipalEdit
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.invitations import refuse_stored_secret
from slm_agreement.api.responses.principals import IssuedKeyResponse, PrincipalResponse
from slm_agreement.application import principals
from slm_agreement.application.principals import KeyLimits, PrincipalDetails
from slm_chassis.http import instants
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheAccess, TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/principals", tags=["principals"])


@router.post(
    "",
    **operation(
        "Enrol a principal without keys",
        PrincipalResponse,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def enrol_principal(
    body: NewPrincipal, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Enrol a principal. Operators may do this for any party, service level managers only for their own party."""
    principal, is_new = await principals.enrol_principal(
        ledgers, caller, body.party_id, body.key, _principal_details(body)
    )
    response.status_code = 201 if is_new else 200
    return reading.set_entity_tag(shapes.principal_json(principal), response)


@router.get("", **operation("List the principals of your party", list_of(PrincipalResponse)))
async def list_principals(caller: Caller, database: TheDatabase, page: Paging) -> dict[str, Any]:
    """List the principals of your party, with the ids of their keys but never the keys."""
    rows = await queries.fetch_page(database, queries.PRINCIPALS, caller, page)
    return page.shape(
        rows, lambda row: [row["principal_id"]], lambda row: shapes.principal_json(sql_ledger.principal_from_row(**row))
    )


@router.get("/{principal_id}", **operation("Read one principal with its keys", PrincipalResponse, headers=(ETAG,)))
async def get_principal(principal_id: str, caller: Caller, database: TheDatabase, response: Response) -> dict[str, Any]:
    """Read one principal."""
    row = await reading.fetch_row_or_404(database, queries.PRINCIPALS, caller, "principal", principal_id)
    return reading.set_entity_tag(shapes.principal_json(sql_ledger.principal_from_row(**row)), response)


@router.put(
    "/{principal_id}",
    **operation(
        "Edit name, roles and end of a principal",
        PrincipalResponse,
        "not-allowed",
        "wrong-state",
        "invalid",
        headers=(ETAG,),
    ),
)
async def edit_principal(
    principal_id: str, body: PrincipalEdit, caller: Caller, ledgers: TheLedgers, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change the name, roles or end of a principal. Existing keys get the new roles; the person cannot be changed."""
    unless_changed = reading.if_match_check(if_match, shapes.principal_json)
    principal = await principals.edit_principal(ledgers, caller, principal_id, _principal_details(body), unless_changed)
    return reading.set_entity_tag(shapes.principal_json(principal), response)


@router.post(
    "/{principal_id}/deactivate",
    **operation("Deactivate a principal and revoke its keys", PrincipalResponse, "not-allowed"),
)
async def deactivate_principal(principal_id: str, caller: Caller, ledgers: TheLedgers) -> dict[str, Any]:
    """End a principal now. Its keys and sessions are revoked; it can neither log in nor accept an invitation.

    `PUT` with a later `ends_at`, or without one, lets the principal log in again; revoked keys stay revoked.
    """
    return shapes.principal_json(await principals.deactivate_principal(ledgers, caller, principal_id))


@router.post(
    "/{principal_id}/keys",
    **operation(
        "Issue an API key",
        IssuedKeyResponse,
        "not-allowed",
        "wrong-state",
        "no-idempotency-here",
        "invalid",
        status=201,
    ),
)
async def issue_key(
    principal_id: str,
    body: NewKey,
    caller: Caller,
    ledgers: TheLedgers,
    access: TheAccess,
    idempotency_key: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> dict[str, Any]:
    """Issue a new API key, valid in every service immediately. `key` is shown only in this response; only its hash is
    stored.

    Issue it for yourself, or for a principal you manage. Only the principal itself or an operator can issue a key
    that may sign. Each service's list of key uses says when a key was last used.
    """
    refuse_stored_secret(idempotency_key)
    wanted = KeyLimits(body.scopes, instants.read_optional_instant(body.expires_at, "expires_at"))
    api_key, secret = await principals.issue_key(ledgers, caller, principal_id, wanted)
    await access.wait_until_logged(principal_id)
    ends = {} if api_key.expires_at is None else {"expires_at": shapes.instant_text(api_key.expires_at)}
    return {"key_id": api_key.key_id, "principal_id": principal_id, "scopes": api_key.scopes, **ends, "key": secret}


@router.delete("/{principal_id}/keys/{key_id}", **operation("Revoke an API key", None, "not-allowed", status=204))
async def revoke_key(principal_id: str, key_id: str, caller: Caller, ledgers: TheLedgers) -> None:
    """Revoke an API key: it is invalid in this service immediately, and in every other one within two seconds."""
    await principals.revoke_key(ledgers, caller, principal_id, key_id)


def _principal_details(body: PrincipalEdit) -> PrincipalDetails:
    ends_at = instants.read_optional_instant(body.ends_at, "ends_at")
    return PrincipalDetails(body.name, body.roles, body.person_id, ends_at)
