"""Critical periods of an agreement, such as election night or the end of each month, and their occurrences.

The occurrences of a period are windows like calendar windows, but with gaps between them. A target can be judged once
for each occurrence.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from slm_calendar import iso_durations, recurrences
from slm_calendar.errors import CalendarError, refusal
from slm_calendar.iso_durations import MINUTE
from slm_calendar.local_time import instant_of, local_date, since_midnight, wall_clock, zone_named
from slm_calendar.windows import Window
from slm_events.instants import UtcMicroseconds, to_text

MOST_OCCURRENCES = 4_000
"""The most occurrences of one period: a little more than ten years of daily ones."""
MOST_DATES = 500
"""The most dates of one period that are written one by one."""

_TIME_REMEDY = (
    "write a local date and time like 2026-11-03T18:00, without an offset: it is in the agreement's time zone"
)


@dataclass(frozen=True, slots=True)
class CriticalPeriod:
    """A critical period with its occurrences in order of time; they do not overlap.

    An occurrence's id is the period's key and its first local date: ``election-night/2026-11-03``. Of several that
    begin on one date, all but the first have the time too: ``election-night/2026-11-03T18:00``.
    """

    key: str
    title: str
    freeze: bool
    """Whether planned maintenance may not be asked for in its occurrences."""
    occurrences: tuple[Window, ...]
    starts: tuple[UtcMicroseconds, ...]
    """The start of each occurrence: searched for each fact, so it is kept beside them."""

    def at(self, instant: UtcMicroseconds) -> Window | None:
        """Return the occurrence that contains the instant; None between occurrences."""
        position = bisect_right(self.starts, instant) - 1
        found = self.occurrences[position] if position >= 0 else None
        return found if found is not None and instant < found.end else None

    def starting_after(self, instant: UtcMicroseconds) -> Window | None:
        """Return the first occurrence that starts after the instant; None if there is none."""
        position = bisect_right(self.starts, instant)
        return self.occurrences[position] if position < len(self.occurrences) else None

    def named(self, window_id: str) -> Window | None:
        """Return the occurrence with this id; None if there is none."""
        return next((each for each in self.occurrences if each.id == window_id), None)

    def touching(self, start: UtcMicroseconds, end: UtcMicroseconds) -> list[Window]:
        """Return the occurrences that overlap [start, end), each in full."""
        return [each for each in self.occurrences if each.start < end and start < each.end]


def parse_critical_periods(
    documents: Sequence[Mapping[str, Any]], zone: str, end: UtcMicroseconds | None
) -> dict[str, CriticalPeriod]:
    """Return key → critical period for the periods of an agreement.

    ``end``: the end of the agreement's term, in microseconds UTC; None: it has no end. Raises CalendarError, with
    fields like ``critical_periods[0].occurrences.rule``.
    """
    return {
        str(each["key"]): parse_critical_period(each, zone, end, f"critical_periods[{place}]")
        for place, each in enumerate(documents)
    }


def parse_critical_period(
    document: Mapping[str, Any], zone: str, end: UtcMicroseconds | None, field: str = "critical_period"
) -> CriticalPeriod:
    """Return one critical period of signed terms, with its occurrences that begin before ``end``.

    ``occurrences`` of the document is ``{"dates": [{"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"}]}`` or
    ``{"rule": "FREQ=MONTHLY;BYMONTHDAY=-1", "from": "2026-11-30T18:00", "duration": "PT8H"}``, with local times of the
    zone. The duration is elapsed time. A rule without COUNT and UNTIL goes on to ``end``, or for ten years if that is
    None. Raises CalendarError: for invalid parts, and for an occurrence that overlaps the one before.
    """
    return _parse(json.dumps(document, sort_keys=True, default=str), zone, end, field)


@lru_cache(maxsize=512)
def _parse(text: str, zone: str, end: UtcMicroseconds | None, field: str) -> CriticalPeriod:
    document = json.loads(text)
    written = document["occurrences"]
    name = f"{field}.occurrences"
    spans = _dates(written["dates"], zone, name) if "dates" in written else _of_rule(written, zone, end, name)
    for (_, closes), (opens, _) in pairwise(spans):
        if opens < closes:
            shown = to_text(opens)
            raise refusal(
                name, shown, f"it begins before the occurrence before it ends, {to_text(closes)}: make it one"
            )
    found = tuple(_named(str(document["key"]), spans, zone))
    return CriticalPeriod(
        str(document["key"]),
        str(document.get("title") or document["key"]),
        document.get("freeze") is True,
        found,
        tuple(each.start for each in found),
    )


def _named(key: str, spans: Sequence[tuple[int, int]], zone: str) -> list[Window]:
    """Return the occurrences with their ids."""
    where, found, before = zone_named(zone), [], None
    for start, end in spans:
        day = local_date(where, start)
        shown = day.isoformat() if day != before else f"{wall_clock(where, start):%Y-%m-%dT%H:%M}"
        found.append(Window(f"{key}/{shown}", start, end))
        before = day
    return found


def _dates(written: Sequence[Mapping[str, Any]], zone: str, field: str) -> list[tuple[int, int]]:
    spans = []
    for place, each in enumerate(written):
        path = f"{field}.dates[{place}]"
        start, end = (_instant(each.get(name), zone, f"{path}.{name}") for name in ("from", "to"))
        if end <= start:
            raise refusal(f"{path}.to", each["to"], "write a time after `from`")
        spans.append((start, end))
    return sorted(spans)


def _of_rule(written: Mapping[str, Any], zone: str, end: UtcMicroseconds | None, field: str) -> list[tuple[int, int]]:
    first = _local_time(written.get("from"), f"{field}.from")
    length = _duration(written.get("duration"), f"{field}.duration")
    rule = str(written.get("rule"))
    if end is None:
        end = _instant(written["from"], zone, f"{field}.from") + recurrences.LONGEST
    starts = recurrences.starts_of_rule(rule, zone, first, end, f"{field}.rule", MOST_OCCURRENCES)
    return [(start, start + length) for start in starts]


def _duration(text: Any, field: str) -> int:
    try:
        length = iso_durations.from_iso(text, field) if isinstance(text, str) else 0
    except CalendarError:
        length = 0
    if length <= 0 or length % MINUTE:
        raise refusal(field, text, "write an ISO 8601 duration of whole minutes, like PT8H")
    return length


def _instant(text: Any, zone: str, field: str) -> UtcMicroseconds:
    local = _local_time(text, field)
    return instant_of(zone_named(zone), local.date(), since_midnight(local))


def _local_time(text: Any, field: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - a local time of the agreement's zone
    except (TypeError, ValueError) as problem:
        raise refusal(field, text, _TIME_REMEDY) from problem
