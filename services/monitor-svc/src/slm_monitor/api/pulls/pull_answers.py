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
    """What a pull reads from the tool"""
    source: str
    """The tool's name in the facts that a pull reads, unless the pull gives another name"""
    path: str
    """Path of the tool's tickets, queries or outages below its address, unless the pull gives another path"""
    authentication: list[WayKind]
    """The ways in which a pull can prove its identity to the tool, the usual way first"""
    mapping: str
    """The mapping, as YAML; empty for samples, which series rules map"""
    guide: str
    """How to set up the tool, as Markdown; empty if there is none"""


class PullAuthenticationAnswer(Answer):
    """How a pull proves its identity to the tool. The secret is never shown."""

    kind: WayKind
    """`none`: no proof; `basic`: user and password; `bearer` and `token`: a token of the tool; `oauth`: client
    credentials
    """
    user: str
    """The user for `basic`, or the client for `oauth`; empty for the other kinds"""


class PullQueryAnswer(Answer):
    """The query of a pull that reads samples."""

    expression: str
    """The expression, in PromQL"""
    step_seconds: int
    """Seconds between two instants at which the expression is evaluated. The instants are multiples of this number,
    counted from the beginning of 1970
    """
    lag_seconds: int
    """How many seconds after an evaluated instant the samples of that instant are read"""
    record: str
    """Name that all series of the result get; empty if the series keep their own names"""
    labels: dict[str, str]
    """Labels that all series of the result get"""


class PullStateAnswer(Answer):
    """What a pull has done, and what it does next."""

    read_until: Instant
    """Everything before this instant of the tool's clock has been read: changes of tickets, samples or outages"""
    due_at: Instant
    """When the pull asks the tool next, unless the pull is paused"""
    waits_for_tool: bool
    """Whether the pull waits because the tool asked it to wait"""
    failures: int
    """Number of failed runs since the last success"""
    problem: str
    """Why the last run failed, or why the last reconciliation cancelled no ticket; empty if there is no problem"""
    succeeded_at: Instant | None
    """When the last run that read everything ended; null before the first such run"""
    reconciled_at: Instant | None
    """When the last reconciliation ended; null before the first reconciliation"""
    missing: int
    """Number of tickets that are open in this product, but that the tool did not show in the last reconciliation"""


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
    """Name of the tool in tickets and outages, and in the label `slm_source` of series"""
    address: str
    """Address of the tool"""
    path: str
    """Path of the tool's tickets, queries or outages below its address"""
    filter: str
    """A condition in the tool's own language. Only tickets that fulfil it are read. Empty: all tickets are read"""
    mapping: str
    """The mapping, as YAML; empty for samples, which series rules map"""
    authentication: PullAuthenticationAnswer
    """How the pull proves its identity to the tool"""
    every_seconds: int
    """Seconds between two requests for changes"""
    reconcile_at: str
    """Time of the nightly reconciliation, such as `02:30`. A pull of samples has no reconciliation"""
    zone: str
    """Time zone of `reconcile_at`"""
    cancels_missing: bool
    """Whether a ticket is cancelled if the tool does not show it in two reconciliations in a row"""
    query: PullQueryAnswer | None
    """The query of a pull of samples; null for tickets and outages"""
    paused: bool
    """Whether the pull is paused. A paused pull sends no requests to the tool"""
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
    """When the run begins: at once or, if the tool asked the pull to wait, at the end of that wait"""


class PullRunAnswer(Answer):
    """A run of a pull."""

    run_id: str
    """Id of the run (UUID)"""
    kind: Literal["changes", "reconciliation"]
    """`changes`: the run reads what is new in the tool. `reconciliation`: the run compares all tickets that are open in
    the tool or in this product; for outages, it reads the whole document
    """
    started_at: Instant
    """When the run began"""
    ended_at: Instant | None
    """When the run ended; null while it runs"""
    outcome: Literal["running", "done", "partial", "held", "failed", "interrupted"]
    """`partial`: the next run continues this run; `held`: the run stopped because the tool or the intake asked it to
    wait; `interrupted`: the process that ran it ended, and the next run continued
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
    """Number of samples, outages or states that were left out because no series rule matches them, or because their
    indicator is not registered
    """
    refused: int
    """Number of tickets, samples, outages or states that could not be accepted"""
    problem: str
    """Why the run stopped early, or why a reconciliation cancelled no ticket; empty if there was no problem"""
    errors: list[ItemFault]
    """Field, value and remedy of the first refused items: what to correct in the mapping, the series rules or the query
    """
    missing: list[str]
    """Numbers of tickets that are open in this product, but that the tool does not show; empty unless the run is a
    reconciliation
    """


class PullRunLog(Answer):
    """The log of a pull's runs."""

    items: list[PullRunAnswer]
    """The last runs, the latest first: at most 80 runs for changes, and at most 20 reconciliations"""
