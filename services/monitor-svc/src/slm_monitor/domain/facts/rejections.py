"""Rejections of items that were sent, and the checks that all kinds of items share."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from slm_events.instants import UtcMicroseconds

LONGEST_NAME = 200
"""The greatest length of a name that a sender gives, such as a source or an id, in bytes of UTF-8. Several names form a
key, and a PostgreSQL index entry has a limited size.
"""
LONGEST_TEXT = 4_000
"""The greatest number of characters of a text that is not a name."""
MOST_ATTRIBUTES = 65_536
"""The greatest size of all attributes of one ticket event, in bytes of JSON."""
MOST_NESTED = 8
UNSTORABLE = "leave out NUL characters and lone surrogates: no text may hold them"


@dataclass(frozen=True, slots=True)
class IntakeRejection:
    """Why the item at ``index`` was not accepted. ``outcome`` is ``rejected`` or ``quarantined``."""

    index: int
    outcome: str
    reason: str
    field: str
    value: Any
    remedy: str


class ItemRejected(Exception):
    """An item cannot be accepted. ``parts`` are the fields of its ``IntakeRejection`` without the index."""

    def __init__(self, reason: str, field: str, value: Any, remedy: str, outcome: str = "rejected") -> None:
        super().__init__(reason)
        self.parts = (outcome, reason, field, value, remedy)


def validate_instant(moment: datetime, name: str) -> UtcMicroseconds:
    """Return the instant in microseconds since 1970 UTC.

    Raises ItemRejected for an instant without a UTC offset, or outside the years 1 to 9999.
    """
    offset = moment.utcoffset()
    if offset is None:
        remedy = "write the instant with its UTC offset, like 2026-11-22T10:00:00Z"
        raise ItemRejected("no_offset", name, _sent_instant(moment), remedy)
    # Integer arithmetic: a float cannot hold the microseconds of far centuries, and astimezone() overflows at both
    # ends.
    days = moment.toordinal() - _EPOCH_DAY - offset.days
    seconds = days * 86_400 + moment.hour * 3600 + moment.minute * 60 + moment.second - offset.seconds
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        raise ItemRejected(
            "out_of_range", name, _sent_instant(moment), "in UTC the instant must lie in the years 1 to 9999"
        )
    return seconds * 1_000_000 + moment.microsecond


_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST_SECOND = (1 - _EPOCH_DAY) * 86_400
_LAST_SECOND = (date.max.toordinal() + 1 - _EPOCH_DAY) * 86_400 - 1


def check_instant_not_in_future(at: UtcMicroseconds, name: str, written: Any, limit: UtcMicroseconds) -> None:
    """Raise ItemRejected, with outcome ``quarantined``, for an instant later than ``limit`` (microseconds)."""
    if at > limit:
        remedy = "check the sender's clock; it is kept, not judged"
        raise ItemRejected("in_the_future", name, _sent_instant(written), remedy, "quarantined")


def _sent_instant(written: Any) -> str:
    """Return an instant as text in the usual form, like 2026-11-22T10:00:00Z, to show it in a rejection."""
    return written.isoformat().replace("+00:00", "Z") if isinstance(written, datetime) else str(written)


def is_storable_text(text: str) -> bool:
    """Whether PostgreSQL and UTF-8 can hold a text: it has no NUL and no lone surrogate."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text))


def check_text_length_and_storability(longest: int = LONGEST_TEXT, /, **texts: str | None) -> None:
    """Raise ItemRejected for a text that cannot be stored or has more than ``longest`` characters."""
    for name, text in texts.items():
        if text is None:
            continue
        if not is_storable_text(text):
            raise ItemRejected("unsupported_text", name, text, UNSTORABLE)
        if len(text) > longest:
            raise ItemRejected("too_long", name, text, f"write at most {longest} characters")


def check_storable_names(**names: str | None) -> None:
    """Raise ItemRejected for a name, such as a source or an id, that cannot be stored, is empty or is too long."""
    check_text_length_and_storability(**names)
    for name, text in names.items():
        if text is not None and (not text or len(text.encode()) > LONGEST_NAME):
            remedy = f"give a name that is not empty and has at most {LONGEST_NAME} bytes as UTF-8"
            raise ItemRejected("bad_name", name, text, remedy)


def check_party_id(text: str, name: str) -> None:
    """Raise ItemRejected for a text that is not the id of a party."""
    try:
        is_id = str(UUID(text)) == text
    except ValueError:
        is_id = False
    if not is_id:
        raise ItemRejected(
            "bad_id", name, text, "give the party's id, a UUID such as 0193a5c0-7a00-7000-8000-000000000001"
        )


def check_revision_range(revision: int) -> None:
    """Raise ItemRejected for a revision outside 0 to 2³¹ − 1."""
    if not 0 <= revision < 2**31:
        raise ItemRejected("bad_revision", "revision", revision, "number revisions from 0 to 2147483647")


def check_ticket_attributes(attributes: Mapping[str, Any] | None) -> None:
    """Raise ItemRejected for ticket attributes that JSON, the event log or the database would change or refuse."""
    if not attributes:
        return
    for name, value in attributes.items():
        check_storable_names(attributes=name)
        for text in _texts(value, 0):
            check_text_length_and_storability(**{f"attributes.{name}"[:LONGEST_NAME]: text})
    if not is_portable_json_value(attributes):
        remedy = f"give strings, finite numbers within 64 bits, and nothing nested deeper than {MOST_NESTED}"
        raise ItemRejected("bad_attributes", "attributes", None, remedy)
    if len(json.dumps(attributes, ensure_ascii=False).encode()) > MOST_ATTRIBUTES:
        raise ItemRejected(
            "too_long", "attributes", None, f"send at most {MOST_ATTRIBUTES} bytes of attributes an event"
        )


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Yield all texts in a document, names of objects included, down to the deepest nesting allowed."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list) and depth < MOST_NESTED:
        for inner in (*value, *value.values()) if isinstance(value, Mapping) else value:
            yield from _texts(inner, depth + 1)


def is_portable_json_value(value: Any, depth: int = 0) -> bool:
    """Whether every JSON reader and the event log can transport a value unchanged.

    Numbers must be finite and within 64 bits, and values must not be nested deeper than 8.
    """
    if isinstance(value, Mapping) and depth < MOST_NESTED:
        return all(isinstance(name, str) for name in value) and all(
            is_portable_json_value(inner, depth + 1) for inner in value.values()
        )
    if isinstance(value, list) and depth < MOST_NESTED:
        return all(is_portable_json_value(inner, depth + 1) for inner in value)
    if isinstance(value, int):
        return abs(value) < 2**63
    return math.isfinite(value) if isinstance(value, float) else value is None or isinstance(value, str)


def build_rejection_documents(refusals: Sequence[IntakeRejection]) -> list[dict[str, Any]]:
    """Return rejections as the JSON objects of the API's answer."""
    return [
        {
            "index": each.index,
            "outcome": each.outcome,
            "code": each.reason,
            "errors": [{"field": each.field, "value": shorten_value_for_display(each.value), "remedy": each.remedy}],
        }
        for each in refusals
    ]


def shorten_value_for_display(value: Any) -> Any:
    """Return a rejected value in a form that is safe to send back: short, finite, and valid UTF-8."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else f"{value:.6e}" if isinstance(value, float) else _as_text(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _as_text(value: Any) -> str:
    """Return an integer, a list or an object as shortened JSON.

    For a huge number, or a value that JSON cannot represent, only its kind is named.
    """
    if isinstance(value, int) and value.bit_length() > _SHOWN * 8:
        return "a huge number"
    if not isinstance(value, int | list | dict):
        return type(value).__name__
    try:
        return json.dumps(value, ensure_ascii=False)[: _SHOWN * 2]
    except (ValueError, TypeError):  # an integer of thousands of digits inside
        return "a list" if isinstance(value, list) else "an object"


_SHOWN = 200
