"""Response models of ``/api/v1/reports``."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.record_marks import OnRecordAnswer
from slm_chassis.http.response_models import ABSENT, Answer, ListAnswer
from slm_report.api.responses.findings import ReportedAction, ReportedBreach, ReportedRisk
from slm_report.api.responses.lines import ReportLineAnswer
from slm_report.api.responses.shapes import Document, Instant, ReportLinks, ReportState, ReportVerdict


class ReadingPosition(Answer):
    """How far this service has read the events of the other services."""

    until_at: Instant | None
    """All events up to this instant have been read; null before the first one"""
    behind_events: int
    """Number of events that are not read yet"""


class WaitingReason(Answer):
    """One reason why an agreement's reports wait."""

    reason: Literal["import", "catching_up"]
    """`import`: history is being imported; `catching_up`: a signed version is being evaluated over the past"""
    import_id: str = ABSENT
    """The id of the import, for the reason `import`"""
    agreement_version: int = ABSENT
    """The version, for the reason `catching_up`"""
    at_most_seconds: int = ABSENT
    """The longest time in seconds that reports still wait, for the reason `catching_up`"""


class AgreementReadingPosition(ReadingPosition):
    """The position up to which this service has read the events of the other services.

    If the request has `agreement_id`, also whether the agreement's reports will still change, and why they wait.
    """

    settling: bool = ABSENT
    """Whether one of the agreement's reports will still change because of known facts; only with `agreement_id`"""
    waits_for: list[WaitingReason] = ABSENT
    """The reasons why the agreement's reports wait; only with `agreement_id`"""


class ReportSummary(ReportLinks):
    """An item of the list of reports: the newest revision of a report, without its lines."""

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    report_id: str
    """Id of the report, the same for all of its revisions"""
    revision: int
    """0 of an interim report; published ones begin with 1"""
    state: ReportState
    """`interim` while a window of the period is open"""
    verdict: ReportVerdict
    """The worst verdict of the report's lines"""
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


class ReportList(ListAnswer[ReportSummary], use_attribute_docstrings=True):
    """The answer of ``GET /api/v1/reports``: one page of reports."""

    heard: AgreementReadingPosition
    """How far this service has read the events of the other services"""


class VersionInForce(Answer):
    """A version of the agreement that was in force in the report's period."""

    version: int
    """Number of the version"""
    revision_hash: str
    """SHA-256 of the terms that were signed or put on record"""
    in_force_from: Instant
    """When the version took effect"""
    in_force_to: Instant | None
    """When the version ended; null while it is in force"""


class ReportedAgreement(Answer):
    """The agreement that the report is about."""

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
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
    """A party of the agreement, as the report names it."""

    party_id: str
    """Id of the party"""
    name: str
    """The party's name when the agreement was signed"""


class ServiceOfReport(Answer):
    """The service that the agreement is about."""

    service_id: str
    """Id of the service"""
    key: str
    """Key of the service, given by its provider"""
    name: str
    """The service's name when the agreement was signed"""


class ReportPeriod(Answer):
    """The period that the report is about."""

    id: str
    """Name of the period, such as `2026-11`"""
    kind: str
    """How often there is a report: `month`, `quarter` and so on"""
    timezone: str
    """IANA zone in which the period begins and ends"""
    start_at: Instant
    """The first instant of the period"""
    end_at: Instant
    """The first instant after the period"""


class FiguresReference(Answer):
    """A reference to the answer of monitor-svc that an interim report was made from."""

    as_of: Instant
    """The instant of the figures in monitor-svc's answer"""
    position: dict[str, int]
    """`topic:partition` → the number of its records that the figures include"""
    sha256: str
    """SHA-256 of monitor-svc's answer, which `/reports/{report_id}/figures` gives byte for byte"""


class ReportChange(Answer):
    """One difference between this revision of the report and the revision before."""

    kind: Literal["line_added", "line_changed", "line_removed", "breaches", "findings"]
    """Kind of the difference"""
    what: str
    """The changed part: the target and window of a line, else `breaches` or `findings`"""
    before: str
    """The old value; `–` if there was none"""
    after: str
    """The new value; `–` if it was removed"""
    cause: str | None
    """Why the figure was restated; null if the change has another reason"""


class ReportRevision(ReportLinks):
    """A revision of the report, without its content."""

    revision: int
    """0 of an interim report; published ones begin with 1"""
    state: ReportState
    """`interim` or `published`"""
    verdict: ReportVerdict
    """The verdict of this revision"""
    built_at: Instant
    """When this revision was made"""


class ReportAnswer(ReportLinks):
    """A service report: for each target the agreed and the attained figure of a period."""

    report_id: str
    """Id of the report, the same for all of its revisions"""
    revision: int
    """0 of an interim report; published ones begin with 1"""
    built_at: Instant
    """When this revision was made"""
    state: ReportState
    """`interim` while a window of the period is open"""
    verdict: ReportVerdict
    """The worst verdict of the lines"""
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
    """One line for each target and window, in the order of the agreement"""
    breaches: list[ReportedBreach]
    """The breaches of the lines, including withdrawn ones"""
    breach_count: int
    """Number of breaches of this period that were not withdrawn"""
    breaches_going_on: int
    """Number of breaches of earlier periods that had not recovered when this period began"""
    risks: list[ReportedRisk]
    """The warnings of the lines"""
    plans_averted: int
    """Number of action plans that averted a breach"""
    plans_ended: int
    """Number of action plans that ended"""
    actions: list[ReportedAction]
    """The improvement actions that were open at `as_of`"""
    figures: FiguresReference | None
    """For an interim report: the answer of monitor-svc that has its figures; null for a published report"""
    changes: list[ReportChange]
    """The differences from the revision before; empty for the first"""
    heard: ReadingPosition
    """How far this service has read the events of the other services"""
    revisions: list[ReportRevision]
    """All revisions of the report, oldest first"""


class StoredFiguresAnswer(Answer):
    """The stored answer of monitor-svc's `GET /api/v1/figures` that an interim report was made from."""

    agreement_id: str
    """Id of the agreement"""
    as_of: Instant
    """The instant of the figures"""
    position: dict[str, int] | None
    """`topic:partition` → the number of its records that the figures include; null if the request gave an `as_of`"""
    windows: list[Document]
    """Every open window with its figure, as monitor-svc documents them"""
    breaches: list[Document]
    """The breaches of these windows, in the form that monitor-svc documents"""
    risks: list[Document]
    """The warnings of these windows, in the form that monitor-svc documents"""
