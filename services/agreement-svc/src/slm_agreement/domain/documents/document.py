"""The document of a revision: the author's text, checked as a whole and completed with every default and date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slm_agreement.domain.documents import clauses, credit_terms, critical_periods, nesting, supports
from slm_agreement.domain.documents.templates import Template
from slm_agreement.domain.errors import Findings, Invalid
from slm_agreement.domain.terms import customer_views, maintenance, objectives, target_warnings, target_windows, targets
from slm_agreement.domain.terms.reading import KEY, KEY_REMEDY, FieldReader
from slm_agreement.domain.terms.target_context import TargetContext
from slm_calendar import hours_document, service_hours
from slm_calendar.errors import CalendarError
from slm_calendar.local_time import zone_named
from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.instants import UtcMicroseconds

PERIODS = target_windows.CALENDAR_WINDOWS
HOLIDAY_YEARS = 10
"""For how many years holidays are written out as dates if the agreement has no end."""
_SECOND = 1_000_000
_LATEST = instants.from_text("9000-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class DocumentSubject:
    """The ids of the agreement, parties and service to which a document belongs."""

    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    service_id: str
    recorded_by_party_id: str | None = None
    """The party that put the agreement on record; None for an agreement that is negotiated."""


def resolve_document(
    raw: Any, subject: DocumentSubject, template: Template | None, default_title: str
) -> dict[str, Any]:
    """Return the document with every default and date, as it will be proposed, signed and evaluated.

    Resolving a document that is already resolved changes nothing. Raises Invalid with everything to correct.
    """
    place = nesting.find_too_deep_path(raw)
    if place is not None:
        raise Invalid("The document is nested too deeply.", [nesting.nesting_finding(place)])
    findings = Findings()
    reader = FieldReader(raw, "", findings)
    term = _term(reader)
    hours = _service_hours(reader, term)
    timezone = _timezone(reader)
    periods = critical_periods.resolve_critical_periods(reader, timezone, term)
    context = TargetContext(
        subject.agreement_id,
        subject.provider_party_id,
        subject.customer_party_id,
        subject.service_id,
        frozenset(hours),
        recorded_by_party_id=subject.recorded_by_party_id,
        critical_periods=frozenset(each["key"] for each in periods),
    )
    written = reader.raw("clauses", {})
    if template is not None and isinstance(written, Mapping):
        written = {**template.clauses, **written}
    period = _choice(reader, "reporting", "period", "month")
    resolved = {
        "title": reader.text("title", default_title, longest=300),
        "timezone": timezone,
        "term": term,
        "closing_delay": _closing_delay(reader),
        "service_hours": hours,
        "targets": targets.resolve_targets(reader.raw("targets", []), context, findings),
        "clauses": clauses.resolve_clauses(written, findings),
        "signatories": _signatories(reader, subject),
        "requirements": _requirements(reader, subject),
        supports.NAME: supports.read_supports(reader),
        "reporting": {"period": period},
        "review": _review(reader, period),
        customer_views.NAME: customer_views.resolve_customer_sees(
            reader, None if template is None else template.customer_sees
        ),
    }
    optional = {
        maintenance.NAME: maintenance.resolve_maintenance(reader),
        critical_periods.NAME: periods,
        credit_terms.CHARGE: credit_terms.resolve_charge(reader),
        credit_terms.SCHEDULES: credit_terms.resolve_schedules(reader, timezone),
    }
    # Terms that nobody wrote are left out, so that older revisions keep their hashes when they are resolved again.
    resolved |= {name: terms for name, terms in optional.items() if terms}
    credit_terms.check_money(resolved, findings)
    reader.done()
    findings.refuse_any("The document is not valid. Correct what is listed and send it again.")
    return resolved


def replace_objective(
    document: Mapping[str, Any], target_id: str, objective: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return a resolved document with another objective for one target, and with None as its ``effective_at``.

    Return None if the document does not have the target.
    """
    if not any(target["target_id"] == target_id for target in document["targets"]):
        return None
    changed = [
        _promising(target, objective) if target["target_id"] == target_id else target for target in document["targets"]
    ]
    return {**document, "targets": changed, "term": {**document["term"], "effective_at": None}}


def _promising(target: Mapping[str, Any], objective: Mapping[str, Any]) -> dict[str, Any]:
    """Return a target with another objective. If that leaves no error budget, the entries of ``warn_at`` about the
    budget are removed.
    """
    changed = {**target, "objective": dict(objective)}
    if objectives.has_no_error_budget(changed["objective"]) and target["warn_at"]:
        kept = {name: value for name, value in target["warn_at"].items() if name not in target_warnings.OF_BUDGETS}
        changed["warn_at"] = kept
    return changed


def closing_delay_seconds(document: Mapping[str, Any]) -> int:
    """Return the delay in seconds from the end of a window until the window is closed."""
    return (target_windows.parse_duration(document["closing_delay"]) or 0) // _SECOND


def _timezone(reader: FieldReader) -> str:
    name = reader.text("timezone", "UTC")
    try:
        zone_named(name)
    except CalendarError:
        reader.fault("timezone", name, "write the name of an IANA time zone, like Europe/Berlin or UTC")
    return name


def _term(reader: FieldReader) -> dict[str, Any]:
    term = FieldReader(reader.raw("term", {}), "term", reader.findings)
    effective, expires = _instant(term, "effective_at"), _instant(term, "expires_at")
    if effective is not None and expires is not None and expires <= effective:
        term.fault("expires_at", instants.to_text(expires), "write an instant after effective_at, or leave it out")
    notice = term.raw("notice")
    if notice is not None and (target_windows.parse_duration(notice) or -1) < 0:
        term.fault("notice", notice, "write an ISO 8601 duration in days, like P90D")
    term.done()
    return {
        "effective_at": None if effective is None else instants.to_text(effective),
        "expires_at": None if expires is None else instants.to_text(expires),
        "notice": notice,
    }


def _instant(reader: FieldReader, name: str) -> UtcMicroseconds | None:
    raw = reader.raw(name)
    if raw is None:
        return None
    try:
        instant = instants.from_text(raw)
    except (ValueError, TypeError, OverflowError):
        instant = -1
    if 0 <= instant < _LATEST:
        return instant
    reader.fault(name, raw, "write an RFC 3339 instant with its offset, like 2026-11-22T10:00:00Z")
    return None


def _closing_delay(reader: FieldReader) -> str:
    text = reader.text("closing_delay", "PT10M")
    microseconds = target_windows.parse_duration(text)
    if microseconds is None or not 0 <= microseconds <= 90 * 86_400 * _SECOND or microseconds % _SECOND:
        reader.fault("closing_delay", text, "write an ISO 8601 duration of whole seconds up to P90D, like PT10M")
    return text


def _service_hours(reader: FieldReader, term: Mapping[str, Any]) -> dict[str, Any]:
    raw = reader.raw("service_hours", {})
    if not isinstance(raw, Mapping):
        reader.fault("service_hours", raw, 'write hours by name, like {"business": {"timezone": …, "weekly": …}}')
        raw = {}
    resolved: dict[str, Any] = {targets.ALWAYS: targets.ALWAYS}
    for name, hours in raw.items():
        path = f"service_hours.{name}"
        if not KEY.match(str(name)):
            reader.findings.add(path, name, KEY_REMEDY)
        elif name == targets.ALWAYS and hours != targets.ALWAYS:
            reader.findings.add(path, hours, "write another name: 24x7 always means always open")
        elif name != targets.ALWAYS:
            resolved[str(name)] = _hours(hours, path, term, reader.findings)
    return resolved


def _hours(raw: Any, path: str, term: Mapping[str, Any], findings: Findings) -> Any:
    """Return one calendar of service hours with ranges and holidays written out as dates, so that signed hours never
    change.
    """
    if raw == targets.ALWAYS:
        return raw
    if not isinstance(raw, Mapping):
        findings.add(path, raw, 'write "24x7" or an object with timezone and weekly')
        return targets.ALWAYS
    if hours_document.has_holidays_by_year(raw) and term["effective_at"] is None:
        findings.add(
            "term.effective_at", None, "write when the agreement takes effect: from then on holidays are listed"
        )
        return targets.ALWAYS
    first, last = _holiday_years(term)
    try:
        return service_hours.resolve_service_hours(raw, first, last)
    except CalendarError as error:
        for fault in error.errors:
            findings.add(f"{path}.{fault['field']}", fault["value"], fault["remedy"])
        return targets.ALWAYS


def _holiday_years(term: Mapping[str, Any]) -> tuple[int, int]:
    if term["effective_at"] is None:
        return 1970, 1970
    first = _year(term["effective_at"]) - 1  # a zone east of UTC is already in the year that UTC is not
    last = _year(term["expires_at"]) if term["expires_at"] else first + HOLIDAY_YEARS
    return first, min(last + 1, first + 50)


def _year(text: str) -> int:
    return datetime.fromtimestamp(instants.from_text(text) // _SECOND, UTC).year


def _choice(reader: FieldReader, group: str, name: str, default: str) -> str:
    inner = FieldReader(reader.raw(group, {}), group, reader.findings)
    value = inner.choice(name, PERIODS, default)
    inner.done()
    return value


def _review(reader: FieldReader, period: str) -> dict[str, Any]:
    review = FieldReader(reader.raw("review", {}), "review", reader.findings)
    cadence = review.explicit("cadence", period)
    if cadence is not None and cadence not in PERIODS:
        review.fault("cadence", cadence, f"write one of: {', '.join(PERIODS)}, or null for none")
    windows = review.whole(
        "after_met_windows", 3, 1, 1000, "after how many met windows in a row a target may be raised, like 3"
    )
    resolved = {"cadence": cadence, "on_breach": review.flag("on_breach", True), "after_met_windows": windows}
    review.done()
    return resolved


def _signatories(reader: FieldReader, subject: DocumentSubject) -> dict[str, list[str]]:
    """Return the person ids of the signatories for each side. An empty list means any one person of that side with a
    mandate.
    """
    signatories = FieldReader(reader.raw("signatories", {}), "signatories", reader.findings)
    resolved = {
        side: sorted({_id_of(party_id, "person", name) for name in signatories.texts(side)})
        for side, party_id in (("provider", subject.provider_party_id), ("customer", subject.customer_party_id))
    }
    signatories.done()
    return resolved


def _requirements(reader: FieldReader, subject: DocumentSubject) -> list[str]:
    """Return the ids of the customer's requirements that the agreement answers."""
    return sorted({_id_of(subject.customer_party_id, "requirement", name) for name in reader.texts("requirements")})


def _id_of(party_id: str, kind: str, name: str) -> str:
    """Return the id that a document means by ``name``: a UUID in lower case, or the UUID derived from a key.

    The derived id is the UUIDv5 of (``kind``, ``name``) in the namespace of the party. ``kind`` is ``person`` or
    ``requirement``.
    """
    return name.lower() if supports.is_uuid(name) else named_id(party_id, kind, name)
