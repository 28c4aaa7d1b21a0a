"""Decoders for request bodies of the intake and for records of the intake topics.

A batch is decoded at once. If this fails, its items are decoded one by one, and only bad items are rejected.

The decoders raise MalformedBody for a body that is no JSON array, no JSON object and no NDJSON, and for a body with too
many items.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache, reduce
from operator import or_
from types import UnionType
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

from slm_monitor.adapters.formats import column_codec
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.facts.intake_items import CounterReading, SentMeasurement, SentTicketEvent
from slm_monitor.domain.facts.rejections import (
    LONGEST_NAME,
    UNSTORABLE,
    IntakeRejection,
    is_storable_text,
    shorten_value_for_display,
)
from slm_monitor.domain.intake.decimals import NUMBER_FIELDS
from slm_monitor.domain.intake.fast_path import PlainValueColumns

T = TypeVar("T", SentMeasurement, SentTicketEvent)
_NUMBERS = {float: float | str, int: int | str}
INTERNAL = "application/vnd.slm.intake+msgpack"
"""Content type of records that the intake has validated already."""
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
MOST_ITEMS = 100_000
"""The greatest number of items in a batch. A larger one would keep all other requests waiting, and a rejection for each
item would take too much memory.
"""


class MalformedBody(ValueError):
    """The whole body is refused, not only some of its items, because it is no batch of items or has too many items."""


def _strict(kind: type[Any]) -> type[Any]:
    """Return the class that an item is decoded into: it has the fields of ``kind`` and refuses any other field, at any
    level.
    """
    written = get_type_hints(kind)
    described: list[Any] = []
    for each in fields(kind):
        sent = _as_sent(written[each.name], is_number=each.name in NUMBER_FIELDS)
        described.append((each.name, sent) if each.default is MISSING else (each.name, sent, each.default))
    return msgspec.defstruct(kind.__name__, described, forbid_unknown_fields=True, kw_only=True)


def _as_sent(written: Any, *, is_number: bool) -> Any:
    """Return the type with which the decoder checks a field of the type ``written``.

    This type also accepts a number that is sent as text. It refuses an unknown field of a nested object.
    """
    if written is CounterReading:
        return _strict(CounterReading)
    if is_number and written in _NUMBERS:
        return _NUMBERS[written]
    if isinstance(written, UnionType):
        return reduce(or_, (_as_sent(part, is_number=is_number) for part in get_args(written)))
    if get_origin(written) is list:
        return list[_as_sent(get_args(written)[0], is_number=is_number)]  # type: ignore[misc]
    return written


class ItemDecoder(Generic[T]):
    """Decodes batches of one kind of item: the whole batch at once, or item by item if that fails."""

    def __init__(self, kind: type[T]) -> None:
        self._names = tuple(each.name for each in fields(kind))
        self._kind = strict = _strict(kind)
        self._array: msgspec.json.Decoder[list[T]] = msgspec.json.Decoder(list[strict])  # type: ignore[valid-type]
        self._lines: msgspec.json.Decoder[T] = msgspec.json.Decoder(strict)

    def decode(self, body: bytes, content_type: str) -> tuple[Sequence[tuple[int, T]], list[IntakeRejection]]:
        """Return (index from 0, item) of the readable items, and the rejections of all others. Raises MalformedBody."""
        is_lines = _is_lines(content_type)
        if not body.strip():
            raise MalformedBody("the body is empty")
        if not _may_hold_nul(body):
            try:
                items = self._lines.decode_lines(body) if is_lines else self._array.decode(body)
                return list(enumerate(_limited(items))), []
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
        return self._one_by_one(_limited(_raw_lines(body) if is_lines else _raw_array(body)))

    def converted(self, items: Sequence[Any]) -> list[T]:
        """Convert parsed JSON values to items. Raises msgspec.ValidationError, which names the place of the error."""
        return msgspec.convert(items, list[self._kind])  # type: ignore[name-defined]

    def _one_by_one(self, raw: Sequence[Any]) -> tuple[list[tuple[int, T]], list[IntakeRejection]]:
        good: list[tuple[int, T]] = []
        refusals: list[IntakeRejection] = []
        for index, item in enumerate(raw):
            refusal = _unreadable(index, item)
            if refusal is None:
                try:
                    good.append((index, msgspec.convert(item, self._kind)))
                    continue
                except (msgspec.ValidationError, OverflowError) as error:
                    refusal = _refusal(index, item, str(error), self._names)
            refusals.append(refusal)
        return good, refusals


class _PlainItem(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A measurement of one value and nothing else. It decodes ten times as fast as ``SentMeasurement`` with its many
    rare fields.
    """

    indicator: str
    at: datetime
    value: float
    unit: str | None = None


_PLAIN_ARRAY = msgspec.json.Decoder(list[_PlainItem])
_PLAIN_LINES = msgspec.json.Decoder(_PlainItem)
MEASUREMENTS = ItemDecoder(SentMeasurement)
TICKET_EVENTS = ItemDecoder(SentTicketEvent)


def decode_plain_values(body: bytes, content_type: str) -> PlainValueColumns | None:
    """Decode a batch that consists of single values only, into columns; None if it is empty or has any other item."""
    if _may_hold_nul(body):
        return None
    try:
        rows = _PLAIN_LINES.decode_lines(body) if _is_lines(content_type) else _PLAIN_ARRAY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not 0 < len(rows) <= MOST_ITEMS:
        return None
    value = np.array([row.value for row in rows], dtype=np.float64)
    return PlainValueColumns(
        [row.indicator for row in rows], [row.at for row in rows], value, [row.unit for row in rows]
    )


def _is_lines(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in NDJSON


def _may_hold_nul(body: bytes) -> bool:
    """Whether a text in the body may contain NUL, which no database column can hold.

    The bytes of the body are searched, not its parsed texts, so the result can be True although no text contains NUL.
    """
    return b"\\u0000" in body


def _limited(items: Sequence[Any]) -> Sequence[Any]:
    if len(items) > MOST_ITEMS:
        raise MalformedBody(f"the batch has {len(items)} items; send at most {MOST_ITEMS} at once")
    return items


def _raw_lines(body: bytes) -> list[Any]:
    return [_parsed_or_wrong(line) for line in body.splitlines() if line.strip()]


_BORDERS = msgspec.json.Decoder(list[msgspec.Raw])
_WHOLE = 1 << 20
"""The size in bytes of the largest array that is parsed in one step. A larger one is parsed in pieces, because nothing
else in the process runs during a step.
"""
_MOST_COMMAS = 30 * MOST_ITEMS


def _raw_array(body: bytes) -> list[Any]:
    if len(body) > _WHOLE:
        return _raw_pieces(body)
    try:
        document = _parsed(body)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"the body is not JSON: {error}") from error
    if isinstance(document, dict):
        document = [document]
    if not isinstance(document, list):
        raise MalformedBody("the body is neither a JSON array of items nor one item")
    return document


def _raw_pieces(body: bytes) -> list[Any]:
    """Return the items of a large array. First the beginning and end of each item are found, then each item is parsed
    by itself.
    """
    if body.count(b",") > _MOST_COMMAS:
        raise MalformedBody(f"the body has more values than {MOST_ITEMS} items can have; send fewer at once")
    try:
        pieces = _BORDERS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        remedy = f"send at most {_WHOLE} bytes at once to learn which item is wrong"
        raise MalformedBody(f"the body is not a JSON array: {error}; {remedy}") from error
    return [_parsed_or_wrong(bytes(piece)) for piece in _limited(pieces)]


def _parsed_or_wrong(text: bytes) -> Any:
    """Return the parsed item; if it is not JSON, return a ValueError without raising it."""
    try:
        return _parsed(text)
    except (ValueError, RecursionError) as error:
        return ValueError(str(error))


def _parsed(text: bytes) -> Any:
    """Parse JSON with Python's reader.

    This reader accepts NaN, Infinity, lone surrogates and very long numbers. An item that has them is then rejected
    alone, and not the whole batch.
    """
    return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else math.copysign(math.inf, -1 if digits.startswith("-") else 1)


_DIGITS = 400
"""An integer with more digits is certainly beyond the range of a float, and makes its item invalid."""


def _unreadable(index: int, item: Any) -> IntakeRejection | None:
    """Return the rejection of an item that cannot be decoded further; None if it can.

    An item is rejected if it is not a JSON object, or if it contains a text that PostgreSQL cannot store, such as one
    with a NUL character.
    """
    if isinstance(item, ValueError):
        return IntakeRejection(index, "rejected", "malformed_json", "", str(item), "send one JSON object a line")
    if not isinstance(item, dict):
        return IntakeRejection(
            index, "rejected", "not_an_object", "", shorten_value_for_display(item), "send one JSON object an item"
        )
    for name, value in item.items():
        if not _is_storable(name) or not _is_storable(value):
            return IntakeRejection(
                index,
                "rejected",
                "unsupported_text",
                shorten_value_for_display(name),
                shorten_value_for_display(value),
                UNSTORABLE,
            )
    return None


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return is_storable_text(value)
    if isinstance(value, dict):
        return all(_is_storable(name) and _is_storable(inner) for name, inner in value.items())
    return all(_is_storable(inner) for inner in value) if isinstance(value, list) else True


def _refusal(index: int, item: Any, message: str, known: tuple[str, ...]) -> IntakeRejection:
    """Convert a message of msgspec (``Expected `str`, got `int` - at `$.indicator```) to a rejection with field, value
    and remedy.
    """
    text, _, path = message.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    if text.startswith(_UNKNOWN):
        name = f"{field}.{text.removeprefix(_UNKNOWN).rstrip('`')}".lstrip(".")
        return IntakeRejection(
            index,
            "rejected",
            "unknown_field",
            shorten_value_for_display(name),
            shorten_value_for_display(_value_at(item, name)),
            _remedy_of(name[:LONGEST_NAME], known),
        )
    missing = text.startswith("Object missing required field `")
    if missing:
        field = text.removeprefix("Object missing required field `").rstrip("`")
    value = _value_at(item, field)
    remedy = "this is required" if missing else _IN_WORDS.get(text) or text[:1].lower() + text[1:]
    code = "missing_field" if missing else "invalid_field"
    return IntakeRejection(
        index, "rejected", code, shorten_value_for_display(field), shorten_value_for_display(value), remedy
    )


def _value_at(item: Any, place: str) -> Any:
    """Return the value in an item at a path such as ``cumulative.total`` or ``values[2]``; None if there is none."""
    for name in _STEPS.findall(place):
        if isinstance(item, dict):
            item = item.get(name)
        elif isinstance(item, list) and name.isdigit() and int(name) < len(item):
            item = item[int(name)]
        else:
            return None
    return item


_STEPS = re.compile(r"[^.\[\]]+")
_UNKNOWN = "Object contains unknown field `"
_IN_WORDS = {"Invalid RFC3339 encoded datetime": "write an instant with its zone, like 2026-11-22T10:00:00Z"}
"""Message of msgspec → remedy, for those messages that do not say what to do."""


_COUNTER_NAMES = tuple(each.name for each in fields(CounterReading))


@lru_cache(maxsize=256)
def _remedy_of(name: str, known: tuple[str, ...]) -> str:
    """Return the remedy for a field that is not known: the known field with a similar spelling, if any.

    The remedy is cached. The items of a large batch mostly have the same wrong field, and without the cache the
    comparison with all known names for each of 90,000 items would make the sender wait for seconds.
    """
    place, _, last = name.rpartition(".")
    near = get_close_matches(last, _COUNTER_NAMES if place else known, 1)
    return f"this field is not known; did you mean {near[0]}?" if near else "this field is not known; leave it out"


class IntakeFormat:
    """Reads and writes the formats of the intake: the adapter behind the port ``IntakeRecordFormat``."""

    internal = INTERNAL

    def plain_values(self, body: bytes, content_type: str) -> PlainValueColumns | None:
        return decode_plain_values(body, content_type)

    def measurements(
        self, body: bytes, content_type: str
    ) -> tuple[Sequence[tuple[int, SentMeasurement]], list[IntakeRejection]]:
        return MEASUREMENTS.decode(body, content_type)

    def ticket_events(
        self, body: bytes, content_type: str
    ) -> tuple[Sequence[tuple[int, SentTicketEvent]], list[IntakeRejection]]:
        return TICKET_EVENTS.decode(body, content_type)

    def raw(self, body: bytes, content_type: str) -> Sequence[Any]:
        return _raw_lines(body) if _is_lines(content_type) else _raw_array(body)

    def decode(self, body: bytes) -> tuple[MeasuredValues | None, list[Fact]]:
        return column_codec.decode_intake_record(body)

    def encode(self, values: MeasuredValues, facts: Sequence[Fact]) -> bytes:
        return column_codec.encode_intake_record(values, facts)
