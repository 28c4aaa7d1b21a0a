"""Decoding of OTLP exports from JSON or protobuf, plain or compressed with gzip, and encoding of answers and errors in
the same format.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from slm_monitor.adapters.formats import otlp_bounds
from slm_monitor.adapters.formats import protobuf_fields as wire

JSON, PROTOBUF = "application/json", "application/x-protobuf"
KINDS = (JSON, PROTOBUF)
ENCODINGS = ("identity", "gzip")
MOST_BYTES = 32 << 20
"""The greatest size of a body after decompression. gzip can expand a body a thousandfold."""


class ExportTooLarge(ValueError):
    """The decompressed body is too large, or it has too many values."""


_TOO_MANY = ExportTooLarge(f"the export has more than {otlp_bounds.MOST_FIELDS} fields")


def decode_otlp_export(body: bytes, content_type: str, encoding: str) -> Any:
    """Decode the body of an export into OTLP's JSON form. Raises ValueError, ExportTooLarge, RecursionError."""
    plain = _unpacked(body) if encoding == "gzip" else body
    if content_type == JSON:
        if otlp_bounds.has_too_many_values(plain):
            raise _TOO_MANY
        return json.loads(plain)
    if otlp_bounds.has_too_many_fields(plain):
        raise _TOO_MANY
    request = ExportMetricsServiceRequest()
    try:
        request.ParseFromString(plain)
    except DecodeError as error:
        raise ValueError("the body is not an ExportMetricsServiceRequest") from error
    return MessageToDict(request)


def encode_otlp_answer(rejected: int, why: str, content_type: str) -> bytes:
    """Encode an ``ExportMetricsServiceResponse`` with the number of rejected data points and the reason (``why``); an
    empty message if none was rejected.
    """
    if content_type == JSON:
        answer = {"partialSuccess": {"rejectedDataPoints": str(rejected), "errorMessage": why}} if rejected else {}
        return json.dumps(answer).encode()
    response = ExportMetricsServiceResponse()
    if rejected:
        response.partial_success.rejected_data_points = rejected
        response.partial_success.error_message = why
    packed: bytes = response.SerializeToString()
    return packed


def encode_otlp_status(http_status: int, message: str) -> bytes:
    """Encode a ``google.rpc.Status``, the protobuf message by which OTLP says why a request failed."""
    text = message.encode("utf-8", "replace")
    return bytes((0x08, status_code_of(http_status), 0x12)) + wire.encode_varint(len(text)) + text


def status_code_of(http_status: int) -> int:
    """Return the code of ``google.rpc.Code`` for the status of an HTTP answer."""
    return _CODES.get(http_status, 3 if http_status < 500 else 13)


_CODES: Mapping[int, int] = {401: 16, 403: 7, 404: 5, 405: 12, 408: 4, 409: 10, 415: 12, 429: 8, 503: 14}
"""HTTP status → code. For any other status, the code is 3 (INVALID_ARGUMENT) below 500, else 13 (INTERNAL)."""


def _unpacked(body: bytes) -> bytes:
    try:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        plain = unpacker.decompress(body, MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"the body is not gzip: {error}") from error
    if unpacker.unconsumed_tail:
        raise ExportTooLarge(f"the decompressed body has more than {MOST_BYTES} bytes")
    if not unpacker.eof:
        raise ValueError("the body is not gzip: it ends too early")
    return plain
