"""Pages with a table: the filter, sort and page number from the address, and the table as a page or a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response, StreamingResponse

from slm_console.api_client import ServiceAway
from slm_console.views.tables import Table, Wish, csv_lines
from slm_console.web.rendering import render
from slm_console.web.visit import Visit

_LINES_AT_ONCE = 200
_MOST_DIGITS = 6


def wish_of(visit: Visit) -> Wish:
    """Return the filter, sort column and page number that the address asks for."""
    given = visit.request.query_params
    page = given.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= _MOST_DIGITS else 1
    return Wish(given.get("q", ""), given.get("sort", ""), number)


def render_table(
    visit: Visit, template: str, model: Mapping[str, Any], table: Table[Any], name: str, status: int = 200
) -> Response:
    """Render the page with its table, or return the table as a CSV file if the address has ``format=csv``.

    ``name`` is the file's name without its extension. Raises ServiceAway instead of returning a file if the service
    with the rows is away, because its last answer may be old.
    """
    if visit.request.query_params.get("format") != "csv":
        return render(visit, template, {**model, "table": table}, status=status)
    if (part := model.get("part")) is not None and part.away:
        # A page says that its figures are old; a file cannot, and is passed on.
        raise ServiceAway(part.away, was_sent=False)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_chunks(table), media_type="text/csv; charset=utf-8", headers=headers)


def _chunks(table: Table[Any]) -> Iterator[bytes]:
    lines: list[str] = []
    for line in csv_lines(table):
        lines.append(line)
        if len(lines) == _LINES_AT_ONCE:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()
