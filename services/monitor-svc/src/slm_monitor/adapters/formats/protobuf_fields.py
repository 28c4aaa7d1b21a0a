"""Fields of protobuf messages, read one after another from bytes, with a limit for the number of all fields."""

from __future__ import annotations

from collections.abc import Iterator

_MASK = (1 << 64) - 1
_VARINT, _EIGHT, _TEXT, _FOUR = 0, 1, 2, 5


class MalformedMessage(ValueError):
    """The bytes are no protobuf message, or end too early."""


class TooManyFields(Exception):
    """The messages have more fields than the budget allows."""


class FieldBudget:
    """The number of fields that may still be read."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, fields: int) -> None:
        """Count fields that are read. Raises TooManyFields if more fields were read than the budget allows."""
        self.left -= fields
        if self.left < 0:
            raise TooManyFields


def fields(data: bytes, at: int, end: int, budget: FieldBudget) -> Iterator[tuple[int, int, int]]:
    """Yield (field number, start of the content, end of the content) for each field of a message.

    The message is ``data[at:end]``. Raises MalformedMessage and TooManyFields.
    """
    while at < end:
        budget.left -= 1
        if budget.left < 0:
            raise TooManyFields
        tag = data[at]
        at += 1
        if tag > 0x7F:
            tag, at = read_varint(data, at - 1, end)
        kind = tag & 7
        if kind == _TEXT:
            if at >= end:
                raise MalformedMessage("it ends in the middle of a field")
            length = data[at]
            at += 1
            if length > 0x7F:
                length, at = read_varint(data, at - 1, end)
            stop = at + length
        elif kind == _VARINT:
            stop = at
            while stop < end and data[stop] > 0x7F:
                stop += 1
            stop += 1
        elif kind in (_EIGHT, _FOUR):
            stop = at + (8 if kind == _EIGHT else 4)
        else:
            raise MalformedMessage(f"a field has the wire type {kind}")
        if stop > end:
            raise MalformedMessage("it ends in the middle of a field")
        if tag < 8:
            raise MalformedMessage("a field has the number 0")
        # A number of another wire type is another field, as protobuf's own readers take it.
        yield tag >> 3, at, stop
        at = stop


def read_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Read a varint of at most 64 bits that begins at index ``at``. Return (number, index after the varint).

    Raises MalformedMessage.
    """
    number = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & _MASK, at
        shift += 7
        if shift > 63:
            break
    raise MalformedMessage("a number has no end")


def encode_varint(number: int) -> bytes:
    """Return an unsigned number as a varint."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def read_packed(data: bytes, at: int, end: int, budget: FieldBudget) -> list[int]:
    """Read a packed field, which contains varints one after another. Old writers send a field of one varint; it is
    valid, too.

    Raises MalformedMessage and TooManyFields.
    """
    budget.spend((end - at) // 2 + 1)
    packed = data[at:end]
    if packed.isascii():  # Every number has one byte.
        return list(packed)
    found = []
    number = shift = 0
    for byte in packed:
        if byte < 0x80:
            found.append((number | byte << shift) & _MASK)
            number = shift = 0
        else:
            number |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63:
                break
    if shift:
        raise MalformedMessage("a number has no end")
    return found


def signed(number: int) -> int:
    """Return the signed number that has the same 64 bits as this unsigned number."""
    return number - (1 << 64) if number >> 63 else number


def zigzag(number: int) -> int:
    """Decode an unsigned number to the signed number for which it stands in protobuf's zigzag encoding."""
    return (number >> 1) ^ -(number & 1)
