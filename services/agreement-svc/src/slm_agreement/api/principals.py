"""``/api/v1/principals``: principals and their API keys."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from slm_agreement.adapters import queries, sql_ledger
from slm_agreement.api import reading, shapes
from slm_agreement.api.answers import IssuedKeyAnswer, PrincipalAnswer
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.invitations import refuse_stored_secret
from slm_agreement.api.schemas import NewKey, NewPrincipal, PrincipalEdit
from slm_agreement.application import principals
from slm_agreement.application.principals import PrincipalDetails
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
        PrincipalAnswer,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def enrol_principal(body: NewPrincipal, caller: Caller, desk: TheDesk, response: Response) -> dict[str, Any]:
    """Enrol a principal: operators for any party, service level managers for their own."""
    principal, is_new = await principals.enrol(desk, caller, body.party_id, body.key, _principal_details(body))
    response.status_code = 201 if is_new else 200
    return reading.tagged(shapes.principal(principal), response)


@router.get("", **operation("List the principals of your party", list_of(PrincipalAnswer)))
async def list_principals(caller: Caller, database: TheDatabase, page: Paging) -> dict[str, Any]:
    """List the principals of your party, with the ids of their keys but never the keys."""
    rows = await queries.page_of(database, queries.PRINCIPALS, caller, page)
    return page.shape(
        rows, lambda row: [row["principal_id"]], lambda row: shapes.principal(sql_ledger.principal(**row))
    )


@router.get("/{principal_id}", **operation("Read one principal with its keys", PrincipalAnswer, headers=(ETAG,)))
async def get_principal(principal_id: str, caller: Caller, database: TheDatabase, response: Response) -> dict[str, Any]:
    """Read one principal."""
    row = await reading.one(database, queries.PRINCIPALS, caller, "principal", principal_id)
    return reading.tagged(shapes.principal(sql_ledger.principal(**row)), response)


@router.put(
    "/{principal_id}",
    **operation(
        "Edit name and roles of a principal", PrincipalAnswer, "not-allowed", "wrong-state", "invalid", headers=(ETAG,)
    ),
)
async def edit_principal(
    principal_id: str, body: PrincipalEdit, caller: Caller, desk: TheDesk, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change the name or roles. Existing keys get the new roles; the person cannot be changed."""
    unless_changed = reading.unless_changed(if_match, shapes.principal)
    principal = await principals.edit_principal(desk, caller, principal_id, _principal_details(body), unless_changed)
    return reading.tagged(shapes.principal(principal), response)


@router.post(
    "/{principal_id}/keys",
    **operation("Issue an API key", IssuedKeyAnswer, "not-allowed", "no-idempotency-here", status=201),
)
async def issue_key(
    principal_id: str,
    body: NewKey,
    caller: Caller,
    desk: TheDesk,
    access: TheAccess,
    idempotency_key: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> dict[str, Any]:
    """Issue a new API key, valid in every service immediately. `key` is shown only in this answer; only its hash is
    stored.

    Issue it for yourself, or for a principal you manage. A key for signing is issued by its holder or an operator.
    """
    refuse_stored_secret(idempotency_key)
    api_key, secret = await principals.issue_key(desk, caller, principal_id, body.scopes)
    await access.wait_until_logged(principal_id)
    return {"key_id": api_key.key_id, "principal_id": principal_id, "scopes": api_key.scopes, "key": secret}


@router.delete("/{principal_id}/keys/{key_id}", **operation("Revoke an API key", None, "not-allowed", status=204))
async def revoke_key(principal_id: str, key_id: str, caller: Caller, desk: TheDesk) -> None:
    """Revoke a key: it is invalid here immediately, and in every service within two seconds."""
    await principals.revoke_key(desk, caller, principal_id, key_id)


def _principal_details(body: PrincipalEdit) -> PrincipalDetails:
    return PrincipalDetails(body.name, body.roles, body.person_id)
