"""The SMART check of a document: specific, measurable, relevant, time-bound and complete.

Two checks are elsewhere: the back-test against stored measurements, and the check of the supporting agreements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_agreement.domain.checks import clock_slips, contradictions, slips
from slm_agreement.domain.documents import clauses, credit_terms, nesting, templates
from slm_agreement.domain.errors import ERROR, SLIP, WARNING, Finding
from slm_agreement.domain.terms import ticket_conditions
from slm_agreement.domain.versions.agreement import SIGNED, Revision, Version, VersionState
from slm_calendar.ical_events import CANCELLED
from slm_events import instants
from slm_events.instants import UtcMicroseconds


def run_smart_check(
    version: Version,
    revision: Revision,
    others: Sequence[Version],
    now: UtcMicroseconds,
    around: Sequence[Finding] = (),
) -> list[Finding]:
    """Return the findings of the SMART check for a revision of an agreement's document.

    ``others`` are the agreement's other versions, and ``now`` is in microseconds UTC. ``around`` are findings that were
    made by comparing this agreement with other agreements of the provider; they are added to the result.

    A finding is an error, a slip (a valid value that is probably a mistake) or a warning. An error prevents acceptance
    and signing. A slip or warning does not, but somebody who signs must waive it.
    """
    document = revision.document
    return [
        *_readable(document),
        *_specific(document),
        *slips.find_slips(document),
        *_calendars(document),
        *_measurable(document),
        *_relevant(document),
        *_time_bound(version, document, others, now),
        *_complete(version, document),
        *credit_terms.find_money_findings(document),
        *_up_to_date(version, revision, others),
        *around,
    ]


def select_errors(findings: Sequence[Finding]) -> list[Finding]:
    """Return the errors among the findings: those that cannot be waived."""
    return [finding for finding in findings if finding.severity == ERROR]


def select_findings_to_waive(findings: Sequence[Finding]) -> list[Finding]:
    """Return the slips and warnings among the findings, which a signatory must waive."""
    return [finding for finding in findings if finding.severity in (SLIP, WARNING)]


def _readable(document: dict[str, Any]) -> list[Finding]:
    place = nesting.find_too_deep_path(document)
    return [] if place is None else [nesting.nesting_finding(place)]


def _specific(document: dict[str, Any]) -> list[Finding]:
    if document["targets"]:
        targets = document["targets"]
        return [
            *ticket_conditions.find_unreachable_clocks(targets),
            *clock_slips.find_clock_slips(targets),
            *contradictions.find_contradictions(targets),
        ]
    return [Finding("targets", "none", "write at least one target", "specific.no-target")]


def _calendars(document: dict[str, Any]) -> list[Finding]:
    """Return a warning for each iCalendar file that has events from which no holiday could be made.

    Cancelled events do not count.
    """
    findings = []
    for name, hours in document["service_hours"].items():
        for account in hours.get("calendars", ()) if isinstance(hours, Mapping) else ():
            left_out = [each for each in account.get("left_out", ()) if each.get("why") != CANCELLED]
            if left_out:
                listed = "; ".join(f"{each['event']} ({each['begins']}): {each['why']}" for each in left_out[:5])
                value = f"{account.get('taken')} of {account.get('events')} events are holidays"
                remedy = f"write the others as dates if they are holidays, or waive this with a reason: {listed}"
                field = f"service_hours.{name}.{account.get('entry')}.icalendar"
                findings.append(Finding(field, value, remedy, "specific.calendar-left-out", "warning"))
    return findings


def _measurable(document: dict[str, Any]) -> list[Finding]:
    remedy = 'write the indicator\'s unit, {"key": …, "unit": "ms"}, or the limit with its unit, "300ms"'
    return [
        Finding(f"targets[{index}].indicator.unit", "none", remedy, "measurable.no-unit")
        for index, target in enumerate(document["targets"])
        if target["indicator"] is not None
        and target["indicator"]["kind"] == "value"
        and not target["indicator"]["unit"]
    ]


def _relevant(document: dict[str, Any]) -> list[Finding]:
    if document["requirements"]:
        return []
    remedy = "name the customer's requirements that these targets answer, or waive this with a reason"
    return [Finding("requirements", "none", remedy, "relevant.no-requirement", "warning")]


def _time_bound(
    version: Version, document: dict[str, Any], others: Sequence[Version], now: UtcMicroseconds
) -> list[Finding]:
    findings = []
    effective_at = document["term"]["effective_at"]
    amending = any(other.state in SIGNED for other in others)
    begun = max((other.effective_at or 0 for other in others if other.state in SIGNED), default=0)
    if effective_at is None:
        remedy = "write the instant from which the agreement applies, like 2026-12-01T00:00:00Z"
        findings.append(Finding("term.effective_at", "none", remedy, "time-bound.no-effective-at"))
    elif amending and instants.from_text(effective_at) <= now:
        remedy = f"write an instant after {instants.to_text(now)}: an amendment never changes the past"
        findings.append(Finding("term.effective_at", effective_at, remedy, "time-bound.amends-the-past"))
    elif version.identity.confirms_agreement_id is not None and instants.from_text(effective_at) <= now:
        remedy = f"write an instant after {instants.to_text(now)}: until then the contract on record is judged"
        findings.append(Finding("term.effective_at", effective_at, remedy, "time-bound.confirms-the-past"))
    elif instants.from_text(effective_at) < begun:
        remedy = f"write an instant from {instants.to_text(begun)} on, when the previously signed version takes effect"
        findings.append(Finding("term.effective_at", effective_at, remedy, "time-bound.before-its-base"))
    if document["review"]["cadence"] is None:
        remedy = "write a review cadence, like month, or waive this with a reason"
        findings.append(Finding("review.cadence", "none", remedy, "time-bound.no-review", "warning"))
    return findings


def _complete(version: Version, document: dict[str, Any]) -> list[Finding]:
    template = templates.template_of_kind(version.identity.kind)
    return [
        Finding(f"clauses.{point['point']}", "empty", f"say {point['says']}", "complete.empty-point")
        for point in clauses.check_sla_points(document, template.may_be_empty)
        if not point["filled"] and not point["may_be_empty"]
    ]


def _up_to_date(version: Version, revision: Revision, others: Sequence[Version]) -> list[Finding]:
    """Return an error if signing the revision would undo the changes of a version that was signed meanwhile.

    This is the case if the revision is based on an older version than the one signed last. A revision of a terminated
    agreement is an error too.
    """
    if any(other.state == VersionState.TERMINATED for other in others):
        return [
            Finding("agreement", "terminated", "draft a new agreement: this one was ended", "up-to-date.terminated")
        ]
    latest = latest_signed_number(others)
    if latest is not None and latest > version.number:
        remedy = f"draft a new amendment: version {latest} was signed since, and versions take effect in their order"
        return [Finding("version", str(version.number), remedy, "up-to-date.overtaken")]
    if latest == revision.base_version:
        return []
    remedy = f"version {latest} was signed since: send a revision that is based on it"
    return [Finding("base_version", str(revision.base_version), remedy, "up-to-date.base-version")]


def latest_signed_number(versions: Sequence[Version]) -> int | None:
    """Return the number of the version that was signed last; None if there is none."""
    signed = [version for version in versions if version.state in SIGNED]
    return max(signed, key=lambda version: (version.finalized_at or 0, version.number)).number if signed else None
