"""The models of request bodies."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from slm_notification.domain.endpoints import EndpointKind

_Id = Annotated[str, Field(min_length=1, max_length=100)]
_Ids = Annotated[list[_Id], Field(max_length=100)]
_THIRTY_DAYS = 30 * 86_400


class WebhookEndpointBody(BaseModel):
    """An address, and the filters that choose its events. An event is sent if it passes all filters; an empty filter
    lets every event pass.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "title": "On-call bridge",
                    "url": "https://hooks.acme.example/slm",
                    "event_types": ["slm.monitor.target-at-risk.v1", "slm.monitor.target-breached.v1"],
                    "paused": True,
                }
            ]
        },
    )

    title: Annotated[str, Field(min_length=1, max_length=300)]
    kind: EndpointKind | None = Field(
        None,
        description="`webhook` (the default): signed webhooks; `pagerduty`: Events API v2; `alertmanager`: API v2; "
        "`slack`, `teams`, `discord`, `mattermost`: an incoming webhook of a chat; `apprise`: `/notify/…` of an "
        "Apprise API server. An endpoint keeps its kind",
    )
    url: Annotated[str, Field(max_length=2_000)] = Field(
        "",
        description="An https address outside the operator's own network. PagerDuty's own by default; for an "
        "Alertmanager its address, with or without `/api/v2/alerts`. The `url` that an answer shows for a chat keeps "
        "its address in a change",
    )
    secret: SecretStr | None = Field(
        None,
        description="Only for a tool: the integration key of PagerDuty, or the header `Authorization` for an "
        "Alertmanager that needs one. It is in no answer",
    )
    event_types: _Ids = Field([], description="Only these types, such as `slm.monitor.target-breached.v1`")
    agreement_ids: _Ids = Field([], description="Only events of these agreements")
    service_ids: _Ids = Field([], description="Only events that name one of these services")
    other_party_ids: _Ids = Field(
        [], description="Only events that name one of these customers, providers or suppliers beside your own party"
    )
    paused: bool = Field(False, description="True: events wait here until it is set to false again")


class SecretReplacementBody(BaseModel):
    """The request for a new secret."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"overlap_seconds": 86400}]})

    overlap_seconds: Annotated[int, Field(ge=0, le=_THIRTY_DAYS)] = 86_400
    """For how long deliveries are signed with the earlier secrets as well."""
    secret: SecretStr | None = None
    """The new secret of a tool, which is used at once; left out for signed webhooks, whose secret is made here."""


class ReplayBody(BaseModel):
    """The request to send kept events again."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={"examples": [{"from": "2026-11-22T10:00:00Z", "until": "2026-11-22T12:00:00Z"}]},
    )

    since: Annotated[str, Field(alias="from", max_length=40)]
    """Events that were recorded at this instant or later."""
    until: Annotated[str, Field(max_length=40)] | None = None
    """Events that were recorded before this instant; by default up to now."""
