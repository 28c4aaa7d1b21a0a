"""Records that no correct program writes: bytes that are not an event, and events with a field of a wrong type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slm_chassis.log.port import Record
from slm_events.catalogue import BY_TYPE, PUBLISHED

SAMPLES = Path(__file__).parents[1] / "unit" / "events" / "samples"
INTAKE_JSON = "application/json"
INTAKE_OWN = "application/vnd.slm.intake+msgpack"

_WRONG: tuple[Any, ...] = (
    None,
    True,
    7,
    -1,
    2**63,
    10**40,
    1.5,
    "",
    "x",
    "\0",
    "\ud800",
    [],
    [[]],
    {},
    {"a": {"a": 1}},
    [None],
    [{"x": 1}],
    "0001-01-01T00:00:00+23:59",
)


def bytes_that_are_no_event() -> dict[str, bytes]:
    """Name → bytes in the place of an event's data."""
    deep, far = 100_000, b"9" * 5_000
    return {
        "empty": b"",
        "null": b"null",
        "a list": b"[]",
        "a number": b"5",
        "half an object": b'{"party_id": "p',
        "deep lists": b"[" * deep + b"]" * deep,
        "deep lists never closed": b"[" * deep,
        "deep objects": b'{"a":' * deep + b"1" + b"}" * deep,
        "deep in a field": b'{"name":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        "endless digits": b'{"name": %s, "sequence": %s}' % (far, far),
        "beyond floats": b'{"name": 1e999}',
        "not a number": b'{"name": NaN, "sequence": Infinity}',
        "no UTF-8": b'{"name": "\xff\xfe"}',
        "UTF-16": '{"name": "x"}'.encode("utf-16"),
        "half a surrogate pair": b'{"name": "\\ud800"}',
        "a NUL": b'{"name": "\\u0000"}',
        "a NUL byte": b"\0" * 64,
        "a gzip": b"\x1f\x8b\x08\x00" + bytes(range(256)),
        "wide": b"[" + b"[]," * 200_000 + b"[]]",
        "long text": b'{"name": "' + b"x" * 2_000_000 + b'"}',
    }


def headers_of(kind: str, event_id: str) -> dict[str, str]:
    """CloudEvents attributes of an event type."""
    return {
        "ce_id": event_id,
        "ce_source": "/slm/attack",
        "ce_type": kind,
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_time": "2026-11-22T10:00:00.000000Z",
    }


def poisoned_headers(kind: str, event_id: str) -> Iterator[dict[str, str]]:
    """CloudEvents attributes that are missing, empty, very long or not text."""
    good = headers_of(kind, event_id)
    yield {}
    for name in ("ce_id", "ce_source", "ce_type"):
        yield {each: text for each, text in good.items() if each != name}
        yield {**good, name: ""}
        yield {**good, name: "x" * 100_000}
        yield {**good, name: "a\0b"}
    yield {**good, "ce_time": "yesterday"}
    yield {**good, "ce_correlationid": "c" * 100_000, "ce_causationid": "\0", "traceparent": "\0"}
    yield {**good, "slm_dead_letter": "nothing", "slm_dead_letter_for": "slm-monitor"}
    yield {**good, "slm_dead_letter": "\0"}


def sample_of(kind: str) -> dict[str, Any]:
    """The data of a published event type, from its sample."""
    data: dict[str, Any] = json.loads((SAMPLES / f"{kind}.json").read_text())["data"]
    return data


def records_of(topic: str, key: str) -> Iterator[Record]:
    """Every hostile record of a topic: bytes, attributes, and each field of each of its events of each wrong kind."""
    kinds = [row.type for row in PUBLISHED.values() if row.topic.name == topic]
    number = 0
    for kind in kinds or list(BY_TYPE)[:1]:
        for value in bytes_that_are_no_event().values():
            number += 1
            yield Record(key, value, headers_of(kind, f"{topic}-bytes-{number}"))
        good = sample_of(kind)
        for headers in poisoned_headers(kind, f"{topic}-headers-{number}"):
            yield Record(key, json.dumps(good).encode(), headers)
        for name in good:
            number += 1
            left_out = {field: value for field, value in good.items() if field != name}
            yield Record(key, json.dumps(left_out).encode(), headers_of(kind, f"{topic}-without-{number}"))
            for wrong in _WRONG:
                number += 1
                data = json.dumps({**good, name: wrong}).encode()
                yield Record(key, data, headers_of(kind, f"{topic}-field-{number}"))


def intake_records(key: str, source: str) -> Iterator[Record]:
    """Hostile records for the intake topics, in the form of other writers and in that of our own intake."""
    items = [
        {"indicator": "a.b", "at": "2026-11-22T10:00:00Z", "value": 1},
        {"source": "s", "ticket": "t", "event": "opened", "at": "2026-11-22T10:00:00Z", "id": "1"},
    ]
    for content_type in (INTAKE_JSON, INTAKE_OWN, "application/x-ndjson", "", "\0", "x" * 10_000):
        for who in (source, "", "/nobody", "\0"):
            headers = {"ce_source": who, "content-type": content_type}
            for value in bytes_that_are_no_event().values():
                yield Record(key, value, headers)
            for item in items:
                for name in item:
                    for wrong in _WRONG:
                        yield Record(key, json.dumps([{**item, name: wrong}]).encode(), headers)
    for own in (
        b"\x80",
        b"\x82\xa6values\xc0\xa5facts\x91\x96\x01\x02\x03\x04\x05\x06",
        b"\x91" * 5_000,
        b"\x82\xa6values\x84\xa8subjects\x90\xa4slot\xc4\x04\x09\x00\x00\x00\xa2at\xc4\x00\xa5value\xc4\x00"
        b"\xa5facts\x90",
    ):
        yield Record(key, own, {"content-type": INTAKE_OWN})
