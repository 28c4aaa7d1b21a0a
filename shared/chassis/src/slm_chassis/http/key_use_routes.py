"""The routes ``/api/v1/<context>-key-uses``: when the API keys of a party were last used in one service."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy import select, true

from slm_chassis.http.access import Caller, require_role
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import Answer, Instant, list_of
from slm_chassis.tables import key_use as table
from slm_events.instants import to_text


class KeyUseAnswer(Answer):
    """The last use of an API key in this service."""

    key_id: str
    """Id of the API key (UUID)"""
    principal_id: str
    """Id of the principal whose key it is"""
    party_id: str | None
    """Id of the principal's party; null: an operator of the installation"""
    last_used_at: Instant
    """When the key was last used in this service, exact to a minute"""


def key_use_router(context: str, *roles: str) -> APIRouter:
    """Return the routes for the key uses of a service, for callers with one of these roles.

    Each service has a resource of its own, since each sees only its own requests.
    """
    router = APIRouter(prefix=f"/api/v1/{context}-key-uses", tags=["key-uses"])

    @router.get(
        "",
        name=f"list_{context}_key_uses",
        dependencies=[Depends(require_role(*roles))],
        **operation("List the last uses of your party's keys", list_of(KeyUseAnswer)),
    )
    async def list_key_uses(
        caller: Caller,
        database: TheDatabase,
        page: Paging,
        principal_id: Annotated[UUID | None, Query(description="Only keys of this principal")] = None,
    ) -> dict[str, Any]:
        """List when each key of your party was last used in this service. A key that is missing was never used here.

        Other services have lists of their own: the latest use in any of them is the last use of the key.
        """
        query = select(table).where(true() if caller.is_operator else table.c.party_id == caller.party_id)
        if principal_id is not None:
            query = query.where(table.c.principal_id == str(principal_id))
        query = query.where(page.beyond(table.c.key_id)).order_by(table.c.key_id).limit(page.fetch)
        async with database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return page.shape(
            rows, lambda row: [row["key_id"]], lambda row: {**row, "last_used_at": to_text(row["last_used_at"])}
        )

    return router
