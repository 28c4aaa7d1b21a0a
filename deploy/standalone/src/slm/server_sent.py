"""Parsing of server-sent events, line by line, without any connection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """An event of a stream: its type, its data, and the id after which the stream can be resumed."""

    name: str
    data: str
    id: str


class EventParser:
    """Builds the events of one connection from its lines.

    An id counts only once its event is complete. After a connection that broke inside an event, the next connection
    resumes before that event, so that the server sends the event again.
    """

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        """Id of the last complete event; the next connection resumes after it. Empty before the first id."""
        self._id = last_id
        self._name = ""
        self._data: list[str] = []

    def feed(self, line: str) -> ServerSentEvent | None:
        """Take the next line, without its line break; return the event that the line completes, or None."""
        if line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "id":
                self._id = value
            elif field == "event":
                self._name = value
            elif field == "data":
                self._data.append(value)
            return None
        self.last_id = self._id
        name, data, is_empty = self._name or "message", "\n".join(self._data), not self._data
        self._name, self._data = "", []
        return None if is_empty else ServerSentEvent(name, data, self.last_id)
