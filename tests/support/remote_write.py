"""Requests of Prometheus' remote write, encoded by hand from the specifications: the encoder shares nothing with
the reader that it tests.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DOOR = "/api/v1/prometheus/write"
V1, V2 = "prometheus.WriteRequest", "io.prometheus.write.v2.Request"
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
HEADERS = {
    V1: {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
        "User-Agent": "test/1",
    },
    V2: {
        "Content-Type": f"application/x-protobuf;proto={V2}",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "2.0.0",
        "User-Agent": "test/1",
    },
}


@dataclass
class Series:
    """A series to send. ``samples`` are (ms, value) or (ms, value, start in ms); histograms and exemplars are encoded
    messages.
    """

    labels: Mapping[str, str] | Sequence[tuple[str, str]]
    samples: Sequence[tuple[Any, ...]] = ()
    histograms: Sequence[bytes] = ()
    exemplars: Sequence[bytes] = ()
    more: bytes = b""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return list(self.labels.items()) if isinstance(self.labels, Mapping) else list(self.labels)


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def message(number: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def integer(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value) if value else b""


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def packed(number: int, values: Iterable[int]) -> bytes:
    return message(number, b"".join(map(varint, values)))


def snappy(plain: bytes) -> bytes:
    """A block of snappy that copies nothing: literals only."""
    parts = [varint(len(plain))]
    for at in range(0, len(plain), 1 << 16):
        piece = plain[at : at + (1 << 16)]
        parts += [b"\xf4", (len(piece) - 1).to_bytes(2, "little"), piece]
    return b"".join(parts)


def sample(at: int, value: float, start: int = 0) -> bytes:
    return double(1, value) + integer(2, at) + integer(3, start)


def version_1(*series: Series, metadata: bytes = b"") -> bytes:
    """A ``prometheus.WriteRequest``."""
    found = []
    for each in series:
        labels = b"".join(message(1, message(1, name) + message(2, value)) for name, value in each.pairs)
        samples = b"".join(message(2, sample(*one[:2])) for one in each.samples)
        others = b"".join(message(3, one) for one in each.exemplars)
        others += b"".join(message(4, one) for one in each.histograms)
        found.append(message(1, labels + samples + others + each.more))
    return b"".join(found) + (message(3, metadata) if metadata else b"")


@dataclass
class Symbols:
    """The table of texts of a request of version 2."""

    places: dict[str, int] = field(default_factory=lambda: {"": 0})

    def of(self, text: str) -> int:
        return self.places.setdefault(text, len(self.places))


def version_2(*series: Series) -> bytes:
    """An ``io.prometheus.write.v2.Request``."""
    symbols = Symbols()
    found = []
    for each in series:
        refs = [symbols.of(text) for pair in each.pairs for text in pair]
        content = packed(1, refs) + b"".join(message(2, sample(*one)) for one in each.samples)
        content += b"".join(message(3, one) for one in each.histograms)
        content += b"".join(message(4, one) for one in each.exemplars)
        content += message(5, integer(1, 2) + integer(3, symbols.of("help text")))
        found.append(message(5, content + each.more))
    return b"".join(message(4, text) for text in symbols.places) + b"".join(found)


def encoded(version: str, *series: Series) -> bytes:
    """The body of a request."""
    return snappy(version_1(*series) if version == V1 else version_2(*series))


def histogram(at: int, deltas: Sequence[int], **more: Any) -> bytes:
    """A native histogram of one span of buckets: schema 0, a gauge histogram, if nothing else is said."""
    count = 0
    total = 0
    for delta in deltas:
        count += delta
        total += count
    content = integer(1, more.get("count", total)) + double(3, more.get("sum", 1.0))
    content += integer(4, zigzag(more.get("schema", 0))) + double(5, more.get("zero_bound", 0.0))
    content += integer(6, more.get("zero_count", 0))
    span = integer(1, zigzag(more.get("offset", 0))) + integer(2, len(deltas))
    content += message(11, span) + packed(12, map(zigzag, deltas)) + integer(14, more.get("hint", 3)) + integer(15, at)
    if "bounds" in more:
        content += message(16, b"".join(struct.pack("<d", each) for each in more["bounds"]))
    also: bytes = more.get("also", b"")
    return content + also
