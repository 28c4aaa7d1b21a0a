"""Client connections with limits for the request head: its size, its number of headers and the time it may take.

uvicorn's parser has no such limits, and it reads the body before the application asks for it. ``Connection`` sits
between the socket and uvicorn's protocol. It decides how much is read at a time, and how to close a connection with
unread data.
"""

from __future__ import annotations

import asyncio
import http
import json
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from slm_chassis.http.limits import Limits

LINGER_SECONDS = 1.0
"""Seconds that a refused client gets to read its answer. Closing at once would reset the connection before that."""
_HEAD_BITE, _BODY_BITE = 16 << 10, 64 << 10
_WIDEST = 8
"""The most wire bytes for each byte of a body. A body in chunks of one byte each needs six."""
_HEAD, _BODY, _DONE = "head", "body", "done"
_PROBLEMS = {
    400: ("malformed-request", "This is not HTTP/1.1", "Send a valid HTTP/1.1 request."),
    408: ("head-too-slow", "The request came too slowly", "Send the request line and all headers at once."),
    431: ("head-too-large", "The headers are too large or too many", "Send fewer and shorter headers."),
}


class HeadTooLarge(Exception):
    """Raised inside uvicorn's parser to stop it, because the request's head is too large."""


class IncomingConnection:
    """The connection on which a request came. Other middleware finds it as ``scope["slm.incoming"]``."""

    __slots__ = ("_cycle", "_protocol")

    def __init__(self, protocol: LimitedHttpProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle

    def is_whole(self) -> bool:
        """Whether the whole body of the request has arrived."""
        return not self._cycle.more_body

    def vouch(self) -> None:
        """Mark the caller as authenticated, so that its connection is not closed to make room for others."""
        self._protocol.vouched()


class OpenConnections:
    """All open connections of a server. Those without an authenticated caller are kept in order of their opening."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._open: set[LimitedHttpProtocol] = set()
        self._unknown: dict[LimitedHttpProtocol, None] = {}

    def add(self, connection: LimitedHttpProtocol) -> None:
        """Add a new connection. If there are too many, the oldest one without an authenticated caller is closed."""
        self._open.add(connection)
        self._unknown[connection] = None
        if len(self._open) > self.limits.max_connections:
            next(iter(self._unknown)).end()

    def vouched(self, connection: LimitedHttpProtocol) -> None:
        """Mark the caller of a connection as authenticated, so that the connection is not closed to make room for
        others.
        """
        self._unknown.pop(connection, None)

    def discard(self, connection: LimitedHttpProtocol) -> None:
        """Forget a closed connection."""
        self._open.discard(connection)
        self._unknown.pop(connection, None)

    def sweep(self, now: float) -> None:
        """Refuse connections whose request head takes too long. Called once a second with the event loop's time."""
        oldest = now - self.limits.head_seconds
        for connection in [each for each in self._open if each.awaits_head_since < oldest]:
            connection.refuse(408)


class LimitedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits for the request head."""

    def __init__(
        self, watch: OpenConnections, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        super().__init__(config, server_state, app_state, asyncio.get_running_loop())
        self._watch = watch
        self._phase = _HEAD
        self._head_bytes = 0
        self._header_bytes = 0
        self._body_bytes = self._wire_bytes = 0
        self._is_body_new = False
        self._status = 400
        self.awaits_head_since = self.loop.time()
        self.is_refused = False

    @property
    def bite(self) -> int:
        """The number of bytes to read next from the socket.

        While the head of a request is read the number is small, so that little of the body is read with it.
        """
        return _BODY_BITE if self._phase is _BODY else _HEAD_BITE

    @property
    def has_unread(self) -> bool:
        """Whether the client has begun a request and has more of it to send."""
        return self._phase is not _DONE and (self._phase is _BODY or self.is_refused)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.discard(self)
        super().connection_lost(exc)

    def vouched(self) -> None:
        """Mark the caller of this connection as authenticated."""
        self._watch.vouched(self)

    def end(self) -> None:
        """Close the connection without an answer."""
        self._watch.discard(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.is_refused:
            return
        if self._phase is _DONE:
            self._begin_head()
        if self._phase is _HEAD:
            self._head_bytes += len(data)
        else:
            self._wire_bytes += len(data)
        super().data_received(data)
        if self._wire_bytes > self._watch.limits.max_head_bytes + _WIDEST * self._body_bytes:
            # Chunks that consist of extensions, or a trailer without an end.
            self.refuse(431)
        if self._phase is _HEAD and self._head_bytes > self._watch.limits.max_head_bytes:
            self.refuse(431)
        elif self._is_body_new:
            # Reading continues when the application asks for the body, after it has authenticated the caller.
            self._is_body_new = False
            self.flow.pause_reading()

    def _begin_head(self) -> None:
        self._phase = _HEAD
        self._head_bytes = self._header_bytes = self._body_bytes = self._wire_bytes = 0
        self.awaits_head_since = self.loop.time()

    def on_message_begin(self) -> None:
        if self._phase is _DONE:
            self._begin_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._grow(len(name) + len(value) + 4)
        # Trailer fields arrive here too. They must not change the headers under a running handler.
        if self._phase is _HEAD:
            super().on_header(name, value)

    def _grow(self, size: int) -> None:
        self._header_bytes += size
        limits = self._watch.limits
        if self._header_bytes > limits.max_head_bytes or len(self.headers) >= limits.max_headers:
            self._status = 431
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        self._phase = _BODY
        self._is_body_new = True
        self.awaits_head_since = float("inf")
        super().on_headers_complete()
        scope: Any = self.scope
        scope["slm.incoming"] = IncomingConnection(self, self.cycle)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase = _DONE
        self._is_body_new = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse the request: with 431 if its head is too large, else with 400 because it is not HTTP/1.1.

        uvicorn calls this method when its parser stops at an error. ``msg`` is not used.
        """
        self.refuse(self._status)

    def refuse(self, status: int) -> None:
        """Answer with the problem document of this status, without the application, and close the connection."""
        if self.is_refused or self.transport.is_closing():
            return
        self.is_refused = True
        self.awaits_head_since = float("inf")
        is_answering = self.cycle is not None and not self.cycle.response_complete
        # A second answer cannot follow one that has begun. A client that sent nothing gets no answer.
        if not is_answering and (self._head_bytes or status == 400):
            self.transport.write(_answer(status))
        self.transport.close()


class Connection(asyncio.BufferedProtocol):
    """The protocol between a socket and ``LimitedHttpProtocol``.

    It reads small pieces, and closes the socket only after the client got the last answer.
    """

    def __init__(self, http: LimitedHttpProtocol, buffer: memoryview) -> None:
        self._http = http
        self._buffer = buffer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not instances of asyncio's class.
        self._http.connection_made(_LingeringTransport(cast("asyncio.Transport", transport), self._http))

    def connection_lost(self, exc: Exception | None) -> None:
        self._http.connection_lost(exc)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer[: self._http.bite]

    def buffer_updated(self, nbytes: int) -> None:
        self._http.data_received(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> None:
        self._http.eof_received()

    def pause_writing(self) -> None:
        self._http.pause_writing()

    def resume_writing(self) -> None:
        self._http.resume_writing()


class _LingeringTransport(asyncio.Transport):
    """A transport that delays closing if the client is still sending, so that the client can read the answer."""

    def __init__(self, transport: asyncio.Transport, http: LimitedHttpProtocol) -> None:
        super().__init__()
        self._transport = transport
        self._http = http
        self._is_lingering = False

    def close(self) -> None:
        if self._is_lingering or self._transport.is_closing():
            return
        if not self._http.has_unread:
            self._transport.close()
            return
        self._is_lingering = True
        self._transport.pause_reading()
        self._transport.write_eof()
        self._http.loop.call_later(LINGER_SECONDS, self._transport.close)

    def is_closing(self) -> bool:
        return self._is_lingering or self._transport.is_closing()

    def abort(self) -> None:
        self._transport.abort()

    def write(self, data: Any) -> None:
        self._transport.write(data)

    def pause_reading(self) -> None:
        if not self.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self.is_closing():
            self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)


def protocol_factory(watch: OpenConnections) -> Callable[..., asyncio.BaseProtocol]:
    """Return the factory that uvicorn calls to make the protocol of each new connection."""
    # All connections share one buffer: it is filled and emptied within one step of the event loop.
    buffer = memoryview(bytearray(_BODY_BITE))

    def made(
        config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: asyncio.AbstractEventLoop | None
    ) -> Connection:
        return Connection(LimitedHttpProtocol(watch, config, server_state, app_state), buffer)

    return made


def _answer(status: int) -> bytes:
    code, title, detail = _PROBLEMS[status]
    document = {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail}
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\nContent-Type: application/problem+json\r\n"
        f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
