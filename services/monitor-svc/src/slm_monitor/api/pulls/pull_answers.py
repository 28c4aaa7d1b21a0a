"""Answers about pulls and their runs."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer
from slm_monitor.api.responses.intake import ItemFault
from slm_monitor.api.responses.shapes import Instant

WayKind = Literal["none", "basic", "bearer", "token", "oauth"]


class PullToolAnswer(Answer):
    """A tool that pulls can ask, as its connector describes it."""

    name: str
    """Name of the connector, for the field `connector` of a pull"""
    title: str
    """Name of the tool"""
    reads: Literal["tickets", "samples", "outages"]
    """The kind of facts that the tool is asked for"""
    source: str
    """The name under which its facts are kept, unless a pull says otherwise"""
    path: str
    """Path of the tool's tickets, queries or outages below its address, unless a pull says otherwise"""
    authentication: list[WayKind]
    """The ways in which a pull can prove itself to the tool; a pull uses the first one unless it says otherwise"""
    mapping: str
    """The mapping, YAML; empty for samples"""
    guide: str
    """How to set up the tool, as Markdown; empty if there is none"""


class PullAuthenticationAnswer(Answer):
    """How a pull proves its identity to the tool. The secret is never shown."""

    kind: WayKind
    """`none`: no proof; `basic`: user and password; `bearer` and `token`: a token of the tool; `oauth`: client
    credentials
    """
    user: str
    """User of `basic`, client of `oauth`; empty for the other kinds"""


class PullQueryAnswer(Answer):
    """The query of a pull that reads samples."""

    expression: str
    """The expression, in PromQL"""
    step_seconds: int
    """The expression is evaluated at all instants that are a multiple of so many seconds since 1970"""
    lag_seconds: int
    """How many seconds after such an instant its samples are read"""
    record: str
    """Name that all series of the result get; empty if they keep the names that they have"""
    labels: dict[str, str]
    """Labels that all series of the result get"""


class PullStateAnswer(Answer):
    """What a pull has done, and what it does next."""

    read_until: Instant
    """All changes or samples before this instant of the tool's clock have been read"""
    due_at: Instant
    """When the pull asks next, unless it is paused"""
    waits_for_tool: bool
    """Whether it asks no earlier because the tool demanded a pause"""
    failures: int
    """Number of failed runs since the last success"""
    problem: str
    """Why the last run failed; empty after a success"""
    succeeded_at: Instant | None
    """When the last run that read everything ended; null before the first one"""
    reconciled_at: Instant | None
    """When the last reconciliation ended; null before the first one"""
    missing: int
    """Number of tickets, open here, that the tool did not show in the last reconciliation"""


class PullAnswer(Answer):
    """A pull: it asks a tool of a party regularly for changed tickets, for samples of a query, or for outages."""

    pull_id: str
    """Id of the pull (UUID)"""
    party_id: str
    """Id of the party whose tickets or indicators are read"""
    title: str
    """What the pull is for, in the party's words"""
    connector: str
    """Name of the connector"""
    source: str
    """Name of the tool in tickets, and in the label `slm_source` of series"""
    address: str
    """Address of the tool"""
    path: str
    """Path of the tool's tickets or queries below its address"""
    filter: str
    """Condition, in the tool's language, that all tickets fulfil; empty for all tickets"""
    mapping: str
    """The mapping, YAML; empty for samples, which series rules map"""
    authentication: PullAuthenticationAnswer
    """How the pull proves to the tool who asks"""
    every_seconds: int
    """Seconds between two questions for changes"""
    reconcile_at: str
    """Time of the nightly reconciliation, such as `02:30`; samples have none"""
    zone: str
    """Time zone of `reconcile_at`"""
    cancels_missing: bool
    """Whether a ticket is cancelled that the tool does not show in two reconciliations in a row"""
    query: PullQueryAnswer | None
    """What a pull of samples asks for; null for tickets"""
    paused: bool
    """Whether the pull is paused: the tool is not asked"""
    created_at: Instant
    """When the pull was made"""
    created_by_principal_id: str
    """Id of the principal that made the pull"""
    state: PullStateAnswer
    """What the pull has done, and what it does next"""


class PullStart(Answer):
    """A run that was started by hand."""

    pull_id: str
    """Id of the pull (UUID)"""
    due_at: Instant
    """When it begins: at once, unless the tool demanded a pause"""


class PullRunAnswer(Answer):
    """A run of a pull."""

    run_id: str
    """Id of the run (UUID)"""
    kind: Literal["changes", "reconciliation"]
    """`reconciliation`: all tickets that are open in the tool or here were compared"""
    started_at: Instant
    """When the run began"""
    ended_at: Instant | None
    """When the run ended; null while it runs"""
    outcome: Literal["running", "done", "partial", "held", "failed", "interrupted"]
    """`partial`: it goes on in the next run; `held`: the tool or the intake demanded a pause; `interrupted`: its
    process ended, and the next run went on
    """
    requests: int
    """Number of requests that were sent"""
    tickets: int
    """Number of tickets that were read"""
    changed: int
    """Number of tickets that brought something new"""
    samples: int
    """Number of samples, outages or states that were read"""
    ignored: int
    """Number of those that are left out: no series rule matches, or no indicator is registered"""
    refused: int
    """Number of tickets, samples, outages or states that could not be taken"""
    problem: str
    """Why the run stopped early; empty if it did not"""
    errors: list[ItemFault]
    """What to mend in the mapping, the series rules or the query: field, value and remedy of the first refusals"""
    missing: list[str]
    """Numbers of tickets, open here, that the tool does not show; only of a reconciliation"""


class PullRunLog(Answer):
    """The log of a pull's runs."""

    items: list[PullRunAnswer]
    """The last 100 runs, the latest first; twenty of them are for reconciliations"""
