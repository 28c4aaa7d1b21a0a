"""Settings of the OpenID provider with which people sign in."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

_LOCAL = ("localhost", "127.0.0.1", "::1")


class RoleRule(BaseModel):
    """A rule for people who sign in: whoever has this value in this claim belongs to the party and has the roles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claim: str = Field(min_length=1)
    """Name of a claim, or a path to one inside others: ``realm_access.roles``."""
    value: str = Field(min_length=1)
    """The claim's value, or one of its values where it is a list."""
    party: str = Field(min_length=1)
    """Key of a party that an operator registered, or the id of any party."""
    roles: tuple[str, ...] = Field(min_length=1)


class OpenIdSettings(BaseSettings):
    """Settings of the OpenID provider. Without ``oidc_issuer`` nobody can sign in with an OpenID provider."""

    oidc_issuer: str = ""
    """Issuer of the OpenID provider, exactly as its tokens name it: ``https://login.acme.example/realms/acme``."""
    oidc_client_id: str = ""
    """Id under which this installation is registered with the provider. Needed with ``oidc_issuer``."""
    oidc_client_secret: SecretStr | None = None
    """The client's secret; without it the installation is a public client that is protected by PKCE alone."""
    oidc_name: str = "OpenID Connect"
    """Name of the provider on the button: ``Acme``."""
    oidc_scopes: str = "openid email profile"
    """Scopes that a log-in asks for, separated by spaces."""
    oidc_email_claim: str = "email"
    """Claim that holds the mail address."""
    oidc_email_verified_claim: str = "email_verified"
    """Claim that says whether the provider has verified the mail address."""
    oidc_roles: list[RoleRule] = Field(default_factory=list)
    """Rules that give people their party and roles by a claim, as JSON. Without any, only recorded people get in."""
    oidc_party: str = ""
    """Id or key of the only party whose people may log in, if there are no rules; empty for all parties."""
    oidc_audience: str = ""
    """Audience of the provider's access tokens that the API takes as keys; without it, the API takes no such tokens."""
    oidc_seconds: float = Field(default=3.0, gt=0, le=30)
    """Real seconds that a log-in waits for the provider."""

    @field_validator("oidc_issuer")
    @classmethod
    def _is_an_issuer(cls, url: str) -> str:
        if url and not is_safe_url(url):
            raise ValueError("it is not an issuer; write an address with https://, or http:// on this machine only")
        return url

    @field_validator("oidc_scopes")
    @classmethod
    def _asks_for_openid(cls, scopes: str) -> str:
        if "openid" not in scopes.split():
            raise ValueError("openid is missing; write openid email profile")
        return scopes

    @model_validator(mode="after")
    def _has_a_client(self) -> OpenIdSettings:
        console_url = getattr(self, "console_url", "")
        if self.oidc_issuer and not (self.oidc_client_id and console_url.startswith("http")):
            raise ValueError(
                "SLM_OIDC_ISSUER needs SLM_OIDC_CLIENT_ID and SLM_CONSOLE_URL (https://slm.acme.example), to which the"
                " provider sends people back"
            )
        if self.oidc_audience and (not self.oidc_issuer or self.oidc_audience == self.oidc_client_id):
            raise ValueError(
                "SLM_OIDC_AUDIENCE needs SLM_OIDC_ISSUER, and must differ from SLM_OIDC_CLIENT_ID, or an ID token would"
                " open the API"
            )
        return self


def is_safe_url(url: str) -> bool:
    """Whether tokens may be requested from a URL: it uses https, or http to this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_local = parts.scheme == "http" and parts.hostname in _LOCAL
    return (parts.scheme == "https" or is_local) and bool(parts.hostname) and not parts.query and not parts.fragment
