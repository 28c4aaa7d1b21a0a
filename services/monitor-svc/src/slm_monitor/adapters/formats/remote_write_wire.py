"""Reading of remote write requests of Prometheus, protocols 1.0 and 2.0: protobuf in a block of snappy.

A library for protobuf would make an object of each message, and a body of 32 MiB may hold sixteen million empty
messages. So this module reads the fields itself, and stops at a limit before the request has taken much memory.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import cramjam

from slm_monitor.adapters.formats import protobuf_fields as wire
from slm_monitor.adapters.formats.protobuf_fields import FieldBudget, MalformedMessage
from slm_monitor.domain.facts.native_histograms import NativeHistogram
from slm_monitor.domain.mapping.samples import InvalidLabels, LabelKey, WrittenSeries

VERSION_1, VERSION_2 = "prometheus.WriteRequest", "io.prometheus.write.v2.Request"
MESSAGES = (VERSION_1, VERSION_2)
MOST_BYTES = 32 << 20
"""The greatest size of a request after decompression, in bytes."""
MOST_FIELDS = 2_000_000
"""Most fields of a request, counted over all messages in it."""
MOST_SAMPLES = 100_000
LONGEST_LABELS = 16_384
"""The greatest size of all labels of one series: in bytes for protocol 1.0, in characters for 2.0."""
_DOUBLE = struct.Struct("<d")
_LABEL_TAG = 1 << 3 | 2
_METADATA_TAG = 5 << 3 | 2
_SAMPLE = struct.Struct("<BBBdBIH")
"""A sample in its series: tag, length, tag of the value, value, tag of the instant, instant."""
_USUAL_SAMPLE = _SAMPLE.size
_TAGS_OF_SAMPLE = (2 << 3 | 2, _USUAL_SAMPLE - 2, 1 << 3 | 1, 2 << 3)


class RequestTooLarge(ValueError):
    """The request has more bytes, fields, samples or series than a request may have."""


def read_write_request(body: bytes, message: str) -> list[WrittenSeries]:
    """Read the series from the body of a request. ``message``: name of the protobuf message in the body.

    Raises RequestTooLarge for a request that is too large, and another ValueError for a body that cannot be read.
    """
    data = _decompressed(body)
    budget = FieldBudget(MOST_FIELDS)
    try:
        return _version_1(data, budget) if message == VERSION_1 else _version_2(data, budget)
    except MalformedMessage as error:
        raise ValueError(f"the body is no {message}: {error}") from error
    except wire.TooManyFields as error:
        raise RequestTooLarge(f"the request has more than {MOST_FIELDS} fields") from error


def read_length(body: bytes) -> int:
    """Return the length of a body after decompression, in bytes, as its first bytes say. Raises ValueError."""
    try:
        return wire.read_varint(body, 0, min(len(body), 5))[0]
    except MalformedMessage as error:
        raise ValueError("the body is no block of snappy: its length is missing") from error


def read_labels(key: LabelKey) -> dict[str, str]:
    """Return the labels of a series, label name → value. Raises InvalidLabels."""
    texts = key if isinstance(key, tuple) else _texts_of(key)
    labels = dict(zip(texts[::2], texts[1::2], strict=True))
    if not labels.get("__name__"):
        raise InvalidLabels("send the label __name__ with every series")
    if len(labels) * 2 != len(texts):
        raise InvalidLabels("send each label of a series once")
    if not all(labels) or not all(labels.values()):
        raise InvalidLabels("send labels with a name and a value")
    return labels


def _decompressed(body: bytes) -> bytes:
    length = read_length(body)
    if length > MOST_BYTES:
        raise RequestTooLarge(f"the decompressed body has {length} bytes, more than {MOST_BYTES}")
    # Snappy expands one byte to fewer than 64. A body that claims more is refused before memory is reserved for it.
    if length > len(body) * 64:
        raise ValueError("the body is no block of snappy: it cannot be as long as it says")
    try:
        return b"" if body == b"\0" else bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise ValueError(f"the body is no block of snappy: {error}") from error


def _version_1(data: bytes, budget: FieldBudget) -> list[WrittenSeries]:
    found = []
    samples = 0
    for number, start, end in wire.fields(data, 0, len(data), budget):
        if number == 1:
            series = _usual_series_1(data, start, end, budget) or _series_1(data, start, end, budget)
            samples = _counted(samples, series)
            found.append(series)
    return found


def _usual_series_1(data: bytes, start: int, end: int, budget: FieldBudget) -> WrittenSeries | None:
    """Read a series that has short labels, then one usual sample, and nothing else. None for any other series.

    Nearly every series of a scrape is of this form, and the general reader takes four times as long.
    """
    at = start
    fields = 3
    while at + 1 < end and data[at] == _LABEL_TAG and data[at + 1] < 0x80:
        at += 2 + data[at + 1]
        fields += 1
    if at + _USUAL_SAMPLE != end or at - start > LONGEST_LABELS:
        return None
    sample = _usual_sample(data, at)
    if sample is None:
        return None
    budget.spend(fields)
    return WrittenSeries(data[start:at], [sample])


def _usual_sample(data: bytes, at: int) -> tuple[int, float, int] | None:
    """Read a usual sample: its value is not 0, its instant lies between 2004 and 2109, and it has no start of its
    counter.

    Returns None for any other sample, and for a field that is no sample.
    """
    tag, size, value_tag, value, instant_tag, low, high = _SAMPLE.unpack_from(data, at)
    # The instant is a varint of six bytes: all but the last have the highest bit, so that another byte follows.
    bits = low | high << 32
    if (tag, size, value_tag, instant_tag) != _TAGS_OF_SAMPLE or bits & 0x8080_8080_8080 != 0x0080_8080_8080:
        return None
    first = (bits & 0x7F) | (bits >> 1 & 0x3F80) | (bits >> 2 & 0x1F_C000)
    return first | (bits >> 3 & 0x7F << 21) | (bits >> 4 & 0x7F << 28) | (bits >> 5 & 0x7F << 35), value, 0


def _series_1(data: bytes, start: int, end: int, budget: FieldBudget) -> WrittenSeries:
    series = WrittenSeries()
    labels: list[bytes] = []
    size = 0
    for number, begin, stop in wire.fields(data, start, end, budget):
        if number == 1:
            size += stop - begin + 2
            if size <= LONGEST_LABELS:
                labels += [b"\x0a", wire.encode_varint(stop - begin), data[begin:stop]]
        elif number == 2:
            series.samples.append(_sample(data, begin, stop, budget))
            if len(series.samples) > MOST_SAMPLES:
                break
        elif number == 3:
            series.exemplars += 1
        elif number == 4:
            series.histograms.append(_histogram(data, begin, stop, budget))
    if size <= LONGEST_LABELS:
        series.labels = b"".join(labels)
    else:
        series.fault = f"send at most {LONGEST_LABELS} bytes of labels with a series"
    return series


def _texts_of(key: bytes) -> list[str]:
    """Return the labels of a series of protocol 1.0 as name, value, name, value … Raises InvalidLabels.

    ``key``: the labels as in the request, each a field with the number 1.
    """
    budget = FieldBudget(LONGEST_LABELS)
    texts: list[str] = []
    try:
        for _, start, end in wire.fields(key, 0, len(key), budget):
            pair = ["", ""]
            for number, begin, stop in wire.fields(key, start, end, budget):
                if number in (1, 2):
                    pair[number - 1] = key[begin:stop].decode()
            texts += pair
    except UnicodeDecodeError as error:
        raise InvalidLabels("send labels as UTF-8") from error
    except MalformedMessage as error:
        raise InvalidLabels(f"send labels with a name and a value ({error})") from error
    return texts


def _version_2(data: bytes, budget: FieldBudget) -> list[WrittenSeries]:
    symbols: list[str] = []
    places = []
    for number, start, end in wire.fields(data, 0, len(data), budget):
        if number == 4:
            try:
                symbols.append(data[start:end].decode())
            except UnicodeDecodeError as error:
                raise MalformedMessage("a symbol is not UTF-8") from error
        elif number == 5:
            places.append((start, end))
            if len(places) > MOST_SAMPLES:
                raise RequestTooLarge(f"the request has more than {MOST_SAMPLES} samples or series")
    if places and (not symbols or symbols[0]):
        raise MalformedMessage("the first symbol is the empty text")
    found = []
    samples = 0
    for start, end in places:
        series = _usual_series_2(data, start, end, symbols, budget) or _series_2(data, start, end, symbols, budget)
        samples = _counted(samples, series)
        found.append(series)
    return found


def _usual_series_2(
    data: bytes, start: int, end: int, symbols: Sequence[str], budget: FieldBudget
) -> WrittenSeries | None:
    """Read a series that has references to labels, one usual sample and metadata. None for any other series."""
    if end - start < _USUAL_SAMPLE + 2 or data[start] != _LABEL_TAG or data[start + 1] >= 0x80:
        return None
    at = start + 2 + data[start + 1]
    after = at + _USUAL_SAMPLE
    has_metadata = after + 1 < end and data[after] == _METADATA_TAG and after + 2 + data[after + 1] == end
    if after != end and not (has_metadata and data[after + 1] < 0x80):
        return None
    sample = _usual_sample(data, at)
    if sample is None:
        return None
    refs = wire.read_packed(data, start + 2, at, budget)
    if len(refs) % 2 or max(refs, default=0) >= len(symbols):
        return None
    labels = tuple([symbols[ref] for ref in refs])
    if sum(map(len, labels)) > LONGEST_LABELS:
        return None
    budget.spend(5)
    return WrittenSeries(labels, [sample])


def _series_2(data: bytes, start: int, end: int, symbols: Sequence[str], budget: FieldBudget) -> WrittenSeries:
    series = WrittenSeries()
    refs: list[int] = []
    created = 0
    for number, begin, stop in wire.fields(data, start, end, budget):
        if number == 1:
            refs += wire.read_packed(data, begin, stop, budget)
        elif number == 2:
            series.samples.append(_sample(data, begin, stop, budget))
            if len(series.samples) > MOST_SAMPLES:
                break
        elif number == 3:
            series.histograms.append(_histogram(data, begin, stop, budget))
        elif number == 4:
            series.exemplars += 1
        elif number == 6:
            created = wire.signed(wire.read_varint(data, begin, stop)[0])
    if created:
        series.samples = [(at, value, since or created) for at, value, since in series.samples]
    labels: tuple[str, ...] = ()
    try:
        labels = tuple([symbols[ref] for ref in refs])
    except IndexError:
        series.fault = "send references to symbols that are in the request"
    if len(refs) % 2:
        series.fault = "send labels as pairs of references, name and value"
    elif sum(map(len, labels)) > LONGEST_LABELS:
        series.fault = f"send at most {LONGEST_LABELS} bytes of labels with a series"
    elif series.samples and series.histograms:
        series.fault = "send samples or histograms with a series, not both"
    if not series.fault:
        series.labels = labels
    return series


def _counted(samples: int, series: WrittenSeries) -> int:
    # An empty series takes as much memory as a sample.
    samples += max(1, len(series.samples) + len(series.histograms))
    if samples > MOST_SAMPLES:
        raise RequestTooLarge(f"the request has more than {MOST_SAMPLES} samples or series")
    return samples


def _sample(data: bytes, at: int, end: int, budget: FieldBudget) -> tuple[int, float, int]:
    """Return a sample as (instant in ms, value, start of the counter in ms); the start is 0 if it was not sent."""
    value, instant, since = 0.0, 0, 0
    for number, begin, stop in wire.fields(data, at, end, budget):
        if number == 1 and stop - begin == 8:
            value = _DOUBLE.unpack_from(data, begin)[0]
        elif number == 2:
            instant = wire.signed(wire.read_varint(data, begin, stop)[0])
        elif number == 3:
            since = wire.signed(wire.read_varint(data, begin, stop)[0])
    return instant, value, since


def _histogram(data: bytes, at: int, end: int, budget: FieldBudget) -> NativeHistogram:
    found = NativeHistogram()
    for number, begin, stop in wire.fields(data, at, end, budget):
        if number in (2, 7, 10, 13):
            found.is_float = found.is_float or stop > begin
        elif number in _WHOLE:
            setattr(found, _WHOLE[number], wire.read_varint(data, begin, stop)[0])
        elif number in _DOUBLES and stop - begin == 8:
            setattr(found, _DOUBLES[number], _DOUBLE.unpack_from(data, begin)[0])
        elif number == 4:
            found.schema = wire.zigzag(wire.read_varint(data, begin, stop)[0])
        elif number in (8, 11):
            spans = found.negative_spans if number == 8 else found.positive_spans
            spans.append(_read_span(data, begin, stop, budget))
        elif number in (9, 12):
            deltas = found.negative_deltas if number == 9 else found.positive_deltas
            deltas += [wire.zigzag(each) for each in wire.read_packed(data, begin, stop, budget)]
        elif number in (15, 17):
            setattr(found, "at" if number == 15 else "since", wire.signed(wire.read_varint(data, begin, stop)[0]))
        elif number == 16:
            budget.spend((stop - begin) // 8)
            found.custom_bounds += struct.unpack(f"<{(stop - begin) // 8}d", data[begin : stop - (stop - begin) % 8])
    return found


_WHOLE = {1: "count", 6: "zero_count", 14: "reset_hint"}
_DOUBLES = {3: "sum", 5: "zero_bound"}


def _read_span(data: bytes, at: int, end: int, budget: FieldBudget) -> tuple[int, int]:
    offset = length = 0
    for number, begin, stop in wire.fields(data, at, end, budget):
        if number == 1:
            offset = wire.zigzag(wire.read_varint(data, begin, stop)[0])
        elif number == 2:
            length = wire.read_varint(data, begin, stop)[0]
    return offset, length
