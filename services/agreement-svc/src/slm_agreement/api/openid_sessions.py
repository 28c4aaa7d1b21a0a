"""``/api/v1/openid-sessions``: logging in with an OpenID provider."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from slm_agreement.api import sessions, shapes
from slm_agreement.api.dependencies import TheLedgers, TheProvider
from slm_agreement.api.openid_shapes import NewOpenIdLogIn, NewOpenIdSession, OpenIdLogInResponse
from slm_agreement.api.responses.sessions import NewSessionResponse
from slm_agreement.application import openid
from slm_agreement.application.identity_provider import ProviderReply
from slm_chassis.http.operation import operation
from slm_chassis.http.parts import TheAccess

router = APIRouter(prefix="/api/v1/openid-sessions", tags=["sessions"])


@router.post(
    "/log-ins",
    **operation(
        "Begin a log-in with the OpenID provider",
        OpenIdLogInResponse,
        "not-found",
        "too-many-attempts",
        "provider-away",
        status=201,
    ),
)
async def begin_openid_log_in(
    body: NewOpenIdLogIn, request: Request, ledgers: TheLedgers, provider: TheProvider
) -> dict[str, Any]:
    """Begin a log-in and get the provider's web address to send the browser to. The provider sends the browser back to
    the console's page `/openid/callback`. The log-in must be completed within ten minutes.

    404 if the settings name no OpenID provider.
    """
    begun = await openid.begin_openid_log_in(ledgers, provider, body.browser, sessions.request_origin(request))
    return {"authorization_url": begun.authorization_url, "expires_at": shapes.instant_text(begun.expires_at)}


@router.post(
    "",
    **operation(
        "Log in with what the OpenID provider sent back",
        NewSessionResponse,
        "not-found",
        "log-in-over",
        "identity-not-proven",
        "person-unknown",
        "provider-away",
        status=201,
    ),
)
async def complete_openid_log_in(
    body: NewOpenIdSession, request: Request, ledgers: TheLedgers, provider: TheProvider, access: TheAccess
) -> dict[str, Any]:
    """Complete a log-in: the code is exchanged for tokens, and the person whom the provider identifies gets a session
    of 12 hours.

    This works once for each log-in, whether it succeeds or not. Somebody who may not log in is refused without the
    reason, which is in the log of the installation.
    """
    reply = ProviderReply(body.code, body.iss)
    origin = sessions.request_origin(request, body.client)
    begun = await openid.complete_openid_log_in(ledgers, provider, body.browser, body.state, reply, origin)
    return await sessions.new_session_json(begun, access)
