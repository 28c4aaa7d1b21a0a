"""Routes for calls of hooks: ``POST /api/v1/hooks/{hook_id}``, which tools call; the log of calls; tests and
previews.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.policies import SIGNED
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_events.instants import to_text
from slm_monitor.api.dependencies import TheHookCalls, TheHookOffice, TheHooks
from slm_monitor.api.hooks.hook_answers import HookCallLog, HookPreview, HookReceipt, TestedHook
from slm_monitor.api.hooks.hook_routes import Editor
from slm_monitor.application.hooks.keeping import find_own_hook
from slm_monitor.domain.hooks.hooks import LONGEST_MAPPING, HookCall

router = APIRouter(prefix="/api/v1", tags=["hooks"])
_SECRET = "The hook's secret, only for hooks whose authentication is `query`: their tools can send no header"


class MappingToTry(BaseModel):
    """Request body with a payload, and the mapping to try on it. Give either a `mapping`, or a `connector` to try its
    mapping.
    """

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [
                {"connector": "zammad", "payload": '{"ticket": {"number": "21007", "state": "open"}}'},
            ]
        },
    }

    payload: Annotated[
        str | dict[str, Any] | list[dict[str, Any]],
        Field(description="The payload: JSON, or its text as the tool sent it", union_mode="left_to_right"),
    ]
    mapping: Annotated[str, Field(max_length=LONGEST_MAPPING, description="The mapping, as YAML")] | None = None
    connector: Annotated[str, Field(max_length=100)] | None = None


@router.post("/hook-previews", **operation("Try a mapping on a payload", HookPreview, "no-party"))
async def preview_hook(
    given: MappingToTry, caller: Caller, calls: TheHookCalls, office: TheHookOffice
) -> dict[str, Any]:
    """Tell what a mapping reads in a payload: tickets or measurements, or which field is wrong. Nothing is stored."""
    if caller.party_id is None:
        detail = "An operator belongs to no party: use a key of a party."
        raise Problem(403, "no-party", "Only a party may do this", detail)
    text = given.mapping
    if text is None:
        connector = office.connectors.get(given.connector or "")
        if connector is None:
            remedy = f"give mapping, or one of the connectors {', '.join(office.connectors)}"
            raise invalid("connector", given.connector, remedy)
        text = connector.mapping
    payload = given.payload if isinstance(given.payload, str) else json.dumps(given.payload)
    return await calls.preview(text, payload.encode("utf-8", "surrogatepass"), caller.party_id)


@router.post(
    "/hooks/{hook_id}",
    **operation(
        "Take a call of a tool in",
        HookReceipt,
        "wrong-signature",
        "hook-paused",
        "not-mapped",
        "overloaded",
        status=202,
        extra={
            "requestBody": {
                "required": True,
                "description": "What the tool sends, JSON; the hook's mapping says what it means",
                "content": {"application/json": {"schema": {"type": "object"}, "example": {"ticket": {"number": "1"}}}},
            },
            **SIGNED,
        },
    ),
)
async def call_hook(
    hook_id: str,
    request: Request,
    calls: TheHookCalls,
    secret: Annotated[str | None, Query(max_length=500, description=_SECRET)] = None,
) -> dict[str, Any]:
    """Accept a webhook of a tool. No API key is needed: the hook's secret proves that the caller is the tool.

    The hook's mapping reads the tickets or outages of the payload. Facts that are accepted are durable when the answer
    is sent. If the tool sends the same call again, nothing changes.
    """
    return await calls.receive(hook_id, request.headers, await request.body(), secret)


@router.get("/hooks/{hook_id}/calls", **operation("Read the last calls of a hook", HookCallLog))
async def list_hook_calls(hook_id: str, caller: Caller, hooks: TheHooks) -> dict[str, Any]:
    """Read the last 100 calls with their answers, the latest first, and the payloads of the last 20 calls."""
    await find_own_hook(hooks, hook_id, caller)
    return {"items": [_call_json(each) for each in await hooks.calls(hook_id)]}


@router.post(
    "/hooks/{hook_id}/calls/{call_id}/repeat",
    **operation("Take a kept payload in again", HookReceipt, "not-mapped", "overloaded", status=202),
)
async def repeat_hook_call(hook_id: str, call_id: str, caller: Editor, calls: TheHookCalls) -> dict[str, Any]:
    """Take in the payload of an earlier call once more, after you have corrected the hook's mapping.

    The payload is read by the present mapping of the hook.
    """
    return await calls.repeat(hook_id, call_id, caller)


@router.post("/hooks/{hook_id}/tests", **operation("Send a test event", TestedHook, "overloaded", status=200))
async def test_hook(
    hook_id: str, caller: Editor, calls: TheHookCalls, hooks: TheHooks, office: TheHookOffice
) -> dict[str, Any]:
    """Read an example payload of the connector by the hook's mapping, and add a test to the hook's log. No fact is
    stored.
    """
    hook = await find_own_hook(hooks, hook_id, caller)
    connector = office.connectors.get(hook.connector)
    if connector is None:
        raise not_found("connector", hook.connector)
    return await calls.try_out(hook, next(iter(connector.examples.values())))


def _call_json(call: HookCall) -> dict[str, Any]:
    return {
        "call_id": call.call_id,
        "at": to_text(call.at),
        "status": call.status,
        "outcome": call.outcome,
        "detail": call.detail,
        "payload": call.payload,
    }
