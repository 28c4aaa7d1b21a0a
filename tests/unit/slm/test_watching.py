"""``slm watch`` shows every event once, whatever happens to its connections."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import httpx
import pytest

from slm.reading.api_reader import ApiReader, NoAnswer
from slm.reading.watching import BreachWatcher
from slm.server_sent import EventParser, ServerSentEvent

OPENING = "retry: 1000\nid: 0\n\n"
Answer = Callable[[httpx.Request], httpx.Response]


class CutStream(httpx.SyncByteStream):
    """The bytes of a stream, after which the connection breaks."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __iter__(self) -> Iterator[bytes]:
        yield self._text.encode()
        raise httpx.RemoteProtocolError("peer closed connection")


def sent(number: int, name: str = "TargetBreached", **data: Any) -> str:
    event = {"id": f"event-{number}", "data": {"breach_id": f"breach-{number}", **data}}
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(event)}\n\n"


class Server:
    """Answers each connection with the next of ``answers``; notes from where each resumes."""

    def __init__(self, *answers: str | httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.resumed_after: list[str | None] = []
        self.told: list[str] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.resumed_after.append(request.headers.get("Last-Event-ID"))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, stream=CutStream(answer)) if isinstance(answer, str) else answer

    def watcher(self) -> BreachWatcher:
        api = ApiReader("http://slm.example", "key", transport=httpx.MockTransport(self))
        return BreachWatcher(api, {}, self.told.append, self.slept.append)

    def first(self, number: int) -> list[str]:
        return [event["id"] for event in islice(self.watcher().events(), number)]


def test_an_event_cut_in_the_middle_is_sent_again_and_shown_once() -> None:
    cut = sent(2)
    server = Server(OPENING + sent(1) + cut[: len(cut) // 2], OPENING.replace("0", "1") + cut + sent(3))
    assert server.first(3) == ["event-1", "event-2", "event-3"]
    assert server.resumed_after == [None, "1"]


def test_an_event_that_the_log_carries_twice_is_shown_once() -> None:
    server = Server(OPENING + sent(1) + sent(1).replace("id: 1", "id: 2") + sent(3))
    assert server.first(2) == ["event-1", "event-3"]


def test_a_risk_disclosed_to_the_customer_is_no_second_risk_for_the_provider() -> None:
    risk = {"risk_id": "r", "revision": 0}
    again = {"risk_id": "r", "revision": 1}
    server = Server(
        OPENING + sent(1, "TargetAtRisk", **risk) + sent(2, "RiskDisclosed", **risk) + sent(3, "TargetAtRisk", **again)
    )
    assert server.first(2) == ["event-1", "event-3"]


def test_it_waits_for_a_server_that_is_away_and_says_so_once() -> None:
    away = httpx.ConnectError("refused")
    busy = httpx.Response(503, headers={"Retry-After": "3"}, json={"title": "busy"})
    server = Server(OPENING + sent(1), away, away, busy, sent(2))
    assert server.first(2) == ["event-1", "event-2"]
    assert server.resumed_after == [None, "1", "1", "1", "1"]
    assert server.told == [
        "watching http://slm.example",
        "the connection to http://slm.example is lost; trying again",
        "connected again to http://slm.example",
    ]
    assert 3.0 in server.slept
    assert max(server.slept) <= 10


def test_the_first_connection_must_succeed() -> None:
    with pytest.raises(NoAnswer, match=r"cannot reach http://slm\.example"):
        Server(httpx.ConnectError("refused")).first(1)


def test_a_key_that_is_revoked_ends_it() -> None:
    server = Server(OPENING + sent(1), httpx.Response(401, json={"title": "no"}))
    with pytest.raises(NoAnswer, match="does not know this key"):
        server.first(2)


def test_a_place_that_the_server_does_not_know_is_said() -> None:
    server = Server(OPENING + sent(1), httpx.Response(422, json={"title": "no"}), OPENING + sent(2))
    assert server.first(2) == ["event-1", "event-2"]
    assert server.resumed_after == [None, "1", None]
    assert any("events in between may be missing" in each for each in server.told)


def test_too_many_missed_events_are_said_and_the_stream_goes_on() -> None:
    reset = 'id: 9\nevent: reset\ndata: {"missed": 12000, "read": []}\n\n'
    server = Server(OPENING + reset + sent(10))
    assert server.first(1) == ["event-10"]
    assert any("12000 events were missed" in each for each in server.told)


def test_server_sent_events_are_parsed_as_the_standard_says() -> None:
    parser = EventParser("7")
    assert [parser.feed(line) for line in ("id: 8", "event:a", "data: one", "data:two", ": comment")] == [None] * 5
    assert parser.last_id == "7"
    assert parser.feed("") == ServerSentEvent("a", "one\ntwo", "8")
    assert parser.last_id == "8"
    assert [parser.feed(line) for line in ("id: 9", "")] == [None, None]
    assert parser.last_id == "9"
    assert [parser.feed(line) for line in ("data: x", "")][1] == ServerSentEvent("message", "x", "9")
