"""What comes in, decoded: bodies of the REST door and records of the intake topics, item by item where one is bad.

MalformedBody       the whole is no JSON array, object or NDJSON
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from slm_monitor.adapters import columns
from slm_monitor.domain.admission import Measurement, Refusal, TicketMessage
from slm_monitor.domain.facts import Fact, Values
from slm_monitor.domain.plain_values import PlainValues

T = TypeVar("T", Measurement, TicketMessage)
INTERNAL = "application/vnd.slm.intake+msgpack"
"""Content type of records that a door has admitted already."""
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")


class MalformedBody(ValueError):
    """The body as a whole cannot be read."""


class ItemDecoder(Generic[T]):
    """Decodes batches of one kind of item: all at once, and one by one where that fails."""

    def __init__(self, kind: type[T]) -> None:
        self._kind: type[T] = kind
        self._array = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self._lines: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def decode(self, body: bytes, content_type: str) -> tuple[Sequence[tuple[int, T]], list[Refusal]]:
        """(index, item) of the good ones, refusals of the others. Raises MalformedBody."""
        is_lines = _is_lines(content_type)
        try:
            items = self._lines.decode_lines(body) if is_lines else self._array.decode(body)
            return list(enumerate(items)), []
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._one_by_one(_raw_lines(body) if is_lines else _raw_array(body))

    def _one_by_one(self, raw: Iterator[Any]) -> tuple[list[tuple[int, T]], list[Refusal]]:
        good: list[tuple[int, T]] = []
        refusals: list[Refusal] = []
        for index, item in enumerate(raw):
            if isinstance(item, ValueError):
                remedy = "send one JSON object a line"
                refusals.append(Refusal(index, "rejected", "malformed_json", "", str(item), remedy))
                continue
            try:
                good.append((index, msgspec.convert(item, self._kind)))
            except msgspec.ValidationError as error:
                refusals.append(_refusal(index, item, str(error)))
        return good, refusals


class _Plain(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """Decoded ten times as fast as a dataclass with a dozen fields that are hardly ever there."""

    indicator: str
    at: datetime
    value: float
    unit: str | None = None


_PLAIN_ARRAY = msgspec.json.Decoder(list[_Plain])
_PLAIN_LINES = msgspec.json.Decoder(_Plain)
MEASUREMENTS = ItemDecoder(Measurement)
TICKET_EVENTS = ItemDecoder(TicketMessage)


def plain_values(body: bytes, content_type: str) -> PlainValues | None:
    """A batch of nothing but single values; None where there is anything else in it, or nothing."""
    try:
        rows = _PLAIN_LINES.decode_lines(body) if _is_lines(content_type) else _PLAIN_ARRAY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not rows:
        return None
    value = np.array([row.value for row in rows], dtype=np.float64)
    return PlainValues([row.indicator for row in rows], [row.at for row in rows], value, [row.unit for row in rows])


def _is_lines(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in NDJSON


def _raw_lines(body: bytes) -> Iterator[Any]:
    for line in body.splitlines():
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                yield ValueError(str(error))


def _raw_array(body: bytes) -> Iterator[Any]:
    # Python's reader takes NaN and Infinity, which are then refused in their item instead of with the whole batch.
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"the body is not JSON: {error}") from error
    if isinstance(document, dict):
        document = [document]
    if not isinstance(document, list):
        raise MalformedBody("the body is neither a JSON array of items nor one item")
    return iter(document)


def _refusal(index: int, item: Any, message: str) -> Refusal:
    """msgspec's ``Expected `str`, got `int` - at `$.indicator``` as field, value and remedy."""
    text, _, path = message.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    missing = text.startswith("Object missing required field `")
    if missing:
        field = text.removeprefix("Object missing required field `").rstrip("`")
    value = item.get(field) if isinstance(item, dict) else None
    remedy = "this is required" if missing else text[:1].lower() + text[1:]
    code = "missing_field" if missing else "invalid_field"
    return Refusal(index, "rejected", code, field, value if isinstance(value, str | int | float) else None, remedy)


class IntakeFormat:
    """All formats of the intake, for those who read and write it."""

    internal = INTERNAL

    def plain_values(self, body: bytes, content_type: str) -> PlainValues | None:
        return plain_values(body, content_type)

    def measurements(self, body: bytes, content_type: str) -> tuple[Sequence[tuple[int, Measurement]], list[Refusal]]:
        return MEASUREMENTS.decode(body, content_type)

    def ticket_events(
        self, body: bytes, content_type: str
    ) -> tuple[Sequence[tuple[int, TicketMessage]], list[Refusal]]:
        return TICKET_EVENTS.decode(body, content_type)

    def decode(self, body: bytes) -> tuple[Values | None, list[Fact]]:
        return columns.decode_intake(body)

    def encode(self, values: Values, facts: Sequence[Fact]) -> bytes:
        return columns.encode_intake(values, facts)
