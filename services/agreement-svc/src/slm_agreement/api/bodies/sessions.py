"""Request bodies for getting access: log-ins, sign-in links, passwords, and the links and codes of guests."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.shapes import Client, RequestBody


class LogInBody(RequestBody):
    """Request body for logging in: a mail address and the password of its account, or the code of a sign-in link."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.LOG_IN, {"code": "slm_…"}]})
    email: Annotated[str | None, Field(min_length=1, max_length=320)] = None
    """Mail address of the account; upper case and spaces around it do not matter"""
    password: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    """Password of the account"""
    code: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    """Code of a sign-in link, instead of mail address and password"""
    client: Client = ""
    """Where you log in, for your list of sessions, such as a browser and a machine"""


class NewSignInLink(RequestBody):
    """Request body for making a link with which somebody can log in once as a principal."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"principal_id": examples.PRINCIPAL_ID}]})
    principal_id: str
    """Id of the principal"""


class NewGuestLink(RequestBody):
    """Request body for mailing a person a link to an agreement."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"person_id": examples.PRINCIPAL_ID}]})
    person_id: Annotated[str, Field(max_length=100)]
    """Id of a person of one of the two parties"""


class NewGuestCode(RequestBody):
    """Request body for mailing the code that confirms a guest's link."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"link": "slm_…"}]})
    link: Annotated[str, Field(max_length=200)]
    """The code at the end of the mailed link"""


class NewGuestSession(RequestBody):
    """Request body for beginning a guest's session: the link, and the code that confirms it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"link": "slm_…", "code": "042137"}]})
    link: Annotated[str, Field(max_length=200)]
    """The code at the end of the mailed link"""
    code: Annotated[str, Field(max_length=20)]
    """The six digits of the second mail"""
    client: Client = ""
    """Where the guest logs in, for the list of sessions"""


class PasswordChange(RequestBody):
    """Request body for setting or changing the password of your account."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PASSWORD]})
    password: Annotated[str, Field(min_length=1, max_length=200)]
    """The new password: at least 12 characters, 6 of them different, without your mail address"""
    current_password: Annotated[str | None, Field(max_length=200)] = None
    """The present password, if the account has one"""
