"""The dialect of ServiceNow's Table API: encoded queries, times in UTC with a precision of a second.

Rows that the account may not see are left out of an answer but counted in ``X-Total-Count``, so an answer with few rows
need not be the last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.pulls.dialects import Page, Question, Row, ToolAnswer, ToolRequest, UnreadableAnswer
from slm_monitor.domain.pulls.pulls import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = "%Y-%m-%d %H:%M:%S"
_MEMBERS = (".value", ".display_value", ".link")
_ID = re.compile(r"[0-9a-zA-Z_-]{1,64}")


class ServiceNow:
    """Requests to the Table API. A row has each field as ``{value, display_value}``."""

    unit = SECOND
    stays_inside = True

    def changed(self, question: Question, position: Position) -> ToolRequest:
        """Return the request for rows that changed since the position. If the position names a ``sys_id``, request only
        the rows of that one second with a later ``sys_id``.
        """
        since = _servicenow_time(position.since)
        if position.after:
            condition = f"sys_updated_on={since}^sys_id>{position.after}^ORDERBYsys_id"
        else:
            condition = f"sys_updated_on>={since}^ORDERBYsys_updated_on^ORDERBYsys_id"
        return _table_request(question, condition, position.extra)

    def open(self, question: Question, after: str, extra: int) -> ToolRequest:
        """Return the request for open rows, in the order of their ``sys_id``."""
        since = f"^sys_id>{after}" if after else ""
        return _table_request(question, f"{question.open}{since}^ORDERBYsys_id", extra)

    def named(self, question: Question, numbers: Sequence[str]) -> ToolRequest:
        """Return the request for rows by number. Numbers that contain ``^``, ``,`` or ``@`` are left out, because these
        characters have a meaning in a query.
        """
        plain = [each for each in numbers if not set(each) & set("^,@")]
        return _table_request(question, f"numberIN{','.join(plain)}", 0)

    def read(self, answer: ToolAnswer, question: Question, position: Position) -> Page:
        """Return the rows of an answer; ``X-Total-Count`` or the link to a next page says whether there are more."""
        listed = answer.document.get("result") if isinstance(answer.document, Mapping) else None
        if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
            raise UnreadableAnswer("The answer has no list `result`: is the path that of a table?")
        rows = [Row(_value(each, "number"), _instant(_value(each, "sys_updated_on")), each) for each in listed]
        total = answer.headers.get("x-total-count", "")
        if total.isascii() and total.isdigit():
            more = int(total) > question.size + position.extra
        else:
            more = 'rel="next"' in answer.headers.get("link", "") or len(listed) >= question.size + position.extra
        after = _value(listed[-1], "sys_id") if listed else position.after
        if more and not _ID.fullmatch(after) and listed:
            raise UnreadableAnswer("A row of the answer has no `sys_id`.")
        return Page(rows, more, after)

    def page(self, records: Sequence[Mapping[str, Any]]) -> Any:
        """Return rows in the form of an answer."""
        return {"result": list(records)}


def _table_request(question: Question, condition: str, extra: int) -> ToolRequest:
    # The filter comes first: an ^OR in it belongs to the condition before it, and never to one of ours.
    query = f"{question.filter}^{condition}" if question.filter else condition
    fields = {"number", "sys_id", "sys_updated_on", *map(_field, question.fields)}
    return ToolRequest(
        question.path,
        {
            "sysparm_query": query,
            "sysparm_fields": ",".join(sorted(fields)),
            "sysparm_display_value": "all",
            "sysparm_exclude_reference_link": "true",
            "sysparm_limit": str(question.size + extra),
            "sysparm_offset": "0",
        },
    )


def _field(column: str) -> str:
    """Return the field from which the mapping reads a column. Column ``company.display_value`` needs ``company``."""
    return next((column.removesuffix(each) for each in _MEMBERS if column.endswith(each)), column)


def _value(row: Mapping[str, Any], name: str) -> str:
    found = row.get(name)
    value = found.get("value") if isinstance(found, Mapping) else found
    return value if isinstance(value, str) else ""


def _servicenow_time(at: UtcMicroseconds) -> str:
    return (_EPOCH + timedelta(microseconds=at)).strftime(_FORM)


def _instant(text: str) -> UtcMicroseconds | None:
    try:
        return (datetime.strptime(text, _FORM).replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
    except ValueError:
        return None
