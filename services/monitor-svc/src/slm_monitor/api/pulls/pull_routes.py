"""Routes for pulls, which ask tools regularly for tickets, samples or outages: ``/api/v1/pulls``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.clock import Clock
from slm_chassis.http import etag, instants
from slm_chassis.http.access import Caller, require_role
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_events.instants import UtcMicroseconds, to_text
from slm_mappings.pull_recipes import PATH
from slm_monitor.adapters.pulls.sql_pulls import SqlPulls
from slm_monitor.api.dependencies import ThePullOffice, ThePulls
from slm_monitor.api.pulls.pull_answers import PullAnswer, PullRunLog, PullStart
from slm_monitor.application.pulls import keeping
from slm_monitor.application.pulls.keeping import PullDetails, PullOffice
from slm_monitor.domain.pulls.pulls import Pull, PullAuthentication, PullProgress, PullRun
from slm_monitor.domain.pulls.queries import SampleQuery

router = APIRouter(prefix="/api/v1", tags=["pulls"])
Editor = Annotated[Principal, Depends(require_role("integrator", "service_level_manager"))]
_LONGEST_MAPPING = 65_536
_Title = Annotated[str, Field(min_length=1, max_length=200)]
_Source = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern="^[^/]+$", description="Name of the tool in what it brings; no slash"),
]
_Mapping = Annotated[str, Field(min_length=1, max_length=_LONGEST_MAPPING, description="The mapping, as YAML")]
_Secret = Annotated[
    str, Field(min_length=1, max_length=2_000, pattern=r"^[^\x00-\x1f\x7f]+$", description="Password, token or secret")
]
_Address = Annotated[
    str, Field(max_length=500, description="Address of the tool, such as `https://example.service-now.com`")
]
_Path = Annotated[str, Field(pattern=PATH, description="Path below the address; the connector gives the usual one")]
_Filter = Annotated[
    str,
    Field(
        max_length=2_000,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="A condition in the tool's own language that all tickets fulfil",
    ),
]
_Seconds = Annotated[int, Field(ge=60, le=86_400, description="Seconds between two questions for changes")]
_TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Such as `02:30`")]
_Expression = Annotated[
    str,
    Field(min_length=1, max_length=4_000, pattern=r"^[^\x00-\x08\x0e-\x1f\x7f]+$", description="Expression, in PromQL"),
]
_Step = Annotated[int, Field(ge=1, le=86_400, description="Seconds between two instants of the query")]
_Lag = Annotated[int, Field(ge=0, le=86_400, description="Seconds after an instant until its samples are read")]
_Record = Annotated[
    str,
    Field(max_length=200, pattern=r"^([a-zA-Z_:][a-zA-Z0-9_:]*)?$", description="Name for all series"),
]
_LabelName = Annotated[str, Field(max_length=200, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
_LabelValue = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Labels = Annotated[
    dict[_LabelName, _LabelValue], Field(max_length=20, description="Labels that all series of the result get")
]
_Zone = Annotated[str, Field(max_length=100, description="Time zone of `reconcile_at`, such as `Europe/Berlin`")]


class PullAuthenticationToUse(BaseModel):
    """How the pull proves its identity to the tool."""

    model_config = {"extra": "forbid"}

    kind: Literal["none", "basic", "bearer", "token", "oauth"]
    user: Annotated[str, Field(max_length=200, pattern=r"^[^:\x00-\x1f\x7f]*$")] = ""
    """The user for ``basic``, or the client for ``oauth``; empty for the other kinds."""


class PullQueryToUse(BaseModel):
    """The query of a pull that reads samples: an expression, and the instants at which the expression is evaluated."""

    model_config = {"extra": "forbid"}

    expression: _Expression
    step_seconds: _Step = 60
    lag_seconds: _Lag = 60
    record: _Record = ""
    labels: _Labels = {}


class _PullFields(BaseModel):
    model_config = {"extra": "forbid"}

    title: _Title | None = None
    source: _Source | None = None
    path: _Path | None = None
    filter: _Filter | None = None
    mapping: _Mapping | None = None
    every_seconds: _Seconds | None = None
    reconcile_at: _TimeOfDay | None = None
    zone: _Zone | None = None
    cancels_missing: bool | None = None
    """Whether a ticket is cancelled if the tool does not show it in two reconciliations in a row."""
    query: PullQueryToUse | None = None
    """The query of a pull of samples. Leave it out for tickets and outages."""
    paused: bool | None = None


class PullToMake(_PullFields):
    """Request body that makes a pull. The connector gives the fields that are left out."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [
                {
                    "title": "Incidents",
                    "connector": "servicenow",
                    "address": "https://example.service-now.com",
                    "authentication": {"kind": "basic", "user": "slm.reader"},
                    "secret": "the password of slm.reader",
                    "filter": "company.name=Alder Mills",
                },
                {
                    "title": "Shop is up",
                    "connector": "prometheus",
                    "address": "https://prometheus.example.com",
                    "authentication": {"kind": "none"},
                    "query": {"expression": "max by (job) (up)", "step_seconds": 60, "record": "job:up:max"},
                },
            ]
        },
    }

    connector: Annotated[str, Field(max_length=100, description="Name of the connector, such as `servicenow`")]
    address: _Address
    authentication: PullAuthenticationToUse
    secret: _Secret | None = None
    """The password, token or secret. Leave it out only if the kind of authentication is ``none``."""
    since: str | None = None
    """Read changes of tickets, or samples, from this instant on. If left out, a pull of tickets reads the changes of
    the last thirty days, and a pull of samples begins now. Open tickets are read whatever their age. Outages are
    always read in full.
    """


class PullToChange(_PullFields):
    """Request body that changes a pull. Fields that are left out keep their values.

    Whoever changes address, path or authentication must give the secret again.
    """

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"paused": True}]}}

    address: _Address | None = None
    authentication: PullAuthenticationToUse | None = None
    secret: _Secret | None = None
    since: str | None = None
    """Read again from this instant on. Nothing is counted twice. What the tool now shows differently replaces what was
    read before.
    """


class RunToStart(BaseModel):
    """Request body that starts a run."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"kind": "reconciliation"}]}}

    kind: Literal["changes", "reconciliation"] = "changes"


@dataclass(frozen=True)
class _PullParts:
    """The use cases and the storage of pulls, with the clock that gives the present instant."""

    office: PullOffice
    pulls: SqlPulls
    clock: Clock


async def _pull_parts(office: ThePullOffice, pulls: ThePulls, clock: TheClock) -> _PullParts:
    return _PullParts(office, pulls, clock)


_Parts = Annotated[_PullParts, Depends(_pull_parts)]


@router.get("/pulls", **operation("List the pulls of your party", list_of(PullAnswer)))
async def list_pulls(caller: Caller, page: Paging, pulls: ThePulls, clock: TheClock) -> dict[str, Any]:
    """List the pulls of your party, the oldest first. A pull asks a tool regularly for tickets, samples or outages."""
    found = await pulls.page(caller, page)
    return page.shape(found, lambda each: [each[0].created_at, each[0].pull_id], lambda each: _pull_json(*each, clock))


@router.post(
    "/pulls",
    **operation("Make a pull", PullAnswer, "no-party", "too-many-pulls", status=201, headers=(ETAG,)),
)
async def make_pull(given: PullToMake, caller: Editor, parts: _Parts, response: Response) -> dict[str, Any]:
    """Make a pull of your party: the tool is asked at once, and then regularly. The `secret` is shown in no answer."""
    since = instants.read_optional_instant(given.since, "since")
    pull = await keeping.make_pull(parts.office, caller, given.connector, _details(given), since)
    return await _shown(parts.pulls, pull.pull_id, parts.clock, response)


@router.get("/pulls/{pull_id}", **operation("Read one pull", PullAnswer, headers=(ETAG,)))
async def get_pull(
    pull_id: str, caller: Caller, pulls: ThePulls, clock: TheClock, response: Response
) -> dict[str, Any]:
    """Read a pull, with what it has done and when it asks next."""
    await keeping.find_own_pull(pulls, pull_id, caller)
    return await _shown(pulls, pull_id, clock, response)


@router.patch("/pulls/{pull_id}", **operation("Change a pull", PullAnswer, headers=(ETAG,)))
async def change_pull(
    pull_id: str,
    given: PullToChange,
    caller: Editor,
    if_match: IfMatch,
    parts: _Parts,
    response: Response,
) -> dict[str, Any]:
    """Change a pull, pause it, or give it a new secret. After a change of the mapping, tickets that the former mapping
    could not read are read again.
    """
    since = instants.read_optional_instant(given.since, "since")
    await keeping.change_pull(
        parts.office,
        caller,
        pull_id,
        _details(given),
        lambda known: etag.check_if_match(if_match, known.version),
        since,
    )
    return await _shown(parts.pulls, pull_id, parts.clock, response)


@router.delete("/pulls/{pull_id}", **operation("Remove a pull", None, status=204))
async def remove_pull(pull_id: str, caller: Editor, office: ThePullOffice) -> None:
    """Remove a pull with its secret and the log of its runs. The tickets that it read stay."""
    await keeping.remove_pull(office, caller, pull_id)


@router.post("/pulls/{pull_id}/runs", **operation("Let a pull ask now", PullStart, status=202))
async def start_pull_run(
    pull_id: str, given: RunToStart, caller: Editor, office: ThePullOffice, clock: TheClock
) -> dict[str, Any]:
    """Start a run of a pull now. The run asks the tool for changes, or for all its open tickets to compare them with
    the tickets known here.

    If the tool has demanded a pause, the run starts after the pause.
    """
    progress = await keeping.start_run(office, caller, pull_id, given.kind)
    return {"pull_id": pull_id, "due_at": to_text(clock.of_real(progress.due_at()))}


@router.get("/pulls/{pull_id}/runs", **operation("Read the last runs of a pull", PullRunLog))
async def list_pull_runs(pull_id: str, caller: Caller, pulls: ThePulls, clock: TheClock) -> dict[str, Any]:
    """Read the last 100 runs, the latest first: how many requests, tickets and samples each had, and its errors."""
    await keeping.find_own_pull(pulls, pull_id, caller)
    return {"items": [_run_json(each, clock) for each in await pulls.runs(pull_id)]}


def _details(given: PullToMake | PullToChange) -> PullDetails:
    way, query = given.authentication, given.query
    return PullDetails(
        title=given.title,
        source=given.source,
        address=given.address,
        path=given.path,
        filter=given.filter,
        mapping=given.mapping,
        authentication=None if way is None else PullAuthentication(way.kind, way.user),
        secret=given.secret,
        every_seconds=given.every_seconds,
        reconcile_at=given.reconcile_at,
        zone=given.zone,
        cancels_missing=given.cancels_missing,
        is_paused=given.paused,
        query=None if query is None else SampleQuery(**query.model_dump()),
    )


async def _shown(pulls: SqlPulls, pull_id: str, clock: Clock, response: Response) -> dict[str, Any]:
    found = await pulls.find_with_progress(pull_id)
    if found is None:
        raise not_found("pull", pull_id)
    response.headers["ETag"] = etag.etag_of(found[0].version)
    return _pull_json(*found, clock)


def _pull_json(pull: Pull, progress: PullProgress, clock: Clock) -> dict[str, Any]:
    way = pull.authentication
    return {
        "pull_id": pull.pull_id,
        "party_id": pull.party_id,
        "title": pull.title,
        "connector": pull.connector,
        "source": pull.source,
        "address": pull.address,
        "path": pull.path,
        "filter": pull.filter,
        "mapping": pull.mapping,
        "authentication": {"kind": way.kind, "user": way.user},
        "every_seconds": pull.every_seconds,
        "reconcile_at": pull.reconcile_at,
        "zone": pull.zone,
        "cancels_missing": pull.cancels_missing,
        "query": None if pull.query is None else asdict(pull.query),
        "paused": pull.is_paused,
        "created_at": to_text(pull.created_at),
        "created_by_principal_id": pull.created_by_principal_id,
        "state": {
            "read_until": to_text(progress.position.since),
            "due_at": to_text(clock.of_real(progress.due_at())),
            "waits_for_tool": progress.is_held_by_tool,
            "failures": progress.failures,
            "problem": progress.problem,
            "succeeded_at": _real(progress.succeeded_at, clock),
            "reconciled_at": _real(progress.reconciled_at, clock),
            "missing": len(progress.missing),
        },
    }


def _run_json(run: PullRun, clock: Clock) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "kind": run.kind,
        "started_at": to_text(clock.of_real(run.started_at)),
        "ended_at": _real(run.ended_at, clock),
        "outcome": run.outcome,
        "requests": run.requests,
        "tickets": run.tickets,
        "changed": run.changed,
        "samples": run.samples,
        "ignored": run.ignored,
        "refused": run.refused,
        "problem": run.problem,
        "errors": list(run.errors),
        "missing": list(run.missing),
    }


def _real(instant: UtcMicroseconds | None, clock: Clock) -> str | None:
    return None if instant is None else to_text(clock.of_real(instant))
