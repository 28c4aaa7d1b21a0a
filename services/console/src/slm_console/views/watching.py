"""Query for the stream of figures: the targets and services on a page that are updated as they change."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

_MOST = 200
"""One stream may name at most this many targets and services."""


def watched(targets: Iterable[str] = (), services: Iterable[str] = ()) -> str:
    """Return the query string of the stream for these targets and services, empty if there are none."""
    named = [*_first("target_id", targets, _MOST), *_first("service_id", services, _MOST // 2)]
    return urlencode(named[:_MOST])


def _first(name: str, ids: Iterable[str], most: int) -> list[tuple[str, str]]:
    return [(name, each) for each in list(dict.fromkeys(ids))[:most]]
