"""The pages on which a guest comes in: from a mailed link to the version that waits for an answer."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from tests.unit.console.negotiated import agreement
from tests.unit.console.stub_api import KEY, StubApi, browser_of

SESSION = {"key": KEY, "agreement_id": "agreement-1", "expires_at": "2026-12-26T09:42:00Z"}


class OpenToGuests(StubApi):
    """A public API that begins a guest's session without a key."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/api/v1/guest-sessions":
            scope = {**scope, "headers": [*scope["headers"], (b"authorization", f"Bearer {KEY}".encode())]}
        await super().__call__(scope, receive, send)


async def come_in(*versions: dict[str, Any]) -> str:
    """Send the code of a guest's link; return where the browser is sent."""
    answers = {
        "POST /api/v1/guest-sessions": SESSION,
        "/api/v1/agreements/agreement-1": {**agreement("in_force"), "versions": list(versions)},
    }
    async with browser_of(OpenToGuests(answers)) as browser:
        token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get("/guest/link")).text)
        assert token is not None
        answer = await browser.post("/guest/link", data={"csrf_token": token[1], "code": "123 456"})
    assert answer.status_code == 303
    return answer.headers["location"]


@pytest.mark.parametrize("state", ["proposed", "countered", "agreed"])
async def test_a_guest_comes_to_the_amendment_that_waits_for_an_answer(state: str) -> None:
    where = await come_in({"version": 1, "state": "in_force"}, {"version": 2, "state": state})
    assert where == "/agreements/agreement-1?version=2"


async def test_without_an_amendment_a_guest_comes_to_what_is_signed() -> None:
    assert await come_in({"version": 1, "state": "in_force"}) == "/agreements/agreement-1"
