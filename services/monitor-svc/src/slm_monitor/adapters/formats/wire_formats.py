"""Decoders for request bodies of the intake and for records of the intake topics.

A batch is decoded at once; if an item is bad, the items are decoded one by one, and only the bad ones are rejected.

MalformedBody       the body is not a JSON array, object or NDJSON, or has more items than a batch may have
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
from slm_monitor.domain.facts.intake_items import CounterReading, Measurement, TicketMessage
from slm_monitor.domain.facts.rejections import LONGEST_NAME, UNSTORABLE, Rejection, is_storable, shown_value
from slm_monitor.domain.intake.decimals import NUMBERS
from slm_monitor.domain.intake.fast_path import PlainValues

T = TypeVar("T", Measurement, TicketMessage)
_NUMBERS = {float: float | str, int: int | str}
INTERNAL = "application/vnd.slm.intake+msgpack"
"""Content type of records that the intake has validated already."""
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
MOST_ITEMS = 100_000
"""A larger batch would keep all other requests waiting, and a rejection for each item would take too much memory."""


class MalformedBody(ValueError):
    """The body as a whole cannot be read."""


def _strict(kind: type[Any]) -> type[Any]:
    """The class that an item is decoded into: the fields of ``kind``; any other field is an error, at any level."""
    written = get_type_hints(kind)
    described: list[Any] = []
    for each in fields(kind):
        sent = _as_sent(written[each.name], is_number=each.name in NUMBERS)
        described.append((each.name, sent) if each.default is MISSING else (each.name, sent, each.default))
    return msgspec.defstruct(kind.__name__, described, forbid_unknown_fields=True, kw_only=True)


def _as_sent(written: Any, *, is_number: bool) -> Any:
    """The type of a field as it is sent: a number may come as text, and nested objects reject unknown fields too."""
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
    """Decodes batches of one kind of item: all at once, and one by one where that fails."""

    def __init__(self, kind: type[T]) -> None:
        self._names = tuple(each.name for each in fields(kind))
        self._kind = strict = _strict(kind)
        self._array: msgspec.json.Decoder[list[T]] = msgspec.json.Decoder(list[strict])  # type: ignore[valid-type]
        self._lines: msgspec.json.Decoder[T] = msgspec.json.Decoder(strict)

    def decode(self, body: bytes, content_type: str) -> tuple[Sequence[tuple[int, T]], list[Rejection]]:
        """Return (index, item) of the readable items, and the rejections of the others. Raises MalformedBody."""
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
        """Convert items that are JSON values already. Raises msgspec.ValidationError, which names the place."""
        return msgspec.convert(items, list[self._kind])  # type: ignore[name-defined]

    def _one_by_one(self, raw: Sequence[Any]) -> tuple[list[tuple[int, T]], list[Rejection]]:
        good: list[tuple[int, T]] = []
        refusals: list[Rejection] = []
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
    """A measurement that is one value. Decoded ten times as fast as ``Measurement`` with its dozen rare fields."""

    indicator: str
    at: datetime
    value: float
    unit: str | None = None


_PLAIN_ARRAY = msgspec.json.Decoder(list[_PlainItem])
_PLAIN_LINES = msgspec.json.Decoder(_PlainItem)
MEASUREMENTS = ItemDecoder(Measurement)
TICKET_EVENTS = ItemDecoder(TicketMessage)


def plain_values(body: bytes, content_type: str) -> PlainValues | None:
    """Decode a batch that consists of single values only; None if it is empty or has any other item."""
    if _may_hold_nul(body):
        return None
    try:
        rows = _PLAIN_LINES.decode_lines(body) if _is_lines(content_type) else _PLAIN_ARRAY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not 0 < len(rows) <= MOST_ITEMS:
        return None
    value = np.array([row.value for row in rows], dtype=np.float64)
    return PlainValues([row.indicator for row in rows], [row.at for row in rows], value, [row.unit for row in rows])


def _is_lines(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in NDJSON


def _may_hold_nul(body: bytes) -> bool:
    """Whether a text may contain NUL, which no database column can hold. One search covers the body."""
    return b"\\u0000" in body


def _limited(items: Sequence[Any]) -> Sequence[Any]:
    if len(items) > MOST_ITEMS:
        raise MalformedBody(f"the batch has {len(items)} items; send at most {MOST_ITEMS} at once")
    return items


def _raw_lines(body: bytes) -> list[Any]:
    return [_parsed_or_wrong(line) for line in body.splitlines() if line.strip()]


_BORDERS = msgspec.json.Decoder(list[msgspec.Raw])
_WHOLE = 1 << 20
"""Largest array, in bytes, that is parsed in one step, because nothing else in the process runs meanwhile."""
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
    """The items of a large array: its borders are found first, then each item is parsed by itself."""
    if body.count(b",") > _MOST_COMMAS:
        raise MalformedBody(f"the body has more values than {MOST_ITEMS} items can have; send fewer at once")
    try:
        pieces = _BORDERS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        remedy = f"send at most {_WHOLE} bytes at once to learn which item is wrong"
        raise MalformedBody(f"the body is not a JSON array: {error}; {remedy}") from error
    return [_parsed_or_wrong(bytes(piece)) for piece in _limited(pieces)]


def _parsed_or_wrong(text: bytes) -> Any:
    """Parse an item; return a ValueError, without raising it, if it is not JSON."""
    try:
        return _parsed(text)
    except (ValueError, RecursionError) as error:
        return ValueError(str(error))


def _parsed(text: bytes) -> Any:
    """Parse with Python's reader. It accepts NaN, Infinity, lone surrogates and very long numbers, so that only the
    item that has them is rejected, and not the whole batch."""
    return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else math.copysign(math.inf, -1 if digits.startswith("-") else 1)


_DIGITS = 400
"""An integer with more digits is beyond the range of a float, and makes its item invalid."""


def _unreadable(index: int, item: Any) -> Rejection | None:
    """The rejection of an item that is not a JSON object with storable texts; None if it may be decoded further."""
    if isinstance(item, ValueError):
        return Rejection(index, "rejected", "malformed_json", "", str(item), "send one JSON object a line")
    if not isinstance(item, dict):
        return Rejection(index, "rejected", "not_an_object", "", shown_value(item), "send one JSON object an item")
    for name, value in item.items():
        if not _is_storable(name) or not _is_storable(value):
            return Rejection(index, "rejected", "unsupported_text", shown_value(name), shown_value(value), UNSTORABLE)
    return None


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, dict):
        return all(_is_storable(name) and _is_storable(inner) for name, inner in value.items())
    return all(_is_storable(inner) for inner in value) if isinstance(value, list) else True


def _refusal(index: int, item: Any, message: str, known: tuple[str, ...]) -> Rejection:
    """Turn a message of msgspec (``Expected `str`, got `int` - at `$.indicator```) into field, value and remedy."""
    text, _, path = message.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    if text.startswith(_UNKNOWN):
        name = f"{field}.{text.removeprefix(_UNKNOWN).rstrip('`')}".lstrip(".")
        return Rejection(
            index,
            "rejected",
            "unknown_field",
            shown_value(name),
            shown_value(_value_at(item, name)),
            _remedy_of(name[:LONGEST_NAME], known),
        )
    missing = text.startswith("Object missing required field `")
    if missing:
        field = text.removeprefix("Object missing required field `").rstrip("`")
    value = _value_at(item, field)
    remedy = "this is required" if missing else _IN_WORDS.get(text) or text[:1].lower() + text[1:]
    code = "missing_field" if missing else "invalid_field"
    return Rejection(index, "rejected", code, shown_value(field), shown_value(value), remedy)


def _value_at(item: Any, place: str) -> Any:
    """The value of an item at a path such as ``cumulative.total`` or ``values[2]``; None if there is none."""
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
"""Messages of msgspec that do not say what to do, with a remedy for each."""


_COUNTER_NAMES = tuple(each.name for each in fields(CounterReading))


@lru_cache(maxsize=256)
def _remedy_of(name: str, known: tuple[str, ...]) -> str:
    """The remedy for a field that is not known: the known field that is spelt like it, if any.

    The answer is cached: the items of a large batch mostly have the same wrong field, and comparing it with every
    known name for each of 90,000 items would make their sender wait for seconds.
    """
    place, _, last = name.rpartition(".")
    near = get_close_matches(last, _COUNTER_NAMES if place else known, 1)
    return f"this field is not known; did you mean {near[0]}?" if near else "this field is not known; leave it out"


class IntakeFormat:
    """The formats of the intake, behind the port that intake and engine use."""

    internal = INTERNAL

    def plain_values(self, body: bytes, content_type: str) -> PlainValues | None:
        return plain_values(body, content_type)

    def measurements(self, body: bytes, content_type: str) -> tuple[Sequence[tuple[int, Measurement]], list[Rejection]]:
        return MEASUREMENTS.decode(body, content_type)

    def ticket_events(
        self, body: bytes, content_type: str
    ) -> tuple[Sequence[tuple[int, TicketMessage]], list[Rejection]]:
        return TICKET_EVENTS.decode(body, content_type)

    def raw(self, body: bytes, content_type: str) -> Sequence[Any]:
        return _raw_lines(body) if _is_lines(content_type) else _raw_array(body)

    def decode(self, body: bytes) -> tuple[MeasuredValues | None, list[Fact]]:
        return column_codec.decode_intake(body)

    def encode(self, values: MeasuredValues, facts: Sequence[Fact]) -> bytes:
        return column_codec.encode_intake(values, facts)
