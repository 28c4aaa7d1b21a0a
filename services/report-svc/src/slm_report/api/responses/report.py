"""Answers of ``/api/v1/reports``."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import ABSENT, Answer, ListAnswer
from slm_report.api.responses.findings import ReportedAction, ReportedBreach, ReportedRisk
from slm_report.api.responses.lines import ReportLineAnswer
from slm_report.api.responses.shapes import Document, Instant, ReportLinks, ReportState, ReportVerdict


class ReadingPosition(Answer):
    """How far this service has read the events of the others."""

    until_at: Instant | None
    """All events up to this instant have been read; null at the very beginning"""
    behind_events: int
    """How many events are not read yet"""


class WaitingFor(Answer):
    """Why reports of an agreement wait."""

    reason: Literal["import", "catching_up"]
    """An import of history, or a signed version that is being judged over the past"""
    import_id: str = ABSENT
    """For an import: its id"""
    agreement_version: int = ABSENT
    """For catching up: the version"""
    at_most_seconds: int = ABSENT
    """For catching up: the longest time that reports wait, seconds"""


class ReadingOfAgreement(ReadingPosition):
    """How far this service has read the events of the others; with `agreement_id` also whether its reports will still
    change.
    """

    settling: bool = ABSENT
    """Whether one of its reports will still change because of known facts; only with `agreement_id`"""
    waits_for: list[WaitingFor] = ABSENT
    """The reasons why its reports wait; only with `agreement_id`"""


class ReportSummary(ReportLinks):
    """A report in a list: its newest revision."""

    report_id: str
    """Id of the report, the same for all of its revisions"""
    revision: int
    """0 of an interim report; published ones begin with 1"""
    state: ReportState
    """`interim` while a window of the period is open"""
    verdict: ReportVerdict
    """The worst of its lines"""
    agreement_id: str
    """Id of the agreement"""
    agreement_title: str
    """Title of the agreement"""
    service_name: str
    """Name of the service"""
    period: str
    """Name of the period, such as `2026-11`"""
    period_start_at: Instant
    """Where the period begins"""
    period_end_at: Instant
    """Where the period ends"""
    breaches: int
    """Number of breaches of the period that were not withdrawn"""
    built_at: Instant
    """When this revision was made"""


class ReportList(ListAnswer[ReportSummary]):
    """One page of reports."""

    heard: ReadingOfAgreement
    """How far this service has read the events of the other services"""


class VersionInForce(Answer):
    """A version of the agreement in the period."""

    version: int
    """Number of the version"""
    revision_hash: str
    """SHA-256 of the terms that were signed"""
    in_force_from: Instant
    """When it took effect"""
    in_force_to: Instant | None
    """When it ended; null while it is in force"""


class ReportedAgreement(Answer):
    """The agreement that the report is about."""

    agreement_id: str
    """Id of the agreement"""
    key: str
    """Key of the agreement, given by the party that drafted it"""
    kind: str
    """`sla`, `ola` or `uc`"""
    title: str
    """Title of the agreement"""
    version: int
    """The last version that was in force in the period"""
    versions: list[VersionInForce]
    """All versions that were in force in the period"""


class ReportedParty(Answer):
    """A party of the agreement."""

    party_id: str
    """Id of the party"""
    name: str
    """Its name when the agreement was signed"""


class ServiceOfReport(Answer):
    """The service that the agreement is about."""

    service_id: str
    """Id of the service"""
    key: str
    """Key of the service, given by its provider"""
    name: str
    """Its name when the agreement was signed"""


class ReportPeriod(Answer):
    """The period that the report is about."""

    id: str
    """Name of the period, such as `2026-11`"""
    kind: str
    """How often there is a report: `month`, `quarter` and so on"""
    timezone: str
    """IANA zone in which it begins and ends"""
    start_at: Instant
    """Where it begins"""
    end_at: Instant
    """Where it ends"""


class FiguresReference(Answer):
    """The answer of monitor-svc that an interim report was made from."""

    as_of: Instant
    """The instant of its figures"""
    position: dict[str, int]
    """Topic and partition to the number of records that the figures know"""
    sha256: str
    """SHA-256 of the answer; `/reports/{report_id}/figures` gives it byte for byte"""


class ReportChange(Answer):
    """One difference from the revision before."""

    kind: Literal["line_added", "line_changed", "line_removed", "breaches", "findings"]
    """Kind of the difference"""
    what: str
    """For a line its target and window, else `breaches` or `findings`"""
    before: str
    """The old value; `–` if there was none"""
    after: str
    """The new value; `–` if it was removed"""
    cause: str | None
    """Why the figure was restated; null if no restatement is behind it"""


class ReportRevision(ReportLinks):
    """One revision of the report."""

    revision: int
    """0 of an interim report; published ones begin with 1"""
    state: ReportState
    """`interim` or `published`"""
    verdict: ReportVerdict
    """Its verdict"""
    built_at: Instant
    """When it was made"""


class ReportAnswer(ReportLinks):
    """A service report: what was agreed against what was attained in a period."""

    report_id: str
    """Id of the report, the same for all of its revisions"""
    revision: int
    """0 of an interim report; published ones begin with 1"""
    built_at: Instant
    """When this revision was made"""
    state: ReportState
    """`interim` while a window of the period is open"""
    verdict: ReportVerdict
    """The worst of the lines"""
    as_of: Instant
    """The report includes everything that happened up to this instant"""
    agreement: ReportedAgreement
    """The agreement"""
    provider: ReportedParty
    """The party that provides the service"""
    customer: ReportedParty
    """The party that the service is provided to"""
    service: ServiceOfReport
    """The service"""
    period: ReportPeriod
    """The period"""
    lines: list[ReportLineAnswer]
    """Each target and window, in the order of the agreement"""
    breaches: list[ReportedBreach]
    """The breaches of the lines, withdrawn ones among them"""
    breach_count: int
    """How many of them were not withdrawn and belong to this period"""
    breaches_going_on: int
    """How many of them are of earlier periods and had not recovered when this one began"""
    risks: list[ReportedRisk]
    """The warnings of the lines"""
    plans_averted: int
    """How many action plans averted a breach"""
    plans_ended: int
    """How many action plans ended"""
    actions: list[ReportedAction]
    """The improvement actions that were open"""
    figures: FiguresReference | None
    """For an interim report: the answer that its figures are from; null for a published one"""
    changes: list[ReportChange]
    """The differences from the revision before; empty for the first"""
    heard: ReadingPosition
    """How far this service has read the events of the other services"""
    revisions: list[ReportRevision]
    """All revisions there are"""


class FiguresKept(Answer):
    """The answer of monitor-svc's `GET /api/v1/figures` that an interim report was made from."""

    agreement_id: str
    """Id of the agreement"""
    as_of: Instant
    """The instant of the figures"""
    position: dict[str, int] | None
    """Topic and partition to the number of records that the figures know; null if none was requested"""
    windows: list[Document]
    """Every open window with its figure, as monitor-svc documents them"""
    breaches: list[Document]
    """The breaches of these windows, as monitor-svc documents them"""
    risks: list[Document]
    """The warnings of these windows, as monitor-svc documents them"""
