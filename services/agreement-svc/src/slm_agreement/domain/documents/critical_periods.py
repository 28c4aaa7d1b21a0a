"""Critical periods in the terms, such as election night or the end of each month."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms.reading import FieldReader
from slm_calendar import critical_periods
from slm_calendar.critical_periods import CriticalPeriod
from slm_calendar.errors import CalendarError
from slm_calendar.local_time import zone_named
from slm_events import instants

NAME = "critical_periods"
_MOST_PERIODS = 50
_TERM = ("effective_at", "expires_at")
_KEY = re.compile(r"[a-z][a-z0-9-]{0,59}\Z")
_KEY_REMEDY = "write 1 to 60 lower-case letters, digits or dashes, beginning with a letter, like election-night"
_DATES = '{"dates": [{"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"}]}'
_EXAMPLE = f'{{"key": "election-night", "occurrences": {_DATES}}}'
_RULE = '{"rule": "FREQ=MONTHLY;BYMONTHDAY=-1", "from": "2026-11-30T18:00", "duration": "PT6H"}'


def resolve_critical_periods(reader: FieldReader, timezone: str, term: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read the critical periods, each with every default.

    ``timezone`` is that of the agreement, in which the periods' times are written. ``term`` is the agreement's resolved
    term: a period must occur in it.
    """
    written = reader.raw(NAME, [])
    if not isinstance(written, list) or len(written) > _MOST_PERIODS:
        reader.fault(NAME, written, f"write a list of up to {_MOST_PERIODS} periods, like [{_EXAMPLE}]")
        return []
    resolved = [_period(each, f"{NAME}[{place}]", reader.findings) for place, each in enumerate(written)]
    keys: set[str] = set()
    for place, each in enumerate(resolved):
        path = f"{NAME}[{place}]"
        if each["key"] in keys:
            reader.findings.add(f"{path}.key", each["key"], "write another key: an earlier period has this one")
        keys.add(each["key"])
        if not any(fault.field.startswith(path) for fault in reader.findings.items) and _is_zone(timezone):
            _check_occurrences(each, path, timezone, term, reader.findings)
    return resolved


def _is_zone(timezone: str) -> bool:
    try:
        zone_named(timezone)
    except CalendarError:
        return False
    return True


def _period(raw: Any, path: str, findings: Findings) -> dict[str, Any]:
    reader = FieldReader(raw, path, findings)
    key = reader.raw("key")
    if not isinstance(key, str) or not _KEY.match(key):
        reader.fault("key", key, _KEY_REMEDY)
        key = ""
    resolved = {
        "key": key,
        "title": reader.text("title", key or "period", longest=200),
        "occurrences": _occurrences(reader.raw("occurrences"), f"{path}.occurrences", findings),
        "freeze": reader.flag("freeze", False),
    }
    reader.done()
    return resolved


def _occurrences(raw: Any, path: str, findings: Findings) -> dict[str, Any]:
    """Read either listed dates or a rule. Their times are checked with the whole period."""
    if not isinstance(raw, Mapping) or ("dates" in raw) == ("rule" in raw):
        findings.add(path, raw, f"write dates or a rule, one of them, like {_RULE}")
        return {}
    reader = FieldReader(raw, path, findings)
    if "rule" in raw:
        resolved: dict[str, Any] = {name: reader.text(name, longest=300) for name in ("rule", "from", "duration")}
        reader.done()
        return resolved
    dates, most = reader.raw("dates"), critical_periods.MOST_DATES
    if not isinstance(dates, list) or not 0 < len(dates) <= most:
        reader.fault("dates", dates, f"write a list of 1 to {most} dates")
        dates = []
    found = []
    for place, each in enumerate(dates):
        span = FieldReader(each, f"{path}.dates[{place}]", findings)
        found.append({name: span.text(name, longest=30) for name in ("from", "to")})
        span.done()
    reader.done()
    return {"dates": sorted(found, key=lambda each: each["from"])}


def _check_occurrences(
    document: Mapping[str, Any], path: str, timezone: str, term: Mapping[str, Any], findings: Findings
) -> None:
    """Refuse a period whose times are invalid or overlap, that has no end, or that does not occur in the term."""
    begins, ends = (None if term[name] is None else instants.from_text(term[name]) for name in _TERM)
    written = document["occurrences"]
    if "rule" in written and ends is None and not re.search(r"(^|;)(COUNT|UNTIL)=", written["rule"]):
        remedy = "say where it ends: add COUNT or UNTIL, because the agreement has no term.expires_at"
        findings.add(f"{path}.occurrences.rule", written["rule"], remedy)
        return
    try:
        period: CriticalPeriod = critical_periods.parse_critical_period(document, timezone, ends, path)
    except CalendarError as error:
        for fault in error.errors:
            findings.add(fault["field"], fault["value"], fault["remedy"])
        return
    is_within = any(
        (begins is None or each.end > begins) and (ends is None or each.start < ends) for each in period.occurrences
    )
    if not is_within:
        remedy = "write an occurrence that lies in the term of the agreement, or leave the period out"
        findings.add(f"{path}.occurrences", document["key"], remedy)
