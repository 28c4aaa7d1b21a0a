"""Request bodies of the first start of an installation."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.shapes import Client, Key, Name, RequestBody

Password = Annotated[str, Field(min_length=1, max_length=200)]


class FirstPersonBody(RequestBody):
    """One of the first people of a company that is being registered: its first manager, or its first signatory."""

    key: Key = None
    name: Name
    """Name of the person"""
    email: Annotated[str, Field(min_length=3, max_length=320)]
    """Mail address of the person"""


class FirstPartyBody(RequestBody):
    """The first party, in the request body of the set-up."""

    key: Key = None
    name: Name
    """Name of the company"""


class NewInstallation(RequestBody):
    """Request body for setting up the installation with its first party."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.INSTALLATION]})
    code: Annotated[str, Field(max_length=200)]
    """The code that the product printed when it was started"""
    name: Name
    """Name of the installation"""
    party: FirstPartyBody
    """Your company"""
    person: FirstPersonBody
    """You: the first service level manager"""
    password: Password
    """Your password: at least 12 characters, 6 of them different, without your mail address"""
    signatory: FirstPersonBody | None = None
    """The first person who may sign, somebody else than you"""
    client: Client = ""
    """Browser or machine on which you set up the installation; shown in your list of sessions"""
