"""The dialect of Jira Cloud's REST API: JQL, with a precision of a minute, and tokens that lead to further answers.

A request says how many minutes back Jira is to look. It names no time, because JQL reads a time in the time zone of
the account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.pulls.dialects import Page, Question, Row, ToolAnswer, ToolRequest, UnreadableAnswer
from slm_monitor.domain.pulls.pulls import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = 60 * SECOND
_MORE_MINUTES = 2
"""Minutes that a request looks back in addition, because a minute that has begun counts, and clocks differ."""
_SEARCH, _FETCH = "/search/jql", "/issue/bulkfetch"


class Jira:
    """Requests to ``/rest/api/3``. ``Position.after`` has two parts: how many minutes the request looks back, and
    Jira's token for the next page.
    """

    unit = _MINUTE
    stays_inside = False

    def changed(self, question: Question, position: Position) -> ToolRequest:
        """Return the request for the issues that changed since the position. If Jira gave a token for the next page,
        the request asks for that page.
        """
        condition = f'updated >= "-{_minutes(question, position)}m"'
        return _search_request(question, condition, "updated ASC, key ASC", _token(position.after))

    def open(self, question: Question, after: str, extra: int) -> ToolRequest:
        """Return the request for the first page of open issues or, if ``after`` has a token, for the page of this
        token.
        """
        return _search_request(question, question.open, "key ASC", _token(after))

    def named(self, question: Question, numbers: Sequence[str]) -> ToolRequest:
        """Return the request for issues by key. The request does not use JQL: Jira would refuse all of a JQL request if
        one issue does not exist.
        """
        path = question.path.removesuffix(_SEARCH) + _FETCH
        return ToolRequest(path, body={"issueIdsOrKeys": list(numbers), "fields": _fields(question)})

    def read(self, answer: ToolAnswer, question: Question, position: Position) -> Page:
        """Return the issues of an answer. If there are more, ``Page.after`` has the token for the next page."""
        document = answer.document if isinstance(answer.document, Mapping) else {}
        listed = document.get("issues")
        if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
            raise UnreadableAnswer("The answer has no list `issues`: is the address that of Jira?")
        if document.get("issueErrors"):
            raise UnreadableAnswer("Jira could not show some of the issues for now.")
        token = document.get("nextPageToken")
        more = isinstance(token, str) and bool(token) and document.get("isLast") is not True
        rows = [Row(str(each.get("key", "")), _updated(each), each) for each in listed]
        return Page(rows, more, f"{_minutes(question, position)} {token}" if more else "")

    def page(self, records: Sequence[Mapping[str, Any]]) -> Any:
        """Return issues in the form of an answer."""
        return {"issues": list(records)}


def _search_request(question: Question, condition: str, order: str, token: str) -> ToolRequest:
    jql = f"({question.filter}) AND {condition}" if question.filter else condition
    parameters = {
        "jql": f"{jql} ORDER BY {order}",
        "fields": ",".join(_fields(question)),
        "maxResults": str(question.size),
    }
    return ToolRequest(question.path, parameters | ({"nextPageToken": token} if token else {}))


def _fields(question: Question) -> list[str]:
    """Return the fields from which the mapping reads its columns. Column ``fields.status.name`` needs ``status``."""
    below = (each.split(".") for each in question.fields)
    return sorted({"updated", *(parts[1] for parts in below if parts[0] == "fields" and len(parts) > 1)})


def _minutes(question: Question, position: Position) -> int:
    if position.after:
        return int(position.after.partition(" ")[0])
    return max(0, -(-(question.now - position.since) // _MINUTE)) + _MORE_MINUTES


def _token(after: str) -> str:
    return after.partition(" ")[2]


def _updated(issue: Mapping[str, Any]) -> UtcMicroseconds | None:
    fields = issue.get("fields")
    try:
        found = datetime.fromisoformat(str(fields["updated"]) if isinstance(fields, Mapping) else "")
    except (ValueError, KeyError):
        return None
    return None if found.tzinfo is None else (found - _EPOCH) // timedelta(microseconds=1)
