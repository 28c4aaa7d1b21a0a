"""What comes in, decoded: bodies of the REST door and records of the intake topics, item by item where one is bad.

MalformedBody       the whole is no JSON array, object or NDJSON, or has more items than one batch may
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
from slm_monitor.domain.facts.rejections import UNSTORABLE, Rejection, is_storable, shown_value
from slm_monitor.domain.intake.decimals import NUMBERS
from slm_monitor.domain.intake.fast_path import PlainValues

T = TypeVar("T", Measurement, TicketMessage)
_NUMBERS = {float: float | str, int: int | str}
INTERNAL = "application/vnd.slm.intake+msgpack"
"""Content type of records that a door has admitted already."""
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
MOST_ITEMS = 100_000
"""More in one batch would keep everybody else waiting, and refusing each would take memory without end."""


class MalformedBody(ValueError):
    """The body as a whole cannot be read."""


def _strict(kind: type[Any]) -> type[Any]:
    """A message class as it is decoded: it has the same fields and refuses all others, at every level."""
    written = get_type_hints(kind)
    described: list[Any] = []
    for each in fields(kind):
        sent = _as_sent(written[each.name], is_number=each.name in NUMBERS)
        described.append((each.name, sent) if each.default is MISSING else (each.name, sent, each.default))
    return msgspec.defstruct(kind.__name__, described, forbid_unknown_fields=True, kw_only=True)


def _as_sent(written: Any, *, is_number: bool) -> Any:
    """The type of a field: a number may come as text, and what a field holds refuses unknown fields too."""
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
        self._written: type[T] = kind
        self._kind = strict = _strict(kind)
        self._array: msgspec.json.Decoder[list[T]] = msgspec.json.Decoder(list[strict])  # type: ignore[valid-type]
        self._lines: msgspec.json.Decoder[T] = msgspec.json.Decoder(strict)

    def decode(self, body: bytes, content_type: str) -> tuple[Sequence[tuple[int, T]], list[Rejection]]:
        """(index, item) of the good ones, refusals of the others. Raises MalformedBody."""
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
        """Items that were decoded as JSON already. Raises msgspec.ValidationError, which says where."""
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
                    refusal = _refusal(index, item, str(error), self._written)
            refusals.append(refusal)
        return good, refusals


class _PlainItem(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """Decoded ten times as fast as a dataclass with a dozen fields that are hardly ever there."""

    indicator: str
    at: datetime
    value: float
    unit: str | None = None


_PLAIN_ARRAY = msgspec.json.Decoder(list[_PlainItem])
_PLAIN_LINES = msgspec.json.Decoder(_PlainItem)
MEASUREMENTS = ItemDecoder(Measurement)
TICKET_EVENTS = ItemDecoder(TicketMessage)


def plain_values(body: bytes, content_type: str) -> PlainValues | None:
    """A batch of nothing but single values; None where there is anything else in it, or nothing."""
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
    """Whether text may hold what no database column does; looked for in whole, as it hardly ever occurs."""
    return b"\\u0000" in body


def _limited(items: Sequence[Any]) -> Sequence[Any]:
    if len(items) > MOST_ITEMS:
        raise MalformedBody(f"the batch has {len(items)} items; send at most {MOST_ITEMS} at once")
    return items


def _raw_lines(body: bytes) -> list[Any]:
    return [_parsed_or_wrong(line) for line in body.splitlines() if line.strip()]


_BORDERS = msgspec.json.Decoder(list[msgspec.Raw])
_WHOLE = 1 << 20
"""Bytes of an array that is parsed in one step, during which nothing else in the process goes on."""
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
    """The items of a large array: their borders are found first, then each is parsed by itself."""
    if body.count(b",") > _MOST_COMMAS:
        raise MalformedBody(f"the body has more values than {MOST_ITEMS} items can have; send fewer at once")
    try:
        pieces = _BORDERS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        remedy = f"send at most {_WHOLE} bytes at once to be told which item is wrong"
        raise MalformedBody(f"the body is not a JSON array: {error}; {remedy}") from error
    return [_parsed_or_wrong(bytes(piece)) for piece in _limited(pieces)]


def _parsed_or_wrong(text: bytes) -> Any:
    """An item, or what is wrong with it as JSON."""
    try:
        return _parsed(text)
    except (ValueError, RecursionError) as error:
        return ValueError(str(error))


def _parsed(text: bytes) -> Any:
    """Python's reader takes NaN, Infinity, lone surrogates and endless digits, which are then refused in their item
    instead of with the whole batch."""
    return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else math.copysign(math.inf, -1 if digits.startswith("-") else 1)


_DIGITS = 400
"""Beyond the range of a float, which no number of ours leaves."""


def _unreadable(index: int, item: Any) -> Rejection | None:
    """What is wrong with an item as JSON, before it is looked at as what it should be."""
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


def _refusal(index: int, item: Any, message: str, kind: type[Any]) -> Rejection:
    """msgspec's ``Expected `str`, got `int` - at `$.indicator``` as field, value and remedy."""
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
            _remedy_of(name, kind),
        )
    missing = text.startswith("Object missing required field `")
    if missing:
        field = text.removeprefix("Object missing required field `").rstrip("`")
    value = _value_at(item, field)
    remedy = "this is required" if missing else _IN_WORDS.get(text) or text[:1].lower() + text[1:]
    code = "missing_field" if missing else "invalid_field"
    return Rejection(index, "rejected", code, shown_value(field), shown_value(value), remedy)


def _value_at(item: Any, place: str) -> Any:
    """What stands at ``cumulative.total`` or ``values[2]`` of an item; None where nothing does."""
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
"""What msgspec says without saying what to do."""


def _remedy_of(name: str, kind: type[Any]) -> str:
    """What to do with a field that items of this kind do not have: perhaps it is misspelt."""
    place, _, last = name.rpartition(".")
    known = tuple(each.name for each in fields(CounterReading if place else kind))
    near = _nearest(last, known)
    return f"nobody knows this field; did you mean {near}?" if near else "nobody knows this field; leave it out"


@lru_cache(maxsize=256)
def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    """The known name that is spelt most like this one; None if none is near.

    The answer is cached: the items of a large batch mostly have the same wrong field, and comparing it with every
    known name for each of 90,000 items made their sender wait for longer than its time-out.
    """
    return next(iter(get_close_matches(name, known, 1)), None)


class IntakeFormat:
    """All formats of the intake, for those who read and write it."""

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
