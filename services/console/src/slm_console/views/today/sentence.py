"""The sentence on top of the Today page. It is counted from the rows, so that it never says more than they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slm_console.views.clocks import RunningClock, time_until
from slm_console.views.reader import Reader
from slm_console.views.today import rows as kinds
from slm_console.views.today.rows import UrgentRow

NEXT = "next"
"""Key of the part about the next deadline; the other parts have the keys of ``COUNTED``."""


@dataclass(frozen=True, slots=True)
class SentencePart:
    """A part of the sentence, such as ``2 at risk``. ``key`` selects the rows that it is about."""

    key: str
    text: str
    clock: RunningClock | None = None


def sentence_of(reader: Reader, rows: Sequence[UrgentRow]) -> list[SentencePart]:
    """Return the parts of the sentence about these rows. A part that would count no row is left out."""
    parts = []
    for key in kinds.COUNTED:
        count = len(select_rows(reader, rows, key))
        if count:
            parts.append(SentencePart(key, _in_words(reader, key, count)))
    deadline = _next_deadline(reader, rows)
    if deadline is not None:
        clock = time_until(
            reader,
            deadline,
            lambda length: reader.gettext("next deadline in %(length)s", length=length),
            reader.gettext("past the next deadline"),
        )
        parts.append(SentencePart(NEXT, clock.text, clock))
    return parts


def select_rows(reader: Reader, rows: Sequence[UrgentRow], key: str) -> list[UrgentRow]:
    """Return the rows that a part of the sentence is about; all rows for a key that no part has."""
    if key == NEXT:
        deadline = _next_deadline(reader, rows)
        return [row for row in rows if deadline is not None and row.deadline == deadline]
    return [row for row in rows if key in row.counted] if key in kinds.COUNTED else list(rows)


def _next_deadline(reader: Reader, rows: Sequence[UrgentRow]) -> int | None:
    return min((row.deadline for row in rows if row.deadline is not None and row.deadline > reader.now), default=None)


def _in_words(reader: Reader, key: str, count: int) -> str:
    return {
        kinds.OUTAGE: reader.ngettext("%(count)s outage now", "%(count)s outages now", count),
        kinds.BREACHED: reader.ngettext(
            "%(count)s breached and unanswered", "%(count)s breached and unanswered", count
        ),
        kinds.AT_RISK: reader.ngettext("%(count)s at risk", "%(count)s at risk", count),
        kinds.TO_DECIDE: reader.ngettext("%(count)s request to decide", "%(count)s requests to decide", count),
        kinds.SILENT: reader.ngettext("%(count)s source silent", "%(count)s sources silent", count),
        kinds.TICKET_DUE: reader.ngettext("%(count)s ticket due within 4 h", "%(count)s tickets due within 4 h", count),
        kinds.TO_SIGN: reader.ngettext("%(count)s agreement to sign", "%(count)s agreements to sign", count),
        kinds.TO_ANSWER: reader.ngettext("%(count)s proposal to answer", "%(count)s proposals to answer", count),
        kinds.AGREEMENT_TO_DECIDE: reader.ngettext(
            "%(count)s agreement to decide on", "%(count)s agreements to decide on", count
        ),
    }[key]
