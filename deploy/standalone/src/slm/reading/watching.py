"""``slm watch``: the stream of breaches and risks, resumed after every interruption."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from slm.reading.api_reader import ApiReader, NoAnswer, pause_of, refusal
from slm.server_sent import EventParser, ServerSentEvent

STREAM = "/api/v1/stream"
TYPES = (
    "TargetAtRisk",
    "RiskDisclosed",
    "RiskCleared",
    "TargetBreached",
    "BreachRevised",
    "TargetRecovered",
    "BreachWithdrawn",
)
SILENCE_SECONDS = 45.0
"""A connection that is silent for this long is dead: the server sends something every 15 seconds."""
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0
REMEMBERED = 20_000
"""Number of latest events that are remembered, so that none is shown twice.

The log may contain an event twice, if a server died between two steps.
"""

Event = Mapping[str, Any]


class BreachWatcher:
    """Follows the stream of breaches and risks: each event once, in the order of the log.

    ``tell`` is called with a sentence for people about each change of the connection.
    """

    def __init__(
        self,
        api: ApiReader,
        parameters: Mapping[str, str],
        tell: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = api
        self._parameters: dict[str, str | list[str]] = {**parameters, "type": list(TYPES)}
        self._tell = tell
        self._sleep = sleep
        self._last_id = ""
        self._shown: OrderedDict[str, None] = OrderedDict()
        self._was_connected = False
        self._is_connected = False

    def events(self) -> Iterator[Event]:
        """Yield events without end, each a CloudEvent with its class, such as ``TargetBreached``, added as ``name``.

        Raises NoAnswer if the first connection fails, and whenever the server refuses the request or the key.
        """
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            try:
                for event in self._connection():
                    pause = SHORTEST_PAUSE_SECONDS
                    if event is not None and self._is_new(event):
                        yield event
            except httpx.HTTPError as problem:
                if not self._was_connected:
                    raise self._api.away(problem) from None
            self._lost()
            self._sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _lost(self) -> None:
        if self._is_connected:
            self._is_connected = False
            self._tell(f"the connection to {self._api.url} is lost; trying again")

    def _connection(self) -> Iterator[Event | None]:
        """For each line of one connection, yield the event that the line completes, or None if it completes none."""
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        timeout = httpx.Timeout(30.0, read=SILENCE_SECONDS)
        asked = self._api.client.stream("GET", STREAM, params=self._parameters, headers=headers, timeout=timeout)
        with asked as answer:
            if answer.status_code != 200:
                answer.read()
                self._refused(answer)
                return
            parser = EventParser(self._last_id)
            for line in answer.iter_lines():
                event = parser.feed(line)
                if parser.last_id and not self._is_connected:
                    self._connected()
                found = self._read(event) if event is not None else None
                yield found
                # Only now: an event that could not be shown is sent again.
                self._last_id = parser.last_id

    def _connected(self) -> None:
        self._tell(f"{'connected again to' if self._was_connected else 'watching'} {self._api.url}")
        self._is_connected = self._was_connected = True

    def _refused(self, answer: httpx.Response) -> None:
        if answer.status_code == 422 and self._last_id:
            self._tell(
                "the server does not know the place where the stream broke off: events in between may be missing"
            )
            self._last_id = ""
            return
        if answer.status_code < 500 and answer.status_code not in (408, 429):
            raise NoAnswer(refusal(answer))
        if not self._was_connected:
            raise NoAnswer(refusal(answer))
        self._sleep(pause_of(answer))

    def _read(self, event: ServerSentEvent) -> Event | None:
        document: dict[str, Any] = json.loads(event.data)
        if event.name == "reset":
            missed = f"{document.get('missed', 'too many')} events were missed"
            self._tell(f"{missed} while the connection was lost: slm status and slm breaches show the present state")
            return None
        return {"name": event.name, **document}

    def _is_new(self, event: Event) -> bool:
        """Return whether the event was not yielded before, and remember the event.

        The disclosure of a risk to the customer is not new if the risk itself was yielded before.
        """
        data = event["data"]
        names = [str(event.get("id"))]
        if event["name"] in ("TargetAtRisk", "RiskDisclosed"):
            names = [f"risk {data['risk_id']} {data['revision']}"]
        is_new = not any(name in self._shown for name in names)
        for name in names:
            self._shown[name] = None
        while len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        return is_new
