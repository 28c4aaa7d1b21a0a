"""Bodies and answers of log-ins with an OpenID provider."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from slm_agreement.api.bodies.shapes import Client, RequestBody
from slm_chassis.http.response_models import Answer, Instant

Browser = Annotated[str, Field(min_length=32, max_length=200)]


class NewOpenIdLogIn(RequestBody):
    """Request body for beginning a log-in with the OpenID provider."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"browser": "pX3n0ZkT3rJw8Yh2LQ0m9vKc5sBf7dGa1uEi6oRt4yU"}]}
    )
    browser: Browser
    """A random secret that only this browser has; the log-in can be completed only with it"""


class NewOpenIdSession(RequestBody):
    """Request body for completing a log-in: the parameters with which the OpenID provider sent the browser back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "browser": "pX3n0ZkT3rJw8Yh2LQ0m9vKc5sBf7dGa1uEi6oRt4yU",
                    "state": "slm_…",
                    "code": "SplxlOBeZQQYbYS6WxSbIA",
                    "iss": "https://login.acme.example/realms/acme",
                }
            ]
        }
    )
    browser: Browser
    """The secret of the browser that began the log-in"""
    state: Annotated[str, Field(min_length=1, max_length=200)]
    """`state` as the provider sent it back"""
    code: Annotated[str, Field(min_length=1, max_length=4_000)]
    """`code` as the provider sent it: it works once"""
    iss: Annotated[str | None, Field(max_length=2_000)] = None
    """`iss` as the provider sent it; null: the provider sent none"""
    client: Client = ""
    """Where you log in, for your list of sessions, such as a browser and a machine"""


class OpenIdLogInResponse(Answer):
    """Response to beginning a log-in with the OpenID provider."""

    authorization_url: str
    """The provider's address to which the browser goes now"""
    expires_at: Instant
    """From this instant on the log-in cannot be completed"""
