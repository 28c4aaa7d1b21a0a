"""The dialect of Zammad's REST API: its search in Elasticsearch, times in UTC with a precision of a millisecond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.pulls.dialects import Page, Question, Row, ToolAnswer, ToolRequest, UnreadableAnswer
from slm_monitor.domain.pulls.pulls import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = 1_000


class Zammad:
    """Requests to ``/api/v1/tickets/search``. ``Position.after`` is the id of the last ticket that was read, if one
    millisecond has more tickets than one answer holds.
    """

    unit = _MILLISECOND
    stays_inside = True

    def changed(self, question: Question, position: Position) -> ToolRequest:
        """Return the request for tickets that changed since the position. If the position names an id, request only the
        tickets of that one millisecond with a greater id.
        """
        since = _zammad_time(position.since)
        if position.after:
            return _ticket_request(question, f'updated_at:"{since}" AND id:>{position.after}', "id")
        return _ticket_request(question, f'updated_at:["{since}" TO *]', "updated_at")

    def open(self, question: Question, after: str, extra: int) -> ToolRequest:
        """Return the request for open tickets, in the order of their ids."""
        return _ticket_request(question, f"({question.open}) AND id:>{after or '0'}", "id")

    def named(self, question: Question, numbers: Sequence[str]) -> ToolRequest:
        """Return the request for tickets by number. Numbers that do not consist of ASCII letters and digits are left
        out.
        """
        plain = [each for each in numbers if each.isascii() and each.isalnum()]
        return _ticket_request(question, f"number:({' OR '.join(plain) or '0'})", "id")

    def read(self, answer: ToolAnswer, question: Question, position: Position) -> Page:
        """Return the tickets of an answer. After a full answer there may be more."""
        listed = answer.document
        if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
            raise UnreadableAnswer("The answer is no list of tickets: is the address that of Zammad?")
        rows = [Row(str(each.get("number", "")), _updated(each), each) for each in listed]
        is_by_id = bool(position.after) or position.since == 0
        last = str(listed[-1].get("id", "")) if listed else position.after
        if listed and not (last.isascii() and last.isdigit()):
            raise UnreadableAnswer("A ticket of the answer has no `id`.")
        # Tickets of one millisecond come in any order: they are then read from the first id on.
        return Page(rows, len(listed) >= question.size, last if is_by_id else "0")

    def page(self, records: Sequence[Mapping[str, Any]]) -> Any:
        """Return tickets in the form of an answer."""
        return list(records)


def _ticket_request(question: Question, condition: str, order: str) -> ToolRequest:
    query = f"({question.filter}) AND {condition}" if question.filter else condition
    return ToolRequest(
        question.path,
        {
            "query": query,
            "sort_by": order,
            "order_by": "asc",
            "expand": "true",
            "per_page": str(question.size),
            "page": "1",
        },
    )


def _zammad_time(at: UtcMicroseconds) -> str:
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _updated(ticket: Mapping[str, Any]) -> UtcMicroseconds | None:
    try:
        found = datetime.fromisoformat(str(ticket.get("updated_at", "")))
    except ValueError:
        return None
    return None if found.tzinfo is None else (found - _EPOCH) // timedelta(microseconds=1)
