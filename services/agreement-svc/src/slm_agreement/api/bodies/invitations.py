"""Request bodies of invitations and of their acceptance."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.installation import FirstPersonBody
from slm_agreement.api.bodies.shapes import Client, Name, RequestBody


class NewInvitation(RequestBody):
    """Request body for inviting a company, or the person behind a principal."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.INVITATION]})
    alias: Annotated[str, Field(max_length=200, description="What you call the invited company or person")] = ""
    note: Annotated[str, Field(max_length=1_000)] = ""
    """Note for yourself"""
    principal_id: Annotated[
        str | None,
        Field(description="Id of the principal for whom the code creates a key; without it the code invites a company"),
    ] = None
    named_company_id: Annotated[str | None, Field(max_length=100)] = None
    """Id of a company that your party named in contracts on record. When the company has accepted, you can offer it
    these contracts
    """
    email: Annotated[str | None, Field(min_length=3, max_length=320)] = None
    """Mail address of the invited company or person; if one is recorded for the principal's person, it must be that one
    """
    expires_at: Annotated[str | None, Field(description="RFC 3339, within 90 days; by default in 14 days")] = None


class NewcomerPartyBody(RequestBody):
    """The company that accepts an invitation and is not registered yet."""

    key: Annotated[str, Field(max_length=100, description="Your own key for your company")]
    name: Name
    """Name for people"""


class NewcomerPersonBody(NewcomerPartyBody):
    """The person who accepts an invitation for a company that is not registered yet."""

    email: Annotated[str | None, Field(max_length=320)] = None
    """Mail address of the person"""


class AcceptanceBody(RequestBody):
    """Request body for accepting an invitation.

    Only a company that is not registered yet sends `party` and `person`. It may also name a `signatory`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ACCEPTANCE, {"code": "slm_…"}, {}]})
    code: Annotated[
        str | None, Field(max_length=200, description="The code, if a registered party accepts with its API key")
    ] = None
    party: NewcomerPartyBody | None = None
    """The company that is not registered yet"""
    person: NewcomerPersonBody | None = None
    """The person who accepts for this company: its first service level manager"""
    signatory: FirstPersonBody | None = None
    """The first person who may sign for the company, somebody else than the person who accepts"""
    password: Annotated[str | None, Field(max_length=200)] = None
    """Password of an account for the person; the response then has the key of a session"""
    take_address: bool = False
    """Whether to end another account that has your mail address, if nobody has proven to read that account's mailbox.
    Works only with a code that was mailed to you
    """
    client: Client = ""
    """Where you accept, for your list of sessions, such as a browser and a machine"""
