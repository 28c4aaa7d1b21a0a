"""Parsing of draft terms of single targets, in the way in which the targets of a signed agreement are parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import MAXYEAR, MINYEAR
from difflib import get_close_matches
from typing import Any

from slm_calendar import hours_document
from slm_calendar.errors import CalendarError, finding
from slm_calendar.local_time import utc_date
from slm_events.aggregations import is_of_clock
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.preview import tracked_document
from slm_monitor.domain.terms import terms
from slm_monitor.domain.terms.terms import ServiceLevelTarget

KINDS = ("availability", "ratio", "value", "count", "rating", "recovery")
NOBODY = "preview"
"""Placeholder for party, agreement and indicator of draft terms, which belong to nobody yet."""
HOURS = "tried"
LONG_AGO = "1000-01-01T00:00:00Z"
"""Start of a draft's term. It lies before any fact, because the term cuts the windows."""


class PreviewRejected(ValueError):
    """Draft terms or facts cannot be previewed. ``errors`` are as in problem documents: field, value, remedy."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("; ".join(f"{each['field']}: {each['remedy']}" for each in errors))
        self.errors = list(errors)


def build_preview_rejection(field: str, value: Any, remedy: str) -> PreviewRejected:
    """Return (not raise) a PreviewRejected about one field."""
    return PreviewRejected([finding(field, value, remedy)])


_CHOICES = {
    "unknown": ("removed", "up", "down"),
    "degraded": ("up", "down", "removed"),
    "no_data": ("ignore", "good", "bad"),
    "planned_downtime": ("removed", "excused"),
    "on_reopen": ("resume", "resume_counting_gap", "new_clock"),
    "on_priority_change": ("carry_elapsed", "restart", "from_opening"),
}
LONGEST_PREVIEW_MICROSECONDS = 10 * 366 * 86_400_000_000
"""Longest time, in µs, that a preview covers. Longer windows and lives of tickets are refused."""


def parse_preview_targets(
    targets: Sequence[Mapping[str, Any]],
    service_hours: Any,
    *,
    timezone: str = "UTC",
    periods: Sequence[Mapping[str, Any]] = (),
) -> list[ServiceLevelTarget]:
    """Parse targets under these service hours, in an agreement with these critical periods. Raises PreviewRejected that
    names a missing or invalid field.
    """
    draft = build_draft_agreement(targets, service_hours, timezone=timezone)
    return parse_draft_targets({**draft, "critical_periods": periods})


def build_draft_agreement(
    targets: Sequence[Mapping[str, Any]], service_hours: Any, *, timezone: str = "UTC", owner: str = NOBODY
) -> dict[str, Any]:
    """Return an agreement of these targets, in the form of AgreementFinalized. Raises PreviewRejected."""
    documents = [_completed_target(target, place) for place, target in enumerate(targets)]
    return {
        "agreement_id": NOBODY,
        "version": 1,
        "service_id": NOBODY,
        "provider_party_id": owner,
        "customer_party_id": NOBODY,
        "timezone": timezone,
        "effective_at": LONG_AGO,
        "closing_delay_seconds": 600,
        "service_hours": {HOURS: service_hours},
        "targets": documents,
    }


def resolve_holidays_to_dates(service_hours: Any, first: UtcMicroseconds, last: UtcMicroseconds) -> Any:
    """Return service hours in which the holidays of countries and of iCalendar files are replaced by dates.

    The dates lie in the years from ``first`` to ``last`` (instants in µs), as in a draft agreement. Raises
    PreviewRejected.
    """
    if not hours_document.has_holidays_by_year(service_hours):
        return service_hours
    # A time zone east of UTC reaches a new year before UTC does, and one west of it after.
    first_year, last_year = max(utc_date(first).year - 1, MINYEAR), min(utc_date(last).year + 1, MAXYEAR)
    try:
        return hours_document.resolve_hours_document(service_hours, first_year, last_year)
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error


def build_icalendar_report(service_hours: Any) -> dict[str, Any]:
    """Report which events of iCalendar files became holidays and which did not: ``{"calendars": [...]}``, or empty if
    there are no such files.
    """
    accounts = service_hours.get("calendars") if isinstance(service_hours, Mapping) else None
    return {"calendars": accounts} if accounts else {}


def parse_draft_targets(agreement: Mapping[str, Any]) -> list[ServiceLevelTarget]:
    """Parse the targets of a draft agreement. Raises PreviewRejected that names a missing or invalid field."""
    targets = [tracked_document.track_fields_read_of_target(each) for each in agreement["targets"]]
    try:
        found = terms.parse_targets({**agreement, "targets": targets})
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error
    except KeyError as error:
        raise build_preview_rejection(f"terms.{error.args[0]}", None, "this is required") from error
    except (AttributeError, TypeError, ValueError, ZeroDivisionError) as error:
        raise build_preview_rejection("terms", None, str(error)) from error
    for target in targets:
        for name in target.unread():
            if name not in _NOT_JUDGED:
                near = get_close_matches(name, target.asked, 1)
                meant = f"did you mean {near[0]}?" if near else "leave it out"
                raise build_preview_rejection(f"terms.{name}", None, f"no target of this kind has this field; {meant}")
    return found


_NOT_JUDGED = (
    "credit",
    "target_id",
    "service_id",
    "indicator",
    "title",
    "objective.unit",
    "unacceptable",
    "unacceptable.unit",
)
"""Fields of a target that have no effect on any figure."""


def _completed_target(target: Mapping[str, Any], place: int) -> dict[str, Any]:
    for field, choices in _CHOICES.items():
        if target.get(field, choices[0]) not in choices:
            raise build_preview_rejection(f"terms.{field}", target[field], f"one of {', '.join(choices)}")
    indicator = (
        None
        if is_of_clock(target.get("aggregation"))
        else {**_indicator_kind_field(target), "owner_party_id": NOBODY, "key": NOBODY}
    )
    key = target.get("key") or f"{NOBODY}-{place}"
    if not isinstance(key, str):
        raise build_preview_rejection("terms.key", key, "write a text")
    return {"key": key, "target_id": key, **target, "indicator": indicator, "service_hours": HOURS}


def _indicator_kind_field(target: Mapping[str, Any]) -> Mapping[str, str]:
    """Return ``{"kind": kind of the indicator}``; empty if the terms name no kind. Raises PreviewRejected."""
    written = target.get("indicator")
    kind = written.get("kind") if isinstance(written, Mapping) else None
    if kind not in (None, *KINDS):
        raise build_preview_rejection("terms.indicator.kind", kind, f"one of {', '.join(KINDS)}")
    return {} if kind is None else {"kind": kind}
