"""Attacks on connections: slow, endless, half-open and too many of them, with and without a key."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.support.embedded import Embedded, embedded

SETTINGS = {
    "SLM_HEAD_SECONDS": "2",
    "SLM_BODY_SECONDS": "2",
    "SLM_RATE": "100/minute",
    "SLM_ADDRESS_RATE": "100/minute",
    "SLM_TRUSTED_PROXIES": "127.0.0.1",
}
KIB = 1024
PATIENCE = 15.0
"""Seconds in which the product must have acted: several times what the settings above ask for."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not below pytest's own folder: another session that starts takes its server's right to pass through it.
    with tempfile.TemporaryDirectory() as found:
        yield Path(found)


@pytest.fixture(scope="module")
async def installed(folder: Path) -> AsyncIterator[Embedded]:
    async with embedded(folder, SETTINGS) as running:
        yield running


@contextlib.asynccontextmanager
async def connected(installed: Embedded) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*installed.address)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


def head(path: str, *headers: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


async def status_of(reader: asyncio.StreamReader) -> int:
    line = await asyncio.wait_for(reader.readline(), PATIENCE)
    return int(line.split(b" ", 2)[1]) if line else 0


async def closed(reader: asyncio.StreamReader) -> bool:
    """Whether the server closes the connection in time, whatever it sends before."""
    try:
        async with asyncio.timeout(PATIENCE):
            while await reader.read(64 * KIB):
                pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


@pytest.mark.parametrize("path", ["/api/v1/agreements", "/api/v1/measurements", "/api/v1/backtests", "/api/v1/reports"])
@pytest.mark.parametrize("key", ["", "X-API-Key: slm_wrong"])
async def test_who_calls_is_known_before_the_body_comes(installed: Embedded, path: str, key: str) -> None:
    headers = ["Content-Type: application/json", "Content-Length: 15000000", *([key] if key else [])]
    async with connected(installed) as (reader, writer):
        writer.write(head(path, *headers) + b"[")
        began = time.perf_counter()
        try:
            status = await status_of(reader)
        except TimeoutError:
            status = 0
        assert (status in (401, 405), time.perf_counter() - began < 5) == (True, True), status


async def test_of_a_refused_body_at_most_64_kib_are_read(installed: Embedded) -> None:
    host, port = installed.address
    with socket.create_connection((host, port)) as client:
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        headers = ("Content-Type: application/json", "Content-Length: 15000000")
        await loop.sock_sendall(client, head("/api/v1/agreements", *headers))
        with contextlib.suppress(TimeoutError, OSError):
            await asyncio.wait_for(loop.sock_sendall(client, b"[]," * 4_999_999), 0.7)
        taken = acknowledged(client) - waiting(client)
    assert taken <= 64 * KIB, f"{taken} bytes were read of a body without a key"


def acknowledged(client: socket.socket) -> int:
    """Bytes that the other side's kernel has taken (TCP_INFO, tcpi_bytes_acked)."""
    (count,) = struct.unpack_from("Q", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), 120)
    return int(count)


def waiting(client: socket.socket) -> int:
    """Acknowledged bytes that the server has not read: the receive queue of its socket in /proc/net/tcp."""
    ours, theirs = client.getsockname()[1], client.getpeername()[1]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (int(fields[1].split(":")[1], 16), int(fields[2].split(":")[1], 16)) == (theirs, ours):
            return int(fields[4].split(":")[1], 16)
    return 0


async def test_endless_headers_are_cut_off(installed: Embedded) -> None:
    sent = 0
    async with connected(installed) as (_, writer):
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Endless: ")
        with contextlib.suppress(OSError, TimeoutError):
            while sent < 40_000 * KIB:
                writer.write(b"a" * 64 * KIB)
                await asyncio.wait_for(writer.drain(), 1)
                sent += 64 * KIB
        assert sent < 40_000 * KIB, f"{sent} bytes of one header were taken"


@pytest.mark.parametrize("headers", [[f"X-{n}: a" for n in range(150)], ["X-Long: " + "a" * 70 * KIB]])
async def test_too_many_or_too_long_headers_are_refused(installed: Embedded, headers: list[str]) -> None:
    async with connected(installed) as (reader, writer):
        writer.write(head("/livez", *headers, method="GET"))
        assert await status_of(reader) == 431


@pytest.mark.parametrize("begun", [b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nHost: x\r\n", b"\r\n"])
async def test_a_head_that_does_not_end_is_not_waited_for(installed: Embedded, begun: bytes) -> None:
    async with connected(installed) as (reader, writer):
        writer.write(begun)
        assert await closed(reader), "a half-open connection stays open"


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for(installed: Embedded) -> None:
    async with connected(installed) as (reader, writer):
        ended = asyncio.create_task(closed(reader))
        for byte in b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200:
            if ended.done():
                break
            with contextlib.suppress(OSError):
                writer.write(bytes([byte]))
            await asyncio.sleep(0.1)
        assert ended.done() and ended.result()


async def test_a_second_request_that_does_not_end_is_not_waited_for(installed: Embedded) -> None:
    async with connected(installed) as (reader, writer):
        writer.write(head("/livez", method="GET"))
        assert await status_of(reader) == 200
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\r\nGET /live")
        assert await closed(reader)


@pytest.mark.parametrize("path", ["/api/v1/measurements", "/api/v1/agreements"])
async def test_a_slow_body_of_a_known_caller_is_not_waited_for(installed: Embedded, path: str) -> None:
    headers = (
        f"X-API-Key: {installed.cast.integrator_key}",
        "Content-Type: application/json",
        "Content-Length: 100000",
    )
    async with connected(installed) as (reader, writer):
        writer.write(head(path, *headers) + b"[")
        try:
            status = await status_of(reader)
        except TimeoutError:
            status = 0
        assert status == 408, "an unfinished body keeps its request open"


async def test_a_chunked_body_of_nothing_but_extensions_ends(installed: Embedded) -> None:
    headers = (f"X-API-Key: {installed.cast.integrator_key}", "Transfer-Encoding: chunked")
    async with connected(installed) as (reader, writer):
        writer.write(head("/api/v1/measurements", *headers) + b"1;")
        with contextlib.suppress(OSError):
            for _ in range(200):
                writer.write(b"a" * 64 * KIB)
                await asyncio.sleep(0.005)
        assert await closed(reader)


async def test_pipelined_requests_are_answered_in_their_order(installed: Embedded) -> None:
    async with connected(installed) as (reader, writer):
        asked = [f"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: n{n}\r\n\r\n" for n in range(50)]
        writer.write("".join(asked).encode())
        answered = []
        async with asyncio.timeout(PATIENCE):
            while len(answered) < 50:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
                fields = dict(line.split(": ", 1) for line in lines[1:] if line)
                await reader.readexactly(int(fields["content-length"]))
                answered.append(fields["x-request-id"])
        assert answered == [f"n{n}" for n in range(50)]


async def test_a_small_refused_body_leaves_the_connection_usable(installed: Embedded) -> None:
    async with connected(installed) as (reader, writer):
        for _ in range(3):
            writer.write(head("/api/v1/measurements", "Content-Length: 2"))
            await asyncio.sleep(0.05)
            writer.write(b"[]")
            fields = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode().lower()
            assert fields.startswith("http/1.1 401"), fields
            length = fields.split("content-length: ", 1)[1].split("\r\n", 1)[0]
            await reader.readexactly(int(length))


async def test_unfinished_bodies_of_strangers_refuse_nobody_else(installed: Embedded) -> None:
    async def started(writer: asyncio.StreamWriter) -> None:
        writer.write(head("/api/v1/backtests", "Content-Type: application/json", "Content-Length: 15000000"))
        with contextlib.suppress(TimeoutError, OSError):
            for _ in range(80):
                writer.write(b"[" * 64 * KIB)
                await asyncio.wait_for(writer.drain(), 2)

    async with contextlib.AsyncExitStack() as stack:
        pairs = [await stack.enter_async_context(connected(installed)) for _ in range(60)]
        await asyncio.gather(*(started(writer) for _, writer in pairs))
        answer = await sent(installed, installed.cast.integrator_key, 20_000)
        assert answer == 202, f"{answer} for a paying party beside 60 unfinished bodies"


async def sent(installed: Embedded, key: str, count: int = 1) -> int:
    now = real_now()
    items = [{"indicator": "paying", "at": to_text(now - number), "value": 1} for number in range(count)]
    answer = await installed.client.post("/api/v1/measurements", json=items, headers={"X-API-Key": key})
    return answer.status_code


async def test_a_principal_has_at_most_20_streams(installed: Embedded) -> None:
    path, keys = "/api/v1/stream", (installed.cast.viewer_key, installed.cast.provider_manager_key)
    async with contextlib.AsyncExitStack() as stack:

        async def opened(key: str) -> int:
            reader, writer = await stack.enter_async_context(connected(installed))
            writer.write(head(path, f"X-API-Key: {key}", method="GET"))
            return await status_of(reader)

        first = [await opened(keys[0]) for _ in range(25)]
        other = await opened(keys[1])
    assert (Counter(first), other) == ({200: 20, 429: 5}, 200), "more than 20 streams of one principal"


async def test_one_principal_over_its_rate_leaves_another_untouched(installed: Embedded) -> None:
    greedy, modest = installed.cast.provider_manager_key, installed.cast.customer_manager_key

    async def asked(key: str) -> tuple[int, dict[str, str]]:
        answer = await installed.client.get("/api/v1/parties", headers={"X-API-Key": key})
        return answer.status_code, dict(answer.headers)

    many = asyncio.gather(*(asked(greedy) for _ in range(200)))
    few = [await asked(modest) for _ in range(10)]
    found = await many
    refused = [headers for status, headers in found if status == 429]
    assert refused, f"200 at once of a rate of 100 a minute, and none was refused: {Counter(s for s, _ in found)}"
    assert all(int(headers["retry-after"]) >= 1 for headers in refused)
    assert {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} <= found[0][1].keys()
    assert {status for status, _ in few} == {200}


async def test_wrong_keys_of_an_address_cost_its_good_ones_nothing(installed: Embedded) -> None:
    async def guessed(number: int) -> int:
        headers = {"X-API-Key": f"slm_guess-{number}"}
        return (await installed.client.get("/api/v1/parties", headers=headers)).status_code

    guesses = asyncio.gather(*(guessed(number) for number in range(400)))
    good = [await sent(installed, installed.cast.integrator_key) for _ in range(10)]
    found = Counter(await guesses)
    assert set(found) == {401, 429} and set(good) == {202}, (found, good)


async def test_an_address_behind_a_trusted_gateway_is_counted_for_itself(installed: Embedded) -> None:
    async def asked(address: str) -> int:
        answer = await installed.client.get("/api/v1/schemas/nothing", headers={"X-Forwarded-For": address})
        return answer.status_code

    many = Counter(await asyncio.gather(*(asked("203.0.113.7") for _ in range(120))))
    assert many[429] >= 20, many
    assert await asked("203.0.113.8") == 404


async def test_behind_a_gateway_that_takes_tls_off_browsers_are_told(installed: Embedded) -> None:
    answer = await installed.client.get("/livez", headers={"X-Forwarded-Proto": "https"})
    assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("path", ["/api/v1/agreements", "/api/v1/requirements", "/api/v1/exclusions"])
async def test_a_deeply_nested_body_is_refused_by_name(installed: Embedded, path: str) -> None:
    body = b'{"document": {"clauses": ' + b'{"a":[' * 200 + b"]}" * 200 + b"}}"
    headers = {"X-API-Key": installed.cast.customer_signatory_key, "Content-Type": "application/json"}
    answer = await installed.client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/too-deep"), answer.text


async def test_a_body_of_a_million_values_is_refused_at_once(installed: Embedded) -> None:
    headers = {"X-API-Key": installed.cast.customer_signatory_key, "Content-Type": "application/json"}
    began = time.perf_counter()
    answer = await installed.client.post("/api/v1/agreements", content=b"[" + b"1," * 400_000 + b"1]", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-many-values"), answer.text[:200]
    assert time.perf_counter() - began < 2


WRONG_ITEM = b'{"indicator":"paying","at":"2026-11-22T10:00:00Z","value":"x","x":[{"y":[1,2,3]}]}'
LARGE = {
    "brackets": b"[" + b"[]," * 5_000_000 + b"[]]",
    "90,000 items, all of them wrong": b"[" + WRONG_ITEM + (b"," + WRONG_ITEM) * 90_000 + b"]",
}


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.parametrize("door", ["measurements", "ticket-events"])
async def test_a_large_body_of_a_known_caller_lets_others_be_answered(
    installed: Embedded, kind: str, door: str
) -> None:
    headers = {"X-API-Key": installed.cast.integrator_key, "Content-Type": "application/json"}
    # Its sender may wait for long beside all the others, who are what this is about.
    large = asyncio.create_task(
        installed.client.post(f"/api/v1/{door}", content=LARGE[kind], headers=headers, timeout=120)
    )
    took = []
    while not large.done():
        began = time.perf_counter()
        await installed.client.get("/livez")
        took.append(time.perf_counter() - began)
    assert (await large).status_code in (202, 400, 422), (await large).text[:300]
    assert max(took) < 1.5, f"nobody was answered for {max(took):.1f} s"


async def test_it_still_serves_after_all_of_this(installed: Embedded, folder: Path) -> None:
    assert await sent(installed, installed.cast.integrator_key) == 202
    lines = (folder / "output").read_text().splitlines()
    # A machine that stands still for two seconds has every key refused until the log answers again, as it must.
    harmless = ("uvicorn", "every key is refused")
    errors = [line for line in lines if '"level": "error"' in line and not any(word in line for word in harmless)]
    assert not errors, errors[:3]
