"""An auditor, on every route there is, those still to come included: reads like its party, and changes nothing."""

from __future__ import annotations

import httpx

from slm.contexts import CONTEXTS
from slm_chassis.http.policies import OWN_ACCOUNT
from tests.integration.slm.test_strangers import OPEN, STREAM, filled, sent
from tests.support.populated import Operation, Populated

WAYS_IN = {
    "/api/v1/sessions",
    "/api/v1/guest-sessions",
    "/api/v1/guest-sessions/codes",
    "/api/v1/openid-sessions",
    "/api/v1/openid-sessions/log-ins",
    "/api/v1/installation",
    "/api/v1/oauth/token",
}
"""Requests without a key: nobody is an auditor there."""
BY_A_TOOL = "POST /api/v1/hooks/{hook_id}"
"""Sent by a tool, which proves itself without a key."""
MORE = frozenset({"/api/v1/audit-entries", *(f"/api/v1/{each}-key-uses" for each in CONTEXTS)})
"""What an auditor reads and a viewer does not."""
SELF = "/api/v1/me"


def is_of_own_account(operation: Operation) -> bool:
    return any(operation.document.get(name) for name in OWN_ACCOUNT)


async def test_an_auditor_may_send_no_request_that_changes_something(world: Populated) -> None:
    own, wrong = [], []
    for operation in world.operations():
        if operation.method == "get" or operation.path in WAYS_IN or str(operation) == BY_A_TOOL:
            continue
        if is_of_own_account(operation):
            own.append(str(operation))
            continue
        for path in filled(world, operation):
            answer = await sent(world, world.auditor_key, operation, path)
            if (answer.status_code, answer.json()["type"]) != (403, "/problems/only-reads"):
                wrong.append(f"{operation.method.upper()} {path}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert sorted(own) == ["DELETE /api/v1/sessions/{session_id}", "POST /api/v1/me/password"]


async def test_an_auditor_reads_what_a_reader_of_its_party_reads(world: Populated) -> None:
    compared, wrong = 0, []
    for operation in world.operations():
        if operation.method != "get" or operation.path in {*OPEN, *MORE, STREAM, SELF}:
            continue
        for path in filled(world, operation):
            auditor = await sent(world, world.auditor_key, operation, path)
            viewer = await sent(world, world.onlooker_key, operation, path)
            compared += 1
            if (auditor.status_code, _listed(auditor)) != (viewer.status_code, _listed(viewer)):
                wrong.append(f"GET {path}: {auditor.status_code}, a viewer {viewer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert compared > 60


async def test_the_refusal_says_what_to_do(world: Populated) -> None:
    body = {"key": "x", "name": "X", "outcome": "", "description": ""}
    answer = await world.ask(world.auditor_key, "post", "/api/v1/services", json=body)
    assert (
        answer.json()["detail"]
        == "'auditor' is an auditor, who reads and changes nothing: use a key with another role."
    )


def _listed(answer: httpx.Response) -> int | None:
    """How many items the answer lists; None if it is no list."""
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return len(answer.json()["items"]) if is_json and "items" in answer.json() else None
