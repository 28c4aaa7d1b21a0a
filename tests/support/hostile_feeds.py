"""Requests of one party and its tools that are meant to hurt, at the doors for webhooks, samples and metrics.

``python -m tests.support.hostile_feeds HOST PORT KEY PATH SECRET`` sends them again and again until it is killed. It
prints one line when it begins. PATH and SECRET are those of a hook for Zammad.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import cramjam
import httpx

from slm_mappings.connectors import SHIPPED, read_connectors
from tests.support.remote_write import DOOR, HEADERS, V1, V2
from tests.unit.mappings.test_hostile_mappings import COSTLY, UNREADABLE

ZAMMAD = read_connectors(SHIPPED)["zammad"]
TEN_MEGABYTES = b'{"x": "' + b"y" * 10_000_000 + b'"}'
OTLP = "/api/v1/otlp/v1/metrics"
_SENDERS = 6
_JSON = {"Content-Type": "application/json"}
Statuses = frozenset[int]
REFUSED: Statuses = frozenset({400, 413, 415, 422})
UNPROVEN: Statuses = frozenset({401, 413})
ANSWERED: Statuses = REFUSED | {200, 202}


@dataclass(frozen=True)
class HostileRequest:
    """A request, and the statuses with which it may be answered."""

    name: str
    path: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    statuses: Statuses = REFUSED


def signed(secret: str, body: bytes) -> dict[str, str]:
    """Return the headers by which Zammad proves a body to be its own."""
    return {**_JSON, "X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}


def opened(**changed: Any) -> bytes:
    """Return Zammad's payload of an opened ticket, with members of the ticket changed."""
    payload = json.loads(ZAMMAD.examples["opened"])
    payload["ticket"] |= changed
    return json.dumps(payload).encode()


def _calls(path: str, secret: str) -> Iterator[HostileRequest]:
    """Yield calls of a hook by those who only know its address, and by its tool."""
    body = opened()
    wrong = {
        "nothing": dict[str, str](),
        "another secret": signed(secret + "x", body),
        "another body": signed(secret, body + b" "),
        "no hexadecimal": {"X-Hub-Signature": "sha1=" + "g" * 40},
        "a thousand signatures": {"X-Hub-Signature": ",".join(["sha1=" + "0" * 40] * 1_000)},
        "the secret itself": {"X-Hub-Signature": secret, "Authorization": f"Bearer {secret}"},
    }
    for name, headers in wrong.items():
        yield HostileRequest(f"signed with {name}", path, body, _JSON | headers, UNPROVEN)
        yield HostileRequest(f"10 MB signed with {name}", path, TEN_MEGABYTES, _JSON | headers, UNPROVEN)
    yield HostileRequest("10 MB of the tool", path, TEN_MEGABYTES, signed(secret, TEN_MEGABYTES))
    texts = {
        "half an object": b"{",
        "deep lists": b"[" * 50_000,
        "no UTF-8": b"\xff\xfe",
        "1e400": opened().replace(b'"title":', b'"size": 1e400, "title":'),
        "a number of 5,000 digits": opened().replace(b'"title":', b'"size": %s, "title":' % (b"9" * 5_000)),
        "a NUL in the number": opened(number="\0"),
        "half a character in the state": opened(state="\ud83d"),
        "a ticket that is a list": b'{"ticket": [[1]]}',
        "a value that is not listed": opened(state="x" * 500_000),
        "a year without end": opened(updated_at="9" * 100_000),
        "a time in the far future": opened(updated_at="9998-01-01T00:00:00Z"),
    }
    for name, text in texts.items():
        yield HostileRequest(f"the tool sends {name}", path, text, signed(secret, text))
    strange = json.loads(opened()) | {"__proto__": {"a": 1}, "": [], "x" * 10_000: None}
    for name, text in {"a replay": body, "unknown fields": json.dumps(strange).encode()}.items():
        yield HostileRequest(f"the tool sends {name}", path, text, signed(secret, text), frozenset({202}))


def _mappings(key: str) -> Iterator[HostileRequest]:
    """Yield mappings that are tried on a payload, or kept with a hook."""
    headers = {**_JSON, "X-API-Key": key}
    for name, made in COSTLY.items():
        text, document = made()
        body = json.dumps({"mapping": text, "payload": json.dumps(document)}).encode()
        yield HostileRequest(f"tried: {name}", "/api/v1/hook-previews", body, headers, ANSWERED)
    for name, (text, _) in UNREADABLE.items():
        for path, more in (("hook-previews", {"payload": "{}"}), ("hooks", {"title": name, "connector": "zammad"})):
            body = json.dumps({"mapping": text, **more}).encode()
            yield HostileRequest(f"{path}: {name}", f"/api/v1/{path}", body, headers)
    long = ZAMMAD.mapping + "".join(f"x{n}: 1\n" for n in range(7_000))
    body = json.dumps({"title": "long", "connector": "zammad", "mapping": long}).encode()
    yield HostileRequest("hooks: thousands of unknown fields", "/api/v1/hooks", body, headers)
    for secret in ("a secret", "s" * 600):
        body = json.dumps({"title": "short", "connector": "zammad", "secret": secret}).encode()
        yield HostileRequest("hooks: a secret that is none", "/api/v1/hooks", body, headers)


def _feeds(key: str) -> Iterator[HostileRequest]:
    """Yield poison at the doors of Prometheus and OpenTelemetry."""
    for version in (V1, V2):
        bodies = {
            "nothing": b"",
            "no snappy": b"\xff" * 1_000,
            "a length of 4 GB": b"\xff\xff\xff\xff\x0f" + b"\0" * 100,
            "64 MB of zeros": bytes(cramjam.snappy.compress_raw(bytes(64 << 20))),
            "30 MB of empty series": bytes(cramjam.snappy.compress_raw(b"\x0a\x00" * (15 << 20))),
            "a cut message": bytes(cramjam.snappy.compress_raw(b"\x0a\x7f\x0a")),
        }
        for name, body in bodies.items():
            statuses = REFUSED | ({204} if name == "nothing" else set())
            yield HostileRequest(
                f"{version}: {name}", DOOR, body, {**HEADERS[version], "X-API-Key": key}, frozenset(statuses)
            )
    exports = {
        "deep lists": (b'{"resourceMetrics":' + b"[" * 50_000, "application/json"),
        "300 MB of zeros": (gzip.compress(bytes(300 << 20)), "application/json"),
        "30 MB of lists": (gzip.compress(b"[" + b"[]," * (10 << 20) + b"[]]"), "application/json"),
        "empty messages": (gzip.compress(b"\x0a\x00" * (15 << 20)), "application/x-protobuf"),
        "10 MB of letters": (b"x" * 10_000_000, "application/x-protobuf"),
        "no object": (b"7", "application/json"),
    }
    for name, (body, media) in exports.items():
        encoding = "gzip" if body[:2] == b"\x1f\x8b" else "identity"
        headers = {"Content-Type": media, "Content-Encoding": encoding, "X-API-Key": key}
        yield HostileRequest(f"OTLP: {name}", OTLP, body, headers)


def hostile_requests(key: str, path: str, secret: str) -> list[HostileRequest]:
    """Return all of them. ``key`` is of a party that may send; ``path`` and ``secret`` are of its hook for Zammad."""
    return [*_calls(path, secret), *_mappings(key), *_feeds(key)]


async def _attack(base_url: str, key: str, path: str, secret: str) -> None:
    requests = hostile_requests(key, path, secret)

    async def endlessly(number: int) -> None:
        for request in cycle(requests[number::_SENDERS]):
            with contextlib.suppress(httpx.TransportError):
                await client.post(request.path, content=request.body, headers=request.headers)

    async with httpx.AsyncClient(base_url=base_url, timeout=60) as client:
        print("begun", flush=True)
        await asyncio.gather(*(endlessly(number) for number in range(_SENDERS)))


if __name__ == "__main__":
    asyncio.run(_attack(f"http://{sys.argv[1]}:{sys.argv[2]}", *sys.argv[3:6]))
