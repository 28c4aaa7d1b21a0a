"""Log-ins with an OpenID provider through agreement-svc's API, as a browser with its secret makes them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from slm_chassis.clock import SystemClock
from slm_events import instants
from tests.support.agreement import AgreementUnderTest

ROOM = "/api/v1/openid-sessions"


@dataclass
class Browser:
    """A browser at the console: it keeps a secret, and returns what the provider sends."""

    service: AgreementUnderTest
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    async def begin(self) -> str:
        """Begin a log-in and return the provider's address."""
        answer = await self.service.client.post(f"{ROOM}/log-ins", json={"browser": self.secret})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["authorization_url"])

    async def come_back(self, back: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Complete a log-in with what the provider sent."""
        given = {name: back[name] for name in ("state", "code", "iss") if name in back}
        # The provider's tokens are of the real present; on a slow machine the service's clock is left behind.
        self.service.clock.move_to(max(self.service.clock.now(), SystemClock().now()))
        answer = await self.service.client.post(
            ROOM, json={"browser": self.secret, **given, "client": "Firefox on Linux"}
        )
        return answer.status_code, answer.json()


async def opened(database_url: str, **settings: Any) -> AgreementUnderTest:
    """Open agreement-svc at the present real instant, at which a provider's tokens are valid."""
    service = await AgreementUnderTest.open(database_url, **settings)
    service.clock.move_to(max(SystemClock().now(), instants.from_text("2026-11-22T10:00:00Z")))
    return service
