"""What comes in, decoded: bodies of the REST door and records of the intake topics, item by item where one is bad.

MalformedBody       the whole is no JSON array, object or NDJSON
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from slm_monitor.adapters import columns
from slm_monitor.domain.admission import Measurement, Refusal, TicketMessage
from slm_monitor.domain.facts import Fact, Values

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
        is_lines = content_type.partition(";")[0].strip().lower() in NDJSON
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


MEASUREMENTS = ItemDecoder(Measurement)
TICKET_EVENTS = ItemDecoder(TicketMessage)


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
