"""Routes for hooks, the addresses that other tools call: ``/api/v1/hooks`` and ``/api/v1/connectors``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.http import etag
from slm_chassis.http.access import Caller, require_role
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock
from slm_chassis.http.problems import Problem
from slm_chassis.http.response_models import list_of
from slm_events.instants import to_text
from slm_mappings.connectors import Connector
from slm_monitor.api.dependencies import TheHookOffice, TheHooks
from slm_monitor.api.hooks.hook_answers import (
    ConnectorAnswer,
    HookAnswer,
    HookWithSecrets,
    IssuedHook,
    IssuedHookSecret,
    ListedHook,
)
from slm_monitor.application.hooks import keeping
from slm_monitor.application.hooks.keeping import HookChanges, HookDetails
from slm_monitor.domain.hooks.hooks import LONGEST_MAPPING, Hook, HookAuthentication

router = APIRouter(prefix="/api/v1", tags=["hooks"])
Editor = Annotated[Principal, Depends(require_role("integrator", "service_level_manager"))]
_IdempotencyKey = Annotated[str | None, Header(include_in_schema=False)]
_Title = Annotated[str, Field(min_length=1, max_length=200)]
_Source = Annotated[
    str, Field(min_length=1, max_length=200, pattern="^[^/]+$", description="Name of the tool in tickets; no slash")
]
_Mapping = Annotated[str, Field(min_length=1, max_length=LONGEST_MAPPING, description="The mapping, as YAML")]
_Secret = Annotated[str, Field(min_length=16, max_length=500, description="The secret, if the tool has chosen it")]
_THIRTY_DAYS = 30 * 86_400


class AuthenticationToUse(BaseModel):
    """The way in which a tool proves, when it calls the hook, that the call comes from this tool."""

    model_config = {"extra": "forbid"}

    kind: Literal["hmac-sha256", "hmac-sha1", "bearer", "basic", "query"]
    header: Annotated[str, Field(pattern="^[A-Za-z0-9-]{1,100}$")] = "Authorization"
    user: Annotated[str, Field(max_length=200, pattern="^[^:]*$")] = ""
    """User name for ``basic``; empty for the other kinds."""


class HookToMake(BaseModel):
    """Request body that makes a hook. The connector gives the fields that are left out; a missing secret is
    generated.
    """

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {"examples": [{"title": "Finance desk", "connector": "zammad"}]},
    }

    title: _Title
    connector: Annotated[str, Field(max_length=100, description="Name of the connector, such as `zammad`")]
    source: _Source | None = None
    mapping: _Mapping | None = None
    authentication: AuthenticationToUse | None = None
    secret: _Secret | None = None


class HookToChange(BaseModel):
    """Request body that changes a hook. Fields that are left out keep their values."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"paused": True}]}}

    title: _Title | None = None
    source: _Source | None = None
    mapping: _Mapping | None = None
    paused: bool | None = None


class HookSecretToMake(BaseModel):
    """Request body that replaces the secret of a hook."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"overlap_seconds": 86400}]}}

    secret: _Secret | None = None
    overlap_seconds: Annotated[int, Field(ge=0, le=_THIRTY_DAYS)] = 86_400
    """For how many seconds the earlier secrets remain valid."""


@router.get("/connectors", **operation("List the tools whose webhooks are understood", list_of(ConnectorAnswer)))
async def list_connectors(caller: Caller, page: Paging, office: TheHookOffice) -> dict[str, Any]:
    """List the connectors. Each has its mapping, its way of authentication, a guide for setting up the tool, and
    examples.
    """
    found = page.within(list(office.connectors.values()), lambda each: [each.name])
    return page.shape(found, lambda each: [each.name], _connector_json)


@router.get("/hooks", **operation("List the hooks of your party", list_of(ListedHook)))
async def list_hooks(caller: Caller, page: Paging, hooks: TheHooks) -> dict[str, Any]:
    """List the hooks of your party, the oldest hook first. Each hook has its last call. A hook is an address that
    another tool calls.
    """
    found = await hooks.page(caller, page)
    last = await hooks.last_calls([each.hook_id for each in found])

    def shown(hook: Hook) -> dict[str, Any]:
        call = last.get(hook.hook_id)
        return {**hook_json(hook), "last_call": None if call is None else _last_call_json(call)}

    return page.shape(found, lambda each: [each.created_at, each.hook_id], shown)


@router.post(
    "/hooks",
    **operation(
        "Make a hook",
        IssuedHook,
        "no-party",
        "too-many-hooks",
        "no-idempotency-here",
        status=201,
        headers=(ETAG,),
    ),
)
async def make_hook(
    given: HookToMake,
    caller: Editor,
    office: TheHookOffice,
    response: Response,
    idempotency_key: _IdempotencyKey = None,
) -> dict[str, Any]:
    """Make a hook, which is a web address for one of your party's tools. Give the address and the `secret` to the tool.

    The secret is shown only in this answer.
    """
    _refuse_stored_secret(idempotency_key)
    way = given.authentication
    own = None if way is None else HookAuthentication(way.kind, way.header, way.user)
    details = HookDetails(given.title, given.connector, given.source, given.mapping, own, given.secret)
    hook, secret, text = await keeping.make_hook(office, caller, details)
    response.headers["ETag"] = etag.etag_of(hook.version)
    return {**hook_json(hook), "secret_id": secret.secret_id, "secret": text}


@router.get("/hooks/{hook_id}", **operation("Read one hook", HookWithSecrets, headers=(ETAG,)))
async def get_hook(
    hook_id: str, caller: Caller, hooks: TheHooks, clock: TheClock, response: Response
) -> dict[str, Any]:
    """Read a hook, and when each of its secrets was made and becomes invalid."""
    hook = await keeping.find_own_hook(hooks, hook_id, caller)
    response.headers["ETag"] = etag.etag_of(hook.version)
    secrets = [
        {
            "secret_id": each["secret_id"],
            "made_at": to_text(clock.of_real(each["made_at"])),
            "ends_at": None if each["ends_at"] is None else to_text(clock.of_real(each["ends_at"])),
        }
        for each in await hooks.secrets(hook_id)
    ]
    return {**hook_json(hook), "secrets": secrets}


@router.patch("/hooks/{hook_id}", **operation("Change a hook", HookAnswer, headers=(ETAG,)))
async def change_hook(
    hook_id: str, given: HookToChange, caller: Editor, office: TheHookOffice, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change title, source or mapping of a hook, or pause it. A new mapping applies to every call after the answer."""
    changes = HookChanges(given.title, given.source, given.mapping, given.paused)
    hook = await keeping.change_hook(
        office, caller, hook_id, changes, lambda known: etag.check_if_match(if_match, known.version)
    )
    response.headers["ETag"] = etag.etag_of(hook.version)
    return hook_json(hook)


@router.delete("/hooks/{hook_id}", **operation("Remove a hook", None, status=204))
async def remove_hook(hook_id: str, caller: Editor, office: TheHookOffice) -> None:
    """Remove a hook with its secrets and the log of its calls. The facts that it took in stay."""
    await keeping.remove_hook(office, caller, hook_id)


@router.post(
    "/hooks/{hook_id}/secrets",
    **operation("Replace the secret of a hook", IssuedHookSecret, "no-idempotency-here", status=201),
)
async def replace_hook_secret(
    hook_id: str,
    given: HookSecretToMake,
    caller: Editor,
    office: TheHookOffice,
    idempotency_key: _IdempotencyKey = None,
) -> dict[str, Any]:
    """Give a hook a new secret, which is shown only in this answer.

    The earlier secrets remain valid for `overlap_seconds`. Set the new secret in the tool within this time, so that no
    call is refused.
    """
    _refuse_stored_secret(idempotency_key)
    secret, text = await keeping.replace_secret(office, caller, hook_id, given.secret, given.overlap_seconds)
    return {"hook_id": hook_id, "secret_id": secret.secret_id, "secret": text}


def _last_call_json(call: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "call_id": call["call_id"],
        "at": to_text(call["at"]),
        "status": call["status"],
        "outcome": call["outcome"],
    }


def hook_json(hook: Hook) -> dict[str, Any]:
    """Return a hook as JSON."""
    way = hook.authentication
    return {
        "hook_id": hook.hook_id,
        "party_id": hook.party_id,
        "path": f"/api/v1/hooks/{hook.hook_id}",
        "title": hook.title,
        "connector": hook.connector,
        "source": hook.source,
        "mapping": hook.mapping,
        "authentication": {"kind": way.kind, "header": way.header, "user": way.user},
        "paused": hook.is_paused,
        "created_at": to_text(hook.created_at),
        "created_by_principal_id": hook.created_by_principal_id,
    }


def _connector_json(connector: Connector) -> dict[str, Any]:
    way = connector.authentication
    return {
        "name": connector.name,
        "title": connector.title,
        "kind": connector.kind,
        "source": connector.source,
        "authentication": {"kind": way.kind, "header": way.header, "user": "slm" if way.kind == "basic" else ""},
        "mapping": connector.mapping,
        "guide": connector.guide,
        "examples": dict(connector.examples),
    }


def _refuse_stored_secret(idempotency_key: str | None) -> None:
    if idempotency_key is not None:
        detail = "The answer holds a secret that is not stored. Send it without, and replace a secret that was lost."
        raise Problem(400, "no-idempotency-here", "Secrets are issued without Idempotency-Key", detail)
