"""Encoding of columns of values as bytes: for records of the intake topics, for the rows that each step stores, and for
the segments of the record of facts (the rows of one series and hour).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.series.hour_buckets import HourChunk

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder()


def encode_value_columns(values: MeasuredValues) -> dict[str, Any]:
    """Return columns of values as a document of byte strings, little-endian."""
    return {
        "subjects": list(values.subjects),
        "slot": values.slot.astype("<i4").tobytes(),
        "at": values.at.astype("<i8").tobytes(),
        "value": values.value.astype("<f8").tobytes(),
        "of": None if values.out_of is None else values.out_of.astype("<f8").tobytes(),
    }


def decode_value_columns(document: dict[str, Any]) -> MeasuredValues:
    return MeasuredValues(
        document["subjects"],
        np.frombuffer(document["slot"], dtype="<i4"),
        np.frombuffer(document["at"], dtype="<i8"),
        np.frombuffer(document["value"], dtype="<f8"),
        _floats(document.get("of")),
    )


def encode_value_blob(values: MeasuredValues) -> bytes:
    return _encoder.encode(encode_value_columns(values))


def decode_value_blob(data: bytes) -> MeasuredValues:
    return decode_value_columns(_decoder.decode(data))


def encode_intake_record(values: MeasuredValues, facts: Sequence[Fact]) -> bytes:
    """Encode accepted values and facts as one record of an intake topic."""
    kept = [[fact.subject, fact.key, fact.at, fact.body, fact.revision, fact.recorded_at] for fact in facts]
    return _encoder.encode({"values": encode_value_columns(values) if len(values) else None, "facts": kept})


def decode_intake_record(data: bytes) -> tuple[MeasuredValues | None, list[Fact]]:
    """Decode the bytes that ``encode_intake_record`` wrote. Raises ValueError, and nothing else,
    for any other bytes.
    """
    try:
        document = _decoder.decode(data)
        values = None if document["values"] is None else decode_value_columns(document["values"])
        facts = [Fact(*fields) for fields in document["facts"]]
    except Exception as error:
        raise ValueError(f"this is not a record of the intake: {type(error).__name__}") from error
    if (values is not None and not _is_whole(values)) or not all(_is_storable(fact) for fact in facts):
        raise ValueError("this is not a record of the intake: its columns or its facts do not fit together")
    return values, facts


def _is_whole(values: MeasuredValues) -> bool:
    lengths = {
        len(values.slot),
        len(values.at),
        len(values.value),
        len(values.at if values.out_of is None else values.out_of),
    }
    return (
        isinstance(values.subjects, list)
        and all(isinstance(subject, str) for subject in values.subjects)
        and len(lengths) == 1
        and (not len(values) or (values.slot.min() >= 0 and int(values.slot.max()) < len(values.subjects)))
    )


def _is_storable(fact: Fact) -> bool:
    numbers = (fact.at, fact.revision, fact.recorded_at)
    return (
        isinstance(fact.subject, str)
        and isinstance(fact.key, str)
        and isinstance(fact.body, dict)
        and all(isinstance(number, int) and -(2**63) <= number < 2**63 for number in numbers)
    )


def encode_hour_segment(chunks: Sequence[HourChunk]) -> tuple[int, bytes]:
    """Encode the rows of one hour. Return (number of rows, compressed columns).

    Each row's instant is stored as the difference from the row before, because differences compress well. The field
    ``received`` is a list of pairs: a number of consecutive rows, and the instant at which these rows were received.
    """
    at = np.concatenate([chunk.at for chunk in chunks])
    value = np.concatenate([chunk.value for chunk in chunks])
    out_of = None
    if any(chunk.out_of is not None for chunk in chunks):
        parts = [np.full(len(chunk.at), np.nan) if chunk.out_of is None else chunk.out_of for chunk in chunks]
        out_of = np.concatenate(parts).astype("<f8").tobytes()
    steps = np.diff(at, prepend=np.int64(0)).astype("<i8")
    document = {
        "at": steps.tobytes(),
        "value": value.astype("<f8").tobytes(),
        "of": out_of,
        "received": [[len(chunk.at), chunk.received_at] for chunk in chunks],
    }
    return len(at), zlib.compress(_encoder.encode(document), 1)


def decode_hour_segment(data: bytes, known_at: int | None = None) -> HourChunk:
    """Decode the rows of one hour: those received by the instant ``known_at``, or all if it is None."""
    document = _decoder.decode(zlib.decompress(data))
    at = np.cumsum(np.frombuffer(document["at"], dtype="<i8"))
    chunk = HourChunk(at, np.frombuffer(document["value"], dtype="<f8"), _floats(document.get("of")))
    received = document.get("received")
    if known_at is None or received is None:
        return chunk
    rows, instants = np.array(received, dtype=np.int64).T
    known = np.repeat(instants <= known_at, rows)
    return HourChunk(at[known], chunk.value[known], None if chunk.out_of is None else chunk.out_of[known])


def read_last_receipt_of_segment(data: bytes, received_at: int) -> int:
    """Return the instant at which the last row of a segment was received. ``received_at``: when its first row was
    received.
    """
    received = _decoder.decode(zlib.decompress(data)).get("received") or [[0, received_at]]
    return max(int(instant) for _, instant in received)


def join_hour_segments(segments: Sequence[tuple[bytes, int]]) -> tuple[int, bytes, int, int]:
    """Join the segments of one hour. ``segments``: pairs of a segment and the instant at which its first row was
    received.

    Return (number of rows, compressed columns, instant of the first receipt, instant of the last receipt).
    """
    chunks: list[HourChunk] = []
    for data, received_at in segments:
        whole, place = decode_hour_segment(data), 0
        received = _decoder.decode(zlib.decompress(data)).get("received") or [[len(whole.at), received_at]]
        for rows, instant in received:
            part = slice(place, place + rows)
            out_of = None if whole.out_of is None else whole.out_of[part]
            chunks.append(HourChunk(whole.at[part], whole.value[part], out_of, instant))
            place += rows
    rows, data = encode_hour_segment(chunks)
    instants = [chunk.received_at for chunk in chunks]
    return rows, data, min(instants), max(instants)


def _floats(data: bytes | None) -> npt.NDArray[np.float64] | None:
    return None if data is None else np.frombuffer(data, dtype="<f8")
