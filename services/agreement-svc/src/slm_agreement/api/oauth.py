"""``/api/v1/oauth``: access tokens for programs that speak OAuth 2.0 (RFC 6749, 4.4), and where they find the endpoint.

Errors of the token endpoint are documents of RFC 6749, 5.2, because the libraries of clients read these.
"""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from slm_agreement.api.client_credentials import NotAuthenticated, WrongRequest, read_credentials, read_form
from slm_agreement.api.dependencies import TheTokenIssuer
from slm_agreement.api.responses.oauth import AccessTokenResponse, ServerMetadataResponse, TokenErrorResponse
from slm_agreement.application.access_tokens import BeyondKey, ClientCredentials, ClientNotAllowed, UnknownClient
from slm_chassis.http.operation import operation
from slm_chassis.http.parts import KEY_USES

router = APIRouter(tags=["oauth"])
METADATA = "/.well-known/oauth-authorization-server"
"""The path at which RFC 8414 lets clients look."""
_TOKEN = "/api/v1/oauth/token"
_CLIENT_CREDENTIALS = "client_credentials"
_SCOPE = re.compile(r"([a-z-]+|\*):(read|write)")
_MOST_SCOPES = 100
_EVERYTHING = "*:read *:write"
"""How the answer names the scopes of a token that may do all that the roles allow."""
_STORED_NOWHERE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="slm", charset="UTF-8"'}
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": [_CLIENT_CREDENTIALS], "description": "The only grant that there is"},
        "scope": {
            "type": "string",
            "description": "Scopes for the token, separated by spaces, each among those of the key; by default all",
        },
        "client_id": {"type": "string", "description": "Id of the API key, unless it is sent by Basic authentication"},
        "client_secret": {"type": "string", "description": "The API key, unless it is sent by Basic authentication"},
    },
}
_EXAMPLE = {
    "grant_type": _CLIENT_CREDENTIALS,
    "client_id": "0193a5c0-7a00-7000-8000-000000000001",
    "client_secret": "slm_…",
    "scope": "measurements:write",
}
_TOKEN_ROUTE = operation(
    "Exchange an API key for an access token",
    AccessTokenResponse,
    "access-unknown",
    "unavailable",
    extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": _FORM, "example": _EXAMPLE}},
        }
    },
)
_TOKEN_ROUTE["responses"] |= {
    400: {"model": TokenErrorResponse, "description": "The request is not valid (RFC 6749, 5.2)"},
    401: {
        "model": TokenErrorResponse,
        "description": "`invalid_client`: the key is unknown, revoked or expired, or has another id",
        "headers": {"WWW-Authenticate": {"$ref": "#/components/headers/WWW-Authenticate"}},
    },
}


@router.post(_TOKEN, **_TOKEN_ROUTE)
async def issue_access_token(request: Request, tokens: TheTokenIssuer) -> JSONResponse:
    """Get an access token for an API key, by the client credentials grant of OAuth 2.0. `client_id` is the id of the
    key, `client_secret` is the key itself. Send both by Basic authentication or in the form.

    Every service accepts the token as `Authorization: Bearer` for an hour at most, and only while the key is valid.
    """
    try:
        form = await read_form(request)
        key_id, key = read_credentials(request, form)
        if "grant_type" not in form:
            raise WrongRequest("grant_type is missing")
        if form["grant_type"] != _CLIENT_CREDENTIALS:
            return _refusal(400, "unsupported_grant_type", f"the only grant type is {_CLIENT_CREDENTIALS}")
        scopes = form.get("scope", "").split(" ") if "scope" in form else []
        if len(scopes) > _MOST_SCOPES or not all(_SCOPE.fullmatch(each) for each in scopes):
            return _refusal(400, "invalid_scope", "a scope is resource:read or resource:write, with one space between")
        issued = await tokens.issue(ClientCredentials(key_id, key, frozenset(scopes)))
    except WrongRequest as wrong:
        return _refusal(400, "invalid_request", str(wrong))
    except (NotAuthenticated, UnknownClient):
        return _refusal(401, "invalid_client", "send the id of a valid API key as client_id, the key as client_secret")
    except ClientNotAllowed as refused:
        return _refusal(400, "unauthorized_client", str(refused))
    except BeyondKey:
        return _refusal(400, "invalid_scope", "the key does not allow all of these scopes")
    KEY_USES.find(request.app).note(issued.client)
    answer = {
        "access_token": issued.text,
        "token_type": "Bearer",
        "expires_in": issued.seconds,
        "scope": " ".join(sorted(issued.scopes)) or _EVERYTHING,
    }
    return JSONResponse(answer, headers=_STORED_NOWHERE)


@router.get(METADATA, **operation("Find the token endpoint", ServerMetadataResponse))
async def get_server_metadata(request: Request) -> dict[str, Any]:
    """Find the address of the token endpoint, and which grants and authentication it accepts (RFC 8414)."""
    base = request.base_url
    issuer = f"{base.scheme}://{base.netloc}"
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}{_TOKEN}",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "grant_types_supported": [_CLIENT_CREDENTIALS],
        "response_types_supported": [],
    }


def _refusal(status: int, code: str, description: str) -> JSONResponse:
    """Return an error of RFC 6749, 5.2. Nothing of what was sent is in it."""
    challenge = _CHALLENGE if status == 401 else {}
    return JSONResponse(
        {"error": code, "error_description": description}, status, headers={**_STORED_NOWHERE, **challenge}
    )
