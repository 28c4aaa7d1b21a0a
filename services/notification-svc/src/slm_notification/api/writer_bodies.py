"""The models of request bodies about ticket writers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from slm_mappings.ticket_writing import AuthenticationKind

_Field = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,100}$")]
ClockKind = Literal["response", "update", "resolution", "ownership", "closure"]


class TicketFieldsBody(BaseModel):
    """The names of the tool's fields. A field that is null is not written."""

    model_config = ConfigDict(extra="forbid")

    due_at: _Field | None = Field(None, description="For the due date: the soonest deadline that can still be kept")
    state: _Field | None = Field(
        None, description="For the state: `running`, `paused`, `breached`, `met`, `completed_late` or `cancelled`"
    )
    breached: _Field | None = Field(None, description="For whether a breach of one of the clocks stands")


class WriterAuthenticationBody(BaseModel):
    """The kind of credential with which the writer logs in at the tool."""

    model_config = ConfigDict(extra="forbid")

    kind: AuthenticationKind = Field(
        description="`basic`: user and password; `bearer`: a token; `token`: a token as Zammad takes it"
    )
    user: Annotated[str, Field(max_length=200, pattern=r"^[^:\x00-\x1f\x7f]*$")] = Field(
        "", description="User of `basic`; empty for the other kinds"
    )


class TicketWriterBody(BaseModel):
    """An account at a ticket tool, the name under which the tool's tickets come in, and the fields to write."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "title": "Due dates for the service desk",
                    "connector": "zammad",
                    "address": "https://desk.acme.example",
                    "source": "zammad",
                    "authentication": {"kind": "token"},
                    "secret": "the token of the account",
                    "paused": True,
                }
            ]
        },
    )

    title: Annotated[str, Field(min_length=1, max_length=300)]
    connector: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="The tool: `zammad`, `servicenow`, `jira-service-management`, or another connector that can write"
    )
    address: Annotated[str, Field(min_length=1, max_length=1_000)] = Field(
        description="The address of the tool, without a slash at the end: https, and outside the operator's network"
    )
    source: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="The name under which the tool's tickets come in, as in the hook's mapping"
    )
    authentication: WriterAuthenticationBody
    secret: Annotated[str, Field(min_length=1, max_length=4_000, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = Field(
        None,
        repr=False,
        description="The password or token, never shown again. In a change, null keeps the present one",
    )
    fields: TicketFieldsBody | None = Field(None, description="The fields to write; null: those of the connector")
    clocks: Annotated[list[ClockKind], Field(max_length=5)] = Field(
        [], description="Only clocks of these kinds count; empty: all"
    )
    time_zone: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        "UTC", description="The time zone of dates without time"
    )
    paused: bool = Field(False, description="True: changes wait here until it is set to false again")


class WriteTestBody(BaseModel):
    """The ticket to write a test into."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ticket": "21007"}]})

    ticket: Annotated[str, Field(min_length=1, max_length=200)]
    """The number of a ticket in the tool."""
