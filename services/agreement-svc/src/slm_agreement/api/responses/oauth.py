"""Response models of OAuth 2.0: access tokens, errors of the token endpoint, and the server's metadata."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer


class AccessTokenResponse(Answer):
    """Response: an access token (RFC 6749, 5.1). Nothing of it is stored."""

    access_token: str
    """The token: send it as `Authorization: Bearer`. What is in it may change"""
    token_type: Literal["Bearer"]
    """How the token is sent"""
    expires_in: int
    """Seconds for which it is valid, 3600 at most"""
    scope: str
    """Its scopes, separated by spaces; `*:read *:write`: all that the roles of the key's principal allow"""


class TokenErrorResponse(Answer):
    """Why there is no token (RFC 6749, 5.2)."""

    error: Literal[
        "invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"
    ]
    """Which error it is, for programs"""
    error_description: str
    """What to send instead, for people"""


class ServerMetadataResponse(Answer):
    """What clients need to know of the authorization server (RFC 8414)."""

    issuer: str
    """Address of the installation"""
    token_endpoint: str
    """Where access tokens are issued"""
    token_endpoint_auth_methods_supported: list[str]
    """The ways in which a client may send its id and secret"""
    grant_types_supported: list[str]
    """The grants for which there are tokens"""
    response_types_supported: list[str]
    """Empty: there is no authorization endpoint"""
