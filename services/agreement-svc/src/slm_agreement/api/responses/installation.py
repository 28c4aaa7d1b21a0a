"""Response models of the installation and its first start."""

from __future__ import annotations

from slm_agreement.api.responses.parties import PartyResponse
from slm_agreement.api.responses.sessions import NewSessionResponse
from slm_chassis.http.response_models import Answer, Instant


class InstallationResponse(Answer):
    """Response: name and set-up of the installation, and how people can log in."""

    name: str
    """Name of the installation; empty: none was given"""
    is_set_up: bool
    """Whether it has a party; before that, only the set-up code can be used"""
    sends_mails: bool
    """Whether it mails invitations and links for guests; without mails, no links for guests can be made"""
    openid_provider: str | None
    """Name of the OpenID provider with which people may log in; null: there is none"""


class SetUpLinkResponse(Answer):
    """Response to making a set-up link: the link with its code. Only this response shows the code."""

    code: str
    """The code: it works once, and makes earlier codes void"""
    link: str
    """Path of the console's page that uses the code"""
    expires_at: Instant
    """From this instant on its code is void"""


class NewInstallationResponse(NewSessionResponse):
    """Response to the set-up: the session of the first manager with its API key. Only this response shows the key."""

    party: PartyResponse
    """The party that was registered: your company"""
    signatory_link: str | None
    """Path of the console's page where the signatory chooses a password; pass it on yourself; null: it was mailed, or
    no signatory was named
    """
